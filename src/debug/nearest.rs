//! The word that was probably meant: by the number of letters to put in, leave out, change or swap with their neighbour.

/// The nearest candidate that is near enough: a third of the word's letters may be wrong, and three at most.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(40).collect();
    let allowed = word.len().div_ceil(3).min(3);
    let far = |candidate: &str| distance(&word, &candidate.chars().collect::<Vec<_>>());
    // A single letter is near to everything short.
    let candidates = candidates.into_iter().filter(|candidate| word.len() > 1 && candidate.len() > 1);
    // Of equally near ones the one that begins alike.
    let other = |candidate: &str| candidate.chars().next() != word.first().copied();
    let ranked = candidates.map(|candidate| (far(candidate), other(candidate), candidate));
    ranked.filter(|(far, ..)| *far <= allowed).min().map(|(.., name)| name)
}

/// `; did you mean `break`?`, or nothing.
pub fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: [Vec<usize>; 3] = [Vec::new(), (0..=b.len()).collect(), Vec::new()];
    for (i, &from) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &to) in b.iter().enumerate() {
            let change = rows[1][j] + usize::from(from != to);
            let mut least = change.min(rows[1][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                least = least.min(rows[0][j - 1] + 1);
            }
            row.push(least);
        }
        rows.rotate_left(1);
        rows[1] = row;
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slips_are_understood_and_other_words_are_not() {
        let names = ["break", "breakpoints", "back", "step", "p"];
        assert_eq!(nearest("braek", names), Some("break"));
        assert_eq!(nearest("setp", names), Some("step"));
        assert_eq!(nearest("breakpoint", names), Some("breakpoints"));
        assert_eq!(nearest("print", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(did_you_mean(Some("a")), "; did you mean `a`?");
        assert_eq!(did_you_mean(None), "");
    }
}
