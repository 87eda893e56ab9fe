//! What things look like: one table of roles with their colour at every depth, and one of characters with their ASCII stand-in.
//!
//! Drawing code names a [`Role`], never a colour, and draws in Unicode only: where the terminal cannot show it,
//! [`Theme::finish`] replaces every character of the finished frame. So no view can forget the fallback.
//! A state is always told by a glyph *and* a colour; with colours off the glyph alone says it.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None: bold, dim and reversed only.
    None,
    /// The sixteen named colours.
    Ansi16,
    /// The 256-colour palette.
    Indexed256,
    /// 24 bits.
    TrueColor,
}

/// Which characters the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Everything.
    Unicode,
    /// Seven bits.
    Ascii,
}

macro_rules! roles {
    ($( $(#[doc = $doc:literal])+ $name:ident = ($r:literal, $g:literal, $b:literal), $indexed:literal, $named:ident; )+) => {
        /// What a piece of the screen says; its colour follows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role { $( $(#[doc = $doc])+ $name, )+ }

        impl Role {
            /// Every role.
            pub const ALL: &'static [Role] = &[$(Role::$name),+];

            fn color(self, depth: ColorDepth) -> Color {
                match self {
                    $(Role::$name => match depth {
                        ColorDepth::None => Color::Reset,
                        ColorDepth::Ansi16 => Color::$named,
                        ColorDepth::Indexed256 => Color::Indexed($indexed),
                        ColorDepth::TrueColor => Color::Rgb($r, $g, $b),
                    },)+
                }
            }
        }
    };
}

// Middle luminance throughout: the terminal's background may be dark or light, and is never painted over.
roles! {
    /// A running task; all is well.
    Running = (63, 185, 80), 71, Green;
    /// A task that could run.
    Ready = (212, 160, 32), 178, Yellow;
    /// Blocked on a send.
    Send = (88, 150, 250), 69, Blue;
    /// Blocked on a receive.
    Receive = (50, 180, 200), 73, Cyan;
    /// Blocked in a select.
    Select = (170, 130, 250), 141, LightMagenta;
    /// Blocked on a lock.
    Lock = (240, 125, 50), 208, LightRed;
    /// Waits for a task's result.
    Await = (220, 100, 170), 169, Magenta;
    /// Waits in a wait group, barrier or once.
    Gather = (110, 165, 140), 108, LightCyan;
    /// Asleep.
    Sleep = (110, 125, 165), 103, LightBlue;
    /// In a C call or an I/O operation.
    Outside = (175, 130, 90), 137, LightYellow;
    /// Ended.
    Done = (125, 130, 140), 245, DarkGray;
    /// Wrong: panics, deadlocks, the red of everything.
    Bad = (235, 75, 70), 203, Red;
    /// Look here: leaks, drops.
    Warning = (222, 150, 40), 214, Yellow;
    /// What is less important.
    Dim = (125, 130, 140), 245, DarkGray;
    /// Frames.
    Border = (95, 105, 120), 241, DarkGray;
    /// Headings, the name of the program.
    Title = (80, 160, 240), 75, LightBlue;
    /// Keys that can be pressed.
    Key = (60, 175, 205), 74, Cyan;
    /// Words of the language.
    Keyword = (170, 130, 250), 141, Magenta;
    /// String literals.
    Text = (80, 170, 90), 71, Green;
    /// Number literals.
    Number = (210, 140, 60), 173, Yellow;
    /// Names of types.
    Type = (60, 175, 205), 74, Cyan;
    /// Comments.
    Comment = (125, 130, 140), 245, DarkGray;
    /// A heat strip's coolest.
    Heat1 = (70, 105, 150), 60, Blue;
    /// A heat strip's second.
    Heat2 = (60, 145, 150), 66, Cyan;
    /// A heat strip's third.
    Heat3 = (90, 175, 85), 71, Green;
    /// A heat strip's fourth.
    Heat4 = (215, 165, 50), 178, Yellow;
    /// A heat strip's hottest.
    Heat5 = (235, 100, 50), 202, LightRed;
}

/// The characters that views draw with, and what stands for them in seven bits. Each takes one column, both ways.
const STAND_INS: &[(char, char)] = &[
    ('█', '#'),
    ('▌', '#'),
    ('▐', '#'),
    ('▒', '+'),
    ('▓', '%'),
    ('░', ':'),
    ('▷', '>'),
    ('◁', '<'),
    ('◇', '?'),
    ('▪', 'L'),
    ('…', '~'),
    ('∥', 'w'),
    ('⌁', 'c'),
    ('·', '.'),
    ('✖', 'X'),
    ('✔', 'v'),
    ('●', '*'),
    ('○', 'o'),
    ('◆', '*'),
    ('▶', '>'),
    ('◀', '<'),
    ('▲', '^'),
    ('▼', 'v'),
    ('▸', '>'),
    ('▾', 'v'),
    ('→', '>'),
    ('←', '<'),
    ('↑', '^'),
    ('↓', 'v'),
    ('↵', '/'),
    ('▁', '_'),
    ('▂', '.'),
    ('▃', '-'),
    ('▄', '='),
    ('▅', '+'),
    ('▆', '*'),
    ('▇', '%'),
    ('─', '-'),
    ('━', '='),
    ('│', '|'),
    ('┃', '|'),
    ('╎', ':'),
    ('┌', '+'),
    ('┐', '+'),
    ('└', '+'),
    ('┘', '+'),
    ('├', '+'),
    ('┤', '+'),
    ('┬', '+'),
    ('┴', '+'),
    ('┼', '+'),
    ('╭', '+'),
    ('╮', '+'),
    ('╰', '+'),
    ('╯', '+'),
    ('µ', 'u'),
    ('×', 'x'),
    ('–', '-'),
    ('—', '-'),
    ('’', '\''),
    ('“', '"'),
    ('”', '"'),
    ('¤', '?'),
    ('≥', '>'),
    ('≤', '<'),
    ('≈', '~'),
    ('∞', '8'),
];

/// How to draw: chosen once at the start from the environment, or by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Colours.
    pub depth: ColorDepth,
    /// Characters.
    pub charset: Charset,
}

impl Theme {
    /// All colours, all characters.
    pub const FULL: Theme = Theme { depth: ColorDepth::TrueColor, charset: Charset::Unicode };

    /// What the terminal can do, by the variables that say so (`name -> value`; an empty value counts as unset).
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Theme {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let depth = if get("NO_COLOR").is_some() || term == "dumb" {
            ColorDepth::None
        } else if get("COLORTERM").is_some_and(|v| v.contains("truecolor") || v.contains("24bit"))
            || term.contains("direct")
        {
            ColorDepth::TrueColor
        } else if term.contains("256color") {
            ColorDepth::Indexed256
        } else {
            ColorDepth::Ansi16
        };
        // The first of these that is set decides, as in the C library.
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| get(name)).unwrap_or_default().to_lowercase();
        // The console of Linux has UTF-8 but a font of 256 or 512 glyphs, without ours.
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let charset = if utf8 && term != "linux" && term != "dumb" { Charset::Unicode } else { Charset::Ascii };
        Theme { depth, charset }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let style = Style::new().fg(role.color(self.depth));
        match (self.depth, role) {
            (ColorDepth::None, Role::Dim | Role::Comment | Role::Done | Role::Border) => {
                style.add_modifier(Modifier::DIM)
            }
            (ColorDepth::None, Role::Bad | Role::Keyword | Role::Title | Role::Key) => {
                style.add_modifier(Modifier::BOLD)
            }
            _ => style,
        }
    }

    /// The style of a role, bold.
    pub fn bold(&self, role: Role) -> Style {
        self.style(role).add_modifier(Modifier::BOLD)
    }

    /// Plain text, less important than the rest.
    pub fn dim(&self) -> Style {
        self.style(Role::Dim)
    }

    /// What has not happened where a debugged run stands, though it is known from before. Goes over other styles.
    pub fn future(&self) -> Style {
        self.style(Role::Dim).add_modifier(Modifier::DIM).remove_modifier(Modifier::BOLD)
    }

    /// The last step of a frame: in ASCII, replaces every character that the terminal cannot show.
    pub fn finish(&self, buffer: &mut Buffer) {
        if self.charset == Charset::Unicode {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let columns = cell.symbol().width().max(1);
                let stand_in = cell.symbol().chars().next().map_or('?', ascii);
                // A wide character owns the next cell too, which ratatui leaves blank.
                let text: String = std::iter::repeat_n(stand_in, columns).collect();
                cell.set_symbol(&text);
            }
        }
    }
}

