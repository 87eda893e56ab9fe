//! Records: tuples, structs, variants with fields, and the captures of a closure.
//!
//! Up to four fields stand in the record itself, so that an `Option` or a small struct is one slot and no allocation.

use super::lock::StateByte;
use super::slab::Object;
use crate::value::Value;

/// Fields that need no allocation.
pub const INLINE: usize = 4;

/// A record.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Number of the struct or enum; of the function for a closure; 0 for a tuple.
    pub ty: u32,
    /// Number of the variant; 0 for others.
    pub variant: u32,
    fields: Fields,
}

#[derive(Clone, Debug)]
enum Fields {
    Inline(u8, [Value; INLINE]),
    Boxed(Box<[Value]>),
}

impl Default for Fields {
    fn default() -> Self {
        Fields::Inline(0, [Value::UNIT; INLINE])
    }
}

impl Record {
    /// A record of these fields.
    #[inline]
    pub fn new(ty: u32, variant: u32, fields: &[Value]) -> Record {
        Record { ty, variant, fields: Fields::of(fields) }
    }

    /// Its fields.
    #[inline]
    pub fn fields(&self) -> &[Value] {
        match &self.fields {
            Fields::Inline(len, fields) => fields.get(..*len as usize).unwrap_or(&[]),
            Fields::Boxed(fields) => fields,
        }
    }

    /// Its fields, to be set.
    #[inline]
    pub fn fields_mut(&mut self) -> &mut [Value] {
        match &mut self.fields {
            Fields::Inline(len, fields) => fields.get_mut(..*len as usize).unwrap_or(&mut []),
            Fields::Boxed(fields) => fields,
        }
    }
}

impl Fields {
    #[inline]
    fn of(fields: &[Value]) -> Fields {
        if fields.len() <= INLINE {
            let mut inline = [Value::UNIT; INLINE];
            // A loop of scalar moves: a block copy right after scalar stores of the same values stalls.
            for (to, from) in inline.iter_mut().zip(fields) {
                *to = *from;
            }
            Fields::Inline(fields.len() as u8, inline)
        } else {
            Fields::Boxed(fields.into())
        }
    }
}

impl Object for Record {
    type State = StateByte;

    fn extra_bytes(&self) -> usize {
        match &self.fields {
            Fields::Inline(..) => 0,
            Fields::Boxed(fields) => size_of_val::<[Value]>(fields),
        }
    }
}
