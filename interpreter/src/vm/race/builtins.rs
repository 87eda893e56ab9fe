//! Which memory a built-in reads and writes: the table by built-in.

use super::touch::Touches;
use crate::builtins::Builtin;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::machine::Machine;
use tracer::race::location::{Location, Space};

/// What a built-in is about to touch; `args` are its first arguments.
pub(super) fn touched<E: Engine>(machine: &mut Machine<E>, builtin: Builtin, args: [Value; 3], out: &mut Touches) {
    use Builtin::*;
    let [receiver, first, second] = args;
    match builtin {
        // What is printed, compared or copied is read to its last part.
        Print | Eprint | ToString | CloneValue | ListContains | ListIndexOf | ListJoin | ListMin | ListMax
        | MapKeys | MapValues | SetToList => {
            machine.touch_deep(receiver, out);
        }
        Equal => {
            machine.touch_deep(receiver, out);
            machine.touch_deep(first, out);
        }

        BoxGet | BoxGetRef | BoxGetRefMut | BoxSet | BoxSwap | BoxTake => {
            let cell = machine.touch_through(receiver, Some(Tag::Box), out);
            if cell.is(Tag::Box) {
                let location = Location::new(Space::Box, cell.slot(), 0);
                match builtin {
                    BoxSet | BoxSwap | BoxTake => out.write(location),
                    _ => out.read(location),
                }
                if builtin == BoxGet
                    && let Ok(content) = machine.heap.load_cell(cell)
                {
                    machine.touch_deep(content, out);
                }
            }
        }

        ListLen | ListIsEmpty | MapLen | MapIsEmpty | SetLen | SetIsEmpty => machine.touch_shape(receiver, false, out),
        MapGet | MapContains | MapContainsKey | SetContains => machine.touch_shape(receiver, false, out),
        MapGetOwned | MapGetOr => {
            machine.touch_shape(receiver, false, out);
            let map = machine.touch_through(receiver, None, out);
            if let Ok(Some(value)) = machine.heap.map_get(map, first) {
                machine.touch_deep(value, out);
            }
        }
        ListPush | ListPop | ListInsert | ListRemove | ListClear | ListReverse | ListSort | ListTruncate => {
            if builtin == ListSort {
                machine.touch_deep(receiver, out);
            }
            machine.touch_shape(receiver, true, out);
        }
        ListExtend => {
            machine.touch_whole(first, out);
            machine.touch_shape(receiver, true, out);
        }
        MapInsert | MapRemove | MapClear | SetInsert | SetRemove | SetClear => {
            machine.touch_shape(receiver, true, out);
        }
        ListGet | ListCopyAt | ListSet => {
            let list = machine.touch_through(receiver, None, out);
            machine.touch_element(list, first, builtin == ListSet, out);
        }
        ListSwap => {
            let list = machine.touch_through(receiver, None, out);
            machine.touch_element(list, first, true, out);
            machine.touch_element(list, second, true, out);
        }
        ListFirst | ListLast => {
            let list = machine.touch_through(receiver, None, out);
            let len = machine.heap.list_len(list).unwrap_or(0);
            let at = if builtin == ListFirst { 0 } else { len.saturating_sub(1) };
            machine.touch_position(list, at, false, out);
        }
        ListSlice | ListEnumerate | ListSum => {
            machine.touch_whole(receiver, out);
        }
        _ => machine.touched_by_dynamic(builtin, args, out),
    }
}
