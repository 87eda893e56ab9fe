//! Blocks and statements, where they end, and how the parser finds its way after an error in one.

use super::{Context, Failed, Parsed, Parser};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::vex::ast::{BinaryOp, Block, Expr, ExprKind, GoBody, Let, Stmt, StmtKind};
use crate::vex::token::TokenKind as T;

/// What a statement turned out to be.
pub(super) enum Statement {
    /// A statement without a value.
    Plain(Stmt),
    /// An expression: the value of the block if it is the last one.
    Value(Expr),
}

/// Assignment operators.
fn assign_operator(kind: T) -> Option<Option<BinaryOp>> {
    Some(match kind {
        T::Assign => None,
        T::PlusAssign => Some(BinaryOp::Add),
        T::MinusAssign => Some(BinaryOp::Sub),
        T::StarAssign => Some(BinaryOp::Mul),
        T::SlashAssign => Some(BinaryOp::Div),
        T::PercentAssign => Some(BinaryOp::Rem),
        T::AmpAssign => Some(BinaryOp::BitAnd),
        T::PipeAssign => Some(BinaryOp::BitOr),
        T::CaretAssign => Some(BinaryOp::BitXor),
        T::ShlAssign => Some(BinaryOp::Shl),
        T::ShrAssign => Some(BinaryOp::Shr),
        _ => return None,
    })
}

