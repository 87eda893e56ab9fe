//! Tokens of Vex: the kinds, their spelling in messages, and what each may begin or continue.
//!
//! The names `from with type select case after default where op` are ordinary identifiers here; the parser
//! gives them their meaning in the places where they have one.

use crate::source::{FileId, Span};

/// A token. Its text is the slice of the source that its range covers.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// It is the first on its line.
    pub newline_before: bool,
    /// White space or a comment stands before it.
    pub space_before: bool,
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

impl Token {
    /// Its range in `file`.
    pub fn span(&self, file: FileId) -> Span {
        Span::new(file, self.lo, self.hi)
    }
}

macro_rules! tokens {
    (
        special { $($special:ident = $described:literal,)* }
        keywords { $($keyword:ident = $word:literal,)* }
        punctuation { $($punct:ident = $text:literal,)* }
    ) => {
        /// The kinds of tokens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum TokenKind {
            $(#[doc = $described] $special,)*
            $(#[doc = $word] $keyword,)*
            $(#[doc = $text] $punct,)*
        }

        impl TokenKind {
            /// The keyword that `word` is.
            pub fn keyword(word: &str) -> Option<TokenKind> {
                match word {
                    $($word => Some(TokenKind::$keyword),)*
                    _ => None,
                }
            }

            /// Whether it is a keyword.
            pub fn is_keyword(self) -> bool {
                matches!(self, $(TokenKind::$keyword)|*)
            }

            /// How messages call it.
            pub fn describe(self) -> &'static str {
                match self {
                    $(TokenKind::$special => $described,)*
                    $(TokenKind::$keyword => concat!("`", $word, "`"),)*
                    $(TokenKind::$punct => concat!("`", $text, "`"),)*
                }
            }
        }
    };
}

tokens! {
    special {
        Eof = "the end of the file",
        Ident = "a name",
        Int = "a number",
        Float = "a number with a fraction",
        Str = "a string",
        Char = "a character",
        Label = "a label",
        FStringStart = "an f-string",
        FStringEnd = "the end of the f-string",
        TemplateStart = "a template",
        TemplateEnd = "the end of the template",
        StrText = "text of a string",
        HoleOpen = "the start of a hole",
        HoleClose = "the end of the hole",
        LetBang = "`let!`",
    }
    keywords {
        Fn = "fn",
        Let = "let",
        Const = "const",
        Struct = "struct",
        Enum = "enum",
        Contract = "contract",
        If = "if",
        Else = "else",
        Elif = "elif",
        For = "for",
        While = "while",
        Loop = "loop",
        Match = "match",
        Return = "return",
        Break = "break",
        Continue = "continue",
        Defer = "defer",
        Go = "go",
        Async = "async",
        Await = "await",
        Import = "import",
        Export = "export",
        As = "as",
        True = "true",
        False = "false",
        Nil = "nil",
        SelfWord = "self",
        Unsafe = "unsafe",
        Extern = "extern",
        Public = "public",
        Private = "private",
        Readonly = "readonly",
        Policy = "policy",
        In = "in",
        Threadlocal = "threadlocal",
    }
    punctuation {
        LParen = "(",
        RParen = ")",
        LBracket = "[",
        RBracket = "]",
        LBrace = "{",
        RBrace = "}",
        Comma = ",",
        Semi = ";",
        Colon = ":",
        ColonColon = "::",
        Dot = ".",
        DotDot = "..",
        DotDotEq = "..=",
        Ellipsis = "...",
        Arrow = "->",
        FatArrow = "=>",
        LeftArrow = "<-",
        Question = "?",
        QuestionQuestion = "??",
        Bang = "!",
        BangGt = "!>",
        BangEq = "!=",
        Assign = "=",
        EqEq = "==",
        Lt = "<",
        Gt = ">",
        LtEq = "<=",
        GtEq = ">=",
        Shl = "<<",
        Shr = ">>",
        ShlAssign = "<<=",
        ShrAssign = ">>=",
        Plus = "+",
        Minus = "-",
        Star = "*",
        StarStar = "**",
        Slash = "/",
        Percent = "%",
        Amp = "&",
        AmpAmp = "&&",
        Pipe = "|",
        PipePipe = "||",
        PipeGt = "|>",
        Caret = "^",
        Tilde = "~",
        PlusAssign = "+=",
        MinusAssign = "-=",
        StarAssign = "*=",
        SlashAssign = "/=",
        PercentAssign = "%=",
        AmpAssign = "&=",
        PipeAssign = "|=",
        CaretAssign = "^=",
    }
}

impl TokenKind {
    /// Whether an expression can begin with it.
    pub fn starts_expression(self) -> bool {
        use TokenKind as T;
        matches!(
            self,
            T::Ident
                | T::Int
                | T::Float
                | T::Str
                | T::Char
                | T::Label
                | T::FStringStart
                | T::TemplateStart
                | T::If
                | T::For
                | T::While
                | T::Loop
                | T::Match
                | T::Return
                | T::Break
                | T::Continue
                | T::Await
                | T::True
                | T::False
                | T::Nil
                | T::SelfWord
                | T::Unsafe
                | T::LParen
                | T::LBracket
                | T::LBrace
                | T::DotDot
                | T::DotDotEq
                | T::LeftArrow
                | T::Bang
                | T::Minus
                | T::Star
                | T::StarStar
                | T::Amp
                | T::AmpAmp
                | T::Pipe
                | T::PipePipe
                | T::Tilde
        )
    }

    /// Whether a statement can begin with it.
    pub fn starts_statement(self) -> bool {
        use TokenKind as T;
        self.starts_expression() || self.starts_statement_only() || matches!(self, T::Async | T::Unsafe)
    }

    /// Whether a line that begins with it carries on the statement of the line before, though that could have
    /// ended: no statement begins with it. (`* - & <- ( [ {` and `|` begin a new one.)
    pub fn continues_line(self) -> bool {
        use TokenKind as T;
        matches!(
            self,
            T::Dot
                | T::Question
                | T::Colon
                | T::RParen
                | T::RBracket
                | T::Comma
                | T::Else
                | T::Elif
                | T::AmpAmp
                | T::PipePipe
                | T::PipeGt
                | T::QuestionQuestion
                | T::BangGt
                | T::EqEq
                | T::BangEq
                | T::Plus
                | T::Slash
                | T::Percent
                | T::As
                | T::Lt
                | T::Gt
                | T::LtEq
                | T::GtEq
                | T::Shl
                | T::Shr
                | T::Caret
                | T::Assign
                | T::PlusAssign
                | T::MinusAssign
                | T::StarAssign
                | T::SlashAssign
                | T::PercentAssign
                | T::AmpAssign
                | T::PipeAssign
                | T::CaretAssign
                | T::ShlAssign
                | T::ShrAssign
        )
    }

    /// Whether a statement or declaration begins with this word and nothing else does: where a parser that lost
    /// its way finds it again.
    pub fn starts_statement_only(self) -> bool {
        use TokenKind as T;
        matches!(
            self,
            T::Let
                | T::LetBang
                | T::Fn
                | T::Const
                | T::Struct
                | T::Enum
                | T::Contract
                | T::For
                | T::While
                | T::Loop
                | T::Return
                | T::Defer
                | T::Go
                | T::Import
                | T::Export
                | T::Extern
                | T::Policy
                | T::Threadlocal
        )
    }

    /// The partner of an opening bracket.
    pub fn closing(self) -> Option<TokenKind> {
        match self {
            TokenKind::LParen => Some(TokenKind::RParen),
            TokenKind::LBracket => Some(TokenKind::RBracket),
            TokenKind::LBrace => Some(TokenKind::RBrace),
            TokenKind::HoleOpen => Some(TokenKind::HoleClose),
            _ => None,
        }
    }
}
