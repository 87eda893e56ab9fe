//! scratch
use interpreter::diagnostics::{Diagnostics, Style, render_all};
use interpreter::source::SourceMap;
use interpreter::vex::check::{self, NoFiles};
use interpreter::vex::parser;
use interpreter::vm::io::Io;
use interpreter::vm::machine::{Limits, Machine};
use interpreter::vm::run::{RunOptions, run};
use std::sync::Arc;
fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap();
    let seed: u64 = args.next().map_or(0, |s| s.parse().unwrap());
    let stress = std::env::var("STRESS").is_ok();
    let memory: u64 = std::env::var("MEM").map_or(1 << 30, |s| s.parse().unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut sources, mut diagnostics, mut ids) = (SourceMap::default(), Diagnostics::default(), Default::default());
    let file = sources.add(path.as_str(), text.as_str());
    let module = parser::parse(&text, file, &mut ids, &mut diagnostics);
    let program = check::check(&mut sources, file, module, &mut ids, &mut diagnostics, &mut NoFiles);
    let Some(program) = program else {
        eprint!("{}", render_all(&diagnostics, &sources, Style { color: false, unicode: false, width: 120 }));
        std::process::exit(65)
    };
    for d in interpreter::ownership::check(&program) { diagnostics.push(d); }
    if diagnostics.has_errors() {
        eprint!("{}", render_all(&diagnostics, &program.sources, Style { color: false, unicode: false, width: 120 }));
        std::process::exit(65)
    }
    let code = interpreter::lower::compile(&program).expect("lower");
    if let Err(e) = interpreter::bytecode::verify::verify(&code) { panic!("{e}") }
    let options = RunOptions { seed: Some(seed), real_time: false, limits: Limits { memory, tasks: 1 << 22 }, stop_at_main: false };
    if stress {
        let sched = scheduler::Scheduler::new(scheduler::Config {
            oracle: scheduler::Oracle::seed(seed),
            time: scheduler::TimeSource::virtual_time(),
            time_value: |n| interpreter::value::Value::new(interpreter::value::Tag::Time, n),
            may_cancel: true,
        });
        let mut machine = Machine::new(&code, sched, tracer::record::Off, Io::real(), options.limits, Arc::default());
        machine.heap.stress();
        let report = machine.run(&mut |_| ());
        for f in &report.findings { eprintln!("FINDING {:?} {} {:?}", f.verdict, f.message, f.culprit.map(|c| c.nth)); }
        eprintln!("VERDICT {:?} exit {}", report.verdict, report.exit_code);
        return;
    }
    let ran = run(&code, &options, tracer::record::Off, Io::real(), Arc::default(), &mut |_| ());
    for f in &ran.report.findings {
        eprintln!("FINDING {:?} {} {:?}", f.verdict, f.message, f.culprit.map(|c| c.nth));
        for fr in &f.stack { eprintln!("   {} line {:?}", code.functions[fr.function as usize].name, code.sources.locate(code.spans[fr.site.0 as usize])); }
        for t in &f.tasks { eprintln!("   task {:?}", t); }
    }
    eprintln!("VERDICT {:?} exit {}", ran.report.verdict, ran.report.exit_code);
}
