//! What tasks cost, in words: the accounts by kind of operation, function and task, dearest first, as text or JSON.

use super::{Account, Accounts, Class, Counter, Sample, kind_name};
use crate::names::{count, duration};
use crate::program::ProgramInfo;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines of a section in the text; the others are one line more.
const LINES: usize = 10;

/// The accounts of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Costs {
    /// What there is to count with, in a sentence.
    pub counters: String,
    /// The share of the time during which the processor's counters really counted; the rest was extrapolated.
    pub coverage: Option<f64>,
    /// All tasks together.
    pub total: Cost,
    /// What workers used when they had no task.
    pub between_tasks: Cost,
    /// By the operation with which tasks left the worker; `compute` where their slice was used up.
    pub operations: Vec<Cost>,
    /// By the function in which they were then.
    pub functions: Vec<Cost>,
    /// By task.
    pub tasks: Vec<Cost>,
}

/// One account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cost {
    /// Whose it is.
    pub name: String,
    /// Stretches of running.
    pub slices: u64,
    /// What was counted, by the counter's name.
    pub counted: BTreeMap<&'static str, u64>,
    #[serde(skip)]
    sum: Sample,
}

impl Cost {
    fn new(name: impl Into<String>, account: Account) -> Cost {
        let counted = Counter::ALL.iter().filter_map(|c| Some((c.name(), account.sum.get(*c)?))).collect();
        Cost { name: name.into(), slices: account.slices, counted, sum: account.sum }
    }

    /// What makes one dearer than another: cycles, or time on a core where those are not known.
    fn price(&self) -> u64 {
        self.sum.get(Counter::Cycles).or(self.sum.get(Counter::TaskClock)).unwrap_or(self.slices)
    }
}

impl Costs {
    /// The accounts of workers that have ended, with the program's names.
    pub fn new(accounts: &Accounts, program: &ProgramInfo) -> Costs {
        let attribution = accounts.attribution();
        let named = |function: u32| program.functions.get(function as usize).map_or("?", |info| &info.name);
        let sorted = |mut costs: Vec<Cost>| {
            costs.retain(|cost| cost.slices > 0);
            costs.sort_by_key(|cost| Reverse(cost.price()));
            costs
        };
        let operations = attribution.kinds().map(|(kind, account)| Cost::new(kind_name(kind), account)).collect();
        let mut functions: Vec<_> =
            attribution.functions().map(|(function, account)| Cost::new(named(function), account)).collect();
        functions.push(Cost::new("other functions", attribution.other_functions()));
        let task_name = |task: u32| match accounts.spawned(task) {
            Some(function) => format!("{} (task {task})", named(function)),
            None => format!("task {task}"),
        };
        let mut tasks: Vec<_> =
            attribution.tasks().into_iter().map(|(task, account)| Cost::new(task_name(task), account)).collect();
        tasks.push(Cost::new("later tasks", attribution.other_tasks()));
        let total = Cost::new("all tasks", attribution.total());
        Costs {
            counters: accounts.availability().map_or_else(|| "Nothing ran.".into(), |known| known.sentence()),
            coverage: total.sum.coverage(),
            total,
            between_tasks: Cost::new("between tasks", attribution.between()),
            operations: sorted(operations),
            functions: sorted(functions),
            tasks: sorted(tasks),
        }
    }

    /// As a table of at most 100 columns.
    pub fn text(&self) -> String {
        let mut out = String::from("what was counted, at every task switch\n");
        let columns: Vec<Column> =
            COLUMNS.iter().copied().filter(|column| (column.of)(&self.total).is_some()).collect();
        let mut head = format!("  {:<34}{:>10}{:>8}", "", "slices", "share");
        columns.iter().for_each(|column| head.push_str(&format!("{:>w$}", column.name, w = column.width)));
        let _ = writeln!(out, "{head}");
        for (title, costs) in [("operation", &self.operations), ("function", &self.functions), ("task", &self.tasks)] {
            let _ = writeln!(out, "by {title}");
            costs.iter().take(LINES).for_each(|cost| self.line(&mut out, cost, &columns));
            if costs.len() > LINES {
                let mut rest = Account::default();
                for cost in &costs[LINES..] {
                    rest.slices += cost.slices;
                    rest.sum += cost.sum;
                }
                self.line(&mut out, &Cost::new(format!("{} more", costs.len() - LINES), rest), &columns);
            }
        }
        self.line(&mut out, &self.total, &columns);
        if self.between_tasks.slices > 0 {
            self.line(&mut out, &self.between_tasks, &columns);
        }
        if let Some(coverage) = self.coverage.filter(|coverage| *coverage < 0.995) {
            let _ =
                writeln!(out, "The processor counted {:.0} % of the time; the rest is extrapolated.", coverage * 100.0);
        }
        let _ = writeln!(out, "{}", self.counters);
        out
    }

