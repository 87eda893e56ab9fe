//! The rows of the performance table through guest programs, on the deterministic runtime, with tracing off and on.
//! `cargo bench --bench rows`

mod common;

use common::{ROWS, compile, run_once};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}

fn bench(bencher: Bencher, name: &str, traced: bool) {
    let row = ROWS.iter().find(|row| row.name == name).expect("a row of the table");
    let code = compile(row);
    bencher.counter(ItemsCount::new(row.operations)).bench_local(|| run_once(&code, traced));
}

#[divan::bench(args = names(), sample_count = 5, sample_size = 1)]
fn tracing_off(bencher: Bencher, name: &str) {
    bench(bencher, name, false);
}

#[divan::bench(args = names(), sample_count = 5, sample_size = 1)]
fn tracing_on(bencher: Bencher, name: &str) {
    bench(bencher, name, true);
}
