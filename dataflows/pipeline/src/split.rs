//! Takes a stream of several kinds apart, on the worker where it is.

use crate::rec::{Rec, Time};
use timely::dataflow::StreamVec;
use timely::dataflow::operators::OkErr;

/// Records for which `pick` gives `Ok`, and the others; order and key stay.
pub fn split<'s, D: 'static, A: 'static, B: 'static>(
    stream: StreamVec<'s, Time, Rec<D>>,
    pick: impl Fn(D) -> Result<A, B> + 'static,
) -> (StreamVec<'s, Time, Rec<A>>, StreamVec<'s, Time, Rec<B>>) {
    stream.ok_err::<Vec<_>, _, Vec<_>, _, _>(move |Rec { order, key, data }: Rec<D>| {
        match pick(data) {
            Ok(data) => Ok(Rec { order, key, data }),
            Err(data) => Err(Rec { order, key, data }),
        }
    })
}
