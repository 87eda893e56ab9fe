//! One round of every row in the form that measuring scripts read, one sample a line:
//! `S<TAB>peer<TAB>row<TAB>rate<TAB>unit`. Peers are `vex-s` and `vex-s-traced`. `cargo bench --bench kit`, with a filter as argument.

mod common;

use common::{ROWS, compile, run_once};
use std::time::Instant;

/// Samples of each row a round.
const SAMPLES: u32 = 3;

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    for row in ROWS.iter().filter(|row| filter.as_ref().is_none_or(|text| row.name.contains(text.as_str()))) {
        let code = compile(row);
        for (peer, traced) in [("vex-s", false), ("vex-s-traced", true)] {
            for _ in 0..SAMPLES {
                let start = Instant::now();
                run_once(&code, traced);
                let rate = row.operations as f64 / start.elapsed().as_secs_f64();
                println!("S\t{peer}\t{}\t{rate:.6}\t{}", row.name, row.unit);
            }
        }
    }
}
