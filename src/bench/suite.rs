//! The order of measuring: round after round, in each round every row in every mode, so that a disturbance of the machine
//! falls on all of them and ratios are of neighbours.

use super::measure::{Prepared, Settings, processor_time};
use super::modes::{Mode, Runtime};
use super::parked::{self, Parked};
use super::report::{Counted, Machine, ModeReport, Report, RowReport, parked_rows};
use super::rows::{PARKED_BYTES, PARKED_SPAWN, PARKED_WAKE, ROWS, Row};
use regex::Regex;
use tracer::counters::Counters;

/// What to measure.
pub struct Suite {
    rows: Vec<&'static Row>,
    parked: bool,
    modes: Vec<&'static Mode>,
    /// Whether the modes were asked for, so that every row is measured in all of them.
    asked: bool,
    rounds: u32,
    settings: Settings,
}

/// Told of everything as it happens.
pub trait Observer {
    /// So many steps are to come.
    fn begin(&mut self, steps: u64);
    /// A step begins: a row in a mode.
    fn step(&mut self, row: &str, mode: &str);
    /// A sample: rate or size, its unit, cores busy.
    fn sample(&mut self, mode: &str, row: &str, value: f64, unit: &str, cores: Option<f64>);
    /// A row failed in a mode.
    fn failed(&mut self, mode: &str, row: &str, why: &str);
}

/// A row in a mode, while it is measured.
struct Cell {
    row: &'static Row,
    mode: &'static Mode,
    prepared: anyhow::Result<Prepared>,
    counted: Vec<Counted>,
}

impl Suite {
    /// The rows whose names match, in these modes; `None` where no row matches.
    pub fn new(
        filter: Option<&Regex>,
        modes: Vec<&'static Mode>,
        asked: bool,
        rounds: u32,
        settings: Settings,
    ) -> Option<Suite> {
        let wanted = |name: &str| filter.is_none_or(|filter| filter.is_match(name));
        let rows: Vec<_> = ROWS.iter().filter(|row| wanted(row.name)).collect();
        let parked = [PARKED_BYTES, PARKED_SPAWN, PARKED_WAKE].into_iter().any(wanted);
        (parked || !rows.is_empty()).then_some(Suite { rows, parked, modes, asked, rounds, settings })
    }

    /// Measures everything. A row that fails is reported as failed, and the others go on.
    pub fn run(&self, observer: &mut dyn Observer) -> Report {
        let mut counters = Counters::open_with_children();
        let machine = Machine::here(counters.availability());
        let wanted = || self.rows.iter().flat_map(|&row| self.modes_of(row).map(move |mode| (row, mode)));
        let cells = wanted().count();
        let parked_modes: Vec<_> = self.parked_modes().collect();
        let parked_steps = if self.parked { parked_modes.len() } else { 0 };
        observer.begin((cells * (self.rounds as usize + 1) + parked_steps * self.rounds as usize) as u64);
        let mut cells: Vec<Cell> = Vec::with_capacity(cells);
        for (row, mode) in wanted() {
            observer.step(row.name, mode.name);
            let prepared = Prepared::sized(row, mode, &self.settings);
            if let Err(error) = &prepared {
                observer.failed(mode.name, row.name, &format!("{error:#}"));
            }
            cells.push(Cell { row, mode, prepared, counted: Vec::new() });
        }
        let mut parked: Vec<anyhow::Result<Vec<Parked>>> = parked_modes.iter().map(|_| Ok(Vec::new())).collect();
        for _ in 0..self.rounds {
            for cell in &mut cells {
                cell.measure(&mut counters, &self.settings, observer);
            }
            if self.parked {
                for (mode, samples) in parked_modes.iter().zip(&mut parked) {
                    measure_parked(mode, &self.settings, samples, observer);
                }
            }
        }
        let mut rows: Vec<RowReport> = self.rows.iter().map(|row| self.row_report(row, &cells)).collect();
        if self.parked {
            rows.extend(self.parked_reports(&parked));
        }
        let workers = self.settings.workers;
        let sample_ms = self.settings.sample.as_secs_f64() * 1000.0;
        Report { machine, workers, rounds: self.rounds, sample_ms, rows }
    }

