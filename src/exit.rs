//! The exit codes of the command line, said once. They are part of its contract.

use crate::cli::{Leaks, Policy, Races};
use tracer::finding::Verdict;

macro_rules! exit_codes {
    ($($name:ident = $code:literal, $doc:literal;)+) => {
        $( #[doc = $doc] pub const $name: i32 = $code; )+

        /// Every code with its meaning, for `--help`.
        pub const TABLE: &[(i32, &str)] = &[$(($code, $doc)),+];
    };
}

exit_codes! {
    SUCCESS = 0, "success";
    USAGE = 2, "the command line is wrong";
    SOURCE = 65, "the source is wrong (syntax, name, type or ownership error)";
    INPUT = 66, "an input cannot be read";
    INTERNAL = 70, "a fault in vex itself";
    PANIC = 101, "the program panicked, or an assertion failed";
    DEADLOCK = 102, "deadlock: no task can ever run again";
    LEAK = 103, "a task leaked, under --leaks deny";
    RACE = 104, "data race, under --races deny";
    BUDGET = 105, "over budget (profile --budget, diff --fail-on)";
    LIVELOCK = 106, "livelock";
    TIME_LIMIT = 124, "--time-limit reached";
}

/// The exit code of a verdict; `None` where the program's own code counts.
pub fn of_verdict(verdict: Verdict, policy: Policy) -> Option<i32> {
    match verdict {
        Verdict::Ok => None,
        Verdict::Deadlock => Some(DEADLOCK),
        Verdict::Leak => (policy.leaks == Leaks::Deny).then_some(LEAK),
        Verdict::Panic | Verdict::Assert => Some(PANIC),
        Verdict::Race => (policy.races == Races::Deny).then_some(RACE),
        Verdict::Livelock => Some(LIVELOCK),
        Verdict::TimeLimit => Some(TIME_LIMIT),
    }
}

/// The table as text for the end of `--help`. The program's own exit code is passed through.
pub fn help() -> String {
    let rows = TABLE.iter().map(|(code, meaning)| format!("  {code:>3}  {meaning}\n"));
    format!("Exit codes (any other is the program's own):\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_leaks_and_races_count_only_where_denied() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(TABLE[i + 1..].iter().all(|other| other.0 != row.0));
        }
        let lenient = Policy { leaks: Leaks::Warn, races: Races::Warn };
        let strict = Policy { leaks: Leaks::Deny, races: Races::Deny };
        for (verdict, code) in [(Verdict::Leak, LEAK), (Verdict::Race, RACE)] {
            assert_eq!(of_verdict(verdict, lenient), None);
            assert_eq!(of_verdict(verdict, strict), Some(code));
        }
        assert_eq!(of_verdict(Verdict::Ok, strict), None);
    }
}
