//! The one table of the debugger's commands: the parser, `help`, completion and the reference in `docs/how-to/debug.md` come
//! from it.

/// What a command is for; the sections of `help` and of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Going somewhere.
    Moving,
    /// Who runs next.
    Choosing,
    /// Where to stop.
    Stopping,
    /// What there is.
    Looking,
    /// The session itself.
    Session,
}

impl Group {
    /// Every group, in the order of `help`.
    pub const ALL: &[Group] = &[Group::Moving, Group::Choosing, Group::Stopping, Group::Looking, Group::Session];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Group::Moving => "Moving",
            Group::Choosing => "Choosing who runs",
            Group::Stopping => "Breakpoints",
            Group::Looking => "Looking and changing",
            Group::Session => "The session",
        }
    }
}

/// How a motion can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It is no motion.
    Plain,
    /// A motion that knows one way only.
    Way,
    /// Also `back …`.
    Both,
    /// Also `back …` and `… alone`.
    Alone,
    /// Only `back …`.
    Back,
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Which command.
    pub id: Id,
    /// Its name.
    pub name: &'static str,
    /// Other names, short ones first.
    pub aliases: &'static [&'static str],
    /// Its arguments, for people.
    pub arguments: &'static str,
    /// Its section.
    pub group: Group,
    /// How it can be asked for, if it is a motion.
    pub form: Form,
    /// What it does, in a sentence without a full stop.
    pub help: &'static str,
    /// A command line that can be typed.
    pub example: &'static str,
}

impl Row {
    /// How it is written: `step [N]`, `back write NAME`.
    pub fn usage(&self) -> String {
        let back = if self.form == Form::Back { "back " } else { "" };
        let space = if self.arguments.is_empty() { "" } else { " " };
        format!("{back}{}{space}{}", self.name, self.arguments)
    }
}

macro_rules! commands {
    ($($id:ident = $name:literal [$($alias:literal)*] $arguments:literal, $group:ident, $form:ident,
       $help:literal, $example:literal;)+) => {
        /// The commands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Id { $( #[doc = $help] $id ),+ }

        /// Every command, in the order of `help`.
        pub const TABLE: &[Row] = &[$(Row {
            id: Id::$id,
            name: $name,
            aliases: &[$($alias),*],
            arguments: $arguments,
            group: Group::$group,
            form: Form::$form,
            help: $help,
            example: $example,
        }),+];
    };
}

