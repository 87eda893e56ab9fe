//! `"{} {name}".format(…)` in its basics: positions, and the common parts of a format specification (`>8`, `.2f`, `05d`, `x`, `,`, `%`).

use super::strings::{Side, padded};
use super::{arg, arith, text, type_error, types, value_error};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::engine::Engine;
use crate::vm::fault::Fault;

/// A format specification: `[[fill]align][sign][0][width][,][.precision][kind]`.
#[derive(Debug, Default, PartialEq)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    zeros: bool,
    width: i64,
    grouped: bool,
    precision: Option<usize>,
    kind: Option<char>,
}

/// Most digits after the point. No float has more, and the host's formatting has its limits.
const MOST_DIGITS: usize = 1100;

impl Spec {
    fn parse(text: &str) -> Option<Spec> {
        let mut spec = Spec::default();
        let mut chars: Vec<char> = text.chars().collect();
        chars.reverse();
        let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '^' | '='));
        if chars.len() >= 2 && is_align(chars.get(chars.len() - 2)) {
            spec.fill = chars.pop();
        }
        if is_align(chars.last()) {
            spec.align = chars.pop();
        }
        if matches!(chars.last(), Some('+' | '-' | ' ')) {
            spec.sign = chars.pop();
        }
        spec.zeros = chars.pop_if(|c| *c == '0').is_some();
        while let Some(digit) = chars.last().and_then(|c| c.to_digit(10)) {
            spec.width = spec.width.checked_mul(10)?.checked_add(i64::from(digit))?;
            chars.pop();
        }
        spec.grouped = chars.pop_if(|c| *c == ',' || *c == '_').is_some();
        if chars.pop_if(|c| *c == '.').is_some() {
            let mut precision = 0usize;
            while let Some(digit) = chars.last().and_then(|c| c.to_digit(10)) {
                precision = precision.checked_mul(10)?.checked_add(digit as usize)?;
                chars.pop();
            }
            spec.precision = Some(precision);
        }
        spec.kind = chars.pop();
        chars.is_empty().then_some(spec)
    }
}

/// Puts a comma before each group of three digits.
fn group(digits: &str) -> String {
    let (whole, rest) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut out = String::new();
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out + rest
}

/// A number's digits without its sign.
fn digits(number: arith::Number, spec: &Spec) -> Result<String, Fault> {
    let precision = spec.precision;
    if precision.is_some_and(|precision| precision > MOST_DIGITS) {
        return Err(value_error("precision too large"));
    }
    let digits = match (number, spec.kind) {
        (arith::Number::Int(n), None | Some('d' | 'n')) if spec.precision.is_none() => n.unsigned_abs().to_string(),
        (arith::Number::Int(n), Some('x')) => format!("{:x}", n.unsigned_abs()),
        (arith::Number::Int(n), Some('X')) => format!("{:X}", n.unsigned_abs()),
        (arith::Number::Int(n), Some('o')) => format!("{:o}", n.unsigned_abs()),
        (arith::Number::Int(n), Some('b')) => format!("{:b}", n.unsigned_abs()),
        (number, Some('f' | 'F')) => text::fixed(number.float().abs(), precision.unwrap_or(6)),
        (number, Some('%')) => text::fixed(number.float().abs() * 100.0, precision.unwrap_or(6)) + "%",
        (number, Some('e')) => exponent(number.float().abs(), precision.unwrap_or(6)),
        (number, None | Some('g')) => match precision {
            None => text::float_text(number.float().abs()),
            Some(precision) => general(number.float().abs(), precision.max(1)),
        },
        (_, Some(kind)) => return Err(value_error(format!("unknown format code '{kind}' for a number"))),
    };
    Ok(if spec.grouped { group(&digits) } else { digits })
}

