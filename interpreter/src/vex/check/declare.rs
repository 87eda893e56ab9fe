//! Enters every declaration into the scope it belongs to, and resolves imports. Types inside are resolved later.

use super::builtin_types::named_type;
use super::modules::ImportTarget;
use super::state::*;
use super::tables::snake_case;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::types::{ContractId, EnumId, StructId, Types};
use crate::vex::ast::{self, Ident, ImportNames, Item, ItemKind, Name, PatKind};
use rustc_hash::FxHashMap;

impl<'a> Checker<'a> {
    /// Declares the built-ins, the prelude and every file, then resolves the imports.
    pub fn declare_all(&mut self) {
        let loaded = self.loaded;
        self.scopes.push(Scope::default());
        for (item, &builtin) in loaded.builtins.items.iter().zip(&loaded.builtin_order) {
            if let ItemKind::Function(function) = &item.kind {
                let decl = self.new_decl(function, ROOT, true);
                self.decls[decl.0 as usize].body = Body::Builtin(builtin);
                if matches!(function.owner, ast::FnOwner::None) {
                    self.scope(ROOT).values.insert(function.name.name.clone(), ValueDef::Fns(vec![decl]));
                }
            }
        }
        self.declare_items(&loaded.prelude.items, ROOT, true);
        let names: Vec<Name> =
            self.scopes[0].values.keys().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        for name in names {
            self.root_snake.insert(snake_case(&name), name);
        }
        for module in &loaded.modules {
            let scope = ScopeId(self.scopes.len() as u32);
            self.scopes.push(Scope::default());
            self.declare_items(&module.ast.items, scope, false);
        }
        for index in 0..loaded.modules.len() {
            self.resolve_imports(index);
        }
    }

    /// The scope of a file.
    fn file_scope(index: usize) -> ScopeId {
        ScopeId(index as u32 + 1)
    }

    /// Notes that `name` is declared in `scope`; reports a second declaration.
    fn claim(&mut self, scope: ScopeId, name: &Ident) -> bool {
        if let Some(&first) = self.scopes[scope.0 as usize].spans.get(&name.name) {
            self.report(
                Diagnostic::new(Code::DuplicateDefinition, name.span, format!("`{}` is declared twice", name.name))
                    .note_at(first, "first declared here"),
            );
            return false;
        }
        self.scope(scope).spans.insert(name.name.clone(), name.span);
        true
    }

    /// Enters declarations into a scope.
    pub fn declare_items(&mut self, items: &'a [Item], scope: ScopeId, prelude: bool) {
        for item in items {
            if item.export.is_some() {
                if let Some(name) = item_name(&item.kind) {
                    self.scope(scope).exports.insert(name.name.clone());
                }
                if let ItemKind::Global(global) = &item.kind
                    && let PatKind::Binding { name } = &global.pattern.kind
                {
                    self.scope(scope).exports.insert(name.name.clone());
                }
            }
            match &item.kind {
                ItemKind::Function(function) => {
                    let decl = self.new_decl(function, scope, prelude);
                    if matches!(function.owner, ast::FnOwner::None) {
                        self.declare_function(scope, &function.name, decl);
                    }
                }
                ItemKind::Struct(def) => {
                    let id = StructId(self.structs.len() as u32);
                    self.structs.push(StructInfo {
                        name: def.name.name.clone(),
                        scope,
                        ast: def,
                        generics: Vec::new(),
                        fields: Vec::new(),
                        tuple: matches!(def.body, ast::StructBody::Tuple(_)),
                        contracts: Vec::new(),
                        assoc: FxHashMap::default(),
                        copy: false,
                    });
                    if self.claim(scope, &def.name) {
                        self.scope(scope).types.insert(def.name.name.clone(), TypeDef::Struct(id));
                    }
                }
                ItemKind::Enum(def) => {
                    let id = EnumId(self.enums.len() as u32);
                    let mut variants: Vec<(Name, Vec<crate::types::Ty>)> = Vec::new();
                    for variant in &def.variants {
                        if variants.iter().any(|(name, _)| *name == variant.name.name) {
                            self.error(
                                Code::DuplicateDefinition,
                                variant.name.span,
                                format!("`{}` has two variants `{}`", def.name.name, variant.name.name),
                            );
                        }
                        let index = variants.len() as u32;
                        variants.push((variant.name.name.clone(), Vec::new()));
                        self.scope(scope).variants.entry(variant.name.name.clone()).or_default().push((id, index));
                    }
                    self.enums.push(EnumInfo {
                        name: def.name.name.clone(),
                        scope,
                        ast: def,
                        generics: Vec::new(),
                        variants,
                        discriminants: Vec::new(),
                        contracts: Vec::new(),
                        copy: false,
                    });
                    if self.claim(scope, &def.name) {
                        self.scope(scope).types.insert(def.name.name.clone(), TypeDef::Enum(id));
                    }
                }
                ItemKind::Contract(def) => {
                    let id = ContractId(self.contracts.len() as u32);
                    self.contracts.push(ContractInfo {
                        name: def.name.name.clone(),
                        scope,
                        ast: def,
                        generics: Vec::new(),
                        assoc: def.assoc_types.iter().map(|assoc| assoc.name.name.clone()).collect(),
                        supers: Vec::new(),
                        methods: Vec::new(),
                    });
                    if self.claim(scope, &def.name) {
                        self.scope(scope).types.insert(def.name.name.clone(), TypeDef::Contract(id));
                    }
                }
                ItemKind::TypeAlias(def) => {
                    let id = self.aliases.len() as u32;
                    self.aliases.push(AliasInfo { ast: def, scope, busy: false });
                    if self.claim(scope, &def.name) {
                        self.scope(scope).types.insert(def.name.name.clone(), TypeDef::Alias(id));
                    }
                }
                ItemKind::Const(def) => {
                    let id = self.consts.len() as u32;
                    self.consts.push(ConstInfo { scope, ast: def, prelude, global: None, busy: false });
                    if self.claim(scope, &def.name) {
                        self.scope(scope).values.insert(def.name.name.clone(), ValueDef::Const(id));
                    }
                }
                ItemKind::Global(def) => self.declare_global(def, scope, prelude),
                ItemKind::Extern(block) => {
                    for function in &block.functions {
                        let decl = self.new_decl(function, scope, prelude);
                        self.decls[decl.0 as usize].body = Body::Extern(function);
                        self.declare_function(scope, &function.name, decl);
                    }
                }
                ItemKind::Import(_) | ItemKind::Policy(_) => {}
            }
        }
    }

