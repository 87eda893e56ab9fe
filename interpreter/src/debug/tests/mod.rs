//! Tests of time travel (whatever way a state is come to, it is the same) and of what a stopped run shows.

mod evaluate;
mod ranges;
mod session;
mod stand;
mod travel;
mod values;
