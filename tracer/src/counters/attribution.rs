//! Who used what: differences of samples summed by task, by function and by kind of operation.

use super::{Counter, Sample};
use crate::event::{BLOCKED, Kind};
use rustc_hash::FxHashMap;

/// Tasks that have an account of their own; later ones share one.
pub const TASKS: usize = 1 << 16;

/// Functions that have an account of their own: more than any program has, so that a wild number cannot take the memory.
const FUNCTIONS: usize = 1 << 16;

/// What one task, function or kind of operation used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Stretches of running on a worker that were added up.
    pub slices: u64,
    /// What was counted in them.
    pub sum: Sample,
}

impl Account {
    fn add(&mut self, used: Sample) {
        self.slices += 1;
        self.sum += used;
    }

    fn merge(&mut self, other: &Account) {
        self.slices += other.slices;
        self.sum += other.sum;
    }
}

/// What was used, by task, by function and by kind of operation. Each of the three sums to the total.
#[derive(Clone, Debug)]
pub struct Attribution {
    total: Account,
    tasks: FxHashMap<u32, Account>,
    limit: usize,
    other_tasks: Account,
    functions: Vec<Account>,
    other_functions: Account,
    kinds: Box<[Account; 128]>,
    /// What the worker used between tasks that was no task's: while it slept, stole or collected.
    between: Account,
}

impl Default for Attribution {
    fn default() -> Self {
        Attribution::with_limit(TASKS)
    }
}

impl Attribution {
    /// With accounts for so many tasks; the rest share one.
    pub fn with_limit(tasks: usize) -> Attribution {
        Attribution {
            total: Account::default(),
            tasks: FxHashMap::default(),
            limit: tasks,
            other_tasks: Account::default(),
            functions: Vec::new(),
            other_functions: Account::default(),
            kinds: Box::new([Account::default(); 128]),
            between: Account::default(),
        }
    }

    /// A task ran in a function, used this and left the worker with this kind of operation.
    pub fn add(&mut self, task: u32, function: u32, kind: u8, used: Sample) {
        self.total.add(used);
        if self.tasks.len() < self.limit || self.tasks.contains_key(&task) {
            self.tasks.entry(task).or_default().add(used);
        } else {
            self.other_tasks.add(used);
        }
        self.function(function).add(used);
        self.kinds[usize::from(kind & !BLOCKED)].add(used);
    }

    /// The worker used this between tasks.
    pub fn add_between(&mut self, used: Sample) {
        self.between.add(used);
    }

    fn function(&mut self, function: u32) -> &mut Account {
        let index = function as usize;
        if index >= FUNCTIONS {
            return &mut self.other_functions;
        }
        if index >= self.functions.len() {
            self.functions.resize(index + 1, Account::default());
        }
        &mut self.functions[index]
    }

    /// Takes in another worker's.
    pub fn merge(&mut self, other: &Attribution) {
        self.total.merge(&other.total);
        self.between.merge(&other.between);
        self.other_tasks.merge(&other.other_tasks);
        self.other_functions.merge(&other.other_functions);
        for (task, account) in other.tasks() {
            match self.tasks.len() < self.limit || self.tasks.contains_key(&task) {
                true => self.tasks.entry(task).or_default().merge(&account),
                false => self.other_tasks.merge(&account),
            }
        }
        for (index, account) in other.functions.iter().enumerate() {
            self.function(index as u32).merge(account);
        }
        for (mine, theirs) in self.kinds.iter_mut().zip(other.kinds.iter()) {
            mine.merge(theirs);
        }
    }

    /// Everything that tasks used.
    pub fn total(&self) -> Account {
        self.total
    }

    /// What the worker used between tasks, which is part of no other account.
    pub fn between(&self) -> Account {
        self.between
    }

    /// By task, in order of their numbers. [`Attribution::other_tasks`] has the rest.
    pub fn tasks(&self) -> Vec<(u32, Account)> {
        let mut tasks: Vec<u32> = self.tasks.keys().copied().collect();
        tasks.sort_unstable();
        tasks.into_iter().filter_map(|task| Some((task, *self.tasks.get(&task)?))).collect()
    }

    /// One task's account, if it has one of its own.
    pub fn task(&self, task: u32) -> Option<Account> {
        self.tasks.get(&task).copied()
    }

