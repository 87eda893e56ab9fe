//! `vex`: a terminal visual debugger and profiler for concurrent programs.

fn main() {}
