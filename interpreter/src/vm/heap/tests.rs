//! Publishing, and one heap in the hands of several threads.

use super::Heap;
use super::bits::Bits;
use crate::value::{Tag, Value};
use crate::vm::equal;
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

fn heap() -> Heap {
    Heap::new(256 << 20)
}

#[test]
fn publishing_reaches_everything_once() {
    let mut heap = heap();
    let text = heap.string("text").expect("room");
    let inner = heap.tuple(&[text, Value::i64(1)]);
    let cell = heap.new_box(Value::NONE);
    let list = heap.list(vec![inner, inner, cell]).expect("room");
    // A cycle.
    heap.store_cell(cell, list).expect("a box");
    let map = heap.map();
    heap.map_insert(map, inner, cell).expect("room");
    let reference = heap.index_ref(map, inner);
    let closure = heap.closure(3, &[reference, text]);
    // The closure, the reference, the map, the tuple, the box and the list; not the string.
    assert_eq!(heap.publish(closure), 6);
    assert_eq!(heap.publish(closure), 0);
    assert_eq!(heap.publish(list), 0);
    assert_eq!(heap.publish(Value::i64(3)), 0);
    assert_eq!(heap.publish(text), 0);
    // Everything still reads as before.
    assert_eq!(heap.field(inner, 1), Ok(Value::i64(1)));
    assert_eq!(heap.map_get(map, inner), Ok(Some(cell)));
    assert_eq!(heap.get_index(list, Value::i64(1)), Ok(inner));
    assert_eq!(heap.load(reference), Ok(cell));
    assert_eq!(heap.load_cell(cell), Ok(list));
    assert_eq!(heap.function_of(closure).expect("a closure").0, 3);
}

#[test]
fn a_deep_graph_needs_no_stack() {
    let mut heap = heap();
    let mut value = heap.new_box(Value::UNIT);
    for _ in 0..300_000 {
        value = heap.tuple(&[value]);
    }
    assert_eq!(heap.publish(value), 300_001);
}

#[test]
fn what_is_stored_in_a_published_object_is_published() {
    let mut heap = heap();
    let list = heap.list(vec![Value::UNIT]).expect("room");
    let map = heap.map();
    let set = heap.set();
    let cell = heap.new_box(Value::UNIT);
    let tuple = heap.tuple(&[Value::UNIT]);
    let field = heap.field_ref(tuple, 0);
    for value in [list, map, set, cell, tuple, field] {
        heap.publish(value);
    }
    type Store = fn(&mut Heap, Value, Value);
    let stores: [(&str, Value, Store); 14] = [
        ("push", list, |heap, list, v| heap.push(list, v).expect("room")),
        ("append", list, |heap, list, v| heap.append(list, &[v]).expect("room")),
        ("set_index", list, |heap, list, v| heap.set_index(list, Value::i64(0), v).expect("an element")),
        ("set_element", list, |heap, list, v| heap.set_element(list, 0, v).expect("an element")),
        ("change_list_with", list, |heap, list, v| {
            heap.change_list_with(list, &[v], |elements| elements.insert(0, v)).expect("room");
        }),
        ("map value", map, |heap, map, v| heap.set_index(map, Value::i64(1), v).expect("room")),
        ("map value again", map, |heap, map, v| heap.set_index(map, Value::i64(1), v).expect("room")),
        ("map key", map, |heap, map, v| heap.map_insert(map, v, Value::UNIT).map(drop).expect("room")),
        ("set", set, |heap, set, v| heap.map_insert(set, v, Value::UNIT).map(drop).expect("room")),
        ("cell", cell, |heap, cell, v| heap.store_cell(cell, v).map(drop).expect("a box")),
        ("swap", cell, |heap, cell, v| heap.replace_cell(cell, v).map(drop).expect("a box")),
        ("field", tuple, |heap, tuple, v| heap.set_field(tuple, 0, v).expect("a field")),
        ("reference", field, |heap, field, v| heap.store(field, v).expect("a field")),
        ("take over", tuple, |heap, tuple, v| {
            let other = heap.tuple(&[v]);
            heap.store(tuple, other).expect("a tuple");
        }),
    ];
    for (name, target, store) in stores {
        let inner = heap.list(vec![Value::i64(1)]).expect("room");
        let value = heap.tuple(&[inner]);
        store(&mut heap, target, value);
        assert_eq!(heap.take_published(), 2, "{name}");
        assert_eq!((heap.publish(value), heap.publish(inner)), (0, 0), "{name}");
    }
    // The containers take over whole contents, too.
    for (target, value) in [(list, heap.list(Vec::new()).expect("room")), (map, heap.map()), (set, heap.set())] {
        let part = heap.tuple(&[]);
        if value.is(Tag::List) {
            heap.push(value, part).expect("room");
        } else {
            heap.map_insert(value, part, Value::UNIT).expect("room");
        }
        heap.store(target, value).expect("the same kind");
        assert_eq!(heap.take_published(), 1);
        assert_eq!(heap.publish(part), 0);
    }
}

