//! Vex expressions for debuggers: from the syntax tree to the expressions that every language's are evaluated as.

use crate::core::{BinaryOp, CompareOp, UnaryOp};
use crate::debug::evaluate::expr::{Expr, ExprKind, Wrong};
use crate::diagnostics::Diagnostics;
use crate::source::{FileId, Span};
use crate::types::IntKind;
use crate::value::Tag;
use crate::vex::ast::{self, NodeIds};
use crate::vex::parser;

/// Reads an expression.
///
/// # Errors
/// What is wrong with it, or what of Vex a debugger does not evaluate.
pub fn expression(text: &str) -> Result<Expr, Wrong> {
    let (mut ids, mut diagnostics) = (NodeIds::default(), Diagnostics::default());
    let parsed = parser::parse_expression(text, FileId(0), &mut ids, &mut diagnostics);
    let reader = Reader { text };
    if let Some(error) = diagnostics.sorted().first() {
        let at = if error.primary.lo as usize >= text.len() { 0 } else { reader.column(error.primary) };
        return Err(Wrong::new(at, error.message.replace("the end of the file", "the end")));
    }
    reader.expr(&parsed.ok_or_else(|| Wrong::new(0, "this is no expression"))?)
}

struct Reader<'t> {
    text: &'t str,
}

type Read<R = Expr> = Result<R, Wrong>;

