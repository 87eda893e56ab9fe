//! What the standard modules offer: names of the root scope under the paths that programs import them from.

/// A standard module.
#[derive(Debug)]
pub struct StdModule {
    /// The path in `import .. from`.
    pub path: &'static str,
    /// Name in the module, name in the root scope.
    pub names: &'static [(&'static str, &'static str)],
    /// Modules inside it.
    pub modules: &'static [&'static str],
}

impl StdModule {
    /// The root scope's name for a name of the module, in either naming style.
    pub fn root_name(&self, name: &str) -> Option<&'static str> {
        let find = |wanted: &str| self.names.iter().find(|(own, _)| *own == wanted).map(|(_, root)| *root);
        find(name).or_else(|| {
            let wanted = snake_case(name);
            // `atomic` is not `Atomic`: the styles differ inside of a name only.
            let same = |own: &str| own.chars().next() == name.chars().next() && snake_case(own) == wanted;
            self.names.iter().find(|(own, _)| same(own)).map(|(_, root)| *root)
        })
    }
}

/// The module behind a path; `std/sync` and `std.sync` are accepted too.
pub fn std_module(path: &str) -> Option<&'static StdModule> {
    let path = path.strip_prefix("std/").or_else(|| path.strip_prefix("std.")).unwrap_or(path);
    let path = if path == "atomic" { "sync/atomic" } else { path };
    STD_MODULES.iter().find(|module| module.path == path)
}

/// `fetchAdd` and `fetch_add` are one name of the standard library: the key under which it is found.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut last_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            if last_lower {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
            last_lower = false;
        } else {
            snake.push(c);
            last_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        }
    }
    snake
}

macro_rules! std_modules {
    ($($path:literal [$($module:literal)*] { $($name:literal $(= $root:literal)?),* $(,)? })*) => {
        /// All standard modules.
        pub const STD_MODULES: &[StdModule] = &[$(StdModule {
            path: $path,
            names: &[$(($name, std_modules!(@root $name $($root)?))),*],
            modules: &[$($module),*],
        }),*];
    };
    (@root $name:literal) => { $name };
    (@root $name:literal $root:literal) => { $root };
}

std_modules! {
    "sync" ["sync/atomic"] {
        "Mutex", "MutexGuard", "RwLock", "ReadGuard", "WriteGuard", "RwLockReadGuard" = "ReadGuard",
        "RwLockWriteGuard" = "WriteGuard", "Once", "Barrier", "WaitGroup", "Semaphore", "Channel", "Box", "Ordering",
        "Atomic", "AtomicI8", "AtomicI16", "AtomicI32", "AtomicI64", "AtomicIsize", "AtomicU8", "AtomicU16",
        "AtomicU32", "AtomicU64", "AtomicUsize", "AtomicBool", "AtomicInt" = "AtomicI64",
    }
    "sync/atomic" [] {
        "Ordering", "Atomic", "AtomicI8", "AtomicI16", "AtomicI32", "AtomicI64", "AtomicIsize", "AtomicU8",
        "AtomicU16", "AtomicU32", "AtomicU64", "AtomicUsize", "AtomicBool",
        "I8" = "AtomicI8", "I16" = "AtomicI16", "I32" = "AtomicI32", "I64" = "AtomicI64", "U8" = "AtomicU8",
        "U16" = "AtomicU16", "U32" = "AtomicU32", "U64" = "AtomicU64", "Usize" = "AtomicUsize",
        "Isize" = "AtomicIsize", "Bool" = "AtomicBool",
    }
    "time" [] {
        "Duration", "Time", "Instant" = "Time", "Ticker", "sleep", "async_delay", "after", "newTicker", "now",
        "yield_now", "NANOSECOND", "MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR",
        "nanoseconds" = "time_nanos", "nanos" = "time_nanos", "microseconds" = "time_micros", "micros" = "time_micros",
        "milliseconds" = "time_millis", "millis" = "time_millis", "millisecond" = "time_millis",
        "seconds" = "time_seconds", "second" = "time_second", "minutes" = "time_minutes", "minute" = "time_minute",
        "hours" = "time_hours", "hour" = "time_hour", "since" = "time_since", "elapsed" = "time_since",
    }
    "context" [] {
        "Context", "background", "todo", "withCancel", "withTimeout", "withDeadline", "withValue", "withValueStr",
        "cancel", "isDone", "isCanceled", "isCancelled" = "isCanceled", "isTimeout", "cause", "getValue", "getValueStr",
        "hasValue", "remainingTime", "done", "nanos" = "time_nanos", "micros" = "time_micros",
        "millis" = "time_millis", "milliseconds" = "time_millis", "second" = "time_second", "seconds" = "time_seconds",
        "minute" = "time_minute", "minutes" = "time_minutes", "hour" = "time_hour", "hours" = "time_hours",
    }
    "errors" [] {
        "Error", "new" = "errors_new", "wrap" = "errors_wrap", "is" = "errors_is", "message" = "errors_message",
        "format" = "errors_new", "newError" = "errors_new", "errorf" = "errors_new",
    }
    "testing" [] {
        "assert", "assertEq", "assert_eq" = "assertEq", "assertNe", "assertTrue", "assertFalse", "equal" = "assertEq",
        "fail" = "testing_fail", "log" = "testing_log", "T" = "Testing", "Testing",
    }
    "collections" [] {
        "Vec", "Map", "HashMap" = "Map", "Set", "HashSet" = "Set",
    }
    "io" [] {
        "println", "print", "eprintln", "eprint", "readLine",
    }
    "math" [] {
        "abs", "min", "max", "random", "randomInt",
    }
    "os" [] {
        "exit", "args",
    }
    "result" [] { "Result", "Option", "Some", "None", "Ok", "Err" }
}

/// Names of the root scope that a program sees only through an import, since they are everyday words.
pub fn needs_import(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "background",
        "todo",
        "with_cancel",
        "with_timeout",
        "with_deadline",
        "with_value",
        "with_value_str",
        "cancel",
        "is_done",
        "is_canceled",
        "is_timeout",
        "cause",
        "get_value",
        "get_value_str",
        "has_value",
        "remaining_time",
        "done",
    ];
    let snake = snake_case(name);
    WORDS.contains(&snake.as_str()) || snake.starts_with("time_") || snake.starts_with("errors_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_naming_styles_meet() {
        for (camel, snake) in [("fetchAdd", "fetch_add"), ("isOk", "is_ok"), ("asF64", "as_f64"), ("len", "len")] {
            assert_eq!(snake_case(camel), snake);
            assert_eq!(snake_case(snake), snake);
        }
        assert_eq!(std_module("context").and_then(|m| m.root_name("with_cancel")), Some("withCancel"));
        assert!(std_module("sync/atomic").is_some_and(|m| m.root_name("I64") == Some("AtomicI64")));
    }
}
