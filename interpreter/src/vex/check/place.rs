//! Places: names, fields, elements, and what references point at. An expression that is no place becomes a temporary.

use super::expect::{Expect, as_place, error_expr, expr, look, temporary};
use super::hints;
use super::path_calls::StaticRef;
use super::resolve::path_text;
use super::state::*;
use crate::builtins::Builtin;
use crate::core::{self, ExprKind, Place, PlaceBase, Projection};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, Ident, Name, Visibility};

impl<'a> Checker<'a> {
    /// The expression as a place.
    pub fn check_place(&mut self, e: &'a ast::Expr) -> Place {
        match &e.kind {
            ast::ExprKind::Paren(inner) => self.check_place(inner),
            ast::ExprKind::Name(name) => self.name_place(name, e),
            ast::ExprKind::Field { base, field } => self.field_expr(base, field, e),
            ast::ExprKind::Index { base, index } => self.index_place(base, index, e.span),
            ast::ExprKind::Unary { op: ast::UnaryOp::Deref, operand } => {
                let place = self.check_place(operand);
                self.deref_once(place, e.span)
            }
            _ => {
                let value = self.check_expr(e, Expect::Any);
                as_place(value)
            }
        }
    }

    fn deref_once(&mut self, place: Place, span: Span) -> Place {
        if self.is_unknown(place.ty) {
            if self.put_off() {
                self.error(Code::CannotInfer, span, "the type of what `*` looks through is not known here");
            }
            return temporary(error_expr(span));
        }
        // `*r` of a reference to a guard or box means its content.
        let mut place = place;
        while let TyKind::Ref(target) | TyKind::RefMut(target) = self.kind(place.ty) {
            if self.deref_step(target).is_none() || matches!(self.kind(target), TyKind::Ref(_) | TyKind::RefMut(_)) {
                break;
            }
            place = self.deref_refs(place);
        }
        let ty = place.ty;
        if self.deref_step(ty).is_none() && self.is_copy_like(ty) {
            // Loops and patterns hand plain values out of references as they are; `*` on one changes nothing.
            return place;
        }
        match self.deref_place(place) {
            Some(place) => Place { span, ..place },
            None => {
                if self.shallow(ty) != Types::ERROR {
                    let shown = self.show(ty);
                    self.error(Code::BadOperand, span, format!("`*` needs a reference, box or guard, not `{shown}`"));
                }
                temporary(error_expr(span))
            }
        }
    }

    fn name_place(&mut self, name: &Name, e: &'a ast::Expr) -> Place {
        let span = e.span;
        if let Some(local) = self.find_local(name, span) {
            return self.local_place(local, span);
        }
        let scope = self.frame().scope;
        match self.lookup_value(name, scope) {
            Some(value) => return self.value_place(value, name, e),
            None => {
                if let Some(value) = self.special_value(name, span) {
                    return temporary(value);
                }
            }
        }
        let variants = self.lookup_variants(name, scope);
        if !variants.is_empty() {
            return temporary(self.variant_value(name, &variants, e, Expect::Any));
        }
        match self.lookup_type(name, scope) {
            Some(TypeDef::Struct(id)) if matches!(self.structs[id.0 as usize].ast.body, ast::StructBody::Unit) => {
                let ty = self.build_type(TypeDef::Struct(id), Vec::new(), span);
                return temporary(expr(ExprKind::Struct(id, Vec::new(), Vec::new()), ty, span));
            }
            Some(_) => {
                self.error(Code::UnknownName, span, format!("`{name}` is a type, a value is needed here"));
                return temporary(error_expr(span));
            }
            None => {}
        }
        self.unknown_name(name, span);
        temporary(error_expr(span))
    }

    /// A declared value as a place.
    pub fn value_place(&mut self, value: ValueDef, name: &str, e: &'a ast::Expr) -> Place {
        match value {
            ValueDef::Fns(decls) => temporary(self.function_value(&decls, name, e)),
            ValueDef::Global(index) => self.global_place(index, e.span),
            ValueDef::Const(index) => as_place(self.const_value(index, e.span)),
        }
    }

