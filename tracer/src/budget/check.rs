//! From limits and a profile to lines: what was measured, and what that means.

use super::parse::closest;
use super::sections::{Measure, Section, is_site};
use super::units::Quantity;
use super::{Bound, Limit, Line, Verdict, What};
use crate::finding::WaitReason;
use crate::profile::{Distribution, Profile, WaitRow};

/// What a profile says of one name.
enum Reading {
    /// The profile has nothing of the kind: the name is unknown, or the operation never happened.
    Absent,
    /// There it is, and there was nothing to measure: nobody ever waited.
    Nothing,
    /// A number.
    Number(Quantity),
}

/// Checks every limit, in order.
pub fn check(limits: &[Limit], profile: &Profile) -> Vec<Line> {
    limits.iter().map(|limit| line(limit, profile)).collect()
}

fn line(limit: &Limit, profile: &Profile) -> Line {
    let names = names(&limit.what, profile);
    let readings: Vec<(Reading, &String)> = names.iter().map(|name| (read(limit, name, profile), name)).collect();
    let numbers = readings.iter().filter_map(|(reading, name)| match reading {
        Reading::Number(quantity) => Some((*quantity, *name)),
        Reading::Absent | Reading::Nothing => None,
    });
    // Of several names that fit, the one that is furthest from what is allowed.
    let worst = match limit.bound {
        Bound::Max => numbers.max_by(|a, b| a.0.value.total_cmp(&b.0.value)),
        Bound::Min => numbers.min_by(|a, b| a.0.value.total_cmp(&b.0.value)),
    };
    let nothing = readings.iter().any(|(reading, _)| matches!(reading, Reading::Nothing));
    let (verdict, text, note) = match worst {
        Some((measured, _)) => {
            let within = match limit.bound {
                Bound::Max => measured.value <= limit.quantity.value,
                Bound::Min => measured.value >= limit.quantity.value,
            };
            (if within { Verdict::Ok } else { Verdict::Over }, measured.human(), String::new())
        }
        None if nothing && limit.bound == Bound::Max => (Verdict::Ok, "none".to_string(), String::new()),
        None => (Verdict::NotMeasured, "–".to_string(), why(&limit.what, nothing, profile)),
    };
    let at = worst.map(|(_, name)| name.clone()).filter(|name| !name.is_empty());
    Line {
        name: limit.key.clone(),
        measured: worst.map(|(measured, _)| measured.value),
        measured_text: text,
        limit: limit.quantity.value,
        limit_text: limit.written.clone(),
        bound: limit.bound,
        unit: limit.quantity.unit.name().to_string(),
        verdict,
        fails: verdict == Verdict::Over || verdict == Verdict::NotMeasured && !limit.missing_is_ok,
        at,
        note,
    }
}

/// The names of the profile that the limit's name stands for: itself, or those that its pattern fits.
fn names(what: &What, profile: &Profile) -> Vec<String> {
    if !what.name.contains('*') {
        return vec![what.name.clone()];
    }
    (what.section.known)(profile).into_iter().filter(|name| fits(&what.name, name)).collect()
}

/// Whether a pattern fits a name: `*` is any text. Linear in memory, and at worst the product of the lengths in time.
pub fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn read(limit: &Limit, name: &str, profile: &Profile) -> Reading {
    let what = &limit.what;
    let times = match what.measure {
        Measure::Number(get) => {
            let number = get(profile, name).filter(|number| number.is_finite());
            return number.map_or(Reading::Absent, |value| Reading::Number(Quantity::new(value, limit.quantity.unit)));
        }
        Measure::Times(get) => get(profile, name),
        Measure::Waits => waits(what.section, name, &what.reason, profile),
    };
    match (times, what.statistic) {
        (Some(times), Some(statistic)) => statistic.of(&times).map_or(Reading::Nothing, Reading::Number),
        _ => Reading::Absent,
    }
}

/// How long tasks waited for this reason; none where they waited for nothing although they could have.
fn waits(section: &Section, name: &str, reason: &str, profile: &Profile) -> Option<Distribution> {
    let rows = match section.name {
        "objects" => &profile.waits_by_object,
        "sites" => &profile.waits_by_site,
        _ => &profile.waits,
    };
    let is = |row: &WaitRow| match section.name {
        "objects" => row.object.as_deref() == Some(name),
        "sites" => row.site.is_some_and(|site| is_site(profile, site, name)),
        _ => true,
    };
    let mut rows = rows.iter().filter(|row| row.reason == reason && is(row)).peekable();
    if rows.peek().is_none() {
        return could_have_waited(section, name, reason, profile).then(Distribution::new);
    }
    let mut all = Distribution::new();
    rows.for_each(|row| all.add(&row.time));
    Some(all)
}

/// Whether what could have made tasks wait did happen, as far as a profile knows.
fn could_have_waited(section: &Section, name: &str, reason: &str, profile: &Profile) -> bool {
    if section.name == "sites" {
        return profile.by_site.iter().any(|row| row.events > 0 && is_site(profile, row.site, name));
    }
    let named = |row: &str| section.name != "objects" || row == name;
    let locks = |kind: &str| profile.locks.iter().any(|row| row.acquired > 0 && row.kind == kind && named(&row.name));
    match WaitReason::ALL.iter().find(|known| known.name() == reason) {
        Some(WaitReason::Send) => profile.channels.iter().any(|row| row.sent > 0 && named(&row.name)),
        Some(WaitReason::Recv) => profile.channels.iter().any(|row| row.received > 0 && named(&row.name)),
        Some(WaitReason::Lock) => locks("mutex"),
        Some(WaitReason::ReadLock | WaitReason::WriteLock) => locks("rwlock"),
        _ => false,
    }
}

/// Why nothing was measured.
fn why(what: &What, nothing: bool, profile: &Profile) -> String {
    if nothing {
        return "nothing of the kind happened".to_string();
    }
    let names = (what.section.known)(profile);
    if what.name.is_empty() || names.contains(&what.name) {
        return "the run never did this".to_string();
    }
    let kind = what.section.names;
    if what.name.contains('*') {
        return format!("no {kind} of the profile fits `{}`", what.name);
    }
    match closest(&what.name, names.iter().map(String::as_str)) {
        Some(close) => format!("the profile has no {kind} `{}`; did you mean `{close}`?", what.name),
        None => format!("the profile has no {kind} `{}`", what.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name) in
            [("*", ""), ("*", "jobs"), ("fork[*]", "fork[12]"), ("a*b*c", "aXbYbZc"), ("*.vex:*", "p.vex:3")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("fork[*]", "fork[12"), ("a*b*c", "acb"), ("a*a", "a"), ("x*", "yx"), ("jobs", "job")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
