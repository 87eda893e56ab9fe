//! How long things took: a histogram that is written as its percentiles and, whole, in the interchange form of HdrHistogram.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::de::Error as _;
use serde::ser::{Error as _, SerializeStruct};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Read;

/// Significant decimal digits that are kept of a duration: percentiles are exact to 1 %.
const DIGITS: u8 = 2;

/// The percentiles that are written out, with their names in documents and budgets.
pub const PERCENTILES: [(&str, f64); 4] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];

/// Durations in nanoseconds.
#[derive(Clone)]
pub struct Distribution {
    histogram: Histogram<u64>,
    /// Their sum, the shortest and the longest: the histogram only knows them roughly.
    total: u64,
    min: u64,
    max: u64,
}

/// In a few numbers: the histogram has thousands.
impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, total, half) = (self.count(), self.total, self.percentile(50.0));
        write!(f, "{count} × {}..={half}..={} ns, {total} ns", self.min(), self.max)
    }
}

impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        let counts = |durations: &Self| {
            let recorded = durations.histogram.iter_recorded();
            recorded.map(|step| (step.value_iterated_to(), step.count_at_value())).collect::<Vec<_>>()
        };
        (self.total, self.min, self.max) == (other.total, other.min, other.max) && counts(self) == counts(other)
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}

impl Distribution {
    /// Of nothing yet.
    #[expect(clippy::missing_panics_doc, reason = "the constant is a legal number of digits")]
    pub fn new() -> Self {
        let histogram = Histogram::new(DIGITS).expect("a legal number of digits");
        Self { histogram, total: 0, min: u64::MAX, max: 0 }
    }

    /// Adds a duration.
    pub fn record(&mut self, ns: u64) {
        // It grows as it has to; what is longer than it can ever hold counts as the longest.
        if self.histogram.record(ns).is_err() {
            self.histogram.saturating_record(ns);
        }
        self.total = self.total.saturating_add(ns);
        self.min = self.min.min(ns);
        self.max = self.max.max(ns);
    }

    /// A distribution of durations that were counted elsewhere, in steps of its own size or finer: each with how often it
    /// occurred, and of all of them the sum, the shortest and the longest.
    pub(crate) fn of_counts(counts: impl Iterator<Item = (u64, u64)>, total: u64, min: u64, max: u64) -> Self {
        let mut histogram = Self::new().histogram;
        for (ns, count) in counts {
            if histogram.record_n(ns, count).is_err() {
                histogram.saturating_record_n(ns, count);
            }
        }
        Self { histogram, total, min, max }
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        // It grows by itself, so that nothing can be out of its range.
        if self.histogram.add(&other.histogram).is_ok() {
            self.total = self.total.saturating_add(other.total);
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Their sum in nanoseconds.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Their mean in nanoseconds; 0 where there is none.
    pub fn mean(&self) -> f64 {
        self.total as f64 / self.count().max(1) as f64
    }

    /// The shortest, in nanoseconds; 0 where there is none.
    pub fn min(&self) -> u64 {
        if self.count() == 0 { 0 } else { self.min }
    }

    /// The longest, in nanoseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The duration that this many percent are not longer than, in nanoseconds; 0 where there is none.
    pub fn percentile(&self, percent: f64) -> u64 {
        if self.count() == 0 { 0 } else { self.histogram.value_at_percentile(percent).min(self.max) }
    }

    /// The histogram itself.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }
}

impl Serialize for Distribution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.histogram, &mut bytes).map_err(S::Error::custom)?;
        let mut fields = serializer.serialize_struct("Distribution", 10)?;
        fields.serialize_field("count", &self.count())?;
        fields.serialize_field("total_ns", &self.total)?;
        fields.serialize_field("mean_ns", &self.mean())?;
        fields.serialize_field("min_ns", &self.min())?;
        for (name, percent) in PERCENTILES {
            fields.serialize_field(name_ns(name), &self.percentile(percent))?;
        }
        fields.serialize_field("max_ns", &self.max())?;
        fields.serialize_field("hdr", &STANDARD.encode(bytes))?;
        fields.end()
    }
}

