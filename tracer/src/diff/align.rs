//! Which number of the new run is the same as one of the old run: by key, and where a key speaks of a place in the source, by
//! that place, although lines have moved.
//!
//! Places are matched within the function that they are in. The idea: an edit moves all that follows it by the same number
//! of lines. So of all ways to match places of the same column in their order, that one counts which matches the most, and
//! among these the one whose shift changes least often. What is left between two matches is matched by its order if there is as
//! much of it on both sides; that is a guess, and said to be one.

use crate::profile::Profile;
use crate::profile::numbers::KEYS;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A place: line and column.
type Position = (u32, u32);

/// Where a place of the old run is in the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The place in the new run, as keys have it.
    pub to: String,
    /// Whether it was matched only by its order.
    pub guessed: bool,
}

/// The places of the old run that keys speak of, as they are called in the new one. Those that are not in there have no partner.
pub fn places<'k>(
    old: (&Profile, impl Iterator<Item = &'k String>),
    new: (&Profile, impl Iterator<Item = &'k String>),
) -> BTreeMap<String, Moved> {
    let (old, new) = (functions(old.0, old.1), functions(new.0, new.1));
    let files = files(&old, &new);
    let mut moved = BTreeMap::new();
    for ((file, function), from) in &old {
        let Some(new_file) = files.get(file.as_str()) else { continue };
        let Some(to) = new.get(&((*new_file).to_string(), function.clone())) else { continue };
        let (from, to): (Vec<Position>, Vec<Position>) = (from.iter().copied().collect(), to.iter().copied().collect());
        for (a, b, guessed) in matched(&from, &to) {
            let text = |file: &str, (line, column): Position| format!("{file}:{line}:{column}");
            moved.insert(text(file, a), Moved { to: text(new_file, b), guessed });
        }
    }
    moved
}

/// The places of each function of each file.
type Functions = BTreeMap<(String, String), BTreeSet<Position>>;

fn functions<'k>(profile: &Profile, keys: impl Iterator<Item = &'k String>) -> Functions {
    let names: BTreeMap<(&str, u32, u32), &str> = profile
        .sites
        .iter()
        .map(|site| ((site.file.as_str(), site.line, site.column), site.function.as_str()))
        .collect();
    let mut out = Functions::new();
    for key in keys {
        let Some((file, line, column)) = place_in(key).and_then(|place| parts(key.get(place)?)) else { continue };
        let function = names.get(&(file, line, column)).copied().unwrap_or_default();
        out.entry((file.to_string(), function.to_string())).or_default().insert((line, column));
    }
    out
}

/// Where in a key its place stands: `on-cpu/pool.vex:12:5`, `lock/m@pool.vex:3:9/wait`.
pub fn place_in(key: &str) -> Option<Range<usize>> {
    let heads = KEYS.iter().filter_map(|row| row.pattern.strip_suffix("{place}"));
    if let Some(head) = heads.filter(|head| key.starts_with(head)).max_by_key(|head| head.len()) {
        return parts(&key[head.len()..]).map(|_| head.len()..key.len());
    }
    let start = key.rfind('@')? + 1;
    // A file's path may have slashes: the place ends behind its column.
    let ends = key.match_indices('/').map(|(at, _)| at).chain([key.len()]).filter(|&end| end > start);
    ends.map(|end| start..end).find(|place| parts(&key[place.clone()]).is_some())
}

/// File, line and column.
fn parts(place: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}

/// Which file of the new run is which of the old one: the same path, or else the only one left of that name, or the only one
/// left at all.
fn files<'a>(old: &'a Functions, new: &'a Functions) -> BTreeMap<&'a str, &'a str> {
    let all = |functions: &'a Functions| functions.keys().map(|(file, _)| file.as_str()).collect::<BTreeSet<&str>>();
    let (old, new) = (all(old), all(new));
    let mut files: BTreeMap<&str, &str> = old.intersection(&new).map(|&file| (file, file)).collect();
    let mut old: Vec<&str> = old.difference(&new).copied().filter(|file| !files.contains_key(file)).collect();
    let mut new: Vec<&str> = new.into_iter().filter(|file| !files.contains_key(file)).collect();
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_string();
    for file in old.clone() {
        let alone = old.iter().filter(|other| name(other) == name(file)).count() == 1;
        let mut same = new.iter().copied().filter(|other| name(other) == name(file));
        if let (true, Some(partner), None) = (alone, same.next(), same.next()) {
            files.insert(file, partner);
            old.retain(|other| *other != file);
            new.retain(|other| *other != partner);
        }
    }
    if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
        files.insert(old, new);
    }
    files
}