impl Reader<'_> {
    /// The column of a span's beginning.
    fn column(&self, span: Span) -> u32 {
        let before = self.text.get(..span.lo as usize).unwrap_or(self.text);
        before.chars().count() as u32 + 1
    }

    fn refuse<R>(&self, span: Span, why: &str) -> Read<R> {
        Err(Wrong::new(self.column(span), why))
    }

    fn boxed(&self, e: &ast::Expr) -> Read<Box<Expr>> {
        self.expr(e).map(Box::new)
    }

    fn all(&self, list: &[ast::Expr]) -> Read<Vec<Expr>> {
        list.iter().map(|e| self.expr(e)).collect()
    }

    fn expr(&self, e: &ast::Expr) -> Read {
        use ast::ExprKind as A;
        let mut at = self.column(e.span);
        let kind = match &e.kind {
            A::Int { value, suffix } => {
                let kind = suffix.as_ref().and_then(|suffix| int_kind(suffix));
                match i128::try_from(*value) {
                    Ok(value) => ExprKind::Int(value, kind),
                    Err(_) => return self.refuse(e.span, "this number is too large"),
                }
            }
            A::Float { value, suffix } => ExprKind::Float(*value, suffix.as_deref() == Some("f32")),
            A::Str(text) => ExprKind::Str(text.to_string()),
            A::Interpolated { parts, .. } => {
                let parts = parts.iter().map(|part| match part {
                    ast::StrPart::Text(text) => Ok(Expr::new(at, ExprKind::Str(text.to_string()))),
                    ast::StrPart::Hole(hole) => self.expr(hole),
                });
                ExprKind::Format(parts.collect::<Read<_>>()?)
            }
            A::Char(c) => ExprKind::Char(*c),
            A::Bool(b) => ExprKind::Bool(*b),
            A::Nil => ExprKind::Nil,
            A::Name(name) => ExprKind::Name(name.to_string()),
            A::Paren(inner) => return self.expr(inner),
            A::Tuple(parts) if parts.is_empty() => ExprKind::Unit,
            A::Tuple(parts) => ExprKind::Tuple(self.all(parts)?),
            A::List(parts) => ExprKind::List(self.all(parts)?),
            A::Repeat { value, len } => ExprKind::Repeat(self.boxed(value)?, self.boxed(len)?),
            A::Struct { path, fields, base, .. } => {
                if let Some(base) = base {
                    return self.refuse(base.span, "the fields have to be given one by one here");
                }
                let name = path.segments.last().map(|segment| segment.name.to_string()).unwrap_or_default();
                let fields = fields.iter().map(|field| Ok((field.name.name.to_string(), self.expr(&field.value)?)));
                ExprKind::Struct(name, fields.collect::<Read<_>>()?)
            }
            A::Call { callee, args, .. } => ExprKind::Call(self.boxed(callee)?, self.all(args)?),
            A::MethodCall { receiver, method, args, .. } => {
                let receiver = self.boxed(receiver)?;
                at = self.column(method.span);
                ExprKind::Method(receiver, method.name.to_string(), self.all(args)?)
            }
            A::Instantiate { base, .. } => return self.expr(base),
            A::Field { base, field } => {
                let base = self.boxed(base)?;
                at = self.column(field.span);
                ExprKind::Field(base, field.name.to_string())
            }
            A::Index { base, index } => {
                let base = self.boxed(base)?;
                match &index.kind {
                    A::Range { low, high, inclusive } => {
                        let end = |end: &Option<Box<ast::Expr>>| end.as_ref().map(|end| self.boxed(end)).transpose();
                        ExprKind::Slice(base, end(low)?, end(high)?, *inclusive)
                    }
                    _ => ExprKind::Index(base, self.boxed(index)?),
                }
            }
            A::Unary { op, operand } => {
                let operand = self.boxed(operand)?;
                match op {
                    ast::UnaryOp::Neg => ExprKind::Unary(UnaryOp::Neg, operand),
                    ast::UnaryOp::Not => ExprKind::Unary(UnaryOp::Not, operand),
                    ast::UnaryOp::BitNot => ExprKind::Unary(UnaryOp::BitNot, operand),
                    ast::UnaryOp::Deref => ExprKind::Deref(operand),
                }
            }
            // A reference reads as its target everywhere.
            A::Borrow { operand, .. } => return self.expr(operand),
            A::Binary { op, op_span, left, right } => {
                let (left, right) = (self.boxed(left)?, self.boxed(right)?);
                at = self.column(*op_span);
                binary(*op, left, right)
            }
            A::Coalesce { value, default } => ExprKind::OrElse(self.boxed(value)?, self.boxed(default)?),
            A::Rescue { value, param: None, fallback } => {
                ExprKind::OrElse(self.boxed(value)?, Box::new(self.value_of_block(fallback)?))
            }
            A::Conditional { condition, then, otherwise } => {
                ExprKind::If(self.boxed(condition)?, self.boxed(then)?, self.boxed(otherwise)?)
            }
            A::If { branches, otherwise: Some(otherwise) } => return self.branches(at, branches, otherwise),
            A::If { otherwise: None, .. } => return self.refuse(e.span, "an `if` needs an `else` here, for its value"),
            A::Block { label: None, block } => return self.block(block),
            A::Range { low: Some(low), high: Some(high), inclusive } => {
                ExprKind::Range(self.boxed(low)?, self.boxed(high)?, *inclusive)
            }
            A::Range { .. } => return self.refuse(e.span, "a range needs both ends here"),
            A::Cast { value, ty } => ExprKind::Cast(self.boxed(value)?, self.cast_target(ty)?),
            A::Pipe { value, target } => return self.pipe(at, value, target),
            A::Spread(_) => return self.refuse(e.span, "`...` is not evaluated here"),
            A::Receive(_) => return self.refuse(e.span, "`<-` would take a value out of the channel"),
            A::Await(_) | A::Join(_) => return self.refuse(e.span, "`await` would let the program go on"),
            A::Select { .. } => return self.refuse(e.span, "a select would change the channels"),
            A::Try(_) | A::Return(_) | A::Break { .. } | A::Continue { .. } => {
                return self.refuse(e.span, "nothing can be left from here");
            }
            A::Rescue { .. } | A::Closure(_) => return self.refuse(e.span, "closures are not evaluated here"),
            A::Match { .. } => return self.refuse(e.span, "`match` is not evaluated here"),
            A::While { .. } | A::Loop { .. } | A::For { .. } => {
                return self.refuse(e.span, "loops are not evaluated here");
            }
            A::Block { .. } | A::Unsafe(_) => return self.refuse(e.span, "this block is not evaluated here"),
            A::Error => return self.refuse(e.span, "this is no expression"),
        };
        Ok(Expr::new(at, kind))
    }

    fn value_of_block(&self, e: &ast::Expr) -> Read {
        match &e.kind {
            ast::ExprKind::Block { label: None, block } => self.block(block),
            _ => self.expr(e),
        }
    }

    fn block(&self, block: &ast::Block) -> Read {
        match (&block.stmts[..], &block.tail) {
            ([], Some(tail)) => self.expr(tail),
            ([first, ..], _) => self.refuse(first.span, "statements are not evaluated here, only expressions"),
            ([], None) => Ok(Expr::new(self.column(block.span), ExprKind::Unit)),
        }
    }

    fn branches(&self, at: u32, branches: &[(ast::Condition, ast::Block)], otherwise: &ast::Block) -> Read {
        let mut result = self.block(otherwise)?;
        for (condition, block) in branches.iter().rev() {
            let condition = match condition {
                ast::Condition::Expr(condition) => self.boxed(condition)?,
                ast::Condition::Let { value, .. } => {
                    return self.refuse(value.span, "`if let` is not evaluated here");
                }
            };
            result = Expr::new(at, ExprKind::If(condition, Box::new(self.block(block)?), Box::new(result)));
        }
        Ok(result)
    }

    /// `x |> f(y)` is `f(x, y)`.
    fn pipe(&self, at: u32, value: &ast::Expr, target: &ast::Expr) -> Read {
        let value = self.expr(value)?;
        let (callee, rest) = match &target.kind {
            ast::ExprKind::Call { callee, args, .. } => (self.boxed(callee)?, self.all(args)?),
            _ => (self.boxed(target)?, Vec::new()),
        };
        let args = std::iter::once(value).chain(rest).collect();
        Ok(Expr::new(at, ExprKind::Call(callee, args)))
    }

    fn cast_target(&self, ty: &ast::TypeExpr) -> Read<Tag> {
        let name = match &ty.kind {
            ast::TypeKind::Path { path, args } if args.is_empty() && path.segments.len() == 1 => {
                &*path.segments[0].name
            }
            _ => "",
        };
        let tag = match name {
            "f64" => Some(Tag::F64),
            "f32" => Some(Tag::F32),
            "char" => Some(Tag::Char),
            "bool" => Some(Tag::Bool),
            name => int_kind(name).map(Tag::of_int),
        };
        tag.map_or_else(|| self.refuse(ty.span, "only numbers, characters and truth values are converted here"), Ok)
    }
}