    /// The tasks that came when there were accounts for no more.
    pub fn other_tasks(&self) -> Account {
        self.other_tasks
    }

    /// By function, in order of their numbers; those that never ran are left out.
    pub fn functions(&self) -> impl Iterator<Item = (u32, Account)> {
        let own = self.functions.iter().enumerate().map(|(index, account)| (index as u32, *account));
        own.filter(|(_, account)| account.slices > 0)
    }

    /// Functions whose number is beyond all bounds.
    pub fn other_functions(&self) -> Account {
        self.other_functions
    }

    /// By the kind of operation with which tasks left the worker, in order of their bytes. [`kind_name`] names them.
    pub fn kinds(&self) -> impl Iterator<Item = (u8, Account)> {
        let all = self.kinds.iter().enumerate().map(|(kind, account)| (kind as u8, *account));
        all.filter(|(_, account)| account.slices > 0)
    }

    /// The tasks that used most of a counter, most first.
    pub fn top_tasks(&self, counter: Counter, count: usize) -> Vec<(u32, Account)> {
        let mut tasks = self.tasks();
        tasks.sort_by_key(|(_, account)| std::cmp::Reverse(account.sum.get(counter)));
        tasks.truncate(count);
        tasks
    }
}

/// What a task was about when it left the worker: the name of its last operation, `compute` where its slice was used up.
pub fn kind_name(kind: u8) -> &'static str {
    match Kind::from_byte(kind & !BLOCKED) {
        Some(Kind::Preempt) => "compute",
        Some(kind) => kind.name(),
        None => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(cycles: u64) -> Sample {
        let mut sample = Sample::default();
        sample.set(Counter::Cycles, Some(cycles));
        sample
    }

    fn cycles(account: Account) -> u64 {
        account.sum.get(Counter::Cycles).unwrap_or(0)
    }

    #[test]
    fn each_way_of_splitting_sums_to_the_total() {
        let mut attribution = Attribution::with_limit(3);
        for i in 0..100u32 {
            let kind =
                [Kind::Preempt, Kind::Send, Kind::Recv][i as usize % 3] as u8 | if i % 2 == 0 { BLOCKED } else { 0 };
            let function = if i == 50 { u32::MAX } else { i % 7 };
            attribution.add(i % 10, function, kind, used(u64::from(i)));
        }
        attribution.add_between(used(1_000_000));
        let total = cycles(attribution.total());
        assert_eq!(total, 99 * 100 / 2);
        let tasks: u64 = attribution.tasks().into_iter().map(|(_, account)| cycles(account)).sum();
        assert_eq!(attribution.tasks().len(), 3);
        assert_eq!(tasks + cycles(attribution.other_tasks()), total);
        assert_eq!(attribution.other_tasks().slices, 70, "told, not hidden");
        let functions: u64 = attribution.functions().map(|(_, account)| cycles(account)).sum();
        assert_eq!(functions + cycles(attribution.other_functions()), total);
        assert_eq!(cycles(attribution.other_functions()), 50);
        assert_eq!(attribution.kinds().map(|(_, account)| cycles(account)).sum::<u64>(), total);
        assert_eq!(
            attribution.kinds().map(|(kind, _)| kind_name(kind)).collect::<Vec<_>>(),
            ["compute", "chan.send", "chan.recv"]
        );
        assert_eq!(attribution.top_tasks(Counter::Cycles, 1)[0].0, 2);
    }

    #[test]
    fn workers_are_added_up() {
        let (mut one, mut two) = (Attribution::with_limit(2), Attribution::with_limit(2));
        one.add(1, 0, 4, used(10));
        two.add(1, 3, 4, used(20));
        two.add(2, 3, 11, used(30));
        two.add(3, 3, 11, used(40));
        two.add_between(used(5));
        one.merge(&two);
        assert_eq!(cycles(one.total()), 100);
        assert_eq!(one.task(1).map(cycles), Some(30));
        assert_eq!(one.tasks().into_iter().map(|(_, a)| cycles(a)).sum::<u64>() + cycles(one.other_tasks()), 100);
        assert_eq!(one.functions().map(|(f, a)| (f, cycles(a))).collect::<Vec<_>>(), [(0, 10), (3, 90)]);
        assert_eq!(cycles(one.between()), 5);
    }
}
