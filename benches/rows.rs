//! The rows of `vex bench` under divan, in every mode. `cargo bench --bench rows`

mod common;

use common::measure::{Prepared, Settings};
use common::modes::{MODES, Mode};
use common::rows::ROWS;
use divan::Bencher;
use divan::counter::ItemsCount;
use std::time::Duration;

fn main() {
    divan::main();
}

/// Every row in every mode, as `row/mode`.
fn cells() -> impl Iterator<Item = String> {
    ROWS.iter().flat_map(|row| MODES.iter().map(move |mode| format!("{}/{}", row.name, mode.name)))
}

#[divan::bench(args = cells(), sample_count = 5, sample_size = 1)]
fn rows(bencher: Bencher, cell: &str) {
    let (row, mode) = cell.split_once('/').expect("a row and a mode");
    let row = ROWS.iter().find(|known| known.name == row).expect("a row of the table");
    let mode = Mode::by_name(mode).expect("a mode of the table");
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let settings = Settings::new(workers, Duration::from_millis(60));
    let prepared = Prepared::sized(row, mode, &settings).expect("the program runs");
    bencher
        .counter(ItemsCount::new(prepared.operations))
        .bench_local(|| prepared.run(mode, &settings).expect("the program runs"));
}
