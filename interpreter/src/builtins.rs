//! The one table of built-in operations: name in the engine, signature in Vex syntax, documentation.
//!
//! The Vex checker parses the signatures (the receiver's type says which types have the method; its type parameters are
//! implicit); every method is found under its snake_case and its camelCase name. What calls a guest closure is not here: it is written in
//! Vex, in the prelude, so that a task can block and be stepped inside it. Rows whose signature is empty are made by lowering alone.

macro_rules! builtins {
    ($( $name:ident, $signature:literal, $doc:literal; )+) => {
        /// A built-in operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Builtin { $( #[doc = $doc] $name, )+ }

        impl Builtin {
            /// Every built-in, in order of the table.
            pub const ALL: &'static [Builtin] = &[$(Builtin::$name),+];

            /// The built-in with this number.
            pub fn from_index(index: u16) -> Option<Builtin> {
                Self::ALL.get(index as usize).copied()
            }

            /// The name in disassemblies.
            pub fn name(self) -> &'static str {
                match self { $(Builtin::$name => stringify!($name),)+ }
            }

            /// The signature in Vex syntax; empty for those that only lowering makes.
            pub fn signature(self) -> &'static str {
                match self { $(Builtin::$name => $signature,)+ }
            }

            /// What it does.
            pub fn doc(self) -> &'static str {
                match self { $(Builtin::$name => $doc,)+ }
            }
        }
    };
}

