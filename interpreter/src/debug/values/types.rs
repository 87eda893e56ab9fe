//! Names of types for the parts of values: from the type of the whole where that says it, otherwise from the value itself.

use crate::debug::view::View;
use crate::types::IntKind;
use crate::value::{Tag, Value};

/// What stands between the brackets of a type: `K` and `V` of `Map<K, V>`, `T` of `[T]` and `[T; 3]`.
pub struct Parameters<'t>(Vec<&'t str>);

impl<'t> Parameters<'t> {
    /// Of a type in the language's words. References and boxes are seen through.
    pub fn of(mut ty: &'t str) -> Parameters<'t> {
        loop {
            ty = ty.trim();
            if let Some(target) = ty.strip_prefix('&') {
                ty = target.strip_suffix('!').unwrap_or(target);
            } else if let Some(content) = inside(ty, "Box<", '>')
                .or_else(|| inside(ty, "MutexGuard<", '>'))
                .or_else(|| inside(ty, "ReadGuard<", '>'))
                .or_else(|| inside(ty, "WriteGuard<", '>'))
            {
                ty = content;
            } else {
                break;
            }
        }
        let list = inside(ty, "[", ']').map(|element| split(element, ';').into_iter().take(1).collect());
        let tuple = || inside(ty, "(", ')').map(|parts| split(parts, ','));
        let named = || ty.find('<').and_then(|at| inside(&ty[at..], "<", '>')).map(|parts| split(parts, ','));
        Parameters(list.or_else(tuple).or_else(named).unwrap_or_default())
    }

    /// The parameter at a position; empty where there is none.
    pub fn at(&self, at: usize) -> &'t str {
        self.0.get(at).copied().unwrap_or("").trim()
    }
}

/// What stands between an opening and the closing bracket at the end.
fn inside<'t>(ty: &'t str, open: &str, close: char) -> Option<&'t str> {
    ty.strip_prefix(open)?.strip_suffix(close)
}

/// Parts that a separator divides, outside of any brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            _ if c == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The type of a value as far as it shows itself.
pub fn of_value(view: &View<'_>, value: Value) -> String {
    let tag = value.kind();
    if let Some(kind) = tag.int_kind() {
        return IntKind::name(kind).to_string();
    }
    let word = match tag {
        Tag::Unit => "()",
        Tag::Bool => "bool",
        Tag::Char => "char",
        Tag::F32 => "f32",
        Tag::F64 => "f64",
        Tag::String => "string",
        Tag::Function | Tag::Closure => "fn",
        Tag::Nil => "ptr",
        Tag::NoValue | Tag::Return => "",
        Tag::Struct => {
            let ty = view.heap.with_record(value, |record| record.ty).ok();
            return ty
                .and_then(|ty| view.code.structs.get(ty as usize))
                .map_or("struct".into(), |def| def.name.clone());
        }
        Tag::Variant | Tag::Variant0 => {
            let ty = view.heap.variant_of(value).map(|(ty, _)| ty);
            return ty.and_then(|ty| view.code.enums.get(ty as usize)).map_or("enum".into(), |def| def.name.clone());
        }
        Tag::List => {
            let element = view.heap.element(value, 0).ok().flatten();
            return match element.filter(|element| !element.is(Tag::List) && !element.is(Tag::Tuple)) {
                Some(element) => format!("[{}]", of_value(view, element)),
                None => "list".to_string(),
            };
        }
        Tag::Tuple => "tuple",
        Tag::Cell | Tag::FieldRef | Tag::IndexRef => "reference",
        Tag::Map
        | Tag::Set
        | Tag::Range
        | Tag::Box
        | Tag::Duration
        | Tag::Time
        | Tag::Channel
        | Tag::Mutex
        | Tag::RwLock
        | Tag::Once
        | Tag::Barrier
        | Tag::WaitGroup
        | Tag::Semaphore
        | Tag::Atomic
        | Tag::Context
        | Tag::Ticker
        | Tag::Future
        | Tag::MutexGuard
        | Tag::ReadGuard
        | Tag::WriteGuard => return format!("{tag:?}"),
        _ => "",
    };
    word.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_types() {
        for (ty, expected) in [
            ("[i64]", vec!["i64"]),
            ("[[i64; 3]; 4]", vec!["[i64; 3]"]),
            ("Map<string, [Option<i64>]>", vec!["string", "[Option<i64>]"]),
            ("(i64, (bool, char))", vec!["i64", "(bool, char)"]),
            ("&Vec<T>!", vec!["T"]),
            ("Box<[u8]>", vec!["u8"]),
            ("MutexGuard<Map<i64, Id>>", vec!["i64", "Id"]),
            ("i64", vec![]),
            ("", vec![]),
            ("]<", vec![]),
        ] {
            let parameters = Parameters::of(ty);
            let found: Vec<&str> = (0..parameters.0.len()).map(|at| parameters.at(at)).collect();
            assert_eq!(found, expected, "{ty}");
        }
    }
}
