//! Whether a match covers every case: the usefulness algorithm of Maranget ("Warnings for pattern matching", 2007) on
//! core patterns, with an example of what is missing.
//!
//! Integers and characters are split at the ends of the ranges that occur; strings and floats are never covered by
//! literals alone. Work is limited: a match with absurdly many combinations counts as covered.

use super::state::Checker;
use crate::core::{Const, MatchArm, Pattern, PatternKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Ty, TyKind};

/// Steps after which a match counts as covered.
const MAX_STEPS: u32 = 200_000;

/// A pattern reduced to what matters here.
#[derive(Clone, Debug)]
enum Shape {
    Any,
    Node(Constructor, Vec<Shape>),
    Or(Vec<Shape>),
}

/// What a value is made by.
#[derive(Clone, Debug, PartialEq)]
enum Constructor {
    Variant(u32),
    /// A tuple or struct.
    Single,
    Bool(bool),
    /// Integers or characters `lo..=hi`.
    Range(i128, i128),
    /// Other literals, by their text.
    Literal(String),
    /// A list of exactly this length, or of at least this length: (front, back).
    List(usize),
    ListRest(usize, usize),
    /// A part of a union.
    Type(Ty),
}

impl Checker<'_> {
    /// Reports a match that leaves cases out.
    pub fn check_exhaustive(&mut self, ty: Ty, arms: &[MatchArm], span: Span) {
        if ty == crate::types::Types::ERROR
            || arms.iter().any(|arm| matches!(arm.pattern.kind, PatternKind::Wild))
                && arms.len() == 2
                && arms[1].guard.is_none()
        {
            return;
        }
        let rows: Vec<Vec<Shape>> =
            arms.iter().filter(|arm| arm.guard.is_none()).map(|arm| vec![self.shape(&arm.pattern)]).collect();
        let mut steps = 0;
        let Some(witness) = self.missing(&rows, &[ty], &mut steps) else { return };
        let example = witness.first().map_or_else(|| "_".to_string(), |shape| self.shape_text(shape, ty));
        let head = Span::new(span.file, span.lo, (span.lo + 5).min(span.hi));
        let mut diagnostic =
            Diagnostic::new(Code::NonExhaustiveMatch, head, format!("the match does not cover `{example}`"));
        diagnostic = if arms.iter().any(|arm| arm.guard.is_some()) {
            diagnostic.note("an arm with a guard (`if ..`) covers nothing for certain")
        } else {
            diagnostic
        };
        self.report(diagnostic.help(format!("add an arm `{example} => ..`, or `_ => ..` for all that is left")));
    }

    /// Reports a pattern that may fail where it must not (`let`, `for`, parameters).
    pub fn check_irrefutable(&mut self, pattern: &Pattern) {
        if matches!(pattern.kind, PatternKind::Wild | PatternKind::Bind(_, None)) {
            return;
        }
        // `let [h, ..rest] = xs` is allowed and panics on a list that is too short.
        let rows = vec![vec![without_lists(self.shape(pattern))]];
        let mut steps = 0;
        let Some(witness) = self.missing(&rows, &[pattern.ty], &mut steps) else { return };
        let example = witness.first().map_or_else(|| "_".to_string(), |shape| self.shape_text(shape, pattern.ty));
        self.report(
            Diagnostic::new(
                Code::BadPattern,
                pattern.span,
                format!("the pattern does not fit `{example}`, but must fit every value"),
            )
            .help("use `if let` or `match`"),
        );
    }

    fn shape(&self, pattern: &Pattern) -> Shape {
        match &pattern.kind {
            PatternKind::Wild => Shape::Any,
            PatternKind::Bind(_, None) => Shape::Any,
            PatternKind::Bind(_, Some(inner)) => self.shape(inner),
            PatternKind::Const(value) => match value {
                Const::Unit => Shape::Any,
                Const::Bool(value) => Shape::Node(Constructor::Bool(*value), Vec::new()),
                Const::Int(value) => Shape::Node(Constructor::Range(*value, *value), Vec::new()),
                Const::Char(c) => Shape::Node(Constructor::Range(*c as i128, *c as i128), Vec::new()),
                Const::Float(value) => Shape::Node(Constructor::Literal(value.to_string()), Vec::new()),
                Const::Str(text) => Shape::Node(Constructor::Literal(format!("{text:?}")), Vec::new()),
                Const::Symbol(name) => Shape::Node(Constructor::Literal(format!("'{name}")), Vec::new()),
                Const::Nil => Shape::Node(Constructor::Literal("nil".into()), Vec::new()),
            },
            PatternKind::Range { lo, hi, inclusive } => {
                let (least, most) = self.domain(pattern.ty).unwrap_or((i128::MIN, i128::MAX));
                let number = |value: &Option<Const>, default: i128| match value {
                    Some(Const::Int(value)) => *value,
                    Some(Const::Char(c)) => *c as i128,
                    _ => default,
                };
                let lo_value = number(lo, least);
                let mut hi_value = number(hi, most);
                if hi.is_some() && !inclusive {
                    hi_value = hi_value.saturating_sub(1);
                }
                if lo_value > hi_value {
                    return Shape::Or(Vec::new());
                }
                Shape::Node(Constructor::Range(lo_value, hi_value), Vec::new())
            }
            PatternKind::Variant(index, parts) => {
                Shape::Node(Constructor::Variant(*index), parts.iter().map(|part| self.shape(part)).collect())
            }
            PatternKind::Fields(parts) => {
                let count = self.field_types(pattern.ty).len();
                let mut shapes = vec![Shape::Any; count];
                for (index, part) in parts {
                    if let Some(slot) = shapes.get_mut(*index as usize) {
                        *slot = self.shape(part);
                    }
                }
                Shape::Node(Constructor::Single, shapes)
            }
            PatternKind::List { before, rest, after } => {
                let parts: Vec<Shape> = before.iter().chain(after).map(|part| self.shape(part)).collect();
                let constructor = match rest {
                    Some(_) => Constructor::ListRest(before.len(), after.len()),
                    None => Constructor::List(before.len()),
                };
                Shape::Node(constructor, parts)
            }
            PatternKind::Or(parts) => Shape::Or(parts.iter().map(|part| self.shape(part)).collect()),
            PatternKind::TypeTest(ty, inner) => Shape::Node(Constructor::Type(*ty), vec![self.shape(inner)]),
        }
    }

    /// Smallest and largest value of an integer type or `char`.
    fn domain(&self, ty: Ty) -> Option<(i128, i128)> {
        match self.kind(self.strip_refs(ty)) {
            TyKind::Int(kind) => Some(kind.range()),
            TyKind::Char => Some((0, char::MAX as i128)),
            _ => None,
        }
    }

    /// Types of the parts of a tuple or struct.
    fn field_types(&self, ty: Ty) -> Vec<Ty> {
        match self.kind(self.strip_refs(ty)) {
            TyKind::Tuple(parts) => parts,
            TyKind::Struct(id, _) => self.structs[id.0 as usize].fields.iter().map(|field| field.ty).collect(),
            _ => Vec::new(),
        }
    }

    /// Values that no row matches: an example for each column, or `None` if all are covered.
    fn missing(&mut self, rows: &[Vec<Shape>], types: &[Ty], steps: &mut u32) -> Option<Vec<Shape>> {
        *steps += 1;
        if *steps > MAX_STEPS {
            return None;
        }
        if rows.iter().any(|row| row.iter().all(|shape| matches!(shape, Shape::Any))) {
            return None;
        }
        let Some((&ty, rest_types)) = types.split_first() else {
            return if rows.is_empty() { Some(Vec::new()) } else { None };
        };
        // Alternatives become rows of their own.
        let mut flat: Vec<Vec<Shape>> = Vec::new();
        for row in rows {
            flatten(row, &mut flat);
        }
        let heads: Vec<Constructor> = flat
            .iter()
            .filter_map(|row| match &row[0] {
                Shape::Node(constructor, _) => Some(constructor.clone()),
                _ => None,
            })
            .collect();
        let seen = self.strip_refs(ty);
        if rest_types.is_empty()
            && let Some((least, most)) = self.domain(seen)
        {
            // One column of numbers, perhaps thousands of them: sweep over the sorted ranges.
            return first_gap(&heads, least, most).map(|range| vec![Shape::Node(range, Vec::new())]);
        }
        for constructor in self.split(seen, &heads) {
            let Some(constructor) = constructor else {
                // Values that no constructor of the patterns makes.
                let rest: Vec<Vec<Shape>> =
                    flat.iter().filter(|row| matches!(row[0], Shape::Any)).map(|row| row[1..].to_vec()).collect();
                if let Some(mut witness) = self.missing(&rest, rest_types, steps) {
                    witness.insert(0, Shape::Any);
                    return Some(witness);
                }
                continue;
            };
            let part_types = self.part_types(seen, &constructor);
            let count = part_types.len();
            let narrowed: Vec<Vec<Shape>> =
                flat.iter().filter_map(|row| specialize(row, &constructor, count)).collect();
            let mut all_types = part_types;
            all_types.extend(rest_types);
            if let Some(mut witness) = self.missing(&narrowed, &all_types, steps) {
                let tail = witness.split_off(count);
                let mut whole = vec![Shape::Node(constructor, witness)];
                whole.extend(tail);
                return Some(whole);
            }
        }
        None
    }

    /// The constructors to try for a type; `None` stands for all that the patterns do not name.
    fn split(&self, ty: Ty, heads: &[Constructor]) -> Vec<Option<Constructor>> {
        match self.kind(ty) {
            TyKind::Enum(id, _) => {
                if heads.is_empty() {
                    return vec![None];
                }
                (0..self.enums[id.0 as usize].variants.len() as u32).map(|i| Some(Constructor::Variant(i))).collect()
            }
            TyKind::Tuple(_) | TyKind::Struct(..) => {
                vec![if heads.is_empty() { None } else { Some(Constructor::Single) }]
            }
            TyKind::Bool => vec![Some(Constructor::Bool(true)), Some(Constructor::Bool(false))],
            TyKind::Int(_) | TyKind::Char => {
                let Some((least, most)) = self.domain(ty) else { return vec![None] };
                // Cut the domain at the ends of all ranges.
                let mut cuts = vec![least];
                for head in heads {
                    if let Constructor::Range(lo, hi) = head {
                        cuts.push((*lo).max(least));
                        if *hi < most {
                            cuts.push(hi + 1);
                        }
                    }
                }
                cuts.sort_unstable();
                cuts.dedup();
                let ends = cuts.iter().skip(1).map(|next| next - 1).chain([most]);
                cuts.iter()
                    .zip(ends)
                    .filter(|(lo, hi)| **lo <= *hi)
                    .map(|(&lo, hi)| Some(Constructor::Range(lo, hi)))
                    .collect()
            }
            TyKind::List(_) | TyKind::Array(..) | TyKind::Span(_) => {
                if heads.is_empty() {
                    return vec![None];
                }
                let longest = heads.iter().map(|head| match head {
                    Constructor::List(len) => *len,
                    Constructor::ListRest(front, back) => front + back,
                    _ => 0,
                });
                let longest = longest.max().unwrap_or(0) + 1;
                if let TyKind::Array(_, len) = self.kind(ty) {
                    return vec![Some(Constructor::List(usize::try_from(len).unwrap_or(usize::MAX).min(longest + 1)))];
                }
                (0..=longest).map(|len| Some(Constructor::List(len))).collect()
            }
            TyKind::Union(parts) => parts.into_iter().map(|part| Some(Constructor::Type(part))).collect(),
            _ => {
                // What no literal names is missing most often.
                let mut out: Vec<Option<Constructor>> = vec![None];
                for head in heads {
                    if !out.contains(&Some(head.clone())) {
                        out.push(Some(head.clone()));
                    }
                }
                out
            }
        }
    }

    fn part_types(&mut self, ty: Ty, constructor: &Constructor) -> Vec<Ty> {
        match (self.kind(ty), constructor) {
            (TyKind::Enum(id, args), Constructor::Variant(index)) => {
                let payload = self.enums[id.0 as usize].variants[*index as usize].1.clone();
                payload
                    .into_iter()
                    .map(|part| {
                        let part = self.subst(part, &args);
                        self.final_type(part)
                    })
                    .collect()
            }
            (TyKind::Tuple(parts), _) => parts,
            (TyKind::Struct(id, args), Constructor::Single) => {
                let fields: Vec<Ty> = self.structs[id.0 as usize].fields.iter().map(|field| field.ty).collect();
                fields
                    .into_iter()
                    .map(|part| {
                        let part = self.subst(part, &args);
                        self.final_type(part)
                    })
                    .collect()
            }
            (TyKind::List(part) | TyKind::Array(part, _) | TyKind::Span(part), Constructor::List(len)) => {
                vec![part; *len]
            }
            (_, Constructor::Type(part)) => vec![*part],
            _ => Vec::new(),
        }
    }

    fn shape_text(&self, shape: &Shape, ty: Ty) -> String {
        let ty = self.strip_refs(ty);
        let Shape::Node(constructor, parts) = shape else { return "_".into() };
        let list = |parts: &[Shape], types: &[Ty]| -> String {
            let texts: Vec<String> = parts
                .iter()
                .enumerate()
                .map(|(index, part)| match types.get(index) {
                    Some(&ty) => self.shape_text(part, ty),
                    None => "_".into(),
                })
                .collect();
            texts.join(", ")
        };
        match (constructor, self.kind(ty)) {
            (Constructor::Variant(index), TyKind::Enum(id, args)) => {
                let info = &self.enums[id.0 as usize];
                let (name, payload) = &info.variants[*index as usize];
                let bare = id == crate::types::OPTION || id == crate::types::RESULT;
                let name = if bare { name.to_string() } else { format!("{}.{name}", info.name) };
                if payload.is_empty() {
                    return name;
                }
                let types: Vec<Ty> = payload
                    .iter()
                    .map(|&part| match self.kind(part) {
                        TyKind::Param(index) => args.get(index as usize).copied().unwrap_or(part),
                        _ => part,
                    })
                    .collect();
                format!("{name}({})", list(parts, &types))
            }
            (Constructor::Single, TyKind::Tuple(types)) => format!("({})", list(parts, &types)),
            (Constructor::Single, TyKind::Struct(id, _)) => {
                let info = &self.structs[id.0 as usize];
                let fields: Vec<String> = info
                    .fields
                    .iter()
                    .zip(parts)
                    .map(|(field, part)| format!("{}: {}", field.name, self.shape_text(part, field.ty)))
                    .collect();
                format!("{} {{ {} }}", info.name, fields.join(", "))
            }
            (Constructor::Bool(value), _) => value.to_string(),
            (Constructor::Range(lo, hi), kind) => {
                let (least, most) = self.domain(ty).unwrap_or((*lo, *hi));
                let text = |value: i128| match kind {
                    TyKind::Char => u32::try_from(value)
                        .ok()
                        .and_then(char::from_u32)
                        .map_or_else(|| "_".into(), |c| format!("{c:?}")),
                    _ => value.to_string(),
                };
                if (*lo, *hi) == (least, most) {
                    "_".into()
                } else if lo == hi {
                    text(*lo)
                } else if *hi == most {
                    format!("{}..", text(*lo))
                } else if *lo == least {
                    format!("..={}", text(*hi))
                } else {
                    format!("{}..={}", text(*lo), text(*hi))
                }
            }
            (Constructor::Literal(text), _) => text.clone(),
            (Constructor::List(_), TyKind::List(part) | TyKind::Array(part, _) | TyKind::Span(part)) => {
                format!("[{}]", list(parts, &vec![part; parts.len()]))
            }
            (Constructor::Type(part), _) => format!("{}(_)", self.show(*part)),
            _ => "_".into(),
        }
    }
}

