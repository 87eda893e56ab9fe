//! Inputs for fuzzing front ends: programs of the tests, damaged in small ways, and tokens in any order.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::path::{Path, PathBuf};

/// Every program of the tests in a language, named by its extension.
pub fn test_programs(language: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs").join(language);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == language));
    paths.into_iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// Tokens in any order, most with a space after them.
pub fn soup(tokens: &'static [&'static str]) -> impl Strategy<Value = String> {
    let token = (select(tokens), prop::bool::weighted(0.8));
    prop::collection::vec(token, 0..60).prop_map(|tokens| {
        tokens.iter().map(|(token, space)| format!("{token}{}", if *space { " " } else { "" })).collect::<String>()
    })
}

/// One change to a program.
#[derive(Clone, Debug)]
pub enum Damage {
    Delete(Index, u8),
    Insert(Index, &'static str),
    Repeat(Index, u8, u8),
    Swap(Index, Index),
    Cut(Index),
}

/// Any change; what is inserted is one of the tokens.
pub fn damage(tokens: &'static [&'static str]) -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, length)| Damage::Delete(at, length)),
        (any::<Index>(), select(tokens)).prop_map(|(at, token)| Damage::Insert(at, token)),
        (any::<Index>(), any::<u8>(), 1..20u8).prop_map(|(at, length, times)| Damage::Repeat(at, length, times)),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::Swap(a, b)),
        any::<Index>().prop_map(Damage::Cut),
    ]
}

/// A program after some changes.
pub fn damaged(program: &str, changes: &[Damage]) -> String {
    let mut chars: Vec<char> = program.chars().collect();
    for change in changes {
        let length = chars.len();
        if length == 0 {
            break;
        }
        match *change {
            Damage::Delete(at, count) => {
                let at = at.index(length);
                chars.drain(at..(at + usize::from(count % 16)).min(length));
            }
            Damage::Insert(at, token) => {
                let at = at.index(length);
                chars.splice(at..at, token.chars());
            }
            Damage::Repeat(at, count, times) => {
                let at = at.index(length);
                let piece: Vec<char> = chars[at..(at + usize::from(count % 32)).min(length)].to_vec();
                let copies: Vec<char> = (0..times).flat_map(|_| piece.iter().copied()).collect();
                chars.splice(at..at, copies);
            }
            Damage::Swap(a, b) => chars.swap(a.index(length), b.index(length)),
            Damage::Cut(at) => chars.truncate(at.index(length)),
        }
    }
    chars.into_iter().collect()
}
