//! `vex doctor`: what this machine and terminal can do, what they cannot, why, and what would help.

use crate::bench::report::{cores, processor};
use crate::cli::DoctorArgs;
use crate::{exit, load};
use bytesize::ByteSize;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use tracer::counters::{Availability, Class, Counters, Missing};
use tui::format::{pad, wrap};
use tui::theme::{Charset, ColorDepth};

/// Everything that is found out; the document of `--json`, which `docs/doctor.md` describes.
#[derive(Debug, Serialize)]
struct Checkup {
    terminal: Terminal,
    machine: Machine,
    counters: CounterReport,
}

/// The terminal, by what its variables say.
#[derive(Debug, Serialize)]
struct Terminal {
    /// Whether standard output is one.
    is_terminal: bool,
    /// `TERM`.
    term: Option<String>,
    /// Its size, of whichever standard stream is a terminal.
    columns: Option<u16>,
    /// See `columns`.
    rows: Option<u16>,
    /// `truecolor`, `256`, `16` or `none`.
    colors: &'static str,
    /// Whether characters beyond ASCII are drawn.
    unicode: bool,
    /// Whether the mouse is listened to.
    mouse: bool,
}

/// The machine.
#[derive(Debug, Serialize)]
struct Machine {
    /// Operating system and architecture.
    system: String,
    /// Name of the processor.
    processor: Option<String>,
    /// Cores that this process may use.
    cores: usize,
    /// Threads that run a program where `--workers` says nothing.
    workers: u32,
    /// Bytes that a program may use where `--max-memory` says nothing.
    memory_limit: u64,
}

/// The machine's counters.
#[derive(Debug, Serialize)]
struct CounterReport {
    /// The processor's.
    hardware: CounterClass,
    /// The operating system's.
    software: CounterClass,
}

/// The counters of one kind.
#[derive(Debug, Serialize)]
struct CounterClass {
    /// Those that can be read.
    available: Vec<&'static str>,
    /// Where they are read.
    sources: Vec<&'static str>,
    /// Why others are missing.
    why: Option<String>,
    /// What would help.
    help: Option<String>,
}

/// The smallest screen that the views fit on.
const SMALLEST: (u16, u16) = (60, 15);

/// Finds out, prints, and gives the exit code.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &DoctorArgs) -> anyhow::Result<i32> {
    let checkup = Checkup::here();
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&checkup)?)?;
    } else {
        let text = checkup.text(load::color(args.color, &std::io::stdout()));
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(exit::SUCCESS)
}

impl Checkup {
    fn here() -> Checkup {
        let counters = Counters::open();
        let machine = Machine {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(),
            cores: cores(),
            workers: load::default_workers(),
            memory_limit: load::default_memory(),
        };
        Checkup { terminal: Terminal::here(), machine, counters: CounterReport::of(counters.availability()) }
    }

    /// A line for each thing, and below what is missing what would help.
    fn text(&self, color: bool) -> String {
        let mut page = Page { out: String::new(), color };
        page.section("terminal");
        self.terminal.text(&mut page);
        page.section("machine");
        let machine = &self.machine;
        let processor = machine.processor.as_deref().unwrap_or("unknown processor");
        page.line(true, "system", &format!("{}, {processor}", machine.system));
        let workers = format!("{}; {} workers run a program, or what --workers says", machine.cores, machine.workers);
        page.line(true, "cores", &workers);
        let limit = ByteSize(machine.memory_limit);
        page.line(
            true,
            "memory limit",
            &format!("{limit} for a program: half of the machine's, or what --max-memory says"),
        );
        page.section("counters");
        page.class("hardware", &self.counters.hardware);
        page.class("software", &self.counters.software);
        page.out
    }
}

impl Terminal {
    fn here() -> Terminal {
        let options = tui::Options::detect();
        let term = std::env::var("TERM").ok().filter(|term| !term.is_empty());
        let size = size();
        Terminal {
            is_terminal: std::io::stdout().is_terminal(),
            columns: size.map(|size| size.0),
            rows: size.map(|size| size.1),
            colors: match options.theme.depth {
                ColorDepth::TrueColor => "truecolor",
                ColorDepth::Indexed256 => "256",
                ColorDepth::Ansi16 => "16",
                ColorDepth::None => "none",
            },
            unicode: options.theme.charset == Charset::Unicode,
            // The console of Linux and dumb terminals send no mouse events.
            mouse: options.mouse && term.as_deref().is_some_and(|term| term != "linux" && term != "dumb"),
            term,
        }
    }