/// The seven-bit stand-in of a character.
pub fn ascii(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    STAND_INS.iter().find(|(from, _)| *from == c).map_or('?', |(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Theme {
        Theme::detect(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
    }

    #[test]
    fn the_environment_decides() {
        let full = detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LANG", "de_DE.UTF-8")]);
        assert_eq!(full, Theme::FULL);
        assert_eq!(detect(&[("TERM", "screen-256color"), ("LC_ALL", "C.utf8")]).depth, ColorDepth::Indexed256);
        assert_eq!(
            detect(&[("TERM", "xterm"), ("LANG", "C")]),
            Theme { depth: ColorDepth::Ansi16, charset: Charset::Ascii }
        );
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]).depth, ColorDepth::None);
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]).depth, ColorDepth::Indexed256);
        assert_eq!(detect(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).charset, Charset::Ascii);
    }

    #[test]
    fn stand_ins_are_ascii_one_column_and_said_once() {
        for (i, (from, to)) in STAND_INS.iter().enumerate() {
            assert!(to.is_ascii_graphic());
            assert_eq!(unicode_width::UnicodeWidthChar::width(*from), Some(1), "{from}");
            assert!(STAND_INS[i + 1..].iter().all(|(other, _)| other != from), "{from} twice");
        }
    }

    #[test]
    fn without_colours_no_role_has_one() {
        let theme = Theme { depth: ColorDepth::None, charset: Charset::Unicode };
        assert!(Role::ALL.iter().all(|&role| theme.style(role).fg == Some(Color::Reset)));
    }
}
