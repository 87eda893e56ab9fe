//! Calls: the engine's built-in methods that change nothing, functions and methods of the program, variants and structs.

use super::eval::{Evaluator, Step, failed, is_integer};
use super::expr::{Expr, ExprKind, Wrong};
use crate::builtins::Builtin;
use crate::core::FunctionKind;
use crate::value::{Tag, Value};
use crate::vm::builtins::{self, Env};
use crate::vm::engine::Deterministic;
use crate::vm::evidence;
use crate::vm::fault::Outcome;
use rustc_hash::FxHashMap;
use scheduler::At;
use std::sync::LazyLock;
use tracer::record::Off;

/// Built-ins by receiver and name, in lower case without underscores: both styles of a name are one.
static METHODS: LazyLock<FxHashMap<(String, String), Builtin>> = LazyLock::new(|| {
    let mut table = FxHashMap::default();
    for &builtin in Builtin::ALL {
        if let Some((receiver, name)) = head(builtin.signature()) {
            table.insert((receiver, plain_name(&name)), builtin);
        }
    }
    table
});

/// Receiver and name of a signature: `Vec` and `len` of `fn (self: &Vec<T>) len(): usize`, `Duration` and `from_secs` of
/// `fn Duration.from_secs(n: i64): Duration`, nothing and `now` of `fn now(): Time`.
fn head(signature: &str) -> Option<(String, String)> {
    let rest = signature.strip_prefix("fn ")?;
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match rest.strip_prefix("(self: ") {
        Some(rest) => {
            let (receiver, rest) = rest.split_once(") ")?;
            Some((word(receiver.trim_start_matches('&')), word(rest)))
        }
        None => match rest.split(['(', '<']).next()?.split_once('.') {
            Some((receiver, name)) => Some((receiver.to_string(), name.to_string())),
            None => Some((String::new(), word(rest))),
        },
    }
}

fn plain_name(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// What signatures call the kind of a value.
fn receiver_word(tag: Tag) -> &'static str {
    match tag {
        Tag::List => "Vec",
        Tag::String => "string",
        Tag::Map => "Map",
        Tag::Set => "Set",
        Tag::Char => "char",
        Tag::F32 | Tag::F64 => "f64",
        Tag::Duration => "Duration",
        Tag::Time => "Time",
        Tag::Box => "Box",
        Tag::Channel => "Channel",
        Tag::Once => "Once",
        Tag::Atomic => "Atomic",
        Tag::Mutex => "Mutex",
        Tag::RwLock => "RwLock",
        Tag::Barrier => "Barrier",
        Tag::WaitGroup => "WaitGroup",
        Tag::Semaphore => "Semaphore",
        Tag::Ticker => "Ticker",
        Tag::Context => "Context",
        _ => "",
    }
}

/// Whether a built-in leaves everything as it is that was there before, and asks nothing of the outside.
fn is_pure(builtin: Builtin) -> bool {
    use Builtin::*;
    matches!(
        builtin,
        ToString
            | CloneValue
            | Equal
            | Now
            | TimeSub
            | TimeElapsed
            | DurationFromNanos
            | DurationFromMicros
            | DurationFromMillis
            | DurationFromSecs
            | DurationNanos
            | DurationMicros
            | DurationMillis
            | DurationSecs
            | DurationSecsFloat
            | ChannelLen
            | ChannelCapacity
            | ChannelCap
            | ChannelIsClosed
            | OnceIsDone
            | AtomicLoad
            | ContextIsDone
            | ContextIsCanceled
            | ContextIsTimeout
            | ContextCause
            | ContextHasValue
            | ContextRemaining
            | BoxGet
            | BoxGetRef
            | BoxClone
            | ListNew
            | ListLen
            | ListIsEmpty
            | ListGet
            | ListFirst
            | ListLast
            | ListCopyAt
            | ListContains
            | ListIndexOf
            | ListJoin
            | ListSlice
            | ListEnumerate
            | ListSum
            | ListMin
            | ListMax
            | StringLen
            | StringIsEmpty
            | StringTrim
            | StringToUpper
            | StringToLower
            | StringContains
            | StringStartsWith
            | StringEndsWith
            | StringIndexOf
            | StringReplace
            | StringSplit
            | StringRepeat
            | StringChars
            | StringSubstring
            | StringParseInt
            | StringParseFloat
            | StringLines
            | StringCharAt
            | MapNew
            | MapGet
            | MapGetOwned
            | MapGetOr
            | MapContains
            | MapContainsKey
            | MapLen
            | MapIsEmpty
            | MapKeys
            | MapValues
            | SetNew
            | SetContains
            | SetLen
            | SetIsEmpty
            | SetToList
            | Abs
            | MinOf
            | MaxOf
            | Sqrt
            | Floor
            | Ceil
            | Round
            | PowFloat
            | WrappingAdd
            | WrappingSub
            | WrappingMul
            | CharToInt
            | CharIsDigit
            | CharIsAlpha
            | CharIsSpace
            | CharToUpper
            | CharToLower
            | Args
    )
}

