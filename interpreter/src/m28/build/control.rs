//! Conditions, loops, ways out of them, and exceptions.

use super::super::form::{Form, FormKind};
use super::super::tree::*;
use super::Builder;
use crate::core::LabelId;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

const IF: &str = "(if condition then else)` or `(if condition then (elif condition then) (else otherwise…))";
const FOR: &str = "(for x in xs body…)";
const TRY: &str = "(try body… (except Class as e body…) (else body…) (finally body…))";

/// The branches of an `if` that were read so far.
#[derive(Default)]
struct Branches {
    clauses: Vec<(Node, Vec<Node>)>,
    otherwise: Option<Vec<Node>>,
}

impl Builder<'_> {
    pub(super) fn if_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let mut branches = Branches::default();
        if self.branches(operands, &mut branches) {
            NodeKind::If(branches.clauses, branches.otherwise)
        } else {
            self.bad_form(span, "this `if` has the wrong parts", IF)
        }
    }

    /// `condition then [else | (elif …)… [(else …)]]`; whether it was that.
    fn branches(&mut self, operands: &[Form], into: &mut Branches) -> bool {
        let [condition, then, others @ ..] = operands else { return false };
        let condition = self.condition(condition);
        let then = self.expr(then);
        into.clauses.push((condition, vec![then]));
        for (i, other) in others.iter().enumerate() {
            if into.otherwise.is_some() {
                return false;
            }
            let inner = other.list().unwrap_or_default();
            match other.head() {
                Some("elif") => {
                    if !self.branches(inner.get(1..).unwrap_or_default(), into) {
                        return false;
                    }
                }
                Some("else") => {
                    let body = self.exprs(inner.get(1..).unwrap_or_default());
                    into.otherwise = Some(body);
                }
                _ if i + 1 == others.len() => {
                    let value = self.expr(other);
                    into.otherwise = Some(vec![value]);
                }
                _ => return false,
            }
        }
        true
    }

    pub(super) fn cond_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        const SHAPE: &str = "(cond (condition body…) … (else body…))";
        let (mut clauses, mut otherwise) = (Vec::new(), None);
        for clause in operands {
            let parts = clause.group().unwrap_or_default();
            let [condition, body @ ..] = parts else {
                return self.bad_form(clause.span, "a clause of `cond` is a list of a condition and a body", SHAPE);
            };
            if otherwise.is_some() {
                return self.bad_form(span, "nothing comes after the `else` of `cond`", SHAPE);
            }
            if condition.is("else") {
                otherwise = Some(self.exprs(body));
            } else {
                let condition = self.condition(condition);
                clauses.push((condition, self.exprs(body)));
            }
        }
        NodeKind::If(clauses, otherwise)
    }

    // ---- loops

    fn new_label(&mut self) -> LabelId {
        let frame = self.frame();
        let labels = &mut self.tree.frame_mut(frame).labels;
        *labels += 1;
        LabelId(*labels - 1)
    }

    fn enter_loop(&mut self) -> LabelId {
        let label = self.new_label();
        if let Some(level) = self.levels.last_mut() {
            level.loops.push(label);
        }
        label
    }

    fn exit_loop(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.loops.pop();
        }
    }

    pub(super) fn while_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let Some((condition, body)) = operands.split_first() else {
            return self.bad_form(span, "`while` needs a condition", "(while condition body…)");
        };
        let label = self.enter_loop();
        let cond = Box::new(self.condition(condition));
        let body = self.exprs(body);
        self.exit_loop();
        NodeKind::While { label, cond, body }
    }

    pub(super) fn for_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        let [target, rest @ ..] = operands else { return self.bad_form(span, "`for` needs a variable", FOR) };
        let rest = match rest {
            [word, rest @ ..] if word.is("in") => rest,
            _ => rest,
        };
        let Some((over, body)) = rest.split_first() else {
            return self.bad_form(span, "`for` needs something to walk over", FOR);
        };
        let over = self.boxed(over);
        let label = self.enter_loop();
        let frame = self.frame();
        let scope = self.push_scope(ScopeKind::Turn, frame);
        let target = self.for_target(target);
        let body = self.exprs(body);
        self.pop_scope(scope);
        self.exit_loop();
        match target {
            Some(target) => NodeKind::For { label, target, over, body },
            None => self.bad_form(span, "the variable of `for` is a name or a tuple of names", FOR),
        }
    }

    fn for_target(&mut self, form: &Form) -> Option<ForTarget> {
        match &form.kind {
            FormKind::Symbol(name) => {
                let around = self.binding_scope();
                let outer = match self.tree.scope(around).declared.get(name) {
                    Some(Declared::Global) => self.tree.module(self.module).scope,
                    _ => around,
                };
                let outer = self.var_in(outer, name, form.span);
                let entry = self.tree.var_mut(outer);
                entry.strong = true;
                entry.binders += 1;
                let var = self.preset(name, form.span);
                self.tree.var_mut(var).outer = Some(outer);
                Some(ForTarget::Name(var))
            }
            _ => {
                let parts = form.group().filter(|parts| !parts.is_empty())?;
                let parts: Option<Vec<ForTarget>> = parts.iter().map(|part| self.for_target(part)).collect();
                Some(ForTarget::Unpack(parts?, form.span))
            }
        }
    }

    pub(super) fn leave_loop(&mut self, name: &str, operands: &[Form], span: Span) -> NodeKind {
        if !operands.is_empty() {
            return self.bad_form(span, format!("`{name}` has no operands"), &format!("({name})"));
        }
        match self.levels.last().and_then(|level| level.loops.last().copied()) {
            Some(label) if name == "break" => NodeKind::Break(label),
            Some(label) => NodeKind::Continue(label),
            None => {
                let message = format!("`{name}` outside of a loop");
                let inside = self.levels.last().is_some_and(|level| self.tree.frame(level.frame).kind == FrameKind::Go);
                let mut diagnostic = Diagnostic::new(Code::OutsideLoop, span, message);
                if inside {
                    diagnostic =
                        diagnostic.note("the body of `go` runs on its own: a loop around it cannot be left from there");
                }
                self.report(diagnostic);
                NodeKind::Error
            }
        }
    }

    pub(super) fn return_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        if self.tree.frame(self.frame()).kind == FrameKind::Module {
            self.report(Diagnostic::new(Code::MisplacedForm, span, "`return` outside of a function"));
            return NodeKind::Error;
        }
        match operands {
            [] => NodeKind::Return(None),
            [value] => {
                self.suspicious("return", value);
                NodeKind::Return(Some(self.boxed(value)))
            }
            _ => self.bad_form(span, "`return` gives one value; several are returned as a tuple", "(return (a, b))"),
        }
    }

    // ---- exceptions

    pub(super) fn assert_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        match operands {
            [condition] => NodeKind::Assert(Box::new(self.condition(condition)), None),
            [condition, message] => {
                let condition = Box::new(self.condition(condition));
                NodeKind::Assert(condition, Some(self.boxed(message)))
            }
            _ => self.bad_form(span, "`assert` has a condition and a message", "(assert condition message)"),
        }
    }

    pub(super) fn try_form(&mut self, operands: &[Form]) -> NodeKind {
        let clause = |form: &Form| matches!(form.head(), Some("except" | "else" | "finally"));
        let first = operands.iter().position(clause).unwrap_or(operands.len());
        let (body, clauses) = operands.split_at(first);
        let body = self.exprs(body);
        let (mut handlers, mut otherwise, mut finally) = (Vec::new(), None, None);
        let mut wrong = None;
        for form in clauses {
            let inner = form.list().and_then(|list| list.get(1..)).unwrap_or_default();
            let problem = match form.head() {
                Some("except") if otherwise.is_none() && finally.is_none() => {
                    handlers.push(self.handler(inner, form.span));
                    None
                }
                Some("except") => Some("an `except` stands before `else` and `finally`"),
                Some("else") if otherwise.is_none() && finally.is_none() => {
                    otherwise = Some(self.exprs(inner));
                    None
                }
                Some("else") => Some("a `try` has one `else`, before `finally`"),
                Some("finally") if finally.is_none() => {
                    finally = Some(self.exprs(inner));
                    None
                }
                Some("finally") => Some("a `try` has one `finally`"),
                _ => Some("after the first `except`, `else` or `finally` only such clauses may stand"),
            };
            wrong = wrong.or(problem.map(|message| (form.span, message)));
        }
        match wrong {
            Some((at, message)) => self.bad_form(at, message, TRY),
            None => NodeKind::Try { body, handlers, otherwise, finally },
        }
    }

    fn handler(&mut self, parts: &[Form], span: Span) -> Handler {
        let (types, rest) = match parts {
            [first, rest @ ..] if names_class(first) => match &first.kind {
                FormKind::Tuple(classes) => (self.exprs(classes), rest),
                _ => (vec![self.expr(first)], rest),
            },
            _ => (Vec::new(), parts),
        };
        let (name, body) = match rest {
            [word, Form { kind: FormKind::Symbol(name), span: at }, body @ ..] if word.is("as") => {
                (Some(self.define(name, *at)), body)
            }
            _ => (None, rest),
        };
        let body = self.exprs(body);
        Handler { types, name, body, span }
    }
}

/// Whether the first part of an `except` is what it catches, rather than the beginning of its body.
fn names_class(form: &Form) -> bool {
    match &form.kind {
        FormKind::Symbol(name) => &**name != "as",
        FormKind::Attr(..) => true,
        FormKind::Tuple(classes) => {
            classes.iter().all(|class| matches!(class.kind, FormKind::Symbol(_) | FormKind::Attr(..)))
        }
        _ => false,
    }
}