fn binary(op: ast::BinaryOp, left: Box<Expr>, right: Box<Expr>) -> ExprKind {
    use ast::BinaryOp as A;
    let arithmetic = match op {
        A::Add => BinaryOp::Add,
        A::Sub => BinaryOp::Sub,
        A::Mul => BinaryOp::Mul,
        A::Div => BinaryOp::Div,
        A::Rem => BinaryOp::Rem,
        A::Pow => BinaryOp::Pow,
        A::Shl => BinaryOp::Shl,
        A::Shr => BinaryOp::Shr,
        A::BitAnd => BinaryOp::BitAnd,
        A::BitXor => BinaryOp::BitXor,
        A::BitOr => BinaryOp::BitOr,
        A::Eq => return ExprKind::Compare(CompareOp::Eq, left, right),
        A::Ne => return ExprKind::Compare(CompareOp::Ne, left, right),
        A::Lt => return ExprKind::Compare(CompareOp::Lt, left, right),
        A::Gt => return ExprKind::Compare(CompareOp::Gt, left, right),
        A::Le => return ExprKind::Compare(CompareOp::Le, left, right),
        A::Ge => return ExprKind::Compare(CompareOp::Ge, left, right),
        A::And => return ExprKind::And(left, right),
        A::Or => return ExprKind::Or(left, right),
    };
    ExprKind::Binary(arithmetic, left, right)
}

fn int_kind(name: &str) -> Option<IntKind> {
    IntKind::ALL.into_iter().find(|kind| kind.name() == name)
}
