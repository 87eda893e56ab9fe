//! A profile from its JSON document. The document is hostile input: what comes out of here is a profile whose references to its
//! own lists lead somewhere, and whose stacks and trees have an end.

use super::{Profile, VERSION};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// What every profile has and hardly anything else.
#[derive(Deserialize)]
struct Signs {
    version: Option<u32>,
    totals: Option<BTreeMap<String, IgnoredAny>>,
}

/// Reads the document of a profile.
///
/// # Errors
/// Why it is none, as words that follow the name of a file: `is not a profile: …`.
pub fn read(bytes: &[u8]) -> Result<Profile, String> {
    let signs: Signs = serde_json::from_slice(bytes).map_err(|error| format!("is not a profile: {error}"))?;
    match signs {
        Signs { version: Some(version), .. } if version > VERSION => {
            return Err(format!(
                "was written by a newer vex (profile version {version}; this one reads up to {VERSION})"
            ));
        }
        Signs { version: Some(_), totals: Some(_) } => {}
        _ => return Err("is not a profile: it has no `version` and `totals`".to_string()),
    }
    let profile: Profile = serde_json::from_slice(bytes).map_err(|error| format!("is not a profile: {error}"))?;
    match check(&profile) {
        Some(problem) => Err(format!("is a damaged profile: {problem}")),
        None => Ok(profile),
    }
}

/// What refers to something that is not there.
fn check(profile: &Profile) -> Option<String> {
    let (sites, frames) = (profile.sites.len(), profile.frames.len());
    for (at, frame) in profile.frames.iter().enumerate() {
        if frame.caller.is_some_and(|caller| caller as usize >= at) {
            return Some(format!("frame {at} is called by one that comes later"));
        }
    }
    for (at, row) in profile.spawn_tree.iter().enumerate() {
        if row.parent.is_some_and(|parent| parent as usize >= at) {
            return Some(format!("row {at} of `spawn_tree` is spawned by one that comes later"));
        }
    }
    let stacks = profile.on_cpu.iter().map(|row| row.frame).chain(profile.blocked.iter().map(|row| row.frame));
    if let Some(frame) = stacks.max().filter(|&frame| frame as usize >= frames) {
        return Some(format!("there is no frame {frame}"));
    }
    let places = profile.by_site.iter().map(|row| row.site).chain(profile.frames.iter().map(|frame| frame.site));
    let waits = profile.waits_by_site.iter().filter_map(|row| row.site);
    if let Some(site) = places.chain(waits).max().filter(|&site| site as usize >= sites) {
        return Some(format!("there is no place {site}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{FrameInfo, SiteInfo, SiteTime, StackTime};

    fn profile() -> Profile {
        let frame = |caller| FrameInfo { site: 0, caller };
        Profile {
            version: VERSION,
            sites: vec![SiteInfo { file: "p.vex".into(), line: 1, column: 1, function: "main".into() }],
            frames: vec![frame(None), frame(Some(0))],
            on_cpu: vec![StackTime { frame: 1, samples: 1, ns: 1 }],
            by_site: vec![SiteTime { site: 0, ..SiteTime::default() }],
            ..Profile::default()
        }
    }

    fn check(profile: &Profile, expected: &str) {
        let document = serde_json::to_vec(profile).expect("a document");
        assert_eq!(read(&document).expect_err("damaged"), expected);
    }

    #[test]
    fn a_profile_comes_back_from_its_document() {
        let document = serde_json::to_vec(&profile()).expect("a document");
        assert_eq!(read(&document).as_ref(), Ok(&profile()));
    }

    #[test]
    fn references_lead_somewhere() {
        let mut damaged = profile();
        damaged.frames[1].caller = Some(1);
        check(&damaged, "is a damaged profile: frame 1 is called by one that comes later");
        let mut damaged = profile();
        damaged.on_cpu[0].frame = 2;
        check(&damaged, "is a damaged profile: there is no frame 2");
        let mut damaged = profile();
        damaged.by_site[0].site = u32::MAX;
        check(&damaged, "is a damaged profile: there is no place 4294967295");
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        for (document, expected) in [
            ("", "is not a profile: EOF"),
            ("[]", "is not a profile: invalid length"),
            ("{}", "is not a profile: it has no `version` and `totals`"),
            ("{\"version\":1}", "is not a profile: it has no `version` and `totals`"),
            ("{\"version\":2,\"totals\":{}}", "was written by a newer vex (profile version 2; this one reads up to 1)"),
            ("{\"version\":-1,\"totals\":{}}", "is not a profile: invalid value"),
            ("{\"version\":1,\"totals\":[]}", "is not a profile: invalid type"),
            ("{\"version\":1,\"totals\":{\"events\":\"many\"}}", "is not a profile: invalid type"),
            ("{\"version\":1,\"totals\":{\"events\":1e999}}", "is not a profile: number out of range"),
            ("{\"version\":1,\"totals\":{},\"rates\":[{\"per_second\":NaN}]}", "is not a profile: expected value"),
            ("{\"version\":1,\"totals\":{},\"scheduling\":{\"hdr\":\"!\"}}", "is not a profile: missing field"),
            ("{\"version\":1,\"totals\":{}", "is not a profile: EOF"),
        ] {
            let error = read(document.as_bytes()).expect_err(document);
            assert!(error.starts_with(expected), "{document}: {error}");
        }
        let deep = format!("{{\"version\":1,\"totals\":{}", "[".repeat(100_000));
        assert!(read(deep.as_bytes()).is_err());
    }
}