impl Parser<'_> {
    /// `{ .. }`. After errors inside it is complete nevertheless, and it always ends at its `}`.
    pub(super) fn block(&mut self) -> Parsed<Block> {
        let open = self.expect(T::LBrace, "to open the body")?;
        self.nested(|p| p.with_context(Context::BRACES, |p| p.block_after(open)))
    }

    fn block_after(&mut self, open: crate::vex::token::Token) -> Parsed<Block> {
        let mut stmts = Vec::new();
        let mut tail = None;
        loop {
            if self.eat(T::Semi).is_some() {
                continue;
            }
            if self.is(T::RBrace) {
                self.check_alignment(open);
                self.bump();
                break;
            }
            if self.is(T::Eof) {
                self.expected_close(open, T::RBrace, "", "the block");
                break;
            }
            let start = self.at;
            match self.nested(Self::statement) {
                Ok(Statement::Value(expr)) if self.is(T::RBrace) => tail = Some(Box::new(expr)),
                Ok(Statement::Value(expr)) => {
                    self.statement_end(start, ends_with_block(&expr));
                    stmts.push(Stmt { span: expr.span, kind: StmtKind::Expr(Box::new(expr)) });
                }
                Ok(Statement::Plain(stmt)) => {
                    self.statement_end(
                        start,
                        matches!(stmt.kind, StmtKind::Go { .. } | StmtKind::Defer { .. } | StmtKind::Item(_)),
                    );
                    stmts.push(stmt);
                }
                Err(Failed) => {
                    let lo = self.tokens[start].lo;
                    self.skip_statement(start);
                    let span = self.span_from(lo);
                    let error = self.make(ExprKind::Error, span);
                    stmts.push(Stmt { span, kind: StmtKind::Expr(Box::new(error)) });
                }
            }
        }
        let span = self.span_from(open.lo);
        Ok(Block { id: self.fresh(), span, stmts, tail })
    }

    /// A statement must end here: at a `;`, a new line or the end of the block.
    fn statement_end(&mut self, start: usize, after_block: bool) {
        let token = self.token();
        match token.kind {
            T::Semi => {
                self.bump();
            }
            T::RBrace | T::Eof => {}
            _ if token.newline_before && !token.kind.continues_line()
                || after_block && token.kind.starts_statement() => {}
            _ => {
                self.no_statement_end();
                self.skip_statement(start);
            }
        }
    }

    fn no_statement_end(&mut self) {
        let token = self.token();
        let span = self.error_span();
        let found = self.found();
        let previous = self.tokens[self.at.saturating_sub(1)];
        let diagnostic = match token.kind {
            T::RParen | T::RBracket => {
                Diagnostic::new(Code::UnmatchedDelimiter, span, format!("{found} closes nothing")).label("no partner")
            }
            T::Colon if self.peek(1).kind == T::Assign => {
                Diagnostic::new(Code::OtherLanguage, span, "variables are declared with `let`")
                    .help("write `let x = ..`")
            }
            kind if kind.starts_expression() || kind.starts_statement_only() => {
                let message = format!("expected the end of the statement, found {found}");
                let diagnostic = Diagnostic::new(Code::MissingStatementEnd, span, message).label("a second statement");
                match (self.text_of(previous), self.text_of(token)) {
                    (_, "and") => diagnostic.help("write `&&`"),
                    (_, "or") => diagnostic.help("write `||`"),
                    ("var", _) => diagnostic.help("variables are declared with `let!`"),
                    ("val", _) => diagnostic.help("variables are declared with `let`"),
                    ("func" | "function" | "def", _) => diagnostic.help("functions are declared with `fn`"),
                    ("switch", _) => diagnostic.help("write `match`"),
                    _ => diagnostic.help("put a `;` or a new line between two statements"),
                }
            }
            _ => Diagnostic::new(
                Code::UnexpectedToken,
                span,
                format!("expected the end of the statement, found {found}"),
            ),
        };
        self.report(diagnostic);
    }

    /// After an error: to the end of the statement that began at `start`, which is at a `;`, at a new line
    /// outside of brackets, at a word that only statements begin with, or before the `}` of the block.
    pub(super) fn skip_statement(&mut self, start: usize) {
        let (mut parens, mut braces) = (0u32, 0u32);
        if self.at == start && !matches!(self.kind(), T::RBrace | T::Eof) {
            match self.bump().kind {
                T::LParen | T::LBracket => parens += 1,
                T::LBrace => braces += 1,
                T::Semi => return,
                _ => {}
            }
        }
        loop {
            let token = self.token();
            match token.kind {
                T::Eof => return,
                T::RBrace if braces == 0 => return,
                T::RBrace => {
                    braces -= 1;
                    parens = 0;
                }
                _ if braces > 0 && token.kind != T::LBrace => {}
                kind if token.newline_before && kind.starts_statement_only() => return,
                kind if token.newline_before && parens == 0 && !kind.continues_line() => return,
                T::Semi if parens == 0 => {
                    self.bump();
                    return;
                }
                T::LBrace => braces += 1,
                T::LParen | T::LBracket => parens += 1,
                T::RParen | T::RBracket => parens = parens.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let token = self.token();
        let lo = token.lo;
        let kind = match token.kind {
            T::Let | T::LetBang | T::Threadlocal => StmtKind::Let(Box::new(self.let_stmt()?)),
            _ if self.begins_item() => StmtKind::Item(Box::new(self.item()?)),
            T::Go => {
                self.bump();
                let body = self.go_body()?;
                StmtKind::Go { id: self.fresh(), keyword: token.span(self.file), body }
            }
            T::Defer => {
                self.bump();
                let body = if self.is(T::LBrace) {
                    self.block()?
                } else {
                    let statement = self.nested(Self::statement)?;
                    self.block_of(statement)
                };
                StmtKind::Defer { keyword: token.span(self.file), body: Box::new(body) }
            }
            _ => return self.simple_statement(),
        };
        Ok(Statement::Plain(Stmt { span: self.span_from(lo), kind }))
    }

    /// An expression, an assignment or a send.
    fn simple_statement(&mut self) -> Parsed<Statement> {
        let lo = self.token().lo;
        let expr = self.expr()?;
        if self.line_ends() {
            return Ok(Statement::Value(expr));
        }
        let token = self.token();
        let op_span = token.span(self.file);
        let kind = if let Some(op) = assign_operator(token.kind) {
            self.bump();
            let value = Box::new(self.expr()?);
            StmtKind::Assign { target: Box::new(expr), op, op_span, value }
        } else if token.kind == T::LeftArrow {
            self.bump();
            let value = Box::new(self.expr()?);
            StmtKind::Send { channel: Box::new(expr), op_span, value }
        } else {
            return Ok(Statement::Value(expr));
        };
        Ok(Statement::Plain(Stmt { span: self.span_from(lo), kind }))
    }

    /// A statement in the place of an expression: the body of a closure or arm.
    pub(super) fn body_expr(&mut self) -> Parsed<Expr> {
        match self.statement()? {
            Statement::Value(expr) => Ok(expr),
            statement => {
                let block = self.block_of(statement);
                let span = block.span;
                Ok(self.make(ExprKind::Block { label: None, block }, span))
            }
        }
    }

    /// A block around one statement.
    fn block_of(&mut self, statement: Statement) -> Block {
        let id = self.fresh();
        match statement {
            Statement::Plain(stmt) => Block { id, span: stmt.span, stmts: vec![stmt], tail: None },
            Statement::Value(expr) => {
                let span = expr.span;
                let stmt = Stmt { span, kind: StmtKind::Expr(Box::new(expr)) };
                Block { id, span, stmts: vec![stmt], tail: None }
            }
        }
    }

    fn go_body(&mut self) -> Parsed<GoBody> {
        if self.is(T::LBrace) {
            return Ok(GoBody::Block(Box::new(self.block()?)));
        }
        if self.is(T::Async) && self.peek(1).kind == T::LBrace {
            let message = "a `go` block is an async context already";
            self.report_and_go_on(
                Diagnostic::new(Code::MisplacedModifier, self.error_span(), message).help("leave out `async`"),
            );
            self.bump();
            return Ok(GoBody::Block(Box::new(self.block()?)));
        }
        let call = self.expr()?;
        if matches!(call.kind, ExprKind::Call { .. } | ExprKind::MethodCall { .. } | ExprKind::Error) {
            return Ok(GoBody::Call(Box::new(call)));
        }
        let help = match &call.kind {
            ExprKind::Closure(_) => "call the closure: `go (|| ..)()`, or write `go { .. }`",
            ExprKind::Await(_) => "a task need not be awaited to run: write `go f(x)`",
            _ => "write `go { .. }` or `go f(x)`",
        };
        let message = "`go` needs a block or a call";
        self.report_and_go_on(Diagnostic::new(Code::BadGoOrDefer, call.span, message).help(help));
        let span = call.span;
        Ok(GoBody::Call(Box::new(self.make(ExprKind::Error, span))))
    }

    pub(super) fn let_stmt(&mut self) -> Parsed<Let> {
        let threadlocal = self.eat(T::Threadlocal).map(|token| token.span(self.file));
        let token = self.token();
        let mut mutable = token.kind == T::LetBang;
        if !matches!(token.kind, T::Let | T::LetBang) {
            return Err(self.expected("`let` or `let!`", "after `threadlocal`"));
        }
        self.bump();
        let keyword: Span = token.span(self.file);
        if self.is_word(0, "mut") && self.peek(1).kind == T::Ident {
            let message = "mutable variables are declared with `let!`";
            self.report_and_go_on(
                Diagnostic::new(Code::OtherLanguage, self.error_span(), message)
                    .help("write `let!` and leave out `mut`"),
            );
            self.bump();
            mutable = true;
        }
        let pattern = self.pattern()?;
        if self.is(T::Colon) && self.peek(1).kind == T::Assign {
            let diagnostic = Diagnostic::new(Code::OtherLanguage, self.error_span(), "Vex has no `:=`");
            self.report_and_go_on(diagnostic.help("write `let x = ..`"));
            self.bump();
        }
        let ty = if self.eat(T::Colon).is_some() { Some(self.type_expr()?) } else { None };
        let init = if !self.line_ends() && self.eat(T::Assign).is_some() { Some(self.expr()?) } else { None };
        if init.is_none() && ty.is_none() && !self.is(T::Semi) && !self.token().newline_before && !self.is(T::RBrace) {
            return Err(self.expected("`=` or `:`", "after the name"));
        }
        Ok(Let { id: self.fresh(), mutable, threadlocal, keyword, pattern, ty, init })
    }
}

/// Whether an expression that stands as a statement ends with a `}`, so that the next may follow on the same line.
fn ends_with_block(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::If { .. }
        | ExprKind::Match { .. }
        | ExprKind::While { .. }
        | ExprKind::Loop { .. }
        | ExprKind::For { .. }
        | ExprKind::Block { .. }
        | ExprKind::Unsafe(_)
        | ExprKind::Select { .. } => true,
        ExprKind::Await(inner) => ends_with_block(inner),
        _ => false,
    }
}
