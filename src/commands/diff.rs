//! `vex diff`: two profiles, or traces, compared.

use crate::cli::DiffArgs;
use crate::report;
use crate::{exit, load, profiles};
use anyhow::Context;
use std::io::Write;
use tracer::diff::{self, Options};

/// Compares and gives the exit code.
///
/// # Errors
/// When an input cannot be read or is neither, or an output cannot be written.
pub fn run(args: &DiffArgs) -> anyhow::Result<i32> {
    let (old, new) = match (profiles::open(&args.old), profiles::open(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) | (_, Err(error)) => return refuse(args, &crate::message(&error)),
    };
    let (old_name, new_name) = (args.old.display().to_string(), args.new.display().to_string());
    let options = Options { fail_on: args.fail_on, on: args.on.clone() };
    let compared = diff::compare((&old_name, &old.profile), (&new_name, &new.profile), &options);
    let comparison = match compared {
        Ok(comparison) => comparison,
        Err(error) => return refuse(args, &format!("{old_name} and {new_name} cannot be compared: {error}")),
    };
    let code = if comparison.failed { exit::BUDGET } else { exit::SUCCESS };
    if let Some(path) = &args.comment {
        std::fs::write(path, diff::markdown(&comparison))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut document = serde_json::to_value(&comparison)?;
        document["exit_code"] = code.into();
        writeln!(out, "{document:#}")?;
    } else {
        out.write_all(diff::text(&comparison).as_bytes())?;
    }
    out.flush()?;
    Ok(code)
}

/// Says why nothing is compared.
fn refuse(args: &DiffArgs, message: &str) -> anyhow::Result<i32> {
    load::say(&format!("vex: {message}\n"));
    if args.json {
        writeln!(std::io::stdout(), "{:#}", report::refusal(exit::INPUT, message))?;
    }
    Ok(exit::INPUT)
}

/// A part of a whole, as the command line has it: `10%`, `2.5%`.
pub fn percentage(text: &str) -> Result<f64, String> {
    let quantity = tracer::budget::Quantity::parse(text, tracer::budget::Unit::Share);
    match quantity.map(|quantity| quantity.value) {
        Some(share) if share > 0.0 => Ok(share),
        _ => Err("it is written with a percent sign, and is more than nothing: 10%".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_its_sign() {
        assert_eq!(percentage("10%"), Ok(0.1));
        assert_eq!(percentage("2.5 %"), Ok(0.025));
        for wrong in ["10", "0%", "-5%", "ten%", ""] {
            assert!(percentage(wrong).is_err(), "{wrong}");
        }
    }
}
