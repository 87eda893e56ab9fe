//! What was recorded, in words.

use super::Recorded;
use crate::report;
use bytesize::ByteSize;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use tracer::event::Kind;
use tracer::file::Written;

impl Recorded {
    /// What was recorded, on a screen. `virtual_time`: the clock at the end is the run's time.
    pub fn summary(&self, virtual_time: bool) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_summary(virtual_time, &mut out);
        out
    }

    fn write_summary(&self, virtual_time: bool, out: &mut String) -> std::fmt::Result {
        match &self.written {
            Some(written) => {
                writeln!(out, "{}", wrote(&self.path, written, self.forgotten))?;
                if written.events > 0 {
                    let each = |bytes: u64| bytes as f64 / written.events as f64;
                    let (stored, raw) = (each(written.stored), each(written.raw));
                    writeln!(
                        out,
                        "  {stored:.2} bytes an event, {raw:.2} before compression, in {} blocks",
                        written.blocks
                    )?;
                }
            }
            None => writeln!(
                out,
                "{}: the file has no end; it can be read up to its last whole block",
                self.path.display()
            )?,
        }
        let report = &self.ran.report;
        write!(out, "  {}, exit code {}", report::verdict_name(report.verdict), self.exit_code)?;
        if virtual_time {
            write!(out, ", after {} of virtual time", humantime::format_duration(rounded(report.clock)))?;
        }
        writeln!(out, ", {} lost", events(self.dropped))?;
        let kinds = &self.kinds;
        let count = |which: &[Kind]| -> u64 { which.iter().map(|&kind| kinds.all(kind)).sum() };
        let rows: [(&str, u64); 7] = [
            ("tasks", count(&[Kind::TaskSpawn, Kind::AsyncSpawn])),
            ("task switches", count(&[Kind::Switch])),
            ("sends", count(&[Kind::Send])),
            ("receives", count(&[Kind::Recv])),
            ("selects", count(&[Kind::SelectCommit, Kind::SelectDefault])),
            ("locks", count(&[Kind::Lock, Kind::ReadLock, Kind::WriteLock])),
            ("awaits", count(&[Kind::Await])),
        ];
        let some: Vec<String> =
            rows.iter().filter(|row| row.1 > 0).map(|(name, count)| format!("{name} {}", number(*count))).collect();
        if !some.is_empty() {
            writeln!(out, "  {}", some.join(" · "))?;
        }
        let waited: u64 = Kind::ALL.iter().map(|&kind| kinds.blocked(kind)).sum();
        if waited > 0 {
            writeln!(out, "  operations that had to wait: {}", number(waited))?;
        }
        Ok(())
    }
}

/// To three digits or so.
fn rounded(nanoseconds: u64) -> Duration {
    let mut unit = 1;
    while nanoseconds / unit >= 10_000 {
        unit *= 10;
    }
    Duration::from_nanos(nanoseconds / unit * unit)
}

fn events(count: u64) -> String {
    if count == 1 { "1 event".to_string() } else { format!("{} events", number(count)) }
}

/// A number with its thousands apart.
fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a file has, in words.
pub(super) fn wrote(path: &Path, written: &Written, forgotten: u64) -> String {
    let size = ByteSize::b(written.bytes).display().si();
    let mut out = format!("wrote {}: {}, {size}", path.display(), events(written.events));
    if forgotten > 0 {
        out.push_str(&format!("; {} older ones had been dropped for newer ones", number(forgotten)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_can_be_read() {
        assert_eq!([number(0), number(999), number(1000), number(12_345_678)], ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([events(1), events(2000)], ["1 event", "2,000 events"]);
        assert_eq!(humantime::format_duration(rounded(1_234_567_891)).to_string(), "1s 234ms");
    }
}