    /// A global as a place.
    pub fn global_place(&mut self, index: u32, span: Span) -> Place {
        let ty = self.global_type(index);
        match self.globals[index as usize].id {
            Some(id) => Place { base: PlaceBase::Global(id), projections: Vec::new(), ty, span },
            None => temporary(error_expr(span)),
        }
    }

    /// Reports a name that nothing has.
    pub fn unknown_name(&mut self, name: &str, span: Span) {
        let mut candidates: Vec<Name> = Vec::new();
        for frame in self.frames.iter().rev() {
            let visible = frame.names.iter().filter(|(_, list)| !list.is_empty());
            candidates.extend(visible.map(|(name, _)| name.clone()));
        }
        let mut at = self.frames.last().map(|frame| frame.scope);
        while let Some(id) = at {
            let scope = &self.scopes[id.0 as usize];
            candidates.extend(scope.values.keys().cloned());
            candidates.extend(scope.variants.keys().cloned());
            at = scope.parent;
        }
        candidates.extend(self.scopes[0].values.keys().cloned());
        candidates.extend(super::calls_std::SPECIAL_NAMES.iter().map(|name| Name::from(*name)));
        candidates.sort();
        let diagnostic = Diagnostic::new(Code::UnknownName, span, format!("`{name}` is not known here"));
        let mut diagnostic = hints::suggest(diagnostic, name, candidates.iter().map(|name| &**name));
        let home = super::tables::STD_MODULES.iter().find(|module| module.root_name(name).is_some());
        if let Some(home) = home {
            diagnostic = diagnostic.help(format!("import it: `import {{ {name} }} from \"{}\"`", home.path));
        }
        self.report(diagnostic);
    }

    fn field_expr(&mut self, base: &'a ast::Expr, field: &'a Ident, e: &'a ast::Expr) -> Place {
        if let Some(owner) = self.resolve_static(base) {
            return self.static_member(owner, field, e);
        }
        let place = self.check_place(base);
        self.field_place(place, field, e.span)
    }

    /// `Type.member`, `module.member` as a value.
    fn static_member(&mut self, owner: StaticRef, field: &'a Ident, e: &'a ast::Expr) -> Place {
        match owner {
            StaticRef::Module(module) => {
                if let Some(value) = self.value_in(module, &field.name) {
                    return self.value_place(value, &field.name, e);
                }
                if let ModuleDef::Std(std) = module
                    && let Some(root) = std.root_name(&field.name)
                    && let Some(value) = self.special_value(root, e.span)
                {
                    return temporary(value);
                }
                let message = format!("the module has no value `{}`", field.name);
                self.error(Code::UnknownMember, field.span, message);
            }
            StaticRef::Type(TypeDef::Enum(id), args) => {
                let info = &self.enums[id.0 as usize];
                match info.variants.iter().position(|(name, _)| *name == field.name) {
                    Some(index) => {
                        let value = self.variant_with(id, index as u32, args, e, Expect::Any);
                        return temporary(value);
                    }
                    None => self.unknown_variant(id, field),
                }
            }
            StaticRef::Type(def, _) => {
                if let Some(value) = self.associated_value(def, field, e) {
                    return temporary(value);
                }
                let name = self.type_def_name(def);
                self.error(Code::UnknownMember, field.span, format!("`{name}` has no member `{}`", field.name));
            }
            StaticRef::Param(_) => {
                self.error(Code::UnknownMember, field.span, "a type parameter has no values of its own");
            }
        }
        temporary(error_expr(e.span))
    }

    /// Reports a variant that the enum does not have.
    pub fn unknown_variant(&mut self, id: crate::types::EnumId, name: &Ident) {
        let info = &self.enums[id.0 as usize];
        let message = format!("the enum `{}` has no variant `{}`", info.name, name.name);
        let diagnostic = Diagnostic::new(Code::UnknownVariant, name.span, message);
        let names: Vec<Name> = info.variants.iter().map(|(name, _)| name.clone()).collect();
        let diagnostic = hints::suggest(diagnostic, &name.name, names.iter().map(|name| &**name));
        self.report(diagnostic);
    }

