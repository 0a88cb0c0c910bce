//! Black-box tests.