    fn declare_global(&mut self, def: &'a ast::Let, scope: ScopeId, prelude: bool) {
        match &def.pattern.kind {
            PatKind::Binding { name } => {
                let id = self.globals.len() as u32;
                self.globals.push(GlobalInfo {
                    name: name.name.clone(),
                    scope,
                    ty: None,
                    declared: def.ty.as_ref(),
                    init: def.init.as_ref(),
                    mutable: def.mutable,
                    thread_local: def.threadlocal.is_some(),
                    span: name.span,
                    prelude,
                    id: None,
                    busy: false,
                    func: None,
                });
                if self.claim(scope, name) {
                    self.scope(scope).values.insert(name.name.clone(), ValueDef::Global(id));
                }
            }
            PatKind::Error => {}
            _ => self.error(
                Code::Unsupported,
                def.pattern.span,
                "a module global is declared with a plain name; take the value apart in a function",
            ),
        }
    }

    fn declare_function(&mut self, scope: ScopeId, name: &Ident, decl: DeclId) {
        if let Some(ValueDef::Fns(list)) = self.scope(scope).values.get_mut(&name.name) {
            list.push(decl);
            return;
        }
        if self.claim(scope, name) {
            self.scope(scope).values.insert(name.name.clone(), ValueDef::Fns(vec![decl]));
        }
    }

    /// A declaration whose signature is filled in later.
    pub fn new_decl(&mut self, function: &'a ast::Function, scope: ScopeId, prelude: bool) -> DeclId {
        self.decls.push(Decl {
            name: function.name.name.clone(),
            full_name: function.name.name.to_string(),
            scope,
            body: Body::Ast(function),
            generics: Vec::new(),
            owner_generics: 0,
            receiver: None,
            self_ty: None,
            params: Vec::new(),
            ret: Types::UNIT,
            is_async: function.is_async.is_some(),
            prelude,
            span: function.header,
            func: None,
            starter: None,
        });
        DeclId((self.decls.len() - 1) as u32)
    }

    fn resolve_imports(&mut self, index: usize) {
        let module = &self.loaded.modules[index];
        let scope = Self::file_scope(index);
        for item in &module.ast.items {
            let ItemKind::Import(import) = &item.kind else { continue };
            let Some(&target) = module.imports.get(&import.path.name) else { continue };
            let def = match target {
                ImportTarget::Module(file) => ModuleDef::File(Self::file_scope(file)),
                ImportTarget::Std(std) => ModuleDef::Std(std),
            };
            match &import.names {
                ImportNames::Namespace(name) => {
                    self.scope(scope).modules.insert(name.name.clone(), def);
                    self.scope(scope).unused_imports.push((name.name.clone(), name.span));
                }
                ImportNames::Whole => {
                    let last = import.path.name.rsplit('/').next().unwrap_or("");
                    let last = last.strip_suffix(".vex").or_else(|| last.strip_suffix(".vx")).unwrap_or(last);
                    self.scope(scope).modules.insert(Name::from(last), def);
                }
                ImportNames::Named(names) => {
                    if matches!(target, ImportTarget::Std(_)) {
                        // `import { Mutex } from "sync"` also makes `sync.Mutex` known.
                        let last = import.path.name.rsplit('/').next().unwrap_or("");
                        self.scope(scope).modules.entry(Name::from(last)).or_insert(def);
                    }
                    for name in names {
                        self.import_name(scope, def, name, &import.path.name, import.path.span);
                    }
                }
            }
        }
    }

