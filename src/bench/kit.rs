//! `--kit`: every sample as a line for a script that measures other programs in the same rounds. Tab-separated:
//! `S`, mode, row, value, unit, cores busy (where known); and `N`, mode, row, why for a row that failed.

use super::suite::Observer;
use std::io::Write;

/// Prints samples as they come, so that a script which loses patience keeps what there was.
pub struct Lines<'a> {
    /// Where to.
    pub out: &'a mut dyn Write,
    /// The first error of `out`; nothing more is written after it.
    pub broken: Option<std::io::Error>,
}

impl Lines<'_> {
    fn line(&mut self, line: &str) {
        if self.broken.is_none() {
            self.broken = writeln!(self.out, "{line}").and_then(|()| self.out.flush()).err();
        }
    }
}

impl Observer for Lines<'_> {
    fn begin(&mut self, _steps: u64) {}

    fn step(&mut self, _row: &str, _mode: &str) {}

    fn sample(&mut self, mode: &str, row: &str, value: f64, unit: &str, cores: Option<f64>) {
        let cores = cores.map_or_else(String::new, |cores| format!("\t{cores:.2}"));
        self.line(&format!("S\t{mode}\t{row}\t{value:.6}\t{unit}{cores}"));
    }

    fn failed(&mut self, mode: &str, row: &str, why: &str) {
        let why = why.replace(['\t', '\n'], " ");
        self.line(&format!("N\t{mode}\t{row}\t{why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_and_a_failure_are_a_line_each() {
        let mut out = Vec::new();
        let mut lines = Lines { out: &mut out, broken: None };
        lines.sample("vex-s", "spawn_join", 12.5, "ops/s", Some(1.0));
        lines.sample("vex-s", "park1M_bytes", 292.0, "B/task", None);
        lines.failed("vex-s", "select4_ready", "it\tended\nbadly");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "S\tvex-s\tspawn_join\t12.500000\tops/s\t1.00\nS\tvex-s\tpark1M_bytes\t292.000000\tB/task\n\
             N\tvex-s\tselect4_ready\tit ended badly\n"
        );
    }
}