/// Functions with more pairs of places than this are matched only where nothing has moved.
const PAIRS: usize = 4_000_000;

/// What a match is worth, and what a change of the shift costs at most.
const MATCH: i64 = 1000;
const CHANGE: i64 = 500;

/// Pairs of places of one function, both lists sorted, and whether each is a guess.
fn matched(old: &[Position], new: &[Position]) -> Vec<(Position, Position, bool)> {
    let certain = if old.len().saturating_mul(new.len()) > PAIRS { unmoved(old, new) } else { best(old, new) };
    let mut out = Vec::new();
    let (mut from, mut to) = (0, 0);
    for (a, b) in certain.into_iter().chain([(old.len(), new.len())]) {
        let (left, right) = (old.get(from..a).unwrap_or(&[]), new.get(to..b).unwrap_or(&[]));
        if left.len() == right.len() {
            out.extend(left.iter().zip(right).map(|(&a, &b)| (a, b, true)));
        }
        out.extend(old.get(a).zip(new.get(b)).map(|(&a, &b)| (a, b, false)));
        (from, to) = (a + 1, b + 1);
    }
    out
}

/// Indices of places that are the same on both sides.
fn unmoved(old: &[Position], new: &[Position]) -> Vec<(usize, usize)> {
    (0..).zip(old).filter_map(|(at, place)| Some((at, new.binary_search(place).ok()?))).collect()
}

