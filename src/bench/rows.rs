//! The table of rows: a guest program each, what one operation of it is called, and what it has to reach.
//!
//! To add a row: a program in `benches/programs/` whose `const N: i64` (in M28 `(def N …)`) says how much to do, and a line in [`ROWS`]. Rows in
//! another language than Vex have its extension in their name.

use tracer::model::rates;

/// A rate that a row has to reach in some mode, or a size that it must stay below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// So many times Go's rate in the same round.
    OfGo(f64),
    /// So many times Lua 5.4's rate in the same round.
    OfLua(f64),
    /// So many operations a second.
    Rate(f64),
    /// Less than this, in the row's unit.
    Below(f64),
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Bar::OfGo(times) => write!(f, ">= {times} x Go"),
            Bar::OfLua(times) => write!(f, ">= {times} x Lua 5.4"),
            Bar::Rate(rate) => write!(f, ">= {rate}"),
            Bar::Below(size) => write!(f, "< {size}"),
        }
    }
}

/// The bars of a row by mode.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bars {
    /// The deterministic runtime, tracing on.
    pub s_traced: Option<Bar>,
    /// The parallel runtime, tracing off.
    pub p: Option<Bar>,
    /// The parallel runtime, tracing on.
    pub p_traced: Option<Bar>,
}

impl Bars {
    /// The bar in the mode of this name.
    pub fn of(&self, mode: &str) -> Option<Bar> {
        match mode {
            "vex-s-traced" => self.s_traced,
            "vex-p" => self.p,
            "vex-p-traced" => self.p_traced,
            _ => None,
        }
    }
}

/// How much a program does.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// `N` operations, and `N` is a multiple of this.
    Multiple(u64),
    /// Always the same `N`, which makes so many operations.
    Fixed {
        /// What `N` is set to.
        n: u64,
        /// The operations.
        operations: u64,
    },
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, the same as in other programs that are measured beside this one.
    pub name: &'static str,
    /// The operation of the guide's performance table that it measures, a row of [`rates::ROWS`].
    pub operation: Option<&'static str>,
    /// The unit of its rate.
    pub unit: &'static str,
    /// How much the program does.
    pub size: Size,
    /// What it has to reach.
    pub bars: Bars,
    /// Whether its tasks share nothing, so that it should get faster with every worker.
    pub scales: bool,
    /// The program's text.
    pub program: &'static str,
}

impl Row {
    /// Operations a second that the guide promises.
    pub fn target(&self) -> Option<f64> {
        let name = self.operation?;
        rates::ROWS.iter().find(|row| row.name == name)?.target
    }
}

macro_rules! rows {
    ($( $name:literal $file:literal $operation:expr, $unit:literal, $size:expr, $scales:literal, $s_traced:expr, $p:expr, $p_traced:expr; )+) => {
        /// Every row.
        pub const ROWS: &[Row] = {
            use Bar::{OfGo, OfLua, Rate};
            use Size::{Fixed, Multiple};
            &[$( Row {
                name: $name,
                operation: $operation,
                unit: $unit,
                size: $size,
                scales: $scales,
                bars: Bars { s_traced: $s_traced, p: $p, p_traced: $p_traced },
                program: include_str!(concat!("../../benches/programs/", $file)),
            }, )+]
        };
    };
}