    /// The modes in which a row is measured.
    fn modes_of(&self, row: &'static Row) -> impl Iterator<Item = &'static Mode> {
        self.modes.iter().copied().filter(move |mode| self.asked || mode.measures(row))
    }

    /// Those in which blocked tasks are.
    fn parked_modes(&self) -> impl Iterator<Item = &'static Mode> {
        self.modes.iter().copied().filter(|mode| self.asked || mode.runtime != Runtime::Single)
    }

    fn row_report(&self, row: &'static Row, cells: &[Cell]) -> RowReport {
        let mut report = RowReport::of(row);
        let mine = || cells.iter().filter(|cell| cell.row.name == row.name);
        for cell in mine() {
            report.modes.push(match &cell.prepared {
                Err(error) => ModeReport::of_failure(cell.mode, format!("{error:#}")),
                Ok(_) => {
                    let beside = |mode: Option<&Mode>| {
                        let found = mine().find(|other| mode.is_some_and(|mode| mode.name == other.mode.name));
                        found.filter(|other| other.prepared.is_ok()).map(|other| other.counted.as_slice())
                    };
                    let off = beside(cell.mode.untraced());
                    let mut report = ModeReport::of_rates(row, cell.mode, &cell.counted, off);
                    if row.scales {
                        report.scaled(&cell.counted, beside(cell.mode.single()), self.settings.workers);
                    }
                    report
                }
            });
        }
        report
    }

    fn parked_reports(&self, parked: &[anyhow::Result<Vec<Parked>>]) -> Vec<RowReport> {
        let names = [(PARKED_BYTES, "B/task"), (PARKED_SPAWN, "ops/s"), (PARKED_WAKE, "ops/s")];
        let mut rows =
            names.map(|(row, unit)| RowReport { row, operation: None, unit, target: None, modes: Vec::new() });
        for (mode, samples) in self.parked_modes().zip(parked) {
            match samples {
                Ok(samples) => {
                    for (row, (_, _, report)) in rows.iter_mut().zip(parked_rows(mode, samples)) {
                        row.modes.push(report);
                    }
                }
                Err(error) => {
                    for row in &mut rows {
                        row.modes.push(ModeReport::of_failure(mode, format!("{error:#}")));
                    }
                }
            }
        }
        rows.into()
    }
}

impl Cell {
    fn measure(&mut self, counters: &mut Counters, settings: &Settings, observer: &mut dyn Observer) {
        observer.step(self.row.name, self.mode.name);
        let Ok(prepared) = &self.prepared else { return };
        let (busy, before) = (processor_time(), counters.read());
        let ran = prepared.run(self.mode, settings);
        let (after, busy) = (counters.read(), processor_time().saturating_sub(busy));
        match ran {
            Ok(sample) => {
                let cores = busy.as_secs_f64() / sample.elapsed.as_secs_f64().max(1e-9);
                observer.sample(self.mode.name, self.row.name, sample.rate(), self.row.unit, Some(cores));
                self.counted.push(Counted { sample, processor: busy, counters: after - before });
            }
            Err(error) => {
                observer.failed(self.mode.name, self.row.name, &format!("{error:#}"));
                self.prepared = Err(error);
            }
        }
    }
}

fn measure_parked(
    mode: &Mode,
    settings: &Settings,
    samples: &mut anyhow::Result<Vec<Parked>>,
    observer: &mut dyn Observer,
) {
    observer.step(PARKED_BYTES, mode.name);
    let Ok(so_far) = samples else { return };
    match parked::in_child(mode, settings) {
        Ok(one) => {
            if let Some(bytes) = one.bytes {
                observer.sample(mode.name, PARKED_BYTES, bytes, "B/task", None);
            }
            observer.sample(mode.name, PARKED_SPAWN, one.spawned, "ops/s", None);
            observer.sample(mode.name, PARKED_WAKE, one.woken, "ops/s", None);
            so_far.push(one);
        }
        Err(error) => {
            observer.failed(mode.name, PARKED_BYTES, &format!("{error:#}"));
            *samples = Err(error);
        }
    }
}
