//! Numbers in bytes: seven bits to a byte, the lowest first. Whoever reads trusts nothing.

/// Bytes that are being written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    /// A number.
    pub(crate) fn number(&mut self, number: impl Into<u64>) {
        let mut rest: u64 = number.into();
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    /// A length.
    pub(crate) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    /// By how much a rising number rose; one that fell counts as the same.
    pub(crate) fn rise(&mut self, number: impl Into<u64>, before: &mut u64) {
        let number = number.into();
        self.number(number.saturating_sub(*before));
        *before = number.max(*before);
    }

    /// A number that may lie on either side of another, near it.
    pub(crate) fn near(&mut self, number: u64, other: u64) {
        let away = number.wrapping_sub(other) as i64;
        self.number((away << 1 ^ away >> 63) as u64);
    }

    /// A number or none.
    pub(crate) fn maybe(&mut self, number: Option<u64>) {
        self.number(number.map_or(0, |number| number.saturating_add(1)));
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, yes: bool) {
        self.0.push(u8::from(yes));
    }

    /// Bytes with their length.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }
}

/// Bytes that are being read. `None` wherever they end too early or make no sense.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number of 32 bits.
    pub(crate) fn word(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// How many things follow, of which each takes at least `size` bytes: never more than there can be.
    pub(crate) fn length(&mut self, size: usize) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.0.len() / size.max(1)).then_some(length)
    }

    pub(crate) fn rise(&mut self, before: &mut u64) -> Option<u64> {
        *before = before.checked_add(self.number()?)?;
        Some(*before)
    }

    pub(crate) fn near(&mut self, other: u64) -> Option<u64> {
        let folded = self.number()?;
        let away = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        Some(other.wrapping_add(away as u64))
    }

    pub(crate) fn maybe(&mut self) -> Option<Option<u64>> {
        Some(self.number()?.checked_sub(1))
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length(1)?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers: Vec<u64>, others: Vec<(u64, u64)>) {
            let mut writer = Writer::default();
            let mut before = 0;
            numbers.iter().for_each(|&number| writer.number(number));
            let mut rising = numbers.clone();
            rising.sort_unstable();
            rising.iter().for_each(|&number| writer.rise(number, &mut before));
            others.iter().for_each(|&(number, other)| writer.near(number, other));
            writer.maybe(None);
            writer.maybe(Some(7));
            writer.bytes(b"abc");
            let mut reader = Reader(&writer.0);
            for &number in &numbers {
                prop_assert_eq!(reader.number(), Some(number));
            }
            let mut before = 0;
            for &number in &rising {
                prop_assert_eq!(reader.rise(&mut before), Some(number));
            }
            for &(number, other) in &others {
                prop_assert_eq!(reader.near(other), Some(number));
            }
            prop_assert_eq!(reader.maybe(), Some(None));
            prop_assert_eq!(reader.maybe(), Some(Some(7)));
            prop_assert_eq!(reader.bytes(), Some(&b"abc"[..]));
            prop_assert_eq!(reader.byte(), None);
        }
    }

    #[test]
    fn what_claims_more_than_there_is_is_refused() {
        assert_eq!(Reader(&[200, 1, 0]).length(1), None);
        assert_eq!(Reader(&[2, 0]).length(1), None);
        assert_eq!(Reader(&[0xff; 20]).number(), None);
        assert_eq!(Reader(&[2]).flag(), None);
    }
}