/// The first values from `least` to `most` that no range holds.
fn first_gap(heads: &[Constructor], least: i128, most: i128) -> Option<Constructor> {
    let mut ranges: Vec<(i128, i128)> = heads
        .iter()
        .filter_map(|head| match head {
            Constructor::Range(lo, hi) => Some((*lo, *hi)),
            _ => None,
        })
        .collect();
    ranges.sort_unstable();
    let mut next = least;
    for (lo, hi) in ranges {
        if lo > next {
            return Some(Constructor::Range(next, lo - 1));
        }
        if hi >= most {
            return None;
        }
        next = next.max(hi + 1);
    }
    Some(Constructor::Range(next, most))
}

/// Patterns of lists taken as fitting every list.
fn without_lists(shape: Shape) -> Shape {
    match shape {
        Shape::Node(Constructor::List(_) | Constructor::ListRest(..), _) => Shape::Any,
        Shape::Node(constructor, parts) => Shape::Node(constructor, parts.into_iter().map(without_lists).collect()),
        Shape::Or(parts) => Shape::Or(parts.into_iter().map(without_lists).collect()),
        Shape::Any => Shape::Any,
    }
}

/// Replaces a row whose first column has alternatives by one row for each.
fn flatten(row: &[Shape], out: &mut Vec<Vec<Shape>>) {
    if let Some(Shape::Or(parts)) = row.first() {
        for part in parts {
            let mut copy = vec![part.clone()];
            copy.extend_from_slice(&row[1..]);
            flatten(&copy, out);
        }
        return;
    }
    out.push(row.to_vec());
}

/// The row for values made by `constructor`, its parts in front; `None` if the row does not match them.
fn specialize(row: &[Shape], constructor: &Constructor, count: usize) -> Option<Vec<Shape>> {
    let mut out = match &row[0] {
        Shape::Any => vec![Shape::Any; count],
        Shape::Or(_) => return None,
        Shape::Node(own, parts) => match (own, constructor) {
            (Constructor::Range(lo, hi), Constructor::Range(least, most)) if lo <= least && most <= hi => Vec::new(),
            (Constructor::ListRest(front, back), Constructor::List(len)) => {
                if front + back > *len {
                    return None;
                }
                let mut all = vec![Shape::Any; *len];
                for (index, part) in parts.iter().enumerate() {
                    let target = if index < *front { index } else { len - back + (index - front) };
                    all[target] = part.clone();
                }
                all
            }
            (own, wanted) if own == wanted => parts.clone(),
            _ => return None,
        },
    };
    out.extend_from_slice(&row[1..]);
    Some(out)
}
