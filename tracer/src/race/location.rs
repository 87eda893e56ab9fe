//! Places in the program's memory, as the detector tells them apart.
//!
//! A place is finer than an object: two tasks may fill different elements of a list, or different fields of a struct, at the same
//! time. What changes a list's length has a place of its own ([`Location::shape`]), which every use of the list reads. A map or a
//! set is one place: where an entry stands depends on the others.

use crate::program::ProgramInfo;

macro_rules! spaces {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $word:literal;)+) => {
        /// A kind of memory.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Space { $( $(#[doc = $doc])+ $name = $number, )+ }

        impl Space {
            /// Every kind.
            pub const ALL: &'static [Space] = &[$(Space::$name),+];

            /// The word of reports: `list`.
            pub fn word(self) -> &'static str {
                match self { $(Space::$name => $word,)+ }
            }
        }
    };
}

spaces! {
    /// Variables of modules, by their index.
    Global = 0, "variable";
    /// Captured variables.
    Cell = 1, "variable";
    /// Boxes.
    Box = 2, "box";
    /// Structs, tuples and variants, by field.
    Record = 3, "record";
    /// Lists, by element.
    List = 4, "list";
    /// Maps, each as a whole.
    Map = 5, "map";
    /// Sets, each as a whole.
    Set = 6, "set";
}

/// A place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// What kind of memory.
    pub space: Space,
    /// Which object there. Numbers are used again after a collection; see [`crate::record::Tracer::forget`].
    pub slot: u32,
    /// Which part of it.
    pub part: u32,
}

/// Bits of a slot beside the space in a record's field.
const SLOT_BITS: u32 = 28;

/// The part that stands for the number of elements of a list, or for a map as a whole.
const SHAPE: u32 = u32::MAX;

impl Location {
    /// A part of an object.
    pub fn new(space: Space, slot: u32, part: u32) -> Self {
        Self { space, slot, part }
    }

    /// How many elements a list has, and which; the whole of a map.
    pub fn shape(space: Space, slot: u32) -> Self {
        Self { space, slot, part: SHAPE }
    }

    /// Whether it is the shape of its object.
    pub fn is_shape(self) -> bool {
        self.part == SHAPE
    }

    /// As the two numbers of an event. Slots past 2^28 lose their upper bits, in events only.
    pub fn numbers(self) -> (u32, u32) {
        ((self.space as u32) << SLOT_BITS | (self.slot & ((1 << SLOT_BITS) - 1)), self.part)
    }

    /// What the numbers of an event stand for; `None` in a damaged trace.
    pub fn of_numbers(object: u32, part: u32) -> Option<Self> {
        let space = Space::ALL.get((object >> SLOT_BITS) as usize)?;
        Some(Self { space: *space, slot: object & ((1 << SLOT_BITS) - 1), part })
    }

    /// In words, as far as a trace knows: `variable total`, `list 12[3]`, `record 7.1`, `map 4`.
    pub fn words(self, program: &ProgramInfo) -> String {
        let (word, slot) = (self.space.word(), self.slot);
        match self.space {
            Space::Global => match program.globals.get(slot as usize) {
                Some(name) => format!("{word} {name}"),
                None => format!("{word} {slot}"),
            },
            Space::Cell | Space::Box | Space::Map | Space::Set => format!("{word} {slot}"),
            Space::Record => format!("{word} {slot}.{}", self.part),
            Space::List if self.is_shape() => format!("length of {word} {slot}"),
            Space::List => format!("{word} {slot}[{}]", self.part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_an_event_and_have_words() {
        let program = ProgramInfo { globals: vec!["total".into()], ..ProgramInfo::default() };
        let cases = [
            (Location::new(Space::Global, 0, 0), "variable total"),
            (Location::new(Space::Global, 9, 0), "variable 9"),
            (Location::new(Space::Cell, 3, 0), "variable 3"),
            (Location::new(Space::Record, 7, 1), "record 7.1"),
            (Location::new(Space::List, 12, 3), "list 12[3]"),
            (Location::shape(Space::List, 12), "length of list 12"),
            (Location::shape(Space::Map, 4), "map 4"),
        ];
        for (location, words) in cases {
            let (object, part) = location.numbers();
            assert_eq!(Location::of_numbers(object, part), Some(location));
            assert_eq!(location.words(&program), words);
        }
        assert_eq!(Location::of_numbers(u32::MAX, 0), None);
    }
}
