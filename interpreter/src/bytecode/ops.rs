//! The one table of opcodes. The enum, the decoder, the disassembler, the verifier and the liveness analysis come from it.
//!
//! To add one: a row here; then the compiler asks for its handler in the dispatch loop.

/// What a field of an instruction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Unused, 0.
    None,
    /// A register that is written.
    Write,
    /// A register that is read.
    Read,
    /// The first of `n` registers that are written (field `n` is [`Operand::Count`]).
    WriteMany,
    /// A register that is read and written.
    Update,
    /// The first of `n` registers that are read (field `n` is [`Operand::Count`]).
    ReadMany,
    /// The frame of a call: the register itself is written, the `n` after it are read.
    Frame,
    /// A signed 16-bit number.
    Imm,
    /// An unsigned number whose meaning the row's text says.
    Number,
    /// In field `n`: how many registers `ReadMany` or `Frame` covers.
    Count,
    /// In field `n`: a [`crate::value::Tag`].
    Tag,
    /// In field `n`: a number whose meaning the row's text says (an operator, a mode).
    Mode,
    /// In field `c`: a jump relative to the next instruction, 16 bits.
    Jump,
    /// In fields `b` and `c`: a jump relative to the next instruction, 32 bits.
    WideJump,
    /// In fields `b` and `c`: a signed 32-bit number.
    WideImm,
    /// In fields `b` and `c`: index of a constant.
    Const,
    /// In fields `b` and `c`: index of a function.
    Func,
    /// In fields `b` and `c`: index of a global.
    Global,
    /// In fields `b` and `c`: index of a method name.
    Method,
    /// Index of a built-in.
    Builtin,
    /// Index into the table of selects: registers are read as its entry says.
    Select,
    /// Index into the table of jump tables.
    Table,
    /// Index into the table of variants.
    VariantIndex,
    /// Index of a struct.
    StructIndex,
    /// Index into the table of type tests.
    TypeTest,
}

macro_rules! ops {
    ($( $(#[doc = $doc:literal])+ $name:ident $n:ident $a:ident $b:ident $c:ident $flow:ident; )+) => {
        /// An opcode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $( $(#[doc = $doc])+ $name, )+ }

        impl Op {
            /// Every opcode, in order.
            pub const ALL: &'static [Op] = &[$(Op::$name),+];

            /// The opcode of a byte.
            #[inline]
            pub fn from_byte(byte: u8) -> Option<Op> {
                Self::ALL.get(byte as usize).copied()
            }

            /// The name in disassemblies.
            pub fn name(self) -> &'static str {
                match self { $(Op::$name => stringify!($name),)+ }
            }

            /// What it does.
            pub fn doc(self) -> &'static str {
                match self { $(Op::$name => concat!($($doc),+),)+ }
            }

            /// Meaning of the fields `n`, `a`, `b`, `c`.
            pub fn operands(self) -> [Operand; 4] {
                match self { $(Op::$name => [Operand::$n, Operand::$a, Operand::$b, Operand::$c],)+ }
            }

            /// What follows it.
            pub fn flow(self) -> Flow {
                match self { $(Op::$name => Flow::$flow,)+ }
            }
        }
    };
}

/// What an instruction does to the flow of control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next instruction follows.
    Next,
    /// The next instruction or the jump's target.
    Branch,
    /// The jump's target.
    Jump,
    /// The targets of a jump table.
    Table,
    /// Nothing in this function.
    End,
}