    fn text(&self, page: &mut Page) {
        let term = self.term.as_deref().unwrap_or("no TERM");
        match (self.is_terminal, self.columns, self.rows) {
            (true, Some(columns), Some(rows)) => {
                page.line(true, "output", &format!("a terminal, {term}, {columns}x{rows}"))
            }
            (true, ..) => page.line(true, "output", &format!("a terminal, {term}, of unknown size")),
            (false, ..) => {
                page.line(false, "output", "no terminal: `vex trace` needs one for its screen");
                page.help("run it in a terminal, or use `vex trace --headless --dump`");
            }
        }
        let enough = self.columns.is_none_or(|n| n >= SMALLEST.0) && self.rows.is_none_or(|n| n >= SMALLEST.1);
        if !enough {
            page.line(false, "size", "too small for the screen");
            page.help(&format!("make it at least {}x{}", SMALLEST.0, SMALLEST.1));
        }
        page.line(self.colors != "none", "colours", self.colors);
        match self.colors {
            "truecolor" => {}
            "none" => page.help("unset NO_COLOR, or set TERM to what the terminal is"),
            _ => page.help("COLORTERM=truecolor says that a terminal shows all colours"),
        }
        page.line(self.unicode, "characters", if self.unicode { "Unicode" } else { "ASCII only" });
        if !self.unicode {
            page.help("a locale of UTF-8 (LANG=C.UTF-8), in a terminal that has the characters");
        }
        page.line(self.mouse, "mouse", if self.mouse { "yes" } else { "no" });
        if !self.mouse {
            page.help("every command has a key; a graphical terminal would bring the mouse");
        }
    }
}

/// Columns and rows of the first standard stream that is a terminal.
fn size() -> Option<(u16, u16)> {
    let sizes = [
        rustix::termios::tcgetwinsize(std::io::stdout()),
        rustix::termios::tcgetwinsize(std::io::stderr()),
        rustix::termios::tcgetwinsize(std::io::stdin()),
    ];
    let size = sizes.into_iter().flatten().find(|size| size.ws_col > 0 && size.ws_row > 0)?;
    Some((size.ws_col, size.ws_row))
}

impl CounterReport {
    fn of(availability: &Availability) -> CounterReport {
        let class = |class: Class, missing: &Option<Missing>| {
            let present = || availability.present.iter().filter(|(counter, _)| counter.class() == class);
            let mut sources: Vec<_> = present().map(|(_, source)| source.name()).collect();
            sources.dedup();
            CounterClass {
                available: present().map(|(counter, _)| counter.name()).collect(),
                sources,
                why: missing.as_ref().map(|missing| missing.why.clone()),
                help: missing.as_ref().map(|missing| missing.help.clone()),
            }
        };
        CounterReport {
            hardware: class(Class::Hardware, &availability.hardware),
            software: class(Class::Software, &availability.software),
        }
    }
}

/// The text, as it grows.
struct Page {
    out: String,
    color: bool,
}

/// Columns of the text, and of its left part.
const WIDTH: usize = 100;
const LEFT: usize = 18;

impl Page {
    fn paint(&self, text: &str, code: u8) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    fn section(&mut self, name: &str) {
        let name = self.paint(name, 1);
        self.out.push_str(&format!("{name}\n"));
    }

    /// A thing and what is known of it; not `good` where something is missing.
    fn line(&mut self, good: bool, name: &str, text: &str) {
        let mut left = format!("  {}", pad(name, LEFT - 2));
        for line in wrap(text, WIDTH - LEFT) {
            let line = self.paint(&line, if good { 32 } else { 33 });
            self.out.push_str(&format!("{left}{line}\n"));
            left = " ".repeat(LEFT);
        }
    }

    fn help(&mut self, text: &str) {
        for line in wrap(&format!("to change that: {text}"), WIDTH - LEFT) {
            self.out.push_str(&format!("{}{line}\n", " ".repeat(LEFT)));
        }
    }

    fn class(&mut self, name: &str, class: &CounterClass) {
        if !class.available.is_empty() {
            let from = class.sources.join(" and ");
            self.line(true, name, &format!("{} (from the {from})", class.available.join(", ")));
        }
        if let Some(why) = &class.why {
            let text = if class.available.is_empty() { format!("none: {why}") } else { format!("not all: {why}") };
            self.line(false, if class.available.is_empty() { name } else { "" }, &text);
            self.help(class.help.as_deref().unwrap_or_default());
        }
    }
}