    fn line(&self, out: &mut String, cost: &Cost, columns: &[Column]) {
        let name: String = cost.name.chars().take(34).collect();
        let share = cost.price() as f64 * 100.0 / self.total.price().max(1) as f64;
        let _ = write!(out, "  {name:<34}{:>10}{:>8}", count(cost.slices), format!("{share:.1} %"));
        for column in columns {
            let text = (column.of)(cost).unwrap_or_default();
            let _ = write!(out, "{text:>w$}", w = column.width);
        }
        out.push('\n');
    }
}

/// A column of the text.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    width: usize,
    of: fn(&Cost) -> Option<String>,
}

/// The columns; those without values in the whole run are left out.
const COLUMNS: &[Column] = &[
    Column { name: "on core", width: 10, of: |cost| Some(duration(cost.sum.get(Counter::TaskClock)?)) },
    Column { name: "instr/cycle", width: 13, of: |cost| Some(format!("{:.2}", cost.sum.instructions_per_cycle()?)) },
    Column { name: "c.miss/1k", width: 11, of: |cost| per_thousand(cost, Counter::CacheMisses) },
    Column { name: "b.miss/1k", width: 11, of: |cost| per_thousand(cost, Counter::BranchMisses) },
    Column { name: "switches", width: 10, of: |cost| number(cost, Counter::ContextSwitches) },
    Column { name: "moves", width: 7, of: |cost| number(cost, Counter::Migrations) },
    Column { name: "faults", width: 9, of: |cost| number(cost, Counter::PageFaults) },
];

/// Where the processor counts, the operating system's counters make room.
fn number(cost: &Cost, counter: Counter) -> Option<String> {
    if cost.sum.get(Counter::Cycles).is_some() && counter.class() == Class::Software {
        return None;
    }
    cost.sum.get(counter).map(count)
}

fn per_thousand(cost: &Cost, counter: Counter) -> Option<String> {
    Some(format!("{:.2}", cost.sum.per_thousand_instructions(counter)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Metered;
    use crate::event::Kind;
    use crate::program::FunctionInfo;
    use crate::record::{Off, Tracer};

    /// A `main` that spawns so many workers, which all compute for a slice and end.
    fn played(workers: u32) -> Costs {
        let accounts = Accounts::default();
        let mut metered = Metered::new(Off, 0, [(0, 0), (10, 1)].into(), &accounts);
        metered.emit(Kind::TaskSpawn as u8, 0, 0, 1, 0);
        metered.emit(Kind::Switch as u8, 0, 0, 1, 100);
        for task in 2..workers + 2 {
            metered.emit(Kind::TaskSpawn as u8, 1, 0, task, 1);
        }
        metered.emit(Kind::TaskEnd as u8, 1, 1, 0, 0);
        for task in 2..workers + 2 {
            metered.emit(Kind::Switch as u8, 11, 2, task, 100);
            metered.emit(Kind::Preempt as u8, 11, 2, 0, 0);
            metered.emit(Kind::Switch as u8, 11, 2, task, 100);
            metered.emit(Kind::TaskEnd as u8, 12, 2, 0, 0);
        }
        drop(metered);
        let function = |name: &str| FunctionInfo { name: name.into(), ..FunctionInfo::default() };
        let program = ProgramInfo { functions: vec![function("main"), function("worker")], ..ProgramInfo::default() };
        Costs::new(&accounts, &program)
    }

    #[test]
    fn every_section_is_the_whole_and_names_are_the_programs() {
        let costs = played(30);
        assert_eq!(costs.total.slices, 61);
        for section in [&costs.operations, &costs.functions, &costs.tasks] {
            assert_eq!(section.iter().map(|cost| cost.slices).sum::<u64>(), 61);
            assert_eq!(section.iter().map(Cost::price).sum::<u64>(), costs.total.price());
            assert!(section.is_sorted_by_key(|cost| Reverse(cost.price())));
        }
        let text = costs.text();
        for word in ["compute", "task.end", "worker (task ", "  main ", "21 more", "all tasks", "ardware counters"] {
            assert!(text.contains(word), "{word} in\n{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 130), "{text}");
    }

    #[test]
    fn a_run_of_nothing_says_so() {
        let costs = Costs::new(&Accounts::default(), &ProgramInfo::default());
        assert!(costs.text().contains("Nothing ran"), "{}", costs.text());
        assert!(costs.tasks.is_empty());
    }
}
