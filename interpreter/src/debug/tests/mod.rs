//! Tests of time travel: whatever way a state is come to, it is the same.

mod travel;