/// `d.ddde+xx`
fn exponent(x: f64, precision: usize) -> String {
    if !x.is_finite() {
        return text::float_text(x);
    }
    let scientific = format!("{x:.precision$e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

/// So many digits that count, without zeros at the end.
fn general(x: f64, precision: usize) -> String {
    let scientific = exponent(x, precision - 1);
    let Some((mantissa, power)) = scientific.split_once('e') else { return scientific };
    let power: i32 = power.parse().unwrap_or(0);
    let bare = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => digits.to_string(),
    };
    if (-4..precision as i32).contains(&power) {
        bare(&text::fixed(x, (precision as i32 - 1 - power).max(0) as usize))
    } else {
        format!("{}e{}", bare(mantissa), scientific.split_once('e').map_or("", |(_, power)| power))
    }
}

/// One value by a specification.
fn formatted<E: Engine>(env: &Env<'_, E>, value: Value, spec: &str) -> Result<String, Fault> {
    if spec.is_empty() {
        let mut out = String::new();
        text::text(env.heap, env.sched, env.code, value, &mut out)?;
        return Ok(out);
    }
    let wrong = || value_error(format!("invalid format specifier '{}'", spec.chars().take(100).collect::<String>()));
    let spec = Spec::parse(spec).ok_or_else(wrong)?;
    let fill = spec.fill.unwrap_or(if spec.zeros { '0' } else { ' ' });
    let number = arith::number(value).filter(|_| !value.is(Tag::Bool) || spec.kind.is_some());
    let Some(number) = number else {
        let mut out = String::new();
        text::text(env.heap, env.sched, env.code, value, &mut out)?;
        if spec.kind.is_some_and(|kind| kind != 's') {
            let name = types::type_name(env.code, env.heap, value);
            return Err(value_error(format!("unknown format code '{}' for '{name}'", spec.kind.unwrap_or(' '))));
        }
        if let Some(precision) = spec.precision {
            out = out.chars().take(precision).collect();
        }
        let side = match spec.align {
            Some('>') => Side::Left,
            Some('^') => Side::Both,
            _ => Side::Right,
        };
        return padded(env.heap, &out, spec.width, fill, side);
    };
    let negative = match number {
        arith::Number::Int(n) => n < 0,
        arith::Number::Float(x) => x.is_sign_negative() && !x.is_nan(),
    };
    let sign = match spec.sign {
        _ if negative => "-",
        Some('+') => "+",
        Some(' ') => " ",
        _ => "",
    };
    let digits = digits(number, &spec)?;
    let inner = spec.align == Some('=') || spec.zeros && spec.align.is_none();
    if inner {
        let width = spec.width.saturating_sub(sign.len() as i64);
        return Ok(sign.to_string() + &padded(env.heap, &digits, width, fill, Side::Left)?);
    }
    let side = match spec.align {
        Some('<') => Side::Right,
        Some('^') => Side::Both,
        _ => Side::Left,
    };
    padded(env.heap, &(sign.to_string() + &digits), spec.width, fill, side)
}

/// A value by a specification: `{x:.2f}` of an f-string.
pub fn value<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let spec = super::of_kind(env, args, 1, Tag::String)?;
    let spec: Box<str> = env.heap.str(spec)?.into();
    let out = formatted(env, arg(args, 0)?, &spec)?;
    env.heap.string(out)
}

/// `format(template, a, b, …)`: `{}`, `{0}`, `{:spec}`, `{{`, `}}`.
pub fn format<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let template = super::of_kind(env, args, 0, Tag::String)?;
    let mut rest = env.heap.str(template)?;
    let mut out = String::new();
    let mut next = 0;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err(value_error("single '}' encountered in format string"));
        }
        let (field, after) = rest.split_once('}').ok_or_else(|| value_error("expected '}' before end of string"))?;
        rest = after;
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let at = if name.is_empty() {
            next += 1;
            next - 1
        } else {
            name.parse().map_err(|_| type_error("format() takes positions, not names"))?
        };
        let missing = || Fault::error(crate::dynamic::ErrorKind::Index, format!("replacement index {at} out of range"));
        let value = args.get(1..).and_then(|values| values.get(at)).copied().ok_or_else(missing)?;
        out.push_str(&formatted(env, value, spec)?);
        env.heap.room_for(out.len())?;
    }
    out.push_str(rest);
    env.heap.string(out)
}