ops! {
    /// a = b
    Move None Write Read None Next;
    /// a = the number, with the tag in n
    LoadImm Tag Write WideImm None Next;
    /// a = constant
    LoadConst None Write Const None Next;
    /// a = global
    LoadGlobal None Write Global None Next;
    /// global = a
    StoreGlobal None Read Global None Next;
    /// a = this task's copy of the thread-local global, or NoValue where it is unset
    LoadThreadLocal None Write Global None Next;
    /// this task's copy of the thread-local global = a
    StoreThreadLocal None Read Global None Next;
    /// a = unset (an unassigned variable, or one that was moved out of)
    Clear None Write None None Next;

    /// a = b + c, i64; overflow panics
    AddI None Write Read Read Next;
    /// a = b - c, i64; overflow panics
    SubI None Write Read Read Next;
    /// a = b * c, i64; overflow panics
    MulI None Write Read Read Next;
    /// a = b / c, i64 or isize (the result has b's tag); zero and overflow panic
    DivI None Write Read Read Next;
    /// a = b % c, any signed integer up to 64 bits (the result has b's tag); zero panics
    RemI None Write Read Read Next;
    /// a = b + the number in c, i64; overflow panics
    AddImm None Write Read Imm Next;
    /// a = b + c, integer up to 32 bits with the tag in n; overflow panics
    AddN Tag Write Read Read Next;
    /// a = b - c, integer up to 32 bits with the tag in n; overflow panics
    SubN Tag Write Read Read Next;
    /// a = b * c, integer up to 32 bits with the tag in n; overflow panics
    MulN Tag Write Read Read Next;
    /// a = b + the number in c, integer up to 32 bits with the tag in n; overflow panics
    AddImmN Tag Write Read Imm Next;
    /// a = b + the number in c, u64 or usize (tag in n); overflow panics
    AddImmU Tag Write Read Imm Next;
    /// a = b + c, u64 or usize (tag in n); overflow panics
    AddU Tag Write Read Read Next;
    /// a = b - c, u64 or usize (tag in n); overflow panics
    SubU Tag Write Read Read Next;
    /// a = b * c, u64 or usize (tag in n); overflow panics
    MulU Tag Write Read Read Next;
    /// a = b / c, unsigned up to 64 bits (tag in n); zero panics
    DivU Tag Write Read Read Next;
    /// a = b % c, unsigned up to 64 bits (tag in n); zero panics
    RemU Tag Write Read Read Next;
    /// a = b & c, any integers up to 64 bits or bools of one kind (the result has b's tag)
    BitAnd None Write Read Read Next;
    /// a = b | c, any integers up to 64 bits or bools of one kind (the result has b's tag)
    BitOr None Write Read Read Next;
    /// a = b ^ c, any integers up to 64 bits or bools of one kind (the result has b's tag)
    BitXor None Write Read Read Next;
    /// a = b + c, f64
    AddF None Write Read Read Next;
    /// a = b - c, f64
    SubF None Write Read Read Next;
    /// a = b * c, f64
    MulF None Write Read Read Next;
    /// a = b / c, f64
    DivF None Write Read Read Next;
    /// a = b op c by the operands' tags; n is the [`crate::core::BinaryOp`] by position
    Arith Mode Write Read Read Next;
    /// a = op b by the operand's tag; n is the [`crate::core::UnaryOp`] by position
    Unary Mode Write Read None Next;
    /// a = !b, bool
    Not None Write Read None Next;
    /// a = b as the kind of the tag in n
    Cast Tag Write Read None Next;
    /// a = b < c, signed up to 64 bits (or unsigned up to 32, char, bool)
    LtI None Write Read Read Next;
    /// a = b <= c, as LtI
    LeI None Write Read Read Next;
    /// a = b == c, same payload: integers up to 64 bits, char, bool
    EqI None Write Read Read Next;
    /// a = b != c, as EqI
    NeI None Write Read Read Next;
    /// a = b < c, f64
    LtF None Write Read Read Next;
    /// a = b <= c, f64
    LeF None Write Read Read Next;
    /// a = b op c by the operands' tags, structural; n is the [`crate::core::CompareOp`] by position
    Compare Mode Write Read Read Next;

    /// go to
    Jump None None WideJump None Jump;
    /// go back to the head of a loop; charges the budget
    Loop None None WideJump None Jump;
    /// go to, if a is true
    JumpIf None Read WideJump None Branch;
    /// go to, if a is false
    JumpIfNot None Read WideJump None Branch;
    /// go to, if a is unset (NoValue)
    JumpIfUnset None Read WideJump None Branch;
    /// go to, if a == b (as EqI)
    JumpEqI None Read Read Jump Branch;
    /// go to, if a != b (as EqI)
    JumpNeI None Read Read Jump Branch;
    /// go to, if a < b (as LtI)
    JumpLtI None Read Read Jump Branch;
    /// go to, if a <= b (as LtI)
    JumpLeI None Read Read Jump Branch;
    /// go to, if a < b, unsigned 64 bits
    JumpLtU None Read Read Jump Branch;
    /// go to, if a <= b, unsigned 64 bits
    JumpLeU None Read Read Jump Branch;
    /// go to, if a == the number in b (as EqI)
    JumpEqImm None Read Imm Jump Branch;
    /// go to, if a != the number in b (as EqI)
    JumpNeImm None Read Imm Jump Branch;
    /// go to, if a < the number in b (as LtI)
    JumpLtImm None Read Imm Jump Branch;
    /// go to, if a <= the number in b (as LtI)
    JumpLeImm None Read Imm Jump Branch;
    /// go to, if a > the number in b (as LtI)
    JumpGtImm None Read Imm Jump Branch;
    /// go to, if a >= the number in b (as LtI)
    JumpGeImm None Read Imm Jump Branch;
    /// go to, if a < b, f64
    JumpLtF None Read Read Jump Branch;
    /// go to, if a <= b, f64
    JumpLeF None Read Read Jump Branch;
    /// go to, if not a < b, f64
    JumpNotLtF None Read Read Jump Branch;
    /// go to, if not a <= b, f64
    JumpNotLeF None Read Read Jump Branch;
    /// go back, if a < b (as LtI); charges the budget
    LoopLtI None Read Read Jump Branch;
    /// go back, if a <= b (as LtI); charges the budget
    LoopLeI None Read Read Jump Branch;
    /// go back, if a < b, unsigned 64 bits; charges the budget
    LoopLtU None Read Read Jump Branch;
    /// go back, if a is true; charges the budget
    LoopIf None Read WideJump None Branch;
    /// a += 1; go back, if a < b (signed up to 64 bits, unsigned up to 32, char); charges the budget
    ForStep None Update Read Jump Branch;
    /// if a < b, then a += 1 and go back; otherwise on (as ForStep, bound included); charges the budget
    ForStepIncl None Update Read Jump Branch;
    /// a += 1; go back, if a < b, unsigned 64 bits; charges the budget
    ForStepU None Update Read Jump Branch;
    /// if a < b, then a += 1 and go back, unsigned 64 bits; charges the budget
    ForStepInclU None Update Read Jump Branch;
    /// a = number of the variant in b, i64 (for Switch)
    VariantNumber None Write Read None Next;
    /// go to the entry of the jump table with the number in a; past the end: its last entry
    Switch None Read None Table Table;
    /// go to, unless a is the variant with the number b
    JumpNotVariant None Read Number Jump Branch;
    /// go to, unless a passes the type test
    JumpNotType None Read TypeTest Jump Branch;

    /// call a function: return address and result in a, n arguments after it; charges the budget
    Call Count Frame Func None Next;
    /// call the function value in b: return address and result in a, n arguments after it, the last ones by name where c is not 0; charges the budget
    CallValue Count Frame Read Number Next;
    /// call the method found by the kind of the first argument; as Call
    CallMethod Count Frame Method None Next;
    /// return a
    Return None Read None None End;
    /// return ()
    ReturnUnit None None None None End;
    /// a = result of a built-in on the n registers from b; it may block
    CallBuiltin Count Write ReadMany Builtin Next;
    /// new task of a function: n arguments after a; a = ()
    Spawn Count Frame Func None Next;
    /// new task with a result: n arguments after a; a = its future
    SpawnAsync Count Frame Func None Next;
    /// new task of the function value in b: n arguments after a; a = (), or with c = 1 its future
    SpawnValue Count Frame Read Number Next;
    /// a = result of the future in b; blocks until it is there
    Await None Write Read None Next;
    /// the task is being cancelled: go on with the caller's clean-up, or end
    Unwind None None None None End;
    /// panic with the string in a
    Panic None Read None None End;
    /// failed assertion with the string in a
    AssertFail None Read None None End;
    /// cannot be reached; n says which construct was wrong about that
    Trap Mode None None None End;

    /// a = list of the n registers from b; longer ones are appended to
    MakeList Count Write ReadMany None Next;
    /// append the n registers from b to the list in a
    AppendList Count Read ReadMany None Next;
    /// a = list of b, c times (c an integer)
    RepeatList None Write Read Read Next;
    /// a = tuple of the n registers from b
    MakeTuple Count Write ReadMany None Next;
    /// a = struct of the n registers from b
    MakeStruct Count Write ReadMany StructIndex Next;
    /// a = variant of the n registers from b
    MakeVariant Count Write ReadMany VariantIndex Next;
    /// a = range of b and c; n = 1 includes the end
    MakeRange Mode Write Read Read Next;
    /// a = closure of the function with the number c over the n registers from b
    MakeClosure Count Write ReadMany Number Next;
    /// a = field number c of the record (struct, tuple, variant) in b
    GetField None Write Read Number Next;
    /// field number b of the record in a = c
    SetField None Read Number Read Next;
    /// a = b[c] (list, map, string); out of range panics
    GetIndex None Write Read Read Next;
    /// a[b] = c (list, map); out of range panics
    SetIndex None Read Read Read Next;
    /// a = b[c] where c is a range: a new list or string
    GetSlice None Write Read Read Next;
    /// a = length of the list, map, set or string in b, usize
    Len None Write Read None Next;
    /// next element of the container in b (n is the [`crate::core::IterKind`] by position): a (starts as usize 0) counts the positions passed, register after it is the element; at the end go to c
    IterNext Mode Update Read Jump Branch;
    /// a = deep copy of b
    Clone None Write Read None Next;
    /// a = text of the n registers from b, formatted and joined
    Format Count Write ReadMany None Next;

    /// a = new cell with b
    NewCell None Write Read None Next;
    /// a = content of the cell in b
    LoadCell None Write Read None Next;
    /// content of the cell in a = b
    StoreCell None Read Read None Next;
    /// a = reference to field number c of the record in b
    RefField None Write Read Number Next;
    /// a = reference to element c of the container in b
    RefIndex None Write Read Read Next;
    /// a = what the reference, box or guard in b stands for; anything else is itself
    Deref None Write Read None Next;
    /// what the reference, box or guard in a stands for = b; an aggregate in a takes over the content of b
    DerefStore None Read Read None Next;
    /// what the reference, box or guard in a stands for += the number in b (integers; overflow panics)
    DerefAddImm None Read Imm None Next;

    /// send b to the channel in a; n: 0 closed panics (c is not written), 1 c = whether it was sent (false where closed), 2 c = a Result
    Send Mode Read Read Write Next;
    /// a = received from the channel in b; n: 0 the value (zero once closed), 1 an Option, 2 a Result, 3 () and no panic, 4 a tuple of the value and whether there was one, 5 the value and, in the register after a, whether there was one
    Recv Mode Write Read None Next;
    /// a = received from the channel in b; once closed and drained go to c
    RecvOrJump None Write Read Jump Branch;
    /// wait for an arm of the select in c: a = its number (number of arms: the default), register after a = what it received
    Select None Write None Select Next;
    /// a = guard of the mutex in b; blocks
    MutexLock None Write Read None Next;
    /// a = read guard of the lock in b; blocks
    ReadLock None Write Read None Next;
    /// a = write guard of the lock in b; blocks
    WriteLock None Write Read None Next;
    /// release the guard in a (detach a future); a = unset; other values are only unset
    Release None Update None None Next;
    /// a = old value of the atomic in b, to which c is added (wrapping)
    AtomicAdd None Write Read Read Next;
    /// a = value of the atomic in b
    AtomicLoad None Write Read None Next;
    /// raise the counter of the wait group in a by b
    WaitGroupAdd None Read Read None Next;
    /// lower the counter of the wait group in a
    WaitGroupDone None Read None None Next;

    /// a = b + c by their tags, i64 at once; failures of this and the following can be caught
    DynAdd None Write Read Read Next;
    /// a = b - c by their tags, i64 at once
    DynSub None Write Read Read Next;
    /// a = b * c by their tags, i64 at once
    DynMul None Write Read Read Next;
    /// a = b + the number in c by b's tag, i64 at once
    DynAddImm None Write Read Imm Next;
    /// a = b op c by their tags; n is the [`crate::dynamic::DynOp`] by position (negation: of b)
    DynArith Mode Write Read Read Next;
    /// a = b op c, bool, by their tags; n is the [`crate::dynamic::DynOp`] by position
    DynCompare Mode Write Read Read Next;
    /// go to, if a == b by their tags; n = 1: if not
    JumpDynEq Mode Read Read Jump Branch;
    /// go to, if a < b by their tags; n = 1: if not
    JumpDynLt Mode Read Read Jump Branch;
    /// go to, if a <= b by their tags; n = 1: if not
    JumpDynLe Mode Read Read Jump Branch;
    /// go to, if a == the number in b; n = 1: if not
    JumpDynEqImm Mode Read Imm Jump Branch;
    /// go to, if a < the number in b; n = 1: if not
    JumpDynLtImm Mode Read Imm Jump Branch;
    /// go to, if a <= the number in b; n = 1: if not
    JumpDynLeImm Mode Read Imm Jump Branch;
    /// go to, if a > the number in b; n = 1: if not
    JumpDynGtImm Mode Read Imm Jump Branch;
    /// go to, if a >= the number in b; n = 1: if not
    JumpDynGeImm Mode Read Imm Jump Branch;
    /// go back, if a < b by their tags; charges the budget
    LoopDynLt None Read Read Jump Branch;
    /// go back, if a <= b by their tags; charges the budget
    LoopDynLe None Read Read Jump Branch;
    /// go to, if a counts as true; n = 1: if not
    JumpTruth Mode Read WideJump None Branch;
    /// a = whether b counts as true; n = 1: whether not
    Truth Mode Write Read None Next;
    /// a = whether the variable in b is set
    IsSet None Write Read None Next;
    /// fail with the name in the constant, if the variable in a is unset
    CheckSet None Read Const None Next;
    /// a = b[c] of any container
    DynIndex None Write Read Read Next;
    /// a[b] = c of any container
    DynSetIndex None Read Read Read Next;
    /// a = attribute of b with the name number c
    Attr None Write Read Number Next;
    /// attribute with the name number b of the object in a = c
    SetAttr None Read Number Read Next;
    /// call the method of the first argument, or the function in its attribute: result in a, n arguments after it; charges the budget
    CallAttr Count Frame Method None Next;
    /// lock the mutex in b, or the write side of a read-write lock; a = (); blocks
    DynLock None Write Read None Next;
    /// release the mutex in b, or the write side of a read-write lock, whoever holds it; a = ()
    DynUnlock None Write Read None Next;
    /// the n registers from a = the elements of the sequence in b, which must be as many
    Unpack Count WriteMany Read None Next;
    /// raise the exception in a
    Raise None Read None None End;
    /// a = the exception on its way, and go to; on, if there is none
    Catch None Write WideJump None Branch;
}

impl Op {
    /// Registers written besides those that the operands say: `IterNext` and `Select` also write the one after `a`.
    pub fn writes_next(self) -> bool {
        matches!(self, Op::IterNext | Op::Select)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_decode_to_themselves() {
        for &op in Op::ALL {
            assert_eq!(Op::from_byte(op as u8), Some(op));
        }
        assert_eq!(Op::from_byte(Op::ALL.len() as u8), None);
    }
}
