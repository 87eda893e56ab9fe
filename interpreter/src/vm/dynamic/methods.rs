//! Methods of built-in types, by the kind of the receiver, which is the first argument of the built-in. Methods that take functions
//! are in the prelude; none of these blocks its task.

use crate::builtins::Builtin;
use crate::builtins::Builtin::*;
use crate::value::Tag;

macro_rules! methods {
    ($($table:ident { $($name:literal $builtin:ident)+ })+) => {
        $( const $table: &[(&str, Builtin)] = &[$(($name, $builtin)),+]; )+
    };
}

methods! {
    LIST {
        "append" DynAppend "extend" DynExtend "insert" DynInsert "pop" DynPop "remove" DynRemove "index" DynIndexOf
        "count" DynCount "sort" DynSort "reverse" DynReverse "clear" DynClear "copy" DynCopy
    }
    TUPLE { "index" DynIndexOf "count" DynCount }
    DICT {
        "get" DynGet "keys" DynKeys "values" DynValues "items" DynItems "pop" DynPop "popitem" DynPopItem
        "setdefault" DynSetDefault "update" DynUpdate "clear" DynClear "copy" DynCopy
    }
    STRING {
        "upper" DynUpper "lower" DynLower "capitalize" DynCapitalize "title" DynTitle "strip" DynStrip
        "lstrip" DynStripLeft "rstrip" DynStripRight "split" DynSplit "splitlines" DynSplitLines "join" DynJoin
        "replace" DynReplace "startswith" DynStartsWith "endswith" DynEndsWith "find" DynFind "rfind" DynFindLast
        "index" DynIndexOf "count" DynCount "isdigit" DynIsDigit "isalpha" DynIsAlpha "isalnum" DynIsAlnum
        "isspace" DynIsSpace "isupper" DynIsUpper "islower" DynIsLower "ljust" DynPadRight "rjust" DynPadLeft
        "center" DynCenter "zfill" DynZeroFill "format" DynFormat
    }
}

/// All methods of a kind of values.
pub fn of(tag: Tag) -> &'static [(&'static str, Builtin)] {
    match tag {
        Tag::List => LIST,
        Tag::Tuple => TUPLE,
        Tag::Map => DICT,
        Tag::String => STRING,
        _ => &[],
    }
}

/// The method of a kind of values with a name.
#[inline]
pub fn find(tag: Tag, name: &str) -> Option<Builtin> {
    of(tag).iter().find(|(method, _)| *method == name).map(|(_, builtin)| *builtin)
}
