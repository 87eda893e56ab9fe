//! Sorting of values, stable.
//!
//! Lists of one kind of scalar or of strings go through the standard library with a total order (floats: NaN after all numbers). The
//! rest is merged by our own hands, because comparing may fail and may be inconsistent (a NaN inside a tuple), which the
//! standard library answers with a panic.

use crate::value::{Tag, Value};
use crate::vm::equal;
use crate::vm::fault::Fault;
use crate::vm::heap::Heap;
use std::cmp::Ordering;

/// The elements in ascending order.
pub fn sorted(heap: &Heap, elements: &[Value]) -> Result<Vec<Value>, Fault> {
    let mut sorted = elements.to_vec();
    let Some(first) = sorted.first() else { return Ok(sorted) };
    let tag = first.kind();
    if sorted.iter().any(|v| !v.is(tag)) {
        return merge_sort(heap, sorted);
    }
    match tag {
        Tag::I8 | Tag::I16 | Tag::I32 | Tag::I64 | Tag::Isize | Tag::Duration | Tag::Time => {
            sorted.sort_by_key(|v| v.int());
        }
        Tag::U8 | Tag::U16 | Tag::U32 | Tag::U64 | Tag::Usize | Tag::Bool | Tag::Char => {
            sorted.sort_by_key(|v| v.payload);
        }
        Tag::F32 | Tag::F64 => sorted.sort_by(|a, b| float_order(a.float(), b.float())),
        Tag::String => {
            let mut texts = Vec::with_capacity(sorted.len());
            for &value in &sorted {
                texts.push((heap.str(value)?, value));
            }
            texts.sort_by(|a, b| a.0.cmp(b.0));
            sorted = texts.into_iter().map(|(_, value)| value).collect();
        }
        _ => return merge_sort(heap, sorted),
    }
    Ok(sorted)
}

/// Numbers as they are, -0.0 and 0.0 alike, NaN last.
fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Bottom-up merge sort: whatever the comparisons say, it ends.
fn merge_sort(heap: &Heap, mut from: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let len = from.len();
    let mut to = from.clone();
    let mut width = 1;
    while width < len {
        for start in (0..len).step_by(width * 2) {
            let middle = (start + width).min(len);
            let end = (start + width * 2).min(len);
            let (mut left, mut right) = (start, middle);
            for place in &mut to[start..end] {
                let take_right = left == middle
                    || right < end && equal::order(heap, from[right], from[left])? == Some(Ordering::Less);
                let side = if take_right { &mut right } else { &mut left };
                *place = from[*side];
                *side += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    Ok(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_are_sorted_stably(pairs in proptest::collection::vec((0i64..8, 0i64..1000), 0..80)) {
            let mut heap = Heap::new(1 << 20);
            // Only the first field decides: the second is hidden in a list of one's own, compared as equal.
            let values: Vec<Value> =
                pairs.iter().map(|&(a, b)| heap.tuple(&[Value::i64(a), Value::i64(b)])).collect();
            let got: Vec<(i64, i64)> = sorted(&heap, &values)
                .expect("integers have an order")
                .into_iter()
                .map(|v| (heap.field(v, 0).expect("a pair").int(), heap.field(v, 1).expect("a pair").int()))
                .collect();
            let mut want = pairs.clone();
            want.sort();
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn equal_elements_keep_their_order() {
        let mut heap = Heap::new(1 << 20);
        let values: Vec<Value> = [3, 1, 3, 1].iter().map(|&n| heap.tuple(&[Value::i64(n)])).collect();
        let got = sorted(&heap, &values).expect("integers have an order");
        assert_eq!(got, [values[1], values[3], values[0], values[2]]);
    }

    #[test]
    fn nan_neither_panics_nor_gets_lost() {
        let mut heap = Heap::new(1 << 20);
        let floats: Vec<Value> =
            (0..60).map(|n| Value::f64(if n % 3 == 0 { f64::NAN } else { -f64::from(n) })).collect();
        let got = sorted(&heap, &floats).expect("floats have an order");
        assert!(got[..40].windows(2).all(|w| w[0].float() <= w[1].float()));
        assert!(got[40..].iter().all(|v| v.float().is_nan()));
        let pairs: Vec<Value> = floats.iter().map(|&x| heap.tuple(&[x])).collect();
        assert_eq!(sorted(&heap, &pairs).expect("tuples have an order").len(), 60);
    }

    #[test]
    fn what_has_no_order_is_a_fault() {
        let mut heap = Heap::new(1 << 20);
        let values = [heap.map(), heap.map()];
        assert!(sorted(&heap, &values).is_err());
    }
}