/// The field of a percentile.
fn name_ns(percentile: &'static str) -> &'static str {
    match percentile {
        "p50" => "p50_ns",
        "p90" => "p90_ns",
        "p99" => "p99_ns",
        _ => "p99_9_ns",
    }
}

/// What is read of the fields: the rest follows from the histogram.
#[derive(Deserialize)]
struct Written {
    total_ns: u64,
    min_ns: u64,
    max_ns: u64,
    hdr: String,
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let bytes = STANDARD.decode(&written.hdr).map_err(D::Error::custom)?;
        let plain = inflated(&bytes).ok_or_else(|| D::Error::custom("a damaged histogram"))?;
        let read: Result<Histogram<u64>, _> = Deserializer::new().deserialize(&mut plain.as_slice());
        let mut histogram = read.map_err(|error| D::Error::custom(format!("{error:?}")))?;
        if histogram.sigfig() == DIGITS {
            // As it is, so that the same document is written of it again.
            histogram.auto(true);
        } else {
            let read = std::mem::replace(&mut histogram, Histogram::new(DIGITS).map_err(D::Error::custom)?);
            histogram.add(&read).map_err(D::Error::custom)?;
        }
        let min = if histogram.is_empty() { u64::MAX } else { written.min_ns };
        Ok(Self { histogram, total: written.total_ns, min, max: written.max_ns })
    }
}

/// Most bytes of a histogram before compression: ours have a tenth of that.
const LARGEST: u64 = 1 << 20;

/// A histogram as it was before compression. Its reader believes what the header says of its size and its digits, and takes
/// memory for that: so the header is looked at first.
fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let (cookie, length) = (number(bytes, 0)?, number(bytes, 4)?);
    let compressed = bytes.get(8..)?.get(..length as usize)?;
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(compressed).take(LARGEST).read_to_end(&mut plain).ok()?;
    let (length, digits) = (number(&plain, 4)?, number(&plain, 12)?);
    let fits = plain.len() >= HEADER && length as usize == plain.len() - HEADER && digits <= 3;
    (cookie == COMPRESSED && fits).then_some(plain)
}

/// How a compressed histogram begins, and the bytes in front of the counts of one that is not.
const COMPRESSED: u32 = 0x1c84_9314;
const HEADER: usize = 40;

/// A number of a header.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_comes_back_from_its_document() {
        let mut durations = Distribution::new();
        (1..=1000u64).for_each(|n| durations.record(n * n));
        let document = serde_json::to_string(&durations).unwrap();
        let back = serde_json::from_str::<Distribution>(&document).unwrap();
        assert_eq!(back, durations);
        assert_eq!(serde_json::to_string(&back).unwrap(), document);
        assert_eq!((durations.count(), durations.total(), durations.min()), (1000, 333_833_500, 1));
        assert!((245_000..=255_000).contains(&durations.percentile(50.0)), "{}", durations.percentile(50.0));
    }

    #[test]
    fn no_duration_is_too_long() {
        let mut durations = Distribution::new();
        [0, 1, u64::MAX / 2, u64::MAX].into_iter().for_each(|ns| durations.record(ns));
        assert_eq!((durations.count(), durations.max()), (4, u64::MAX));
    }

    #[test]
    fn nothing_is_zero_everywhere() {
        let nothing = Distribution::new();
        assert_eq!((nothing.count(), nothing.min(), nothing.max(), nothing.percentile(99.0)), (0, 0, 0, 0));
        let document = serde_json::to_string(&nothing).unwrap();
        assert_eq!(serde_json::from_str::<Distribution>(&document).unwrap(), nothing);
    }

    #[test]
    fn a_damaged_histogram_is_an_error() {
        for hdr in ["", "!", "AAAA", "HISTFAAAABx4nJNpmSzMwMDABAA"] {
            let document = format!("{{\"total_ns\":1,\"min_ns\":1,\"max_ns\":1,\"hdr\":\"{hdr}\"}}");
            assert!(serde_json::from_str::<Distribution>(&document).is_err(), "{hdr}");
        }
    }

    /// Headers that promise 4 GiB of counts, or a histogram of nine digits.
    #[test]
    fn no_header_is_believed() {
        let mut durations = Distribution::new();
        durations.record(7);
        let mut plain = Vec::new();
        hdrhistogram::serialization::V2Serializer::new().serialize(durations.histogram(), &mut plain).unwrap();
        for (at, byte) in [(4, 0xff), (15, 5), (15, 9)] {
            let mut damaged = plain.clone();
            damaged[at] = byte;
            let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, &damaged).unwrap();
            let packed = packed.finish().unwrap();
            let mut bytes = COMPRESSED.to_be_bytes().to_vec();
            bytes.extend((packed.len() as u32).to_be_bytes());
            bytes.extend(packed);
            assert_eq!(inflated(&bytes), None);
        }
    }
}