    /// A field of what a place holds, seen through references, boxes and guards.
    pub fn field_place(&mut self, place: Place, field: &Ident, span: Span) -> Place {
        let mut at = place;
        let outer_ty = at.ty;
        loop {
            match self.kind(at.ty) {
                TyKind::Struct(id, args) => {
                    if let Some((index, ty)) = self.find_field(id, &args, field) {
                        at.projections.push(Projection::Field(index, ty));
                        return Place { ty, span, ..at };
                    }
                }
                TyKind::Tuple(parts) => {
                    if let Ok(index) = field.name.parse::<usize>()
                        && let Some(&ty) = parts.get(index)
                    {
                        at.projections.push(Projection::Field(index as u32, ty));
                        return Place { ty, span, ..at };
                    }
                }
                TyKind::Ticker if matches!(&*field.name, "c" | "C" | "ch" | "channel" | "chan") => {
                    let ty = self.types.intern(TyKind::Channel(Types::TIME));
                    let channel = expr(ExprKind::Builtin(Builtin::TickerChannel, vec![look(at)]), ty, span);
                    return temporary(channel);
                }
                TyKind::Error => return temporary(error_expr(span)),
                TyKind::Infer(_) if self.is_unknown(at.ty) => {
                    if self.put_off() {
                        let message = format!("the type of the value before `.{}` is not known here", field.name);
                        self.report(
                            Diagnostic::new(Code::CannotInfer, span, message)
                                .help("annotate the variable with its type"),
                        );
                    }
                    return temporary(error_expr(span));
                }
                _ => {}
            }
            match self.deref_place(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        self.unknown_member(outer_ty, field, "field");
        temporary(error_expr(span))
    }

    /// Position and type of a field; reports one that may not be seen here.
    fn find_field(&mut self, id: crate::types::StructId, args: &[Ty], field: &Ident) -> Option<(u32, Ty)> {
        let info = &self.structs[id.0 as usize];
        let index = info.fields.iter().position(|own| own.name == field.name)?;
        let (ty, visibility, declared, scope) =
            (info.fields[index].ty, info.fields[index].visibility, info.fields[index].span, info.scope);
        if visibility == Visibility::Private && !self.same_file(scope) {
            let name = self.structs[id.0 as usize].name.clone();
            self.report(
                Diagnostic::new(
                    Code::PrivateMember,
                    field.span,
                    format!("the field `{}` of `{name}` is private", field.name),
                )
                .note_at(declared, "declared here"),
            );
        }
        let ty = self.subst(ty, args);
        Some((index as u32, ty))
    }

    /// Whether the code that is being elaborated stands in the file of a scope.
    pub fn same_file(&mut self, scope: ScopeId) -> bool {
        let here = self.frame().scope;
        self.file_of(here) == self.file_of(scope)
    }

    fn file_of(&self, mut scope: ScopeId) -> ScopeId {
        while let Some(parent) = self.scopes[scope.0 as usize].parent {
            scope = parent;
        }
        scope
    }

    /// Reports a field or method that a type does not have.
    pub fn unknown_member(&mut self, ty: Ty, member: &Ident, what: &str) {
        let ty = self.shallow(ty);
        if ty == Types::ERROR {
            return;
        }
        let shown = self.show(ty);
        let message = format!("`{shown}` has no {what} `{}`", member.name);
        let diagnostic = Diagnostic::new(Code::UnknownMember, member.span, message);
        let names = self.member_names(ty);
        let mut diagnostic = hints::suggest(diagnostic, &member.name, names.iter().map(String::as_str));
        if matches!(self.kind(ty), TyKind::Enum(id, _) if id == crate::types::OPTION || id == crate::types::RESULT) {
            diagnostic = diagnostic.help("take the value out first: `match`, `if let`, `?`, `??` or `.unwrap()`");
        }
        self.report(diagnostic);
    }

    fn index_place(&mut self, base: &'a ast::Expr, index: &'a ast::Expr, span: Span) -> Place {
        let place = self.check_place(base);
        if let ast::ExprKind::Range { low, high, inclusive } = &index.kind {
            let value = self.slice(place, low.as_deref(), high.as_deref(), *inclusive, span);
            return temporary(value);
        }
        let mut at = place;
        let outer_ty = at.ty;
        loop {
            let element = match self.kind(at.ty) {
                TyKind::List(element) | TyKind::Array(element, _) | TyKind::Span(element) => {
                    let index = self.check_index(index);
                    at.projections.push(Projection::Index(Box::new(index), element));
                    return Place { ty: element, span, ..at };
                }
                TyKind::String | TyKind::Str => {
                    let index = self.check_index(index);
                    at.projections.push(Projection::Index(Box::new(index), Types::CHAR));
                    return Place { ty: Types::CHAR, span, ..at };
                }
                TyKind::Map(key, value) => {
                    let index = self.check_expr(index, Expect::Is(key));
                    let index = super::expect::looked(self.coerce_key(index, key));
                    at.projections.push(Projection::Index(Box::new(index), value));
                    return Place { ty: value, span, ..at };
                }
                TyKind::Struct(..) | TyKind::Enum(..) => {
                    if let Some(value) = self.user_index(&at, index, span) {
                        return temporary(value);
                    }
                    None
                }
                TyKind::Error => {
                    self.check_expr(index, Expect::Any);
                    return temporary(error_expr(span));
                }
                TyKind::Infer(_) if self.is_unknown(at.ty) => {
                    self.check_expr(index, Expect::Any);
                    if self.put_off() {
                        self.error(Code::CannotInfer, span, "the type of what is indexed is not known here");
                    }
                    return temporary(error_expr(span));
                }
                _ => None::<Ty>,
            };
            debug_assert!(element.is_none());
            match self.deref_place(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        self.check_expr(index, Expect::Any);
        let shown = self.show(outer_ty);
        self.error(Code::BadOperand, span, format!("`{shown}` cannot be indexed"));
        temporary(error_expr(span))
    }

    /// An index: any integer type.
    pub fn check_index(&mut self, index: &'a ast::Expr) -> core::Expr {
        let value = self.check_expr(index, Expect::Any);
        self.integer(value)
    }

    /// `xs[a..b]`
    fn slice(
        &mut self,
        place: Place,
        low: Option<&'a ast::Expr>,
        high: Option<&'a ast::Expr>,
        inclusive: bool,
        span: Span,
    ) -> core::Expr {
        let place = self.deref_all(place);
        let (slice, len, ty) = match self.kind(place.ty) {
            TyKind::List(element) | TyKind::Array(element, _) | TyKind::Span(element) => {
                let ty = self.types.intern(TyKind::List(element));
                (Builtin::ListSlice, Builtin::ListLen, ty)
            }
            TyKind::String | TyKind::Str => (Builtin::StringSubstring, Builtin::StringLen, Types::STRING),
            TyKind::Error => return error_expr(span),
            _ => {
                if self.is_unknown(place.ty) && !self.put_off() {
                    return error_expr(span);
                }
                let shown = self.show(place.ty);
                self.error(Code::BadOperand, span, format!("`{shown}` has no slices"));
                return error_expr(span);
            }
        };
        let low = match low {
            Some(low) => {
                let value = self.check_index(low);
                self.usize_of(value)
            }
            None => self.int_const(0, Types::USIZE, span),
        };
        let high = match high {
            Some(high) => {
                let value = self.check_index(high);
                let value = self.usize_of(value);
                if inclusive {
                    let one = self.int_const(1, Types::USIZE, span);
                    let kind = ExprKind::Binary(core::BinaryOp::Add, Box::new(value), Box::new(one));
                    expr(kind, Types::USIZE, span)
                } else {
                    value
                }
            }
            None => expr(ExprKind::Builtin(len, vec![look(place.clone())]), Types::USIZE, span),
        };
        expr(ExprKind::Builtin(slice, vec![look(place), low, high]), ty, span)
    }

    /// Whether a place may be changed; reports why not. `how` says what is done to it.
    pub fn require_mutable(&mut self, place: &Place, how: &str) -> bool {
        if let PlaceBase::Local(local) = place.base {
            self.mark_changed(local);
        }
        let mut base_ty = match &place.base {
            PlaceBase::Local(local) => self.frame().locals[local.0 as usize].local.ty,
            PlaceBase::Global(id) => self.program_globals[id.0 as usize].ty,
            PlaceBase::Value(value) => value.ty,
        };
        let mut mutable = match &place.base {
            PlaceBase::Local(local) => {
                let info = &self.frame().locals[local.0 as usize];
                info.local.mutable || (info.deferred && place.projections.is_empty())
            }
            PlaceBase::Global(id) => self.program_globals[id.0 as usize].mutable,
            PlaceBase::Value(_) => true,
        };
        let mut through: Option<&str> = None;
        for projection in &place.projections {
            match projection {
                Projection::Deref(target) => {
                    match self.kind(base_ty) {
                        TyKind::Ref(_) => {
                            mutable = false;
                            through = Some("it is seen through `&`, which only looks; `&T!` allows changes");
                        }
                        TyKind::ReadGuard(_) => {
                            mutable = false;
                            through = Some("it is seen through a read guard; `write()` allows changes");
                        }
                        _ => {
                            mutable = true;
                            through = None;
                        }
                    }
                    base_ty = *target;
                }
                Projection::Field(index, ty) => {
                    if let TyKind::Struct(id, _) = self.kind(base_ty) {
                        let info = &self.structs[id.0 as usize];
                        let readonly =
                            info.fields.get(*index as usize).is_some_and(|f| f.visibility == Visibility::Readonly);
                        let scope = info.scope;
                        if readonly && !self.same_file(scope) {
                            let name = self.structs[id.0 as usize].fields[*index as usize].name.clone();
                            self.error(
                                Code::PrivateMember,
                                place.span,
                                format!("the field `{name}` is readonly outside of its file"),
                            );
                        }
                    }
                    base_ty = *ty;
                }
                Projection::Index(_, ty) => base_ty = *ty,
            }
        }
        if mutable {
            return true;
        }
        let (name, declared) = match &place.base {
            PlaceBase::Local(local) => {
                let local = &self.frame().locals[local.0 as usize].local;
                (local.name.clone(), Some(local.span))
            }
            PlaceBase::Global(id) => {
                let global = &self.program_globals[id.0 as usize];
                (global.name.clone(), Some(global.span))
            }
            PlaceBase::Value(_) => (String::new(), None),
        };
        let subject = if name.is_empty() { "the value".to_string() } else { format!("`{name}`") };
        let message = format!("{subject} is immutable, but {how}");
        let mut diagnostic = Diagnostic::new(Code::AssignToImmutable, place.span, message);
        if let Some(declared) = declared {
            diagnostic = diagnostic.note_at(declared, format!("{subject} is declared here"));
        }
        diagnostic = match through {
            Some(reason) => diagnostic.help(reason),
            None if declared.is_some() => {
                diagnostic.help(format!("declare it with `let!` (a parameter as `{name}!: T`)"))
            }
            None => diagnostic,
        };
        self.report(diagnostic);
        false
    }

    /// The name of a type for messages.
    pub fn type_def_name(&self, def: TypeDef) -> String {
        match def {
            TypeDef::Prim(ty) => self.show(ty),
            TypeDef::Builtin(builtin) => builtin.name().to_string(),
            TypeDef::Struct(id) => self.structs[id.0 as usize].name.to_string(),
            TypeDef::Enum(id) => self.enums[id.0 as usize].name.to_string(),
            TypeDef::Contract(id) => self.contracts[id.0 as usize].name.to_string(),
            TypeDef::Alias(id) => self.aliases[id as usize].ast.name.name.to_string(),
        }
    }

    /// A path in a message.
    pub fn path_name(path: &ast::Path) -> String {
        path_text(path)
    }
}