commands! {
    Step = "step" ["s" "si" "stepi"] "[N]", Moving, Alone,
        "One instruction (N of them) of the selected task", "step 3";
    Line = "line" ["into"] "[N]", Moving, Alone,
        "To another line of the selected task, into functions that it calls", "line";
    Over = "over" ["n" "next"] "[N]", Moving, Alone,
        "To another line of the selected task, over functions that it calls", "over";
    Out = "out" ["o" "fin" "finish"] "", Moving, Alone,
        "Until the selected task's function has returned; back: to where it was called", "out";
    Event = "event" ["e"] "[N]", Moving, Both,
        "Past the next event (N of them) of anybody", "event 10";
    Switch = "switch" ["sw"] "[N]", Moving, Both,
        "To the next scheduling point (the Nth), where somebody is to be chosen", "back switch 3";
    Operation = "operation" ["op"] "NAME [N]", Moving, Both,
        "Past the next operation on the channel, lock or other object with this name", "operation jobs";
    Blocking = "blocking" [] "[N]", Moving, Both,
        "Past the next event with which a task blocks", "blocking";
    Run = "run" ["r"] "", Moving, Way,
        "The selected task runs alone until it blocks or ends", "run";
    Continue = "continue" ["c" "cont"] "", Moving, Alone,
        "To a breakpoint, a finding or the end; back: to a breakpoint or the beginning", "back continue";
    Write = "write" [] "NAME", Moving, Back,
        "To before the last write of this variable of the selected frame", "back write total";
    Sent = "sent" [] "NAME", Moving, Back,
        "To the send of the value in this variable, or of the newest value in this channel", "back sent jobs";
    Taken = "taken" [] "NAME", Moving, Back,
        "To where whoever holds this lock took it", "back taken m";
    Goto = "goto" ["g"] "EVENT | step N", Moving, Way,
        "To where this event is the next, or to this step", "goto 118";
    Start = "start" [] "", Moving, Way,
        "To the beginning", "start";
    End = "end" [] "", Moving, Way,
        "To the end of what is known: as far as the run has ever been", "end";
    Back = "back" ["rev" "reverse"] "[MOTION]", Moving, Plain,
        "A motion against time; alone: to where the last motion began", "back line";

    Moves = "moves" ["m"] "", Choosing, Plain,
        "Who can run next, and what each would do", "moves";
    Pick = "pick" [] "N", Choosing, Plain,
        "That move of the list happens: its task runs next", "pick 2";
    Preempt = "preempt" [] "", Choosing, Plain,
        "The running task makes room here: somebody else can be chosen", "preempt";
    Undo = "undo" ["u"] "", Choosing, Plain,
        "Takes the last choice made by hand back, and stands where it was made", "undo";

    Break = "break" ["b"] "WHERE [CONDITIONS]", Stopping, Plain,
        "Stops at a line, in a function, on an event, a panic or a finding; see below", "break pool.vex:12 if j > 3";
    Watch = "watch" [] "NAME [CONDITIONS]", Stopping, Plain,
        "Stops where this variable, field, element or shared cell gets another value", "watch total";
    Breakpoints = "breakpoints" ["bp"] "", Stopping, Plain,
        "Every breakpoint, with how often it was met", "breakpoints";
    Delete = "delete" ["d" "clear"] "N … | all", Stopping, Plain,
        "Removes breakpoints", "delete 1 2";
    Enable = "enable" [] "N … | all", Stopping, Plain,
        "Turns breakpoints on again", "enable 1";
    Disable = "disable" [] "N … | all", Stopping, Plain,
        "Turns breakpoints off, but keeps them", "disable all";

    Where = "where" ["bt" "backtrace"] "[all]", Looking, Plain,
        "The stack of the selected task; with `all` of every task", "where all";
    Tasks = "tasks" [] "", Looking, Plain,
        "Every live task: its state, what it waits for, where it stands, what it holds", "tasks";
    Task = "task" ["t" "select"] "NAME", Looking, Plain,
        "Selects a task by its name, path or number: other commands are about it", "task worker#3";
    Frame = "frame" ["f"] "N", Looking, Plain,
        "Selects a frame of the stack: 0 is the innermost", "frame 1";
    Up = "up" [] "[N]", Looking, Plain,
        "To the frame of the caller", "up";
    Down = "down" [] "[N]", Looking, Plain,
        "To the frame of what was called", "down";
    Locals = "locals" ["vars"] "", Looking, Plain,
        "The variables of the selected frame with their types and values", "locals";
    Print = "print" ["p"] "EXPR", Looking, Plain,
        "The value of an expression in the selected frame; it may not change anything", "print jobs";
    Eval = "eval!" [] "EXPR", Looking, Plain,
        "The same, but it may change the program's state, which forks the schedule", "eval! xs.push(4)";
    Set = "set" [] "PLACE = EXPR", Looking, Plain,
        "Gives a variable, field or element another value, which forks the schedule", "set p.x = 3";
    Objects = "objects" [] "", Looking, Plain,
        "Every channel, lock, wait group, context … that the program still uses", "objects";
    Object = "object" ["ob"] "NAME", Looking, Plain,
        "One of them: what is in it, who holds it, who waits for it", "object jobs";
    Waits = "waits" [] "", Looking, Plain,
        "Who waits for whom, in sentences", "waits";
    List = "list" ["l"] "[LINE | FILE:LINE]", Looking, Plain,
        "The source around the selected frame or a line, with tasks and breakpoints", "list 12";
    Events = "events" [] "[N]", Looking, Plain,
        "The last N events (10 where not said)", "events 5";
    Output = "output" [] "", Looking, Plain,
        "What the program has written up to here", "output";
    Findings = "findings" [] "", Looking, Plain,
        "What has been found wrong up to here", "findings";
    Info = "info" ["i"] "", Looking, Plain,
        "Where the run stands, and why", "info";

    Schedule = "schedule" [] "", Session, Plain,
        "The schedule up to here as an inline string, for `--schedule`", "schedule";
    Save = "save" [] "FILE", Session, Plain,
        "Writes the schedule up to here into a file, for `vex replay`", "save stuck.vxs";
    Restart = "restart" [] "", Session, Plain,
        "To the beginning; breakpoints stay, choices made by hand do not", "restart";
    Help = "help" ["h" "?"] "[COMMAND]", Session, Plain,
        "The commands, or what one does", "help break";
    Quit = "quit" ["q" "exit"] "", Session, Plain,
        "Ends the session; what is left of a script is not run", "quit";
}

