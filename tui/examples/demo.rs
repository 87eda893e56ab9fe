//! Shows a made-up run in the real UI: `cargo run -p tui --example demo -- philosophers|pool|crowd|empty [events a second]`,
//! or a made-up debugger: `-- debug`.

#[path = "../tests/fixture/mod.rs"]
mod fixture;

fn main() -> Result<(), tui::Error> {
    let mut arguments = std::env::args().skip(1);
    if std::env::args().nth(1).as_deref() == Some("debug") {
        let outcome = tui::run(Box::new(fixture::fake::Fake::new(fixture::pool())), tui::Options::detect())?;
        println!("{outcome:?}");
        return Ok(());
    }
    let trace = match arguments.next().as_deref() {
        Some("pool") => fixture::pool(),
        Some("crowd") => fixture::crowd(arguments.next().and_then(|n| n.parse().ok()).unwrap_or(2_000)),
        Some("panic") => {
            fixture::play("panic.vex", &["main"], "", vec![(1, fixture::Op::Panic("out of cheese".into()))])
        }
        Some("empty") => fixture::play("empty.vex", &["main"], "", Vec::new()),
        _ => fixture::philosophers(),
    };
    let rate = arguments.next().and_then(|rate| rate.parse().ok());
    if trace.title == "panic.vex" {
        // Shows that the terminal is given back, and that another thread's panic does not spoil the screen.
        std::thread::spawn(|| panic!("a thread of the engine"));
    }
    let player = fixture::Player::new(trace, rate);
    let outcome = tui::run(Box::new(player), tui::Options::detect())?;
    println!("{outcome:?}");
    Ok(())
}