/// Methods of numbers that the library writes with built-ins of no signature.
fn number_method(name: &str, args: usize) -> Option<Builtin> {
    Some(match (name, args) {
        ("abs", 0) => Builtin::Abs,
        ("min", 1) => Builtin::MinOf,
        ("max", 1) => Builtin::MaxOf,
        ("wrappingadd", 1) => Builtin::WrappingAdd,
        ("wrappingsub", 1) => Builtin::WrappingSub,
        ("wrappingmul", 1) => Builtin::WrappingMul,
        ("nanos" | "nanoseconds" | "nanosecond", 0) => Builtin::DurationFromNanos,
        ("micros" | "microseconds" | "microsecond", 0) => Builtin::DurationFromMicros,
        ("millis" | "milliseconds" | "millisecond" | "ms", 0) => Builtin::DurationFromMillis,
        ("secs" | "seconds" | "second" | "sec", 0) => Builtin::DurationFromSecs,
        _ => return None,
    })
}

impl Evaluator<'_> {
    /// `f(x)`
    pub(super) fn call(&mut self, at: u32, callee: &Expr, args: &[Expr]) -> Step {
        let ExprKind::Name(name) = &callee.kind else {
            let callee = self.plain(callee, None)?;
            return self.call_value(at, callee, args);
        };
        let name = name.strip_prefix('$').unwrap_or(name);
        if let Some(variable) = self.variable(name) {
            let callee = self.contents(variable.value)?;
            return self.call_value(at, callee, args);
        }
        if let ("Box", [content]) = (name, args) {
            let content = self.value(content)?;
            return Ok(self.host.ground().heap.new_box(content));
        }
        if let Some((ty, variant, fields)) = self.variant(None, name) {
            return self.make_variant(at, name, (ty, variant, fields), args);
        }
        let code = self.code.clone();
        if let Some(ty) = code.structs.iter().position(|def| def.tuple && def.name == name) {
            if code.structs[ty].fields.len() != args.len() {
                return Err(Wrong::new(at, format!("`{name}` takes {} values", code.structs[ty].fields.len())));
            }
            let values = self.values(args)?;
            return Ok(self.host.ground().heap.structure(ty as u32, &values));
        }
        if code.functions.iter().any(|f| f.name == name && f.captures == 0) {
            return self.call_named(at, name, Vec::new(), args);
        }
        let plain = plain_name(name);
        match (plain.as_str(), METHODS.get(&(String::new(), plain.clone()))) {
            (_, Some(&builtin)) => {
                let values = self.values(args)?;
                self.builtin(at, name, builtin, &values)
            }
            ("min" | "max" | "abs", None) if !args.is_empty() => self.method(at, &args[0], name, &args[1..]),
            _ => Err(Wrong::new(at, format!("there is no function `{name}` here"))),
        }
    }

    fn make_variant(&mut self, at: u32, name: &str, (ty, variant, fields): (u32, u32, u16), args: &[Expr]) -> Step {
        if args.len() != fields as usize {
            return Err(Wrong::new(at, format!("`{name}` takes {fields} values")));
        }
        let values = self.values(args)?;
        Ok(self.host.ground().heap.variant(ty, variant, &values))
    }

    /// Calls a closure or function value.
    fn call_value(&mut self, at: u32, callee: Value, args: &[Expr]) -> Step {
        if !matches!(callee.kind(), Tag::Function | Tag::Closure) {
            return Err(Wrong::new(at, format!("a {} cannot be called", self.type_of(callee))));
        }
        let (function, captures) = self.host.heap().function_of(callee).map_err(|fault| failed(at, fault))?;
        let captures = captures.to_vec();
        let values = self.arguments(at, function, Vec::new(), args)?;
        self.host.call(at, function, &captures, &values)
    }

    /// Calls a function of the program by name: that of its overloads which takes so many arguments.
    fn call_named(&mut self, at: u32, name: &str, first: Vec<Value>, args: &[Expr]) -> Step {
        let code = self.code.clone();
        let count = first.len() + args.len();
        let of_name = || code.functions.iter().enumerate().filter(|(_, f)| f.name == name && f.captures == 0);
        let mut fitting = of_name().filter(|(_, f)| f.params as usize == count);
        let Some((function, def)) = fitting.next() else {
            let params = of_name().map(|(_, f)| f.params as usize - first.len().min(f.params as usize));
            let params: Vec<String> = params.map(|n| n.to_string()).collect();
            return Err(Wrong::new(at, format!("`{name}` takes {} arguments", tracer::names::either(&params))));
        };
        if fitting.next().is_some() {
            return Err(Wrong::new(at, format!("there are several `{name}` with {count} parameters")));
        }
        if def.kind == FunctionKind::Async {
            return Err(Wrong::new(at, format!("`{name}` is async: a call of it makes a task")));
        }
        let values = self.arguments(at, function as u32, first, args)?;
        self.host.call(at, function as u32, &[], &values)
    }

    /// Arguments of the kinds that the parameters have.
    fn arguments(&mut self, at: u32, function: u32, mut values: Vec<Value>, args: &[Expr]) -> Step<Vec<Value>> {
        let code = self.code.clone();
        let Some(def) = code.functions.get(function as usize) else {
            return Err(Wrong::new(at, "there is no such function"));
        };
        if def.params as usize != values.len() + args.len() {
            return Err(Wrong::new(at, format!("it takes {} arguments", def.params)));
        }
        for arg in args {
            let register = def.captures as usize + values.len();
            let param = def.locals.iter().find(|local| local.register.0 as usize == register);
            let ty = param.map_or("", |local| local.ty.as_str());
            let value = self.hinted(arg, super::set::tag_of_type(ty))?;
            let value = if super::set::is_plain_type(ty) { self.contents(value)? } else { value };
            if !super::set::fits(&self.view(), ty, value) {
                let found = self.type_of(value);
                return Err(Wrong::new(arg.at, format!("a {ty} is needed here, this is a {found}")));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// `x.f(y)`, `Point.new(1)`
    pub(super) fn method(&mut self, at: u32, receiver: &Expr, method: &str, args: &[Expr]) -> Step {
        if let ExprKind::Name(name) = &receiver.kind
            && self.variable(name).is_none()
            && let Some(result) = self.of_type(at, name, method, args)
        {
            return result;
        }
        let value = self.value(receiver)?;
        let plain = plain_name(method);
        // A box has methods of its own, which win over its content's.
        if value.is(Tag::Box)
            && let Some(&builtin) = METHODS.get(&("Box".to_string(), plain.clone()))
        {
            return self.builtin_method(at, method, builtin, value, args);
        }
        let target = self.contents(value).map_err(|wrong| Wrong { at, ..wrong })?;
        if let Some(name) = self.method_name(target, method) {
            return self.call_named(at, &name, vec![target], args);
        }
        if let Some(result) = self.option_method(at, target, &plain, args) {
            return result;
        }
        let number = is_integer(target) || matches!(target.kind(), Tag::F32 | Tag::F64);
        let builtin = METHODS.get(&(receiver_word(target.kind()).to_string(), plain.clone())).copied();
        let builtin = builtin.or_else(|| number_method(&plain, args.len()).filter(|_| number));
        let builtin = builtin.or(match (plain.as_str(), args.len()) {
            ("tostring", 0) => return self.display(at, target).and_then(|text| self.string(at, &text)),
            ("clone" | "copy" | "toowned", 0) => Some(Builtin::CloneValue),
            ("toint" | "code", 0) if target.is(Tag::Char) => Some(Builtin::CharToInt),
            _ => None,
        });
        match builtin {
            Some(builtin) => self.builtin_method(at, method, builtin, target, args),
            None => Err(Wrong::new(at, format!("a {} has no method `{method}`", self.type_of(target)))),
        }
    }

    /// What belongs to a type, if the name is one's: a variant, a function.
    fn of_type(&mut self, at: u32, ty: &str, name: &str, args: &[Expr]) -> Option<Step> {
        let code = self.code.clone();
        if code.enums.iter().any(|def| def.name == ty)
            && let Some(variant) = self.variant(Some(ty), name)
        {
            return Some(self.make_variant(at, name, variant, args));
        }
        let full = format!("{ty}.{name}");
        if code.functions.iter().any(|f| f.name == full) {
            return Some(self.call_named(at, &full, Vec::new(), args));
        }
        let builtin = *METHODS.get(&(ty.to_string(), plain_name(name)))?;
        Some(self.values(args).and_then(|values| self.builtin(at, name, builtin, &values)))
    }

    /// The full name of a method that the program defines for a value.
    fn method_name(&self, value: Value, method: &str) -> Option<String> {
        let owner = match value.kind() {
            Tag::Struct | Tag::Variant | Tag::Variant0 => self.type_of(value),
            _ => receiver_word(value.kind()).to_string(),
        };
        let plain = plain_name(method);
        let owned = |name: &str| {
            name.strip_prefix(owner.as_str())
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest == method || plain_name(rest) == plain)
        };
        let found = self.code.functions.iter().find(|f| !owner.is_empty() && owned(&f.name) && !f.prelude);
        found.map(|f| f.name.clone())
    }

    /// A method that the program defines for a value and that is found by name while it runs.
    pub(super) fn user_method(&self, value: Value, method: &str, params: u16) -> Option<u32> {
        let kind = evidence::runtime_type(self.host.heap(), value);
        let code = &self.code;
        let by_kind = code.methods.iter().find(|(receiver, name, _)| {
            *receiver == kind && code.method_names.get(*name as usize).is_some_and(|name| name == method)
        });
        let found = by_kind.map(|&(_, _, function)| function).or_else(|| {
            let name = self.method_name(value, method)?;
            code.functions.iter().position(|f| f.name == name).map(|function| function as u32)
        })?;
        let def = code.functions.get(found as usize)?;
        (def.params == params && def.captures == 0 && def.kind == FunctionKind::Plain).then_some(found)
    }

    /// Methods of options and results, which the library writes in the language itself.
    fn option_method(&mut self, at: u32, value: Value, name: &str, args: &[Expr]) -> Option<Step> {
        let (good, content) = self.payload(value)?;
        let is_option = self.host.heap().variant_of(value).is_some_and(|(ty, _)| ty == crate::types::OPTION.0);
        let empty = |what: &str| Err(Wrong::new(at, what.to_string()));
        Some(match (name, args) {
            ("issome", []) if is_option => Ok(Value::bool(good)),
            ("isnone", []) if is_option => Ok(Value::bool(!good)),
            ("isok", []) if !is_option => Ok(Value::bool(good)),
            ("iserr", []) if !is_option => Ok(Value::bool(!good)),
            ("unwrap", []) | ("expect", [_]) => match content.filter(|_| good) {
                Some(content) => Ok(content),
                None if is_option => empty("there is nothing: it is `None`"),
                None => empty("there is no value: it is an `Err`"),
            },
            ("unwraperr", []) if !is_option => match content.filter(|_| !good) {
                Some(content) => Ok(content),
                None => empty("there is no error: it is `Ok`"),
            },
            ("or" | "unwrapor", [other]) => match content.filter(|_| good) {
                Some(content) => Ok(content),
                None => self.value(other),
            },
            ("ok", []) if !is_option => Ok(self.host.ground().heap.option(content.filter(|_| good))),
            ("err", []) if !is_option => Ok(self.host.ground().heap.option(content.filter(|_| !good))),
            _ => return None,
        })
    }

    fn builtin_method(&mut self, at: u32, name: &str, builtin: Builtin, receiver: Value, args: &[Expr]) -> Step {
        let hint = match receiver.kind() {
            Tag::Map | Tag::Set | Tag::List => None,
            kind => Some(kind),
        };
        let mut values = vec![receiver];
        for arg in args {
            values.push(self.hinted(arg, hint)?);
        }
        // The one built-in with a default.
        if builtin == Builtin::ListJoin && args.is_empty() {
            values.push(self.string(at, "")?);
        }
        self.builtin(at, name, builtin, &values)
    }

    /// Runs a built-in that changes nothing.
    fn builtin(&mut self, at: u32, name: &str, builtin: Builtin, args: &[Value]) -> Step {
        if !is_pure(builtin) {
            return Err(Wrong::new(at, format!("`{name}` would change the program; only what looks is evaluated")));
        }
        let params = parameters(builtin);
        if params.is_some_and(|params| params != args.len()) {
            let given = usize::from(builtin.signature().starts_with("fn (self"));
            let (takes, given) = (params.unwrap_or(0) - given, args.len() - given);
            return Err(Wrong::new(at, format!("`{name}` takes {takes} arguments, not {given}")));
        }
        let code = self.code.clone();
        let (task, site) = (self.at.slot, self.frame.map_or(0, |frame| frame.pc));
        let ground = self.host.ground();
        let at_now = At { site, clock: ground.clock };
        let mut env: Env<'_, Deterministic<Off>> = Env {
            heap: ground.heap,
            sched: ground.sched,
            tr: &mut Off,
            at: at_now,
            code: &code,
            common: ground.common,
            task,
        };
        match builtins::call(&mut env, builtin, args) {
            Ok(Outcome::Done(value)) => Ok(value),
            Ok(_) => Err(Wrong::new(at, format!("`{name}` would wait"))),
            Err(fault) => Err(failed(at, fault)),
        }
    }
}