/// The row of a command.
pub fn row(id: Id) -> &'static Row {
    // The enum and the table are made from the same rows, in the same order.
    &TABLE[id as usize]
}

/// Why a word names no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCommand {
    /// Several begin like this.
    Ambiguous(Vec<&'static str>),
    /// None does; the nearest, if there is one.
    Unknown(Option<&'static str>),
}

/// The command of a word: a name, an alias, or the beginning of just one command's names, among those that `wanted` lets through.
pub fn find(word: &str, wanted: impl Fn(&Row) -> bool) -> Result<&'static Row, NoCommand> {
    let rows = || TABLE.iter().filter(|row| wanted(row));
    let names = |row: &'static Row| std::iter::once(row.name).chain(row.aliases.iter().copied());
    if let Some(row) = rows().find(|row| names(row).any(|name| name == word)) {
        return Ok(row);
    }
    let begin: Vec<_> =
        rows().filter(|row| !word.is_empty() && names(row).any(|name| name.starts_with(word))).collect();
    match begin.as_slice() {
        [row] => Ok(row),
        [] => Err(NoCommand::Unknown(super::nearest::nearest(word, rows().flat_map(names)))),
        several => Err(NoCommand::Ambiguous(several.iter().map(|row| row.name).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_where_their_ids_say_and_every_name_is_there_once() {
        let mut names = Vec::new();
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.id as usize, index);
            assert_eq!(row(entry.id).name, entry.name);
            names.extend(std::iter::once(entry.name).chain(entry.aliases.iter().copied()));
            assert!(entry.help.len() > 10 && !entry.help.ends_with('.'), "{}", entry.name);
            let called = |name: &&str| entry.example.contains(*name);
            assert!(called(&entry.name) || entry.aliases.iter().any(called), "{}", entry.example);
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn what_users_of_other_debuggers_type_works() {
        let found = |word| find(word, |row| row.form != Form::Back).map(|row| row.name);
        for (word, name) in [
            ("c", "continue"),
            ("s", "step"),
            ("n", "over"),
            ("next", "over"),
            ("b", "break"),
            ("bt", "where"),
            ("p", "print"),
            ("u", "undo"),
            ("q", "quit"),
            ("l", "list"),
            ("fin", "out"),
            ("d", "delete"),
            ("conti", "continue"),
            ("breakp", "breakpoints"),
            ("pre", "preempt"),
        ] {
            assert_eq!(found(word), Ok(name), "{word}");
        }
        assert_eq!(found("wh"), Ok("where"));
        assert_eq!(found("wa"), Err(NoCommand::Ambiguous(vec!["watch", "waits"])));
        assert_eq!(found("brake"), Err(NoCommand::Unknown(Some("break"))));
        assert_eq!(found("zzzzzz"), Err(NoCommand::Unknown(None)));
        assert_eq!(found(""), Err(NoCommand::Unknown(None)));
    }
}