builtins! {
    // Output. The checker has already formatted the arguments into one string.
    Print, "", "Writes a string to standard output.";
    Eprint, "", "Writes a string to standard error.";
    ToString, "", "Display form of any value.";
    CloneValue, "", "A deep copy; handles (channels, locks, boxes) are shared.";
    Equal, "", "Structural equality of any two values.";
    Exit, "fn exit(code: i32)", "Ends the program with this exit code.";

    // Time.
    Sleep, "", "Blocks the task for a duration.";
    YieldNow, "fn yield_now()", "Puts the task at the end of the run queue.";
    Now, "fn now(): Time", "Time since the run began (virtual under a seed).";
    After, "fn after(d: Duration): Channel<Time>", "A channel that gets one time after the duration.";
    NewTicker, "fn newTicker(d: Duration): Ticker", "A ticker: its channel gets a time every period.";
    TickerChannel, "fn (self: &Ticker) channel(): Channel<Time>", "The channel that a ticker fills (capacity 1; missed ticks are dropped).";
    TickerStop, "fn (self: &Ticker) stop()", "Stops a ticker.";
    TimeSub, "fn (self: &Time) since(earlier: Time): Duration", "The time between two points.";
    TimeElapsed, "fn (self: &Time) elapsed(): Duration", "The time since this point.";
    DurationFromNanos, "fn Duration.from_nanos(n: i64): Duration", "A duration of nanoseconds.";
    DurationFromMicros, "fn Duration.from_micros(n: i64): Duration", "A duration of microseconds.";
    DurationFromMillis, "fn Duration.from_millis(n: i64): Duration", "A duration of milliseconds.";
    DurationFromSecs, "fn Duration.from_secs(n: i64): Duration", "A duration of seconds.";
    DurationNanos, "fn (self: &Duration) as_nanos(): i64", "Whole nanoseconds.";
    DurationMicros, "fn (self: &Duration) as_micros(): i64", "Whole microseconds.";
    DurationMillis, "fn (self: &Duration) as_millis(): i64", "Whole milliseconds.";
    DurationSecs, "fn (self: &Duration) as_secs(): i64", "Whole seconds.";
    DurationSecsFloat, "fn (self: &Duration) as_secs_f64(): f64", "Seconds.";

    // Channels. Arguments of ChannelNew: capacity, zero value (ExprKind::Zero).
    ChannelNew, "", "A channel with a capacity (0: rendezvous).";
    ChannelSend, "", "Sends; a closed channel panics.";
    ChannelSendBool, "", "Sends; false where the channel is closed.";
    ChannelSendResult, "fn (self: &Channel<T>) send_result(v: T): Result<(), string>", "Sends; Err(\"channel closed\") where it is closed.";
    ChannelTrySend, "fn (self: &Channel<T>) try_send(v: T): Result<(), string>", "Sends without blocking.";
    ChannelRecvValue, "", "Receives; the zero value once closed and drained, a panic where the type has none.";
    ChannelRecvDiscard, "", "Receives and drops the value; returns once closed and drained.";
    ChannelRecv, "fn (self: &Channel<T>) recv(): Option<T>", "Receives; None once closed and drained.";
    ChannelRecvResult, "fn (self: &Channel<T>) recv_result(): Result<T, string>", "Receives; Err(\"channel closed\") once closed and drained.";
    ChannelTryRecv, "fn (self: &Channel<T>) try_recv(): Option<T>", "Receives without blocking.";
    ChannelClose, "fn (self: &Channel<T>) close()", "Closes; a second close panics.";
    ChannelLen, "fn (self: &Channel<T>) len(): usize", "Values in the buffer.";
    ChannelCapacity, "fn (self: &Channel<T>) capacity(): usize", "Size of the buffer.";
    ChannelCap, "fn (self: &Channel<T>) cap(): usize", "Size of the buffer.";
    ChannelIsClosed, "fn (self: &Channel<T>) is_closed(): bool", "Whether it was closed.";

    // Locks and friends.
    MutexNew, "fn Mutex.new<T>(v: T): Mutex<T>", "A mutex around a value.";
    MutexLock, "fn (self: &Mutex<T>) lock(): MutexGuard<T>", "Blocks until the lock is ours.";
    MutexTryLock, "fn (self: &Mutex<T>) try_lock(): Option<MutexGuard<T>>", "Locks if nobody holds it.";
    RwLockNew, "fn RwLock.new<T>(v: T): RwLock<T>", "A read-write lock around a value.";
    RwLockRead, "fn (self: &RwLock<T>) read(): ReadGuard<T>", "Blocks until no writer holds or waits for it.";
    RwLockWrite, "fn (self: &RwLock<T>) write(): WriteGuard<T>", "Blocks until nobody holds it.";
    RwLockTryRead, "fn (self: &RwLock<T>) try_read(): Option<ReadGuard<T>>", "Locks for reading without blocking.";
    RwLockTryWrite, "fn (self: &RwLock<T>) try_write(): Option<WriteGuard<T>>", "Locks for writing without blocking.";
    OnceNew, "fn Once.new(): Once", "A once.";
    OnceBegin, "fn (self: &Once) begin_once(): bool", "True for the one caller that must run the body and then call end_once; others block until it is done. Used by the prelude's call_once.";
    OnceEnd, "fn (self: &Once) end_once()", "The body has run.";
    OnceIsDone, "fn (self: &Once) is_completed(): bool", "Whether the body has run.";
    BarrierNew, "fn Barrier.new(parties: usize): Barrier", "A barrier for so many tasks.";
    BarrierWait, "fn (self: &Barrier) wait(): bool", "Blocks until all have arrived; true for the last one.";
    WaitGroupNew, "fn WaitGroup.new(): WaitGroup", "A wait group with counter 0.";
    WaitGroupAdd, "fn (self: &WaitGroup) add(n: i64)", "Raises the counter.";
    WaitGroupDone, "fn (self: &WaitGroup) done()", "Lowers the counter.";
    WaitGroupWait, "fn (self: &WaitGroup) wait()", "Blocks until the counter is 0.";
    SemaphoreNew, "fn Semaphore.new(permits: i64): Semaphore", "A semaphore.";
    SemaphoreAcquire, "fn (self: &Semaphore) acquire()", "Takes a permit, or blocks until there is one.";
    SemaphoreTryAcquire, "fn (self: &Semaphore) try_acquire(): bool", "Takes a permit if there is one.";
    SemaphoreRelease, "fn (self: &Semaphore) release()", "Gives a permit back.";
    Release, "", "Releases a guard (drop, scope exit); detaches a future; nothing for other values.";

    // Atomics: T is the type of the value. The constructors of the named types all make this.
    AtomicNew, "", "An atomic.";
    AtomicLoad, "fn (self: &Atomic<T>) load(): T", "The value.";
    AtomicStore, "fn (self: &Atomic<T>) store(v: T)", "Sets the value.";
    AtomicSwap, "fn (self: &Atomic<T>) swap(v: T): T", "Sets the value and gives the old one.";
    AtomicAdd, "fn (self: &Atomic<T>) fetch_add(v: T): T", "Adds (wrapping) and gives the old value.";
    AtomicSub, "fn (self: &Atomic<T>) fetch_sub(v: T): T", "Subtracts (wrapping) and gives the old value.";
    AtomicAnd, "fn (self: &Atomic<T>) fetch_and(v: T): T", "Bit-and; gives the old value.";
    AtomicOr, "fn (self: &Atomic<T>) fetch_or(v: T): T", "Bit-or; gives the old value.";
    AtomicXor, "fn (self: &Atomic<T>) fetch_xor(v: T): T", "Bit-xor; gives the old value.";
    AtomicCompareExchange, "fn (self: &Atomic<T>) compare_exchange(expected: T, new: T): Result<T, T>", "Sets the value if it is the expected one: Ok(old), else Err(current).";

    // Contexts.
    ContextBackground, "fn background(): Context", "The root context.";
    ContextTodo, "fn todo(): Context", "A root context, for code to be finished.";
    ContextWithCancel, "fn withCancel(parent: &Context): Context", "A child that can be cancelled.";
    ContextWithTimeout, "fn withTimeout(parent: &Context, d: Duration): Context", "A child that is cancelled after a time.";
    ContextWithDeadline, "fn withDeadline(parent: &Context, t: Time): Context", "A child that is cancelled at a time.";
    ContextWithValue, "", "A child that carries a value (any type) under a string key.";
    ContextCancel, "fn cancel(ctx: &Context)", "Cancels a context and its children.";
    ContextIsDone, "fn isDone(ctx: &Context): bool", "Whether it was cancelled or timed out.";
    ContextIsCanceled, "fn isCanceled(ctx: &Context): bool", "Whether it was cancelled by the program.";
    ContextIsTimeout, "fn isTimeout(ctx: &Context): bool", "Whether its deadline passed.";
    ContextCause, "fn cause(ctx: &Context): string", "Why it is done: \"context canceled\", \"context deadline exceeded\", or empty.";
    ContextValue, "", "The value under a key here or in a parent, as an Option.";
    ContextHasValue, "fn hasValue(ctx: &Context, key: string): bool", "Whether a value is there.";
    ContextRemaining, "fn remainingTime(ctx: &Context): Duration", "Time until the deadline; the largest duration where there is none.";
    ContextDone, "fn done(ctx: &Context): Channel<()>", "A channel that closes on cancel.";

    // Boxes.
    BoxNew, "", "A shared cell.";
    BoxGet, "fn (self: &Box<T>) get(): T", "A clone of the content.";
    BoxSet, "fn (self: &Box<T>) set(v: T)", "Replaces the content.";
    BoxSwap, "fn (self: &Box<T>) swap(v: T): T", "Replaces the content and gives the old one.";
    BoxTake, "fn (self: &Box<T>) take(): T", "Moves the content out; a later use panics.";
    BoxGetRef, "fn (self: &Box<T>) getRef(): &T", "A reference to the content.";
    BoxGetRefMut, "fn (self: &Box<T>) getRefMut(): &T!", "A mutable reference to the content.";
    BoxClone, "fn (self: &Box<T>) clone(): Box<T>", "Another handle of the same cell.";

    // Lists (arrays and spans too).
    ListNew, "fn Vec.new<T>(): Vec<T>", "An empty list.";
    ListWithCapacity, "fn Vec.withCapacity<T>(n: usize): Vec<T>", "An empty list with room.";
    ListPush, "fn (self: &Vec<T>!) push(v: T)", "Appends.";
    ListPop, "fn (self: &Vec<T>!) pop(): Option<T>", "Takes the last element.";
    ListInsert, "fn (self: &Vec<T>!) insert(i: usize, v: T)", "Inserts before position i; panics out of range.";
    ListRemove, "fn (self: &Vec<T>!) remove(i: usize): T", "Takes the element at i; panics out of range.";
    ListClear, "fn (self: &Vec<T>!) clear()", "Removes all.";
    ListSet, "fn (self: &Vec<T>!) set(i: usize, v: T)", "Replaces an element; panics out of range.";
    ListLen, "fn (self: &Vec<T>) len(): usize", "Number of elements.";
    ListIsEmpty, "fn (self: &Vec<T>) isEmpty(): bool", "Whether there are none.";
    ListGet, "fn (self: &Vec<T>) get(i: usize): Option<T>", "The element at i, if there is one.";
    ListFirst, "fn (self: &Vec<T>) first(): Option<T>", "The first element.";
    ListLast, "fn (self: &Vec<T>) last(): Option<T>", "The last element.";
    ListCopyAt, "fn (self: &Vec<T>) copyAt(i: usize): T", "A clone of the element at i; panics out of range.";
    ListSwap, "fn (self: &Vec<T>!) swap(i: usize, j: usize)", "Exchanges two elements.";
    ListReverse, "fn (self: &Vec<T>!) reverse()", "Reverses in place.";
    ListSort, "fn (self: &Vec<T>!) sort()", "Sorts numbers, strings, chars, bools, tuples and lists of them in place, stable.";
    ListContains, "fn (self: &Vec<T>) contains(v: &T): bool", "Whether an equal element is there.";
    ListIndexOf, "fn (self: &Vec<T>) indexOf(v: &T): Option<usize>", "Position of the first equal element.";
    ListJoin, "fn (self: &Vec<T>) join(sep: string = \"\"): string", "Display forms joined by a separator.";
    ListExtend, "fn (self: &Vec<T>!) extend(other: Vec<T>)", "Appends all of another list.";
    ListSlice, "fn (self: &Vec<T>) slice(a: usize, b: usize): Vec<T>", "A new list of the elements a..b (cloned); panics out of range.";
    ListEnumerate, "fn (self: &Vec<T>) enumerate(): Vec<(usize, T)>", "Pairs of position and element.";
    ListTruncate, "fn (self: &Vec<T>!) truncate(n: usize)", "Keeps the first n.";
    ListSum, "fn (self: &Vec<T>) sum(): T", "Sum of numbers (0 of an empty list).";
    ListMin, "fn (self: &Vec<T>) min(): Option<T>", "The smallest.";
    ListMax, "fn (self: &Vec<T>) max(): Option<T>", "The largest.";

    // Strings.
    StringLen, "fn (self: &string) len(): usize", "Length in bytes.";
    StringIsEmpty, "fn (self: &string) isEmpty(): bool", "Whether it is empty.";
    StringTrim, "fn (self: &string) trim(): string", "Without white space at both ends.";
    StringToUpper, "fn (self: &string) toUpper(): string", "Upper case.";
    StringToLower, "fn (self: &string) toLower(): string", "Lower case.";
    StringContains, "fn (self: &string) contains(s: string): bool", "Whether it occurs.";
    StringStartsWith, "fn (self: &string) starts_with(s: string): bool", "Whether it begins so.";
    StringEndsWith, "fn (self: &string) ends_with(s: string): bool", "Whether it ends so.";
    StringIndexOf, "fn (self: &string) indexOf(s: string): Option<usize>", "Byte position of the first occurrence.";
    StringReplace, "fn (self: &string) replace(from: string, to: string): string", "All occurrences replaced.";
    StringSplit, "fn (self: &string) split(sep: string): Vec<string>", "Parts between separators.";
    StringRepeat, "fn (self: &string) repeat(n: usize): string", "Repeated.";
    StringChars, "fn (self: &string) chars(): Vec<char>", "Its characters.";
    StringSubstring, "fn (self: &string) substring(a: usize, b: usize): string", "The bytes a..b; panics out of range or inside a character.";
    StringParseInt, "fn (self: &string) parseInt(): Option<i64>", "As an integer.";
    StringParseFloat, "fn (self: &string) parseFloat(): Option<f64>", "As a float.";
    StringLines, "fn (self: &string) lines(): Vec<string>", "Its lines.";
    StringCharAt, "fn (self: &string) charAt(i: usize): Option<char>", "The i-th character.";

    // Maps and sets.
    MapNew, "fn Map.new<K, V>(): Map<K, V>", "An empty map.";
    MapInsert, "fn (self: &Map<K, V>!) insert(k: K, v: V): bool", "Sets; true where the key is new.";
    MapGet, "fn (self: &Map<K, V>) get(k: &K): Option<V>", "The value in place.";
    MapGetOwned, "fn (self: &Map<K, V>) getOwned(k: &K): Option<V>", "A clone of the value.";
    MapGetOr, "fn (self: &Map<K, V>) getOr(k: &K, default: V): V", "The value or a default.";
    MapContains, "fn (self: &Map<K, V>) contains(k: &K): bool", "Whether the key is there.";
    MapContainsKey, "fn (self: &Map<K, V>) containsKey(k: &K): bool", "Whether the key is there.";
    MapRemove, "fn (self: &Map<K, V>!) remove(k: &K): Option<V>", "Takes the value out.";
    MapLen, "fn (self: &Map<K, V>) len(): usize", "Number of keys.";
    MapIsEmpty, "fn (self: &Map<K, V>) isEmpty(): bool", "Whether there are none.";
    MapKeys, "fn (self: &Map<K, V>) keys(): Vec<K>", "The keys in insertion order.";
    MapValues, "fn (self: &Map<K, V>) values(): Vec<V>", "The values in insertion order.";
    MapClear, "fn (self: &Map<K, V>!) clear()", "Removes all.";
    SetNew, "fn Set.new<T>(): Set<T>", "An empty set.";
    SetInsert, "fn (self: &Set<T>!) insert(v: T): bool", "Adds; true where it is new.";
    SetContains, "fn (self: &Set<T>) contains(v: &T): bool", "Whether it is there.";
    SetRemove, "fn (self: &Set<T>!) remove(v: &T): bool", "Removes; whether it was there.";
    SetLen, "fn (self: &Set<T>) len(): usize", "Number of elements.";
    SetIsEmpty, "fn (self: &Set<T>) isEmpty(): bool", "Whether there are none.";
    SetToList, "fn (self: &Set<T>) values(): Vec<T>", "The elements in insertion order.";
    SetClear, "fn (self: &Set<T>!) clear()", "Removes all.";

    // Numbers.
    Abs, "", "Absolute value of a number.";
    MinOf, "", "The smaller of two values.";
    MaxOf, "", "The larger of two values.";
    Sqrt, "fn (self: &f64) sqrt(): f64", "Square root.";
    Floor, "fn (self: &f64) floor(): f64", "Rounded down.";
    Ceil, "fn (self: &f64) ceil(): f64", "Rounded up.";
    Round, "fn (self: &f64) round(): f64", "Rounded half away from zero.";
    PowFloat, "fn (self: &f64) pow(e: f64): f64", "Power.";
    WrappingAdd, "", "Adds, wrapping around.";
    WrappingSub, "", "Subtracts, wrapping around.";
    WrappingMul, "", "Multiplies, wrapping around.";
    CharToInt, "", "Code point of a char.";
    CharIsDigit, "fn (self: &char) isDigit(): bool", "Whether it is 0-9.";
    CharIsAlpha, "fn (self: &char) isAlpha(): bool", "Whether it is a letter.";
    CharIsSpace, "fn (self: &char) isSpace(): bool", "Whether it is white space.";
    CharToUpper, "fn (self: &char) toUpper(): char", "Upper case.";
    CharToLower, "fn (self: &char) toLower(): char", "Lower case.";
    Random, "fn random(): f64", "A random number in 0..1, drawn from the run's seed.";
    RandomInt, "fn randomInt(lo: i64, hi: i64): i64", "A random integer in lo..hi, drawn from the run's seed.";
    ReadLine, "fn readLine(): Option<string>", "A line of standard input, None at its end.";
    Args, "fn args(): Vec<string>", "The arguments after `--`.";

    // Languages without static types (`vm/dynamic`).
    // Output and text.
    DynPrint, "", "A line of values, separated by spaces.";
    DynStr, "", "The texts of values, joined.";
    DynRepr, "", "A value as it stands inside of containers.";
    DynFormatValue, "", "A value by a format specification.";
    DynFormat, "", "A template with values put in.";
    DynSpread, "", "Calls a built-in, given by its number, with the elements of a list.";
    // Functions named like types.
    DynInt, "", "An integer.";
    DynFloat, "", "A float.";
    DynBool, "", "Whether a value counts as true.";
    DynList, "", "A list of the arguments, or of what one argument gives when it is walked over.";
    DynTuple, "", "A tuple, likewise.";
    DynDict, "", "A dict of another one, of pairs, or of keys and values in turn.";
    DynBound, "", "An integer as it is; a TypeError for anything else (ends of a range).";
    DynMillis, "", "A number of milliseconds as a duration of the engine (timers of a select).";
    // What can be walked over.
    DynLen, "", "Number of elements, keys or characters.";
    DynNth, "", "An element by position or key, or a default.";
    DynSlice, "", "A part of a sequence or string.";
    DynContains, "", "Whether an element, key or part is there.";
    DynRange, "", "A list of integers.";
    DynSum, "", "Sum of the elements.";
    DynMin, "", "The smallest of several values or elements.";
    DynMax, "", "The largest of several values or elements.";
    DynExtremeBy, "", "The value with the smallest or largest key.";
    DynSorted, "", "A sorted list.";
    DynSortedBy, "", "A list sorted by keys in another one.";
    DynReversed, "", "A list in opposite order.";
    DynEnumerate, "", "A list of positions and elements.";
    DynZip, "", "A list of tuples of elements at the same position.";
    DynAny, "", "Whether any element counts as true.";
    DynAll, "", "Whether all elements count as true.";
    DynIndexOf, "", "Position of the first equal element or part.";
    DynCount, "", "How many elements are equal, how often a part occurs.";
    // Changing lists; dicts share some of it.
    DynAppend, "", "Adds at the end, in place.";
    DynExtend, "", "Adds all elements of something, in place.";
    DynInsert, "", "Puts an element before a position.";
    DynPop, "", "Takes out an element by position or key.";
    DynRemove, "", "Takes out the first equal element.";
    DynSort, "", "Sorts in place.";
    DynAssignAll, "", "Makes a list hold what another one holds.";
    DynReverse, "", "Reverses in place.";
    DynClear, "", "Removes all.";
    DynCopy, "", "Another list or dict with the same elements.";
    // Dicts.
    DynGet, "", "The value under a key, or a default.";
    DynKeys, "", "The keys, as a list.";
    DynValues, "", "The values, as a list.";
    DynItems, "", "Pairs of key and value, as a list.";
    DynSetDefault, "", "The value under a key, set first if there is none.";
    DynUpdate, "", "Takes over all entries of another dict.";
    DynPopItem, "", "Takes out the newest entry.";
    // Strings.
    DynUpper, "", "Upper case.";
    DynLower, "", "Lower case.";
    DynCapitalize, "", "The first letter large, the rest small.";
    DynTitle, "", "The first letter of each word large.";
    DynStrip, "", "Without white space (or other characters) at both ends.";
    DynStripLeft, "", "The same at the start.";
    DynStripRight, "", "The same at the end.";
    DynSplit, "", "Parts between white space or separators.";
    DynSplitLines, "", "Lines.";
    DynJoin, "", "Strings joined by a separator.";
    DynReplace, "", "Occurrences replaced.";
    DynStartsWith, "", "Whether it begins so.";
    DynEndsWith, "", "Whether it ends so.";
    DynFind, "", "Position of the first occurrence, or -1.";
    DynFindLast, "", "Position of the last occurrence, or -1.";
    DynIsDigit, "", "Whether all characters are digits.";
    DynIsAlpha, "", "Whether all characters are letters.";
    DynIsAlnum, "", "Whether all characters are letters or digits.";
    DynIsSpace, "", "Whether all characters are white space.";
    DynIsUpper, "", "Whether all letters are large.";
    DynIsLower, "", "Whether all letters are small.";
    DynPadLeft, "", "Filled up at the start.";
    DynPadRight, "", "Filled up at the end.";
    DynCenter, "", "Filled up at both ends.";
    DynZeroFill, "", "Filled up with zeros behind the sign.";
    DynOrd, "", "The number of a character.";
    DynChr, "", "The character of a number.";
    // Numbers.
    DynAbs, "", "Absolute value.";
    DynRound, "", "Rounded, halves to the even side.";
    DynPow, "", "Power, with a modulus if wanted.";
    DynDivMod, "", "Quotient and remainder.";
    DynSqrt, "", "Square root.";
    DynFloor, "", "Rounded down to an integer.";
    DynCeil, "", "Rounded up to an integer.";
    DynRandomInt, "", "A random integer, both ends included, drawn from the run's seed.";
    // Types.
    DynType, "", "The class or type of a value.";
    DynIsInstance, "", "Whether a value is of a class or type.";
    DynIsClass, "", "Whether a value is a class or type.";
    DynIsCallable, "", "Whether a value can be called.";
    DynHasMethod, "", "Whether an object's class has a method of this name.";
    // The machine.
    DynExit, "", "Ends the program with this exit code.";
    DynSleep, "", "Blocks for a number of seconds.";
    DynSleepMillis, "", "Blocks for a number of milliseconds.";
    DynNow, "", "Seconds since the run began (virtual under a seed).";
    DynChan, "", "A channel with a capacity (none: a rendezvous).";
    DynSend, "", "Sends; a closed channel raises.";
    DynRecv, "", "Receives a pair of the value and whether there was one.";
    DynTrySend, "", "Sends without blocking; whether it went.";
    DynTryRecv, "", "Receives without blocking: the value, whether there was one, whether the channel may give more.";
    DynClose, "", "Closes; a second time has no effect but a warning.";
    DynIsClosed, "", "Whether a channel is closed.";
    DynMutex, "", "A mutex that anybody may unlock.";
    DynRwMutex, "", "A read-write lock that anybody may unlock.";
    DynLock, "", "Locks a mutex, or a read-write lock for writing.";
    DynUnlock, "", "Releases it; fatal where it is not held.";
    DynTryLock, "", "Locks without blocking; whether it did.";
    DynReadLock, "", "Locks for reading.";
    DynReadUnlock, "", "Stops reading; fatal where nobody reads.";
    DynTryReadLock, "", "Locks for reading without blocking; whether it did.";
    DynWaitGroup, "", "A wait group with counter 0.";
    DynWaitGroupAdd, "", "Changes the counter; below zero is fatal.";
    DynWaitGroupDone, "", "Lowers the counter; below zero is fatal.";
    DynWaitGroupWait, "", "Blocks until the counter is 0.";
    DynContextBackground, "", "A root context.";
    DynContextChild, "", "A context below another one.";
    DynContextTimeout, "", "A context below another one that is cancelled after a time.";
    DynContextCancel, "", "Cancels a context and all below it, perhaps for a reason.";
    DynContextDone, "", "A channel that is closed on cancellation.";
    DynContextIsCanceled, "", "Whether a context is cancelled.";
    DynContextError, "", "Why it is cancelled; `None` while it is not.";
}
