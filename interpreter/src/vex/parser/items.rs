//! Declarations.

use super::statements::Statement;
use super::{Context, Failed, Parsed, Parser, Separator};
use crate::diagnostics::{Code, Diagnostic};
use crate::vex::ast::{
    AssocType, Const, Contract, ContractMethod, Enum, Expr, Extern, Field, FnOwner, Function, Generics, Ident, Import,
    ImportName, ImportNames, Item, ItemKind, Name, Param, Policy, Receiver, Struct, StructBody, TypeAlias, TypeExpr,
    TypeKind, Variant, Visibility,
};
use crate::vex::token::TokenKind as T;

/// A member of a contract.
enum Member {
    Method(Box<ContractMethod>),
    Type(AssocType),
}

/// What stands between the braces of a struct.
enum StructPart {
    Field(Field),
    Type(AssocType),
    Section,
    Method,
}

impl Parser<'_> {
    /// The whole file.
    pub(super) fn module_items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut reported_statement = false;
        while !self.is(T::Eof) {
            if self.eat(T::Semi).is_some() {
                continue;
            }
            let start = self.at;
            if self.is(T::RBrace) || self.is(T::RParen) || self.is(T::RBracket) {
                let message = format!("{} closes nothing", self.found());
                self.report(Diagnostic::new(Code::UnmatchedDelimiter, self.error_span(), message).label("no partner"));
                self.bump();
                continue;
            }
            if self.begins_item() || matches!(self.kind(), T::Let | T::LetBang | T::Threadlocal) {
                match self.nested(Self::item) {
                    Ok(item) => items.push(item),
                    Err(Failed) => self.skip_item(start),
                }
                continue;
            }
            if let Some(diagnostic) = self.foreign_item() {
                self.report(diagnostic);
                self.skip_item(start);
                continue;
            }
            // A statement: read it for its own errors, and say once that it does not belong here.
            if !self.kind().starts_statement() {
                self.expected("a declaration", "");
                if matches!(self.kind(), T::Public | T::Private | T::Readonly) {
                    self.help_last("write `export` before a declaration that other files may import");
                }
                self.skip_item(start);
                continue;
            }
            if !reported_statement {
                reported_statement = true;
                let message = "a statement outside of a function";
                let diagnostic = Diagnostic::new(Code::StatementOutsideFunction, self.error_span(), message);
                self.report_and_go_on(diagnostic.help("put it into `fn main() { .. }`"));
            }
            let parsed: Parsed<Statement> = self.nested(Self::statement);
            if parsed.is_err() || !self.token().newline_before && !self.is(T::Semi) {
                self.skip_statement(start);
            }
        }
        items
    }

    /// Words with which other languages begin a declaration.
    fn foreign_item(&self) -> Option<Diagnostic> {
        let token = self.token();
        if token.kind != T::Ident || !matches!(self.peek(1).kind, T::Ident | T::Lt | T::Fn) {
            return None;
        }
        let help = match self.text_of(token) {
            "impl" => {
                "methods stand outside the struct: `fn (self: &P) name() { .. }`; \
                 contracts in its header: `struct P: Shape`"
            }
            "trait" | "interface" => "write `contract`",
            "class" => "write `struct`, and its methods as `fn (self: &P) name() { .. }`",
            "func" | "function" | "def" => "write `fn`",
            "var" => "write `let!`",
            "pub" => "write `export`",
            "use" | "package" | "mod" => "modules are files; write `import { name } from \"./file.vex\"`",
            _ => return None,
        };
        let message = format!("Vex has no `{}`", self.text_of(token));
        Some(Diagnostic::new(Code::OtherLanguage, token.span(self.file), message).help(help))
    }

    /// After an error: to the next line that begins a declaration, outside of braces.
    fn skip_item(&mut self, start: usize) {
        let mut braces = 0u32;
        loop {
            let token = self.token();
            match token.kind {
                T::Eof => return,
                T::LBrace => braces += 1,
                T::RBrace => {
                    braces = braces.saturating_sub(1);
                    if braces == 0 {
                        self.bump();
                        return;
                    }
                }
                _ if braces == 0 && token.newline_before && self.at > start && self.begins_item_or_let() => return,
                _ => {}
            }
            self.bump();
        }
    }

    fn begins_item_or_let(&self) -> bool {
        self.begins_item() || matches!(self.kind(), T::Let | T::LetBang | T::Threadlocal)
    }

    /// Whether the next token begins a declaration (`let` aside).
    pub(super) fn begins_item(&self) -> bool {
        match self.kind() {
            T::Fn | T::Const | T::Struct | T::Enum | T::Contract | T::Import | T::Export | T::Extern => true,
            T::Policy => self.peek(1).kind == T::Ident,
            T::Async => self.peek(1).kind == T::Fn,
            T::Unsafe => matches!(self.peek(1).kind, T::Fn | T::Async),
            T::Ident => {
                let next = self.peek(1);
                self.is_word(0, "type") && next.kind == T::Ident && !next.newline_before
            }
            _ => false,
        }
    }

    pub(super) fn item(&mut self) -> Parsed<Item> {
        let doc = self.doc();
        let lo = self.token().lo;
        let export = self.eat(T::Export).map(|token| token.span(self.file));
        let token = self.token();
        let kind = match token.kind {
            T::Fn | T::Async | T::Unsafe => ItemKind::Function(Box::new(self.function(true)?)),
            T::Struct => ItemKind::Struct(Box::new(self.struct_item()?)),
            T::Enum => ItemKind::Enum(Box::new(self.enum_item()?)),
            T::Contract => ItemKind::Contract(Box::new(self.contract()?)),
            T::Const => ItemKind::Const(Box::new(self.const_item()?)),
            T::Let | T::LetBang | T::Threadlocal => ItemKind::Global(Box::new(self.let_stmt()?)),
            T::Import => ItemKind::Import(Box::new(self.import()?)),
            T::Policy => ItemKind::Policy(Box::new(self.policy()?)),
            T::Extern => ItemKind::Extern(Box::new(self.extern_block()?)),
            T::Ident if self.is_word(0, "type") => ItemKind::TypeAlias(Box::new(self.type_alias()?)),
            _ => {
                let failed = self.expected("a declaration", "after `export`");
                self.help_last("`export` stands before the declaration that other files may import");
                return Err(failed);
            }
        };
        let has_body = matches!(self.tokens[self.at.saturating_sub(1)].kind, T::RBrace);
        let next = self.token();
        if !has_body && !next.newline_before && !matches!(next.kind, T::Semi | T::Eof | T::RBrace) {
            let found = self.found();
            let message = format!("expected the end of the declaration, found {found}");
            self.report(Diagnostic::new(Code::MissingStatementEnd, self.error_span(), message));
            return Err(Failed);
        }
        Ok(Item { id: self.fresh(), span: self.span_from(lo), export, doc, kind })
    }

    /// The `///` lines before the next token.
    fn doc(&mut self) -> Option<Name> {
        let index = self.at as u32;
        let first = self.docs.partition_point(|&(at, _)| at < index);
        let lines: Vec<&str> = self.docs[first..]
            .iter()
            .take_while(|&&(at, _)| at == index)
            .map(|(_, span)| self.text[span.lo as usize..span.hi as usize].trim())
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n").into())
    }

    // ------------------------------------------------------------------------------------------------ functions

    /// `async fn ..`; in an `extern` block without a body.
    fn function(&mut self, with_body: bool) -> Parsed<Function> {
        let lo = self.token().lo;
        let (mut is_async, mut is_unsafe) = (None, None);
        loop {
            let token = self.token();
            match token.kind {
                T::Async => is_async = Some(token.span(self.file)),
                T::Unsafe => is_unsafe = Some(token.span(self.file)),
                _ => break,
            }
            self.bump();
        }
        self.expect(T::Fn, "")?;
        let (mut owner, mut name) = (FnOwner::None, None);
        if self.is(T::LParen) {
            owner = FnOwner::Receiver(self.receiver()?);
        } else if self.names_owner() {
            let mut path = self.path("of the function")?;
            let mut args = Vec::new();
            let mut span = path.span;
            if self.is(T::Lt) && self.type_args_end_in_dot(self.at) {
                args = self.type_args()?;
                span = self.span_from(path.span.lo);
                self.expect(T::Dot, "after the type")?;
            } else if path.segments.len() > 1 {
                // `P.new` was read as one path.
                name = path.segments.pop();
                span.hi = path.segments.last().map_or(span.hi, |last| last.span.hi);
                path.span = span;
            } else {
                self.expect(T::Dot, "after the type")?; // `P.op+`
            }
            owner = FnOwner::Type(self.make_type(TypeKind::Path { path, args }, span));
        }
        let name = match name {
            Some(name) => name,
            None => self.function_name()?,
        };
        if self.is_adjacent(T::Bang) {
            self.bump();
        }
        let mut generics = self.generics()?;
        let params = self.params()?;
        if self.is(T::Bang) {
            self.bump(); // `fn (self: &P!) grow()!`, as in contracts.
        }
        let ret = if self.eat_return_colon() { Some(self.type_expr()?) } else { None };
        let header = self.span_from(lo);
        self.where_clause(&mut generics)?;
        let body = if with_body || self.is(T::LBrace) {
            if !self.is(T::LBrace) {
                let failed = self.expected("`{`", "to open the body of the function");
                if self.is(T::Assign) || self.is(T::FatArrow) {
                    self.help_last("a body is written in braces: `{ value }`");
                }
                return Err(failed);
            }
            Some(self.block()?)
        } else {
            None
        };
        Ok(Function { id: self.fresh(), header, is_async, is_unsafe, owner, name, generics, params, ret, body })
    }

    /// Whether a type and a dot stand before the name: `P.new`, `Vec<T>.from`.
    fn names_owner(&self) -> bool {
        match self.peek(1).kind {
            T::Dot | T::ColonColon => true,
            T::Lt => self.type_args_end_in_dot(self.at + 1),
            _ => false,
        }
    }

    fn type_args_end_in_dot(&self, from: usize) -> bool {
        let end = self.type_args_end(from);
        end.is_some_and(|end| self.tokens.get(end).is_some_and(|token| token.kind == T::Dot))
    }

    /// A name, or an operator: `op+`, `op[]`.
    fn function_name(&mut self) -> Parsed<Ident> {
        let token = self.token();
        if !self.is_word(0, "op") || self.peek(1).space_before || matches!(self.peek(1).kind, T::LParen | T::Eof) {
            return self.ident("of the function");
        }
        self.bump();
        // Up to the parenthesis, at most three tokens: `[]=`.
        for _ in 0..3 {
            if matches!(self.kind(), T::LParen | T::Eof) || self.token().space_before {
                break;
            }
            self.bump();
        }
        let span = self.span_from(token.lo);
        Ok(Ident { name: self.name(span.lo, span.hi), span })
    }

    /// `(self: &P)`.
    fn receiver(&mut self) -> Parsed<Receiver> {
        let open = self.bump();
        self.with_context(Context::PARENS, |p| {
            let name = p.ident("of the receiver")?;
            let mutable = p.is_adjacent(T::Bang);
            if mutable {
                p.bump();
            }
            if p.eat(T::Colon).is_none() {
                let failed = p.expected("`:`", "and the type of the receiver");
                p.help_last("a method is written `fn (self: &P) name() { .. }`");
                return Err(failed);
            }
            let ty = p.type_expr()?;
            if p.eat(T::RParen).is_none() {
                return Err(p.expected_close(open, T::RParen, "", "the receiver"));
            }
            Ok(Receiver { id: p.fresh(), name, mutable, ty, span: p.span_from(open.lo) })
        })
    }

    fn params(&mut self) -> Parsed<Vec<Param>> {
        if !self.is(T::LParen) {
            return Err(self.expected("`(`", "to open the parameters"));
        }
        let open = self.bump();
        let params = self.list(open, Separator::Comma, "the parameters", Self::param)?;
        let mut has_default = false;
        for (index, param) in params.iter().enumerate() {
            let message = if param.rest && index + 1 < params.len() {
                "a rest parameter must be the last one"
            } else if has_default && param.default.is_none() && !param.rest {
                "a parameter without a default value stands after one that has it"
            } else {
                has_default |= param.default.is_some();
                continue;
            };
            self.report_and_go_on(Diagnostic::new(Code::BadParameter, param.span, message));
        }
        Ok(params)
    }

    fn param(&mut self) -> Parsed<Param> {
        let lo = self.token().lo;
        let early_rest = self.eat(T::Ellipsis).is_some();
        if matches!(self.kind(), T::Amp | T::SelfWord) && (self.is(T::SelfWord) || self.peek(1).kind == T::SelfWord) {
            let message = "the receiver stands before the name of a method";
            let diagnostic = Diagnostic::new(Code::BadParameter, self.error_span(), message);
            self.report(diagnostic.help("write `fn (self: &P) name(..)`, or `&P!` for a method that changes it"));
            return Err(Failed);
        }
        let name = self.ident("of the parameter")?;
        let mutable = self.is_adjacent(T::Bang);
        if mutable {
            self.bump();
        }
        let mut rest = early_rest;
        let ty = if self.eat(T::Colon).is_some() {
            rest |= self.eat(T::Ellipsis).is_some();
            self.type_expr()?
        } else {
            let message = format!("the parameter `{}` needs a type", name.name);
            self.report_and_go_on(Diagnostic::new(Code::MissingType, name.span, message).help("write `name: Type`"));
            self.make_type(TypeKind::Error, name.span)
        };
        let default = if self.eat(T::Assign).is_some() { Some(self.expr()?) } else { None };
        Ok(Param { id: self.fresh(), name, mutable, rest, ty, default, span: self.span_from(lo) })
    }

    // ----------------------------------------------------------------------------------------------------- types

    /// `: A, B` (or `A + B`) after the name of a struct, enum or contract.
    fn contracts(&mut self) -> Parsed<Vec<TypeExpr>> {
        let mut contracts = Vec::new();
        if self.eat(T::Colon).is_some() {
            contracts.push(self.single_type()?);
            while self.eat(T::Comma).or_else(|| self.eat(T::Plus)).is_some() {
                contracts.push(self.single_type()?);
            }
        }
        Ok(contracts)
    }

    /// `with A, B`.
    fn policies(&mut self) -> Parsed<Vec<Ident>> {
        let mut policies = Vec::new();
        if self.eat_word("with").is_some() {
            policies.push(self.ident("of the policy")?);
            while self.eat(T::Comma).is_some() {
                policies.push(self.ident("of the policy")?);
            }
        }
        Ok(policies)
    }

    fn struct_item(&mut self) -> Parsed<Struct> {
        let lo = self.bump().lo;
        let name = self.ident("of the struct")?;
        let mut generics = self.generics()?;
        let mut policies = self.policies()?;
        let contracts = self.contracts()?;
        policies.extend(self.policies()?);
        self.where_clause(&mut generics)?;
        let header = self.span_from(lo);
        let mut assoc_types = Vec::new();
        let body = match self.kind() {
            T::LBrace => {
                let open = self.bump();
                let mut visibility = Visibility::Public;
                let parts =
                    self.list(open, Separator::CommaOrLine, "this struct", |p| p.struct_part(&mut visibility))?;
                let mut fields = Vec::new();
                for part in parts {
                    match part {
                        StructPart::Field(field) => fields.push(field),
                        StructPart::Type(ty) => assoc_types.push(ty),
                        StructPart::Section | StructPart::Method => {}
                    }
                }
                StructBody::Named(fields)
            }
            T::LParen => {
                let open = self.bump();
                let mut index = 0u32;
                StructBody::Tuple(self.list(open, Separator::Comma, "this struct", |p| {
                    let ty = p.type_expr()?;
                    let number = p.intern(&index.to_string());
                    index += 1;
                    let name = Ident { name: number, span: ty.span };
                    let span = ty.span;
                    let (visibility, default, tag) = (Visibility::Public, None, None);
                    Ok(Field { id: p.fresh(), name, ty, default, visibility, tag, span })
                })?)
            }
            _ => StructBody::Unit,
        };
        Ok(Struct { name, generics, contracts, policies, header, body, assoc_types })
    }

    fn struct_part(&mut self, visibility: &mut Visibility) -> Parsed<StructPart> {
        let token = self.token();
        let section = match token.kind {
            T::Public => Some(Visibility::Public),
            T::Readonly => Some(Visibility::Readonly),
            T::Private => Some(Visibility::Private),
            _ => None,
        };
        if let Some(section) = section {
            self.bump();
            self.expect(T::Colon, "after the name of the section")?;
            *visibility = section;
            // A field may follow on the same line.
            if !self.is(T::RBrace) {
                let at = self.at;
                self.tokens[at].newline_before = true;
            }
            return Ok(StructPart::Section);
        }
        if matches!(token.kind, T::Fn | T::Async) {
            let message = "methods stand outside of the struct";
            let diagnostic = Diagnostic::new(Code::OtherLanguage, self.error_span(), message);
            self.report(diagnostic.help("write `fn (self: &P) name() { .. }` after the struct"));
            self.item()?;
            return Ok(StructPart::Method);
        }
        if self.is_word(0, "type") && self.peek(1).kind == T::Ident {
            return Ok(StructPart::Type(self.assoc_type()?));
        }
        let name = self.ident("of a field")?;
        if self.eat(T::Colon).is_none() {
            let failed = self.expected("`:`", "and the type of the field");
            return Err(failed);
        }
        let ty = self.type_expr()?;
        let mut tag = self.tag()?;
        let default = if self.eat(T::Assign).is_some() { Some(self.expr()?) } else { None };
        if tag.is_none() {
            tag = self.tag()?;
        }
        let span = self.span_from(token.lo);
        Ok(StructPart::Field(Field { id: self.fresh(), name, ty, default, visibility: *visibility, tag, span }))
    }

    /// `type Item: Bound = T`.
    fn assoc_type(&mut self) -> Parsed<AssocType> {
        let lo = self.bump().lo;
        let name = self.ident("of the type")?;
        let bounds = if self.eat(T::Colon).is_some() { self.bounds()? } else { Vec::new() };
        let ty = if self.eat(T::Assign).is_some() { Some(self.type_expr()?) } else { None };
        Ok(AssocType { id: self.fresh(), name, bounds, ty, span: self.span_from(lo) })
    }

    fn enum_item(&mut self) -> Parsed<Enum> {
        let lo = self.bump().lo;
        let name = self.ident("of the enum")?;
        let mut generics = self.generics()?;
        let contracts = self.contracts()?;
        self.where_clause(&mut generics)?;
        let header = self.span_from(lo);
        let open = self.expect(T::LBrace, "to open the variants")?;
        let variants = self.list(open, Separator::CommaOrLine, "this enum", |p| {
            let lo = p.token().lo;
            let name = p.ident("of a variant")?;
            let payload = if p.is(T::LParen) {
                let open = p.bump();
                p.list(open, Separator::Comma, "this variant", Self::type_expr)?
            } else {
                Vec::new()
            };
            let discriminant = if p.eat(T::Assign).is_some() { Some(p.expr()?) } else { None };
            Ok(Variant { id: p.fresh(), name, payload, discriminant, span: p.span_from(lo) })
        })?;
        Ok(Enum { name, generics, contracts, header, variants })
    }

    fn contract(&mut self) -> Parsed<Contract> {
        let lo = self.bump().lo;
        let name = self.ident("of the contract")?;
        let mut generics = self.generics()?;
        let supers = self.contracts()?;
        self.where_clause(&mut generics)?;
        let header = self.span_from(lo);
        let open = self.expect(T::LBrace, "to open the contract")?;
        let members = self.list(open, Separator::CommaOrLine, "this contract", |p| {
            if p.is_word(0, "type") && p.peek(1).kind == T::Ident {
                return p.assoc_type().map(Member::Type);
            }
            p.contract_method().map(|method| Member::Method(Box::new(method)))
        })?;
        let (mut methods, mut assoc_types) = (Vec::new(), Vec::new());
        for member in members {
            match member {
                Member::Method(method) => methods.push(*method),
                Member::Type(ty) => assoc_types.push(ty),
            }
        }
        Ok(Contract { name, generics, supers, header, methods, assoc_types })
    }

    /// `area(): i32`, `grow(n: i32)!`, with a tolerated `fn` and explicit `self`.
    fn contract_method(&mut self) -> Parsed<ContractMethod> {
        let lo = self.token().lo;
        let is_async = self.eat(T::Async).map(|token| token.span(self.file));
        self.eat(T::Fn);
        let mut receiver = if self.is(T::LParen) { Some(self.receiver()?) } else { None };
        let name = self.function_name()?;
        let mut mutable = self.is_adjacent(T::Bang);
        if mutable {
            self.bump();
        }
        let mut generics: Generics = self.generics()?;
        if !self.is(T::LParen) {
            return Err(self.expected("`(`", "to open the parameters"));
        }
        let open = self.bump();
        let params = self.list(open, Separator::Comma, "the parameters", |p| {
            if !p.is(T::SelfWord) || p.peek(1).kind != T::Colon {
                return p.param().map(Some);
            }
            let lo = p.token().lo;
            let name = p.ident("of the receiver")?;
            p.bump();
            let ty = p.type_expr()?;
            receiver = Some(Receiver { id: p.fresh(), name, mutable: false, ty, span: p.span_from(lo) });
            Ok(None)
        })?;
        mutable |= self.eat(T::Bang).is_some();
        mutable |= receiver.as_ref().is_some_and(|r| matches!(r.ty.kind, TypeKind::Ref { mutable: true, .. }));
        let ret = if self.eat_return_colon() { Some(self.type_expr()?) } else { None };
        mutable |= self.eat(T::Bang).is_some();
        self.where_clause(&mut generics)?;
        let body = if self.is(T::LBrace) { Some(self.block()?) } else { None };
        let params = params.into_iter().flatten().collect();
        let span = self.span_from(lo);
        Ok(ContractMethod { id: self.fresh(), name, is_async, generics, receiver, mutable, params, ret, body, span })
    }

    fn type_alias(&mut self) -> Parsed<TypeAlias> {
        self.bump();
        let name = self.ident("of the type")?;
        let generics = self.generics()?;
        self.expect(T::Assign, "after the name of the type")?;
        Ok(TypeAlias { name, generics, ty: self.type_expr()? })
    }

    // ---------------------------------------------------------------------------------------------------- others

    fn const_item(&mut self) -> Parsed<Const> {
        self.bump();
        let name = self.ident("of the constant")?;
        let ty = if self.eat(T::Colon).is_some() { Some(self.type_expr()?) } else { None };
        self.expect(T::Assign, "and the value of the constant")?;
        let value: Expr = self.expr()?;
        Ok(Const { id: self.fresh(), name, ty, value })
    }

    fn import(&mut self) -> Parsed<Import> {
        self.bump();
        let names = match self.kind() {
            T::Str => {
                let path = self.string_ident("")?;
                let names = match self.eat(T::As) {
                    Some(_) => ImportNames::Namespace(self.ident("of the module")?),
                    None => ImportNames::Whole,
                };
                return Ok(Import { names, path });
            }
            T::Star => {
                self.bump();
                self.expect(T::As, "after `*`")?;
                ImportNames::Namespace(self.ident("of the module")?)
            }
            T::LBrace => {
                let open = self.bump();
                ImportNames::Named(self.list(open, Separator::CommaOrLine, "this import", |p| {
                    let name = p.ident("to import")?;
                    let alias = if p.eat(T::As).is_some() { Some(p.ident("after `as`")?) } else { None };
                    Ok(ImportName { id: p.fresh(), name, alias })
                })?)
            }
            T::Ident => ImportNames::Namespace(self.ident("of the module")?),
            _ => {
                let failed = self.expected("`{`, `*` or a string", "after `import`");
                self.help_last("write `import { Mutex } from \"sync\"`");
                return Err(failed);
            }
        };
        if self.eat_word("from").is_none() {
            return Err(self.expected("`from`", "and the module"));
        }
        let path = self.string_ident("with the name of the module")?;
        Ok(Import { names, path })
    }

    fn policy(&mut self) -> Parsed<Policy> {
        self.bump();
        let name = self.ident("of the policy")?;
        let parents = self.policies()?;
        let open = self.expect(T::LBrace, "to open the policy")?;
        let fields = self.list(open, Separator::CommaOrLine, "this policy", |p| {
            let field = p.ident("of a field")?;
            p.eat(T::Colon);
            match p.tag()? {
                Some(tag) => Ok((field, tag)),
                None => Err(p.expected("a tag in back-ticks", "after the field")),
            }
        })?;
        Ok(Policy { name, parents, fields })
    }

    fn extern_block(&mut self) -> Parsed<Extern> {
        self.bump();
        let abi = if self.is(T::Str) { Some(self.string_ident("")?) } else { None };
        if self.is(T::Fn) {
            return Ok(Extern { abi, functions: vec![self.function(false)?] });
        }
        let open = self.expect(T::LBrace, "to open the extern block")?;
        let functions = self.list(open, Separator::CommaOrLine, "this extern block", |p| p.function(false))?;
        Ok(Extern { abi, functions })
    }
}