/// Indices of the best way to match, by the usual table of prefixes.
fn best(old: &[Position], new: &[Position]) -> Vec<(usize, usize)> {
    // Each match with its worth together with all before it, and the one before it.
    let mut links: Vec<(usize, usize, i64, Option<usize>)> = Vec::new();
    let mut by_shift: BTreeMap<i64, usize> = BTreeMap::new();
    // The best match with a place of `new` before this index, of the rows before.
    let mut before: Vec<Option<usize>> = vec![None; new.len() + 1];
    for (a, &(line, column)) in old.iter().enumerate() {
        let row = links.len();
        for (b, _) in new.iter().enumerate().filter(|(_, place)| place.1 == column) {
            let shift = i64::from(new[b].0) - i64::from(line);
            let cost = |from: i64| (shift - from).abs().min(CHANGE - 100) + if shift == from { 0 } else { 100 };
            let other = before[b].map(|at| {
                let (from, to, worth, _) = links[at];
                (worth - cost(i64::from(new[to].0) - i64::from(old[from].0)), Some(at))
            });
            let same = by_shift.get(&shift).map(|&at| (links[at].2, Some(at)));
            // That all has moved by some lines costs less than that a part of it has.
            let (worth, previous) = [same, other].into_iter().flatten().max().unwrap_or((-cost(0) / 2, None));
            links.push((a, b, worth + MATCH, previous));
        }
        // Only now: a place is matched once.
        for at in row..links.len() {
            let (_, b, worth, _) = links[at];
            let shift = i64::from(new[b].0) - i64::from(line);
            by_shift
                .entry(shift)
                .and_modify(|best| *best = if links[*best].2 > worth { *best } else { at })
                .or_insert(at);
            if before[b + 1].is_none_or(|best| links[best].2 < worth) {
                before[b + 1] = Some(at);
            }
        }
        for b in 1..before.len() {
            if let Some(best) = before[b - 1].filter(|&best| before[b].is_none_or(|here| links[here].2 < links[best].2))
            {
                before[b] = Some(best);
            }
        }
    }
    let mut at = before.last().copied().flatten();
    let mut out = Vec::new();
    while let Some((a, b, _, previous)) = at.and_then(|at| links.get(at).copied()) {
        out.push((a, b));
        at = previous;
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::SiteInfo;
    use proptest::prelude::*;

    #[test]
    fn the_place_of_a_key() {
        for (key, place) in [
            ("on-cpu/dir/p.vex:12:5", Some("dir/p.vex:12:5")),
            ("critical-path/site/p.vex:1:2", Some("p.vex:1:2")),
            ("lock/m@a/p.vex:3:9/wait/p99", Some("a/p.vex:3:9")),
            ("channel/c@p.vex:3:9/rate", Some("p.vex:3:9")),
            ("on-cpu/?", None),
            ("rate/channel send/recv", None),
            ("lock/m@x/wait", None),
        ] {
            assert_eq!(place_in(key).map(|place| &key[place]), place, "{key}");
        }
    }

    fn check(old: &[Position], new: &[Position], expected: &[(Position, Position, bool)]) {
        assert_eq!(matched(old, new), expected);
    }

    #[test]
    fn what_stays_stays() {
        check(&[(1, 5), (2, 5)], &[(1, 5), (2, 5), (9, 1)], &[((1, 5), (1, 5), false), ((2, 5), (2, 5), false)]);
    }

    #[test]
    fn lines_added_above_move_everything() {
        check(
            &[(3, 5), (4, 9), (7, 5)],
            &[(5, 5), (6, 9), (9, 5)],
            &[((3, 5), (5, 5), false), ((4, 9), (6, 9), false), ((7, 5), (9, 5), false)],
        );
    }

    /// The old place at 6:9 is now at 7:9, although there is one at 6:9, too.
    #[test]
    fn a_line_added_in_the_middle_moves_what_follows() {
        let (old, new) = ([(2, 5), (4, 5), (6, 9), (7, 9), (8, 3)], [(2, 5), (4, 5), (6, 9), (7, 9), (8, 9), (9, 3)]);
        let pairs = matched(&old, &new);
        assert!(pairs.iter().all(|pair| !pair.2) && pairs.len() == 5, "{pairs:?}");
        assert_eq!((pairs[0].1, pairs[1].1, pairs[4].1), ((2, 5), (4, 5), (9, 3)));
        let shifts: BTreeSet<i64> = pairs.iter().map(|(a, b, _)| i64::from(b.0) - i64::from(a.0)).collect();
        assert_eq!(shifts, BTreeSet::from([0, 1]));
    }

    #[test]
    fn a_function_without_end_is_matched_where_it_is_the_same() {
        let many: Vec<Position> = (1..3000).map(|line| (line, 1)).collect();
        let found = matched(&many, &many);
        assert!(found.len() == many.len() && found.iter().all(|(a, b, guessed)| a == b && !guessed));
    }

    #[test]
    fn what_is_written_anew_is_a_guess_or_nothing() {
        check(&[(2, 5), (3, 5)], &[(2, 9), (3, 9)], &[((2, 5), (2, 9), true), ((3, 5), (3, 9), true)]);
        check(&[(2, 5), (3, 5)], &[(2, 9)], &[]);
    }

    fn profile(sites: &[(&str, u32, u32, &str)]) -> (Profile, Vec<String>) {
        let site = |&(file, line, column, function): &(&str, u32, u32, &str)| SiteInfo {
            file: file.into(),
            line,
            column,
            function: function.into(),
        };
        let keys = sites.iter().map(|(file, line, column, _)| format!("on-cpu/{file}:{line}:{column}")).collect();
        (Profile { sites: sites.iter().map(site).collect(), ..Profile::default() }, keys)
    }

    #[test]
    fn places_are_matched_by_function_and_files_by_name() {
        let (old, old_keys) =
            profile(&[("old/p.vex", 3, 5, "f"), ("old/p.vex", 9, 5, "g"), ("old/p.vex", 12, 5, "gone")]);
        let (new, new_keys) = profile(&[("new/p.vex", 13, 5, "f"), ("new/p.vex", 3, 5, "g")]);
        let found = places((&old, old_keys.iter()), (&new, new_keys.iter()));
        let found: Vec<_> = found.iter().map(|(from, moved)| (from.as_str(), moved.to.as_str())).collect();
        assert_eq!(found, [("old/p.vex:3:5", "new/p.vex:13:5"), ("old/p.vex:9:5", "new/p.vex:3:5")]);
    }

    proptest! {
        #[test]
        fn no_place_is_matched_twice(
            old in prop::collection::btree_set((1u32..30, 1u32..4), 0..30),
            new in prop::collection::btree_set((1u32..30, 1u32..4), 0..30),
        ) {
            let (old, new): (Vec<_>, Vec<_>) = (old.into_iter().collect(), new.into_iter().collect());
            let found = matched(&old, &new);
            let from: BTreeSet<_> = found.iter().map(|pair| pair.0).collect();
            let to: BTreeSet<_> = found.iter().map(|pair| pair.1).collect();
            prop_assert_eq!((from.len(), to.len()), (found.len(), found.len()));
            // In the same order on both sides.
            prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
        }
    }
}