/// An operation on something shared, as numbers.
fn operate(heap: &mut Heap, [list, map, cell, tuple, key]: [Value; 5], step: u64) {
    let n = (step >> 8) % 50;
    let value = match step % 3 {
        0 => Value::i64(n as i64),
        // (No way back to the list: only boxes close cycles.)
        1 => heap.tuple(&[Value::i64(n as i64), Value::UNIT]),
        _ => heap.string(format!("{n}")).expect("room"),
    };
    let at = Value::i64(n as i64);
    // What a race makes impossible is a failure of the guest (or its luck); never the host's.
    match (step >> 4) % 16 {
        0 | 1 => heap.push(list, value).expect("room"),
        2 => drop(heap.change_list(list, Vec::pop)),
        3 => drop(heap.set_index(list, at, value)),
        4 => drop(heap.get_index(list, at)),
        5 => heap.map_insert(map, value, at).map(drop).expect("room"),
        6 => heap.map_remove(map, value).map(drop).expect("a key"),
        7 => heap.map_get(map, key).map(drop).expect("a key"),
        8 => heap.store_cell(cell, value).map(drop).expect("a box"),
        9 => heap.load_cell(cell).map(drop).expect("a box"),
        10 => heap.set_field(tuple, 1, value).expect("a field"),
        11 => heap.field(tuple, 1).map(drop).expect("a field"),
        12 => {
            let copy = heap.clone_value(list).expect("room");
            equal::equal(heap, list, copy).expect("comparable");
        }
        13 => heap.map_insert(map, key, value).map(drop).expect("room"),
        14 => drop(heap.change_list(list, |elements| elements.truncate(40))),
        _ => {
            let copy = heap.clone_value(map).expect("room");
            let len = heap.len(copy).expect("a map");
            assert_eq!(len, heap.table(copy).expect("a map").iter().count());
            equal::equal(heap, map, copy).expect("comparable");
        }
    }
}

/// Threads that change the same objects without any synchronisation of the guest's.
fn race(threads: usize, steps: usize, seed: u64) {
    let mut first = heap();
    let list = first.list(Vec::new()).expect("room");
    let map = first.map();
    let cell = first.new_box(Value::UNIT);
    let tuple = first.tuple(&[Value::UNIT, Value::UNIT]);
    // A key that leads to an object with a lock of its own.
    let key = first.list(vec![Value::i64(7)]).expect("room");
    let shared = [list, map, cell, tuple, key];
    for value in shared {
        first.publish(value);
    }
    let pushed = AtomicUsize::new(0);
    let counted = first.list(Vec::new()).expect("room");
    first.publish(counted);
    let mut views: Vec<Heap> = (1..threads).map(|_| first.share()).collect();
    std::thread::scope(|scope| {
        for (thread, view) in std::iter::once(&mut first).chain(&mut views).enumerate() {
            let pushed = &pushed;
            scope.spawn(move || {
                let mut step = seed.wrapping_add(thread as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                for _ in 0..steps {
                    step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    operate(view, shared, step >> 20);
                    view.push(counted, Value::i64(thread as i64)).expect("room");
                    pushed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    // Nothing that was pushed is lost, and each kind of container agrees with itself.
    assert_eq!(first.len(counted), Ok(pushed.into_inner()));
    let table = first.table(map).expect("a map");
    assert_eq!(table.iter().count(), table.len());
    for (key, value) in table.iter() {
        assert_eq!(first.map_get(map, key), Ok(Some(value)), "{key:?}");
    }
    assert!(first.elements(list).is_ok());
    for view in &mut views {
        view.settle();
    }
    first.settle();
    // The world is stopped: everything goes, and all bytes with it.
    first.sweep(&std::array::from_fn::<_, { super::Kind::COUNT }, _>(|_| Bits::default()), 0);
    assert_eq!(first.objects(), 0);
    assert_eq!(first.bytes(), 0);
}

#[test]
fn four_threads_race_and_nothing_breaks() {
    for seed in 0..4 {
        race(4, 1500, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn races_of_any_shape(threads in 1usize..6, steps in 0usize..400, seed in any::<u64>()) {
        race(threads, steps, seed);
    }
}
