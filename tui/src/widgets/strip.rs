//! A strip of little bars: a number over time in one line of text.

/// The bars, from nothing to full.
pub const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The bar of a part of a whole. Something is never shown as nothing, and only all of it as full.
pub fn bar(part: u64, whole: u64) -> char {
    if part == 0 || whole == 0 {
        return BARS[0];
    }
    if part >= whole {
        return BARS[8];
    }
    let eighths = (u128::from(part) * 8 / u128::from(whole)) as usize;
    BARS[eighths.clamp(1, 7)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_kept_for_nothing_and_all() {
        assert_eq!(bar(0, 100), ' ');
        assert_eq!(bar(1, 1000), '▁');
        assert_eq!(bar(999, 1000), '▇');
        assert_eq!(bar(1000, 1000), '█');
        assert_eq!(bar(5, 0), ' ');
        assert_eq!(bar(u64::MAX - 1, u64::MAX), '▇');
    }
}