// Columns: name, program, operation of the guide, unit, size, scales, bars: S traced, P, P traced.
rows! {
    "spawn_join" "spawn_join.vex" None, "ops/s", Multiple(1), false, None, None, None;
    "spawn_batch1k" "spawn_batch1k.vex" Some("goroutine spawn"), "ops/s", Multiple(1), false, Some(OfGo(4.0)), Some(OfGo(2.0)), Some(OfGo(1.5));
    "spawn_await" "spawn_await.vex" Some("async task spawn"), "ops/s", Multiple(1), false, Some(OfGo(6.0)), Some(OfGo(4.0)), Some(OfGo(3.0));
    "chan_pingpong" "chan_pingpong.vex" Some("channel send/recv"), "ops/s", Multiple(2), false, Some(OfGo(6.0)), Some(OfGo(4.0)), Some(OfGo(3.0));
    "chan_unbuf_1p1c" "chan_unbuf_1p1c.vex" None, "ops/s", Multiple(1), false, None, None, None;
    "chan_buf128_1p1c" "chan_buf128_1p1c.vex" Some("channel send/recv"), "ops/s", Multiple(1), false, Some(OfGo(2.0)), Some(OfGo(1.5)), Some(OfGo(1.2));
    "chan_mpmc_4x4" "chan_mpmc_4x4.vex" None, "ops/s", Multiple(4), false, Some(OfGo(1.5)), Some(OfGo(1.0)), Some(OfGo(0.8));
    "select4_ready" "select4_ready.vex" Some("select"), "ops/s", Multiple(1), false, Some(OfGo(3.0)), Some(OfGo(1.5)), Some(OfGo(1.2));
    "select4_4prod" "select4_4prod.vex" Some("select"), "ops/s", Multiple(4), false, None, None, None;
    "mutex_uncontended" "mutex_uncontended.vex" Some("mutex lock/unlock"), "ops/s", Multiple(1), false, Some(OfGo(1.2)), Some(OfGo(0.7)), Some(Rate(50e6));
    "mutex_4tasks" "mutex_4tasks.vex" None, "ops/s", Multiple(4), false, None, None, None;
    "atomic_uncontended" "atomic_uncontended.vex" Some("atomic operation"), "ops/s", Multiple(1), false, Some(OfGo(1.0)), Some(OfGo(0.7)), Some(Rate(100e6));
    "atomic_4tasks" "atomic_4tasks.vex" None, "ops/s", Multiple(4), false, None, None, None;
    "rwlock" "rwlock.vex" Some("rwlock lock/unlock"), "ops/s", Multiple(1), false, None, None, None;
    "rwlock_write" "rwlock_write.vex" Some("rwlock lock/unlock"), "ops/s", Multiple(1), false, None, None, None;
    "yield_2tasks" "yield_2tasks.vex" None, "ops/s", Multiple(2), false, None, None, None;
    "fib32" "fib32.vex" None, "calls/s", Fixed { n: 32, operations: 7_049_155 }, false, None, Some(OfLua(1.5)), None;
    "nest200M" "nest200M.vex" None, "iters/s", Multiple(10_000), false, None, Some(OfLua(1.3)), None;
    "nest_4tasks" "nest_4tasks.vex" None, "iters/s", Multiple(40_000), true, None, None, None;
    // The same in M28. Its bars: ten times what the language's public implementation did on this kind of machine, and Lua.
    "spawn_join.m28" "m28/spawn_join.m28" None, "ops/s", Multiple(1), false, None, Some(Rate(6.07e6)), None;
    "spawn_batch1k.m28" "m28/spawn_batch1k.m28" None, "ops/s", Multiple(1), false, None, Some(Rate(7.57e6)), None;
    "chan_pingpong.m28" "m28/chan_pingpong.m28" None, "ops/s", Multiple(2), false, None, Some(Rate(15.2e6)), None;
    "chan_buf128_1p1c.m28" "m28/chan_buf128_1p1c.m28" None, "ops/s", Multiple(1), false, None, Some(Rate(32.9e6)), None;
    "chan_mpmc_4x4.m28" "m28/chan_mpmc_4x4.m28" None, "ops/s", Multiple(4), false, None, Some(Rate(34.9e6)), None;
    "mutex_uncontended.m28" "m28/mutex_uncontended.m28" None, "ops/s", Multiple(1), false, None, Some(Rate(33.6e6)), None;
    "fib32.m28" "m28/fib32.m28" None, "calls/s", Fixed { n: 32, operations: 7_049_155 }, false, None, Some(OfLua(0.8)), None;
    "nest200M.m28" "m28/nest200M.m28" None, "iters/s", Multiple(10_000), false, None, Some(OfLua(0.8)), None;
}

/// The row of blocked tasks: bytes of memory for each. Its program is not of [`ROWS`]: it runs in a process of its own.
pub const PARKED_BYTES: &str = "park1M_bytes";

/// Its other two: tasks spawned and blocked a second, and woken again a second.
pub const PARKED_SPAWN: &str = "park1M_spawn";

/// See [`PARKED_SPAWN`].
pub const PARKED_WAKE: &str = "park1M_wake";

/// The program of blocked tasks.
pub const PARKED_PROGRAM: &str = include_str!("../../benches/programs/parked.vex");

/// How many tasks it blocks.
pub const PARKED_TASKS: u64 = 1_000_000;

/// How many times faster a row that scales has to be for each worker beyond the first: 1.8 times with two.
pub const SCALING_BAR: f64 = 0.8;

/// What [`PARKED_BYTES`] has to stay below, in every mode.
pub const PARKED_BAR: Bar = Bar::Below(456.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_operations_are_in_the_guides_table() {
        for (i, row) in ROWS.iter().enumerate() {
            assert!(ROWS[i + 1..].iter().all(|other| other.name != row.name), "{}", row.name);
            if let Some(name) = row.operation {
                assert!(rates::ROWS.iter().any(|known| known.name == name), "{}: no operation {name}", row.name);
            }
            assert!(
                super::super::measure::SIZES.iter().any(|size| row.program.contains(&format!("\n{size}"))),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn every_operation_of_the_guides_table_is_measured() {
        for known in &rates::ROWS {
            assert!(ROWS.iter().any(|row| row.operation == Some(known.name)), "{}", known.name);
        }
    }
}