    fn import_name(&mut self, scope: ScopeId, def: ModuleDef, name: &ast::ImportName, path: &str, _at: Span) {
        let local = name.alias.as_ref().unwrap_or(&name.name);
        let mut found = false;
        match def {
            ModuleDef::Std(std) => {
                for inner in std.modules {
                    if inner.rsplit('/').next() == Some(&*name.name.name)
                        && let Some(module) = super::tables::std_module(inner)
                    {
                        self.scope(scope).modules.insert(local.name.clone(), ModuleDef::Std(module));
                        found = true;
                    }
                }
                if let Some(root) = std.root_name(&name.name.name) {
                    if let Some(ty) = self.root_type(root) {
                        self.import_type(scope, local, ty);
                        found = true;
                    }
                    if let Some(value) = self.root_value(root) {
                        self.import_value(scope, local, value);
                        found = true;
                    }
                    if super::calls_std::is_special(root) || self.scopes[0].variants.contains_key(root) {
                        self.scope(scope).modules.entry(local.name.clone()).or_insert(def);
                        found = true;
                    }
                }
            }
            ModuleDef::File(file) => {
                let source = &self.scopes[file.0 as usize];
                let known = source.types.contains_key(&name.name.name) || source.values.contains_key(&name.name.name);
                if known && !source.exports.contains(&name.name.name) {
                    let declared = source.spans.get(&name.name.name).copied();
                    let mut diagnostic = Diagnostic::new(
                        Code::UnknownImport,
                        name.name.span,
                        format!("`{}` is not exported by `{path}`", name.name.name),
                    )
                    .help(format!("write `export` before the declaration of `{}`", name.name.name));
                    if let Some(span) = declared {
                        diagnostic = diagnostic.note_at(span, "declared here");
                    }
                    self.report(diagnostic);
                    // Known all the same, so that its uses are not reported again.
                }
                let source = &self.scopes[file.0 as usize];
                let (ty, value) =
                    (source.types.get(&name.name.name).copied(), source.values.get(&name.name.name).cloned());
                if let Some(ty) = ty {
                    self.import_type(scope, local, ty);
                    found = true;
                }
                if let Some(value) = value {
                    self.import_value(scope, local, value);
                    found = true;
                }
            }
        }
        if found {
            self.scope(scope).unused_imports.push((local.name.clone(), local.span));
            return;
        }
        let candidates: Vec<String> = match def {
            ModuleDef::Std(std) => std.names.iter().map(|(name, _)| name.to_string()).collect(),
            ModuleDef::File(file) => {
                let mut names: Vec<String> =
                    self.scopes[file.0 as usize].exports.iter().map(|name| name.to_string()).collect();
                names.sort();
                names
            }
        };
        let message = format!("the module `{path}` has no `{}`", name.name.name);
        let diagnostic = Diagnostic::new(Code::UnknownImport, name.name.span, message);
        let diagnostic = super::hints::suggest(diagnostic, &name.name.name, candidates.iter().map(String::as_str));
        self.report(diagnostic);
    }

    fn import_type(&mut self, scope: ScopeId, local: &Ident, ty: TypeDef) {
        if self.scopes[scope.0 as usize].types.get(&local.name) == Some(&ty) {
            return;
        }
        if self.scopes[scope.0 as usize].types.contains_key(&local.name) {
            // A declaration of the file shadows it.
            return;
        }
        if let TypeDef::Enum(id) = ty {
            let variants: Vec<Name> = self.enums[id.0 as usize].variants.iter().map(|(name, _)| name.clone()).collect();
            for (index, name) in variants.into_iter().enumerate() {
                let list = self.scope(scope).variants.entry(name).or_default();
                if !list.contains(&(id, index as u32)) {
                    list.push((id, index as u32));
                }
            }
        }
        self.scope(scope).types.insert(local.name.clone(), ty);
    }

    fn import_value(&mut self, scope: ScopeId, local: &Ident, value: ValueDef) {
        let entry = self.scope(scope).values.entry(local.name.clone());
        entry.or_insert(value);
    }

    /// A type of the root scope.
    pub fn root_type(&mut self, name: &str) -> Option<TypeDef> {
        match self.scopes[0].types.get(name) {
            Some(&ty) => Some(ty),
            None => named_type(&mut self.types, name),
        }
    }

    /// A value of the root scope, in either naming style.
    pub fn root_value(&self, name: &str) -> Option<ValueDef> {
        let values = &self.scopes[0].values;
        values.get(name).or_else(|| self.root_snake.get(&snake_case(name)).and_then(|name| values.get(name))).cloned()
    }
}

/// The name that a declaration declares.
fn item_name(kind: &ItemKind) -> Option<&Ident> {
    match kind {
        ItemKind::Function(f) if matches!(f.owner, ast::FnOwner::None) => Some(&f.name),
        ItemKind::Struct(s) => Some(&s.name),
        ItemKind::Enum(e) => Some(&e.name),
        ItemKind::Contract(c) => Some(&c.name),
        ItemKind::TypeAlias(t) => Some(&t.name),
        ItemKind::Const(c) => Some(&c.name),
        _ => None,
    }
}
