//! Mergeable summaries of a stream: quantiles and the number of different values.
//!
//! Both hold integers only and have a merge that is commutative and associative, so that the
//! partials of any number of workers add up to the same state. Both are bounded: quantiles get
//! coarser, counts of different values get an error of 6.5 %.

mod distinct;
mod quantiles;

pub use distinct::Distinct;
pub use quantiles::Quantiles;
