//! What starts tasks and lets them wait: `go`, `select`, `with-mutex`.

use super::super::form::{Form, FormKind, Name};
use super::super::tree::*;
use super::Builder;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

const CASES: &str =
    "[(case :recv ch) body…]`, `[(case :send [ch value]) body…]`, `[(default) body…]` or `[(timeout) body…]";

/// The cases of a `select` that were read so far.
#[derive(Default)]
struct Cases {
    cases: Vec<Case>,
    default: Option<Vec<Node>>,
    expired: Option<Vec<Node>>,
}

impl Builder<'_> {
    pub(super) fn go_form(&mut self, operands: &[Form], span: Span) -> NodeKind {
        if operands.is_empty() {
            return self.bad_form(span, "`go` has nothing to run", "(go form…)");
        }
        // A task that only calls a function is known by its name.
        let called = match operands {
            [form] => form.head().filter(|name| is_plain_name(name)).map(str::to_owned),
            _ => None,
        };
        let around = &self.tree.frame(self.frame()).name;
        let name = called.unwrap_or_else(|| format!("{around}.go"));
        let (frame, scope) = self.begin_frame(FrameKind::Go, name, span);
        let body = self.exprs(operands);
        self.end_frame(frame, scope, body);
        NodeKind::Go(frame)
    }

    pub(super) fn select_form(&mut self, operands: &[Form], timeout: Option<Box<Node>>) -> NodeKind {
        let mut cases = Cases::default();
        for case in operands {
            let Some([head, body @ ..]) = case.group() else {
                self.bad_case(case.span, "a case is a list of what it waits for and a body");
                continue;
            };
            self.case(head, body, timeout.is_some(), case.span, &mut cases);
        }
        NodeKind::Select { timeout, cases: cases.cases, default: cases.default, expired: cases.expired }
    }

    fn bad_case(&mut self, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(Code::BadSelectArm, span, message).help(format!("a case is written `{CASES}`")));
    }

    fn case(&mut self, head: &Form, body: &[Form], timed: bool, span: Span, into: &mut Cases) {
        let parts = head.group().unwrap_or_default();
        let word = parts.first().and_then(Form::symbol).map(|name| &**name);
        match (word, parts) {
            (Some("default"), [_]) | (Some("timeout"), [_]) => {
                let default = word == Some("default");
                if !default && !timed {
                    self.bad_case(head.span, "a `timeout` case stands in `select-timeout` only");
                }
                let body = self.exprs(body);
                let place = if default { &mut into.default } else { &mut into.expired };
                if place.replace(body).is_some() {
                    let what = if default { "default" } else { "timeout" };
                    self.bad_case(head.span, format!("there is a second `{what}` case"));
                }
            }
            (Some("case"), [_, Form { kind: FormKind::Keyword(what), .. }, operand]) if &**what == "recv" => {
                let channel = self.expr(operand);
                let frame = self.frame();
                let scope = self.push_scope(ScopeKind::Turn, frame);
                let value = self.preset(&Name::from("select-value"), span);
                let ok = self.preset(&Name::from("select-ok"), span);
                let body = self.exprs(body);
                self.pop_scope(scope);
                into.cases.push(Case { op: CaseOp::Recv(channel, value, ok), body, span });
            }
            (Some("case"), [_, Form { kind: FormKind::Keyword(what), .. }, operands @ ..]) if &**what == "send" => {
                let operands = match operands {
                    [pair] => pair.group().unwrap_or_default(),
                    both => both,
                };
                let [channel, value] = operands else {
                    self.bad_case(head.span, "a `:send` case names a channel and a value");
                    return;
                };
                let channel = self.expr(channel);
                let value = self.expr(value);
                let body = self.exprs(body);
                into.cases.push(Case { op: CaseOp::Send(channel, value), body, span });
            }
            (Some("case"), [_, Form { kind: FormKind::Keyword(what), .. }, ..]) if &**what == "recv" => {
                self.bad_case(head.span, "a `:recv` case names a channel");
            }
            _ => self.bad_case(head.span, "this is nothing that a `select` can wait for"),
        }
    }

    pub(super) fn with_lock(&mut self, name: &str, operands: &[Form], shared: bool, span: Span) -> NodeKind {
        let Some((lock, body)) = operands.split_first() else {
            return self.bad_form(span, format!("`{name}` needs a lock"), &format!("({name} m body…)"));
        };
        let lock = self.boxed(lock);
        NodeKind::WithLock { shared, lock, body: self.exprs(body) }
    }
}

/// Whether a task may be called like this: an ordinary name and no special form.
fn is_plain_name(name: &str) -> bool {
    const FORMS: &str = " def set let if cond while for begin do try raise assert select select-timeout go \
        with-mutex with-rlock return lambda quote and or not in is class import from global nonlocal break continue ";
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && !FORMS.contains(&format!(" {name} "))
}