/// How many arguments a built-in takes, its receiver included, where its signature says so.
fn parameters(builtin: Builtin) -> Option<usize> {
    let rest = builtin.signature().strip_prefix("fn ")?;
    let (receiver, rest) = match rest.strip_prefix("(self: ") {
        Some(rest) => (1, rest.split_once(") ")?.1),
        None => (0, rest),
    };
    let open = rest.find('(')?;
    let (mut depth, mut commas, mut any) = (0, 0, false);
    for c in rest[open..].chars() {
        match c {
            '(' | '<' => depth += 1,
            ')' | '>' => depth -= 1,
            ',' if depth == 1 => commas += 1,
            _ => any |= depth >= 1,
        }
        if depth == 0 {
            break;
        }
    }
    Some(receiver + if any { commas + 1 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_arguments_of_signatures() {
        let count = |builtin| parameters(builtin).expect("it has a signature");
        assert_eq!(count(Builtin::ListLen), 1);
        assert_eq!(count(Builtin::ListSlice), 3);
        assert_eq!(count(Builtin::MapGetOr), 3);
        assert_eq!(count(Builtin::Now), 0);
        assert_eq!(count(Builtin::DurationFromSecs), 1);
        assert_eq!(parameters(Builtin::Abs), None);
        let find = |receiver: &str, name: &str| METHODS.get(&(receiver.to_string(), name.to_string())).copied();
        assert_eq!(find("Vec", "len"), Some(Builtin::ListLen));
        assert_eq!(find("Vec", "isempty"), Some(Builtin::ListIsEmpty));
        assert_eq!(find("string", "startswith"), Some(Builtin::StringStartsWith));
        assert_eq!(find("Duration", "frommillis"), Some(Builtin::DurationFromMillis));
        assert_eq!(find("", "now"), Some(Builtin::Now));
    }

    #[test]
    fn what_changes_its_receiver_is_never_called() {
        for &builtin in Builtin::ALL {
            let receiver = builtin.signature().split(") ").next().unwrap_or_default();
            if receiver.ends_with('!') {
                assert!(!is_pure(builtin), "{}", builtin.name());
            }
        }
    }
}
