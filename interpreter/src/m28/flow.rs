//! Which variable a name means: walks over the program in the order in which it runs and knows, at each place, which variables are
//! certainly set.
//!
//! The rule of the language is about run time: a name means the nearest variable that is set. Where the walk knows that a variable is
//! set, no farther one can be meant; where it does not, the use gets a list of candidates and the choice is made when it runs.
//! `=` makes a variable of its own exactly where no visible one is certainly set. That depends on what outer scopes make, so the
//! walk is done twice: the first finds out which variables exist, the second resolves.
//!
//! A variable that is set stays set, so what is known when a function is made holds whenever it runs. For functions of a file's top
//! level more is known: their body cannot run before their name is mentioned by a form of the top level (`mentions.rs`).

use super::form::Name;
use super::mentions::Mentions;
use super::tree::*;
use std::mem;

/// Resolves all names of the tree.
pub fn resolve(tree: &mut Tree) {
    let mentions = Mentions::new(tree);
    for second in [false, true] {
        let mut flow = Flow {
            set: vec![false; tree.vars.len()],
            tree,
            log: Vec::new(),
            dead: false,
            loops: 0,
            nesting: 0,
            frame: FrameId(0),
            second,
            deferred: Vec::new(),
        };
        for module in 0..flow.tree.modules.len() {
            flow.module(ModuleId(module as u32), &mentions);
        }
    }
}

/// A function of the top level, walked after the rest of its file.
struct Deferred {
    frame: FrameId,
    /// The variable that it is bound to, or its class.
    own: Option<VarId>,
    /// The form of the top level that makes it.
    made_by: u32,
    /// What is set when it is made, apart from what earlier forms set.
    set: Vec<VarId>,
}

struct Flow<'t> {
    tree: &'t mut Tree,
    /// Which variables are certainly set here.
    set: Vec<bool>,
    /// Those, in the order in which they became so.
    log: Vec<VarId>,
    /// This place is not reached.
    dead: bool,
    /// Loops around, in this frame.
    loops: u32,
    /// Branches and scopes around, in this frame.
    nesting: u32,
    frame: FrameId,
    second: bool,
    deferred: Vec<Deferred>,
}

impl Flow<'_> {
    fn module(&mut self, module: ModuleId, mentions: &Mentions) {
        let frame = self.tree.module(module).frame;
        self.frame = frame;
        let body = mem::take(&mut self.tree.frame_mut(frame).body);
        for (index, node) in body.iter().enumerate() {
            let before = self.log.len();
            let first = self.deferred.len();
            self.node(node);
            for deferred in &mut self.deferred[first..] {
                deferred.made_by = index as u32;
            }
            for var in self.log.get(before..).unwrap_or_default() {
                let entry = &mut self.tree.vars[var.0 as usize];
                entry.set_by.get_or_insert(index as u32);
            }
        }
        self.tree.frame_mut(frame).body = body;
        self.undo(0);
        self.dead = false;
        let scope = self.tree.module(module).scope;
        let mut own: Vec<(u32, VarId)> = (0..self.tree.vars.len() as u32)
            .map(VarId)
            .filter(|&var| self.tree.var(var).scope == scope)
            .filter_map(|var| self.tree.var(var).set_by.map(|by| (by, var)))
            .collect();
        own.sort_unstable();
        for deferred in mem::take(&mut self.deferred) {
            let name = deferred.own.map(|own| self.tree.var(own).name.clone());
            let bound = mentions.first(module, name.as_ref()).max(deferred.made_by);
            let known = own.partition_point(|&(by, _)| by < bound);
            for &(_, var) in own.get(..known).unwrap_or_default() {
                self.now_set(var);
            }
            for &var in deferred.set.iter().chain(&deferred.own) {
                self.now_set(var);
            }
            self.frame_body(deferred.frame);
            self.undo(0);
        }
    }

    // ---- what is set

    fn is_set(&self, var: VarId) -> bool {
        self.set.get(var.0 as usize).copied().unwrap_or(false)
    }

    fn now_set(&mut self, var: VarId) {
        let index = var.0 as usize;
        if index >= self.set.len() {
            self.set.resize(index + 1, false);
        }
        if !mem::replace(&mut self.set[index], true) {
            self.log.push(var);
        }
    }

    fn undo(&mut self, to: usize) {
        for var in self.log.drain(to.min(self.log.len())..) {
            if let Some(set) = self.set.get_mut(var.0 as usize) {
                *set = false;
            }
        }
    }

    /// Walks what may not run: gives what it sets; `None` where its end is not reached.
    fn branch(&mut self, walk: impl FnOnce(&mut Self)) -> Option<Vec<VarId>> {
        let before = self.log.len();
        let dead = mem::replace(&mut self.dead, false);
        self.nesting += 1;
        walk(self);
        self.nesting -= 1;
        let ended = mem::replace(&mut self.dead, dead);
        let set = self.log.get(before..).unwrap_or_default().to_vec();
        self.undo(before);
        (!ended).then_some(set)
    }

    /// One of the branches ran.
    fn join(&mut self, branches: Vec<Option<Vec<VarId>>>) {
        let mut alive = branches.into_iter().flatten();
        let Some(first) = alive.next() else {
            self.dead = true;
            return;
        };
        let mut common = first;
        for branch in alive {
            let branch: rustc_hash::FxHashSet<VarId> = branch.into_iter().collect();
            common.retain(|var| branch.contains(var));
        }
        for var in common {
            self.now_set(var);
        }
    }

    // ---- frames

    /// Walks a frame that is made here.
    fn make(&mut self, frame: FrameId, own: Option<VarId>) {
        let here = self.tree.frame(self.frame).kind;
        if here == FrameKind::Module && self.tree.frame(frame).kind != FrameKind::Go {
            let set = if self.nesting == 0 { Vec::new() } else { self.log.clone() };
            // A lambda may run as soon as it is there; it has no name that is mentioned.
            if own.is_some() {
                self.deferred.push(Deferred { frame, own, made_by: 0, set });
                return;
            }
        }
        let before = self.log.len();
        if let Some(own) = own {
            self.now_set(own);
        }
        self.frame_body(frame);
        self.undo(before);
        if let Some(own) = own
            && self.tree.frame(frame).captures.contains(&own)
        {
            // It was taken before it was set.
            self.tree.var_mut(own).captured_early = true;
        }
    }

    fn frame_body(&mut self, frame: FrameId) {
        let outer = (self.frame, self.loops, self.nesting, self.dead);
        (self.frame, self.loops, self.nesting, self.dead) = (frame, 0, 0, false);
        let params = mem::take(&mut self.tree.frame_mut(frame).params);
        for param in &params {
            if let Some(default) = &param.default {
                self.node(default);
            }
            self.now_set(param.var);
        }
        self.tree.frame_mut(frame).params = params;
        let body = mem::take(&mut self.tree.frame_mut(frame).body);
        self.nodes(&body);
        self.tree.frame_mut(frame).body = body;
        (self.frame, self.loops, self.nesting, self.dead) = outer;
    }

    // ---- names

    /// The variables that a name may mean, nearest first, up to one that is certainly set.
    fn visible(&self, name: &Name, scope: ScopeId) -> (Vec<VarId>, bool) {
        let (mut found, mut functions_only) = (Vec::new(), false);
        let mut at = Some(scope);
        while let Some(id) = at {
            let scope = self.tree.scope(id);
            if functions_only && scope.kind == ScopeKind::Module {
                break;
            }
            match scope.declared.get(name) {
                Some(Declared::Global) => {
                    let module = self.tree.frame(scope.frame).module;
                    at = Some(self.tree.module(module).scope);
                    continue;
                }
                Some(Declared::Nonlocal) => functions_only = true,
                None => {
                    let there = |var: &VarId| {
                        let var = self.tree.var(*var);
                        var.strong || var.created
                    };
                    if let Some(&var) = scope.vars.get(name).filter(|var| there(var)) {
                        found.push(var);
                        if self.is_set(var) {
                            return (found, true);
                        }
                    }
                }
            }
            at = scope.parent;
        }
        (found, false)
    }

    /// Where `=` makes a variable that is not there.
    fn home(&self, name: &Name, scope: ScopeId) -> Option<ScopeId> {
        let mut at = self.tree.binding_scope(scope);
        loop {
            let scope = self.tree.scope(at);
            match scope.declared.get(name) {
                Some(Declared::Global) => return Some(self.tree.module(self.tree.frame(scope.frame).module).scope),
                Some(Declared::Nonlocal) => return None,
                None => {}
            }
            // A `let` in a function that declares the name belongs to it; otherwise the name is made here.
            match (scope.kind, scope.parent) {
                (ScopeKind::Let, Some(parent)) if self.declared_around(name, parent) => {
                    at = self.tree.binding_scope(parent);
                }
                _ => return Some(at),
            }
        }
    }

    fn declared_around(&self, name: &Name, mut scope: ScopeId) -> bool {
        loop {
            let entry = self.tree.scope(scope);
            if entry.declared.contains_key(name) {
                return true;
            }
            match (entry.kind, entry.parent) {
                (ScopeKind::Let | ScopeKind::Turn, Some(parent)) => scope = parent,
                _ => return false,
            }
        }
    }

    fn name(&mut self, id: UseId) {
        let entry = self.tree.use_of(id);
        let (name, scope, how, span) = (entry.name.clone(), entry.scope, entry.how, entry.span);
        match how {
            How::Read => {
                if !self.second {
                    return;
                }
                let (found, definite) = self.visible(&name, scope);
                for (i, &var) in found.iter().enumerate() {
                    self.touch(var, definite && i + 1 == found.len());
                    self.tree.var_mut(var).read = true;
                }
                let entry = self.tree.use_mut(id);
                (entry.candidates, entry.definite) = (found, definite);
            }
            How::Define => {
                // The variable of the current scope; in the turn of a loop over this name, the turn's own.
                let (found, _) = self.visible(&name, scope);
                let Some(&var) = found.first() else { return };
                self.write(var);
                self.now_set(var);
                let entry = self.tree.use_mut(id);
                (entry.candidates, entry.definite) = (vec![var], true);
            }
            How::Assign | How::Set => {
                let (found, definite) = self.visible(&name, scope);
                if !self.second {
                    if !definite
                        && how == How::Assign
                        && let Some(home) = self.home(&name, scope)
                    {
                        let var = self.tree.var_in(home, &name, span);
                        self.tree.var_mut(var).created = true;
                        self.now_set(var);
                    }
                    return;
                }
                let home = self.home(&name, scope).and_then(|home| self.tree.scope(home).vars.get(&name).copied());
                let creates = home.filter(|_| how == How::Assign && !definite);
                for (i, &var) in found.iter().enumerate() {
                    self.touch(var, definite && i + 1 == found.len());
                    self.write(var);
                    if found.len() > 1 || !definite {
                        self.tree.var_mut(var).read = true;
                    }
                }
                if let ([only], true) = (&found[..], how == How::Assign) {
                    self.now_set(*only);
                }
                let entry = self.tree.use_mut(id);
                (entry.candidates, entry.definite, entry.creates) = (found, definite, creates);
            }
        }
    }

    /// This frame uses a variable.
    fn touch(&mut self, var: VarId, definite: bool) {
        let home = self.tree.var(var).frame;
        if !self.second || home == self.frame {
            return;
        }
        let entry = self.tree.var_mut(var);
        entry.captured = true;
        entry.captured_early |= !definite;
        let scope = entry.scope;
        if self.tree.scope(scope).kind == ScopeKind::Module {
            // A global, which nobody needs to take along.
            return;
        }
        let mut at = Some(self.frame);
        while let Some(frame) = at.filter(|&frame| frame != home) {
            let entry = self.tree.frame_mut(frame);
            if entry.captures.contains(&var) {
                break;
            }
            entry.captures.push(var);
            at = entry.parent;
        }
    }

    fn write(&mut self, var: VarId) {
        if !self.second {
            return;
        }
        self.touch(var, true);
        let (home, scope) = (self.tree.var(var).frame, self.tree.var(var).scope);
        let in_loop = self.loops > self.tree.scope(scope).loops;
        let elsewhere = home != self.frame;
        let entry = self.tree.var_mut(var);
        entry.writes += 1;
        entry.rewritten |= elsewhere || in_loop;
        if let Some(outer) = entry.outer.filter(|_| !elsewhere) {
            self.write(outer);
        }
    }

    // ---- nodes

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Name(id) => self.name(*id),
            Target::Unpack(parts, _) => parts.iter().for_each(|part| self.target(part)),
            Target::Index(container, index) => {
                self.node(container);
                self.node(index);
            }
            Target::Attr(object, name) => {
                self.node(object);
                if let Some(var) = self.module_attribute(object, name) {
                    self.write(var);
                    self.tree.var_mut(var).rewritten = true;
                }
            }
            Target::Error => {}
        }
    }

    /// The variable of another file that `module.name` is.
    fn module_attribute(&self, object: &Node, name: &Name) -> Option<VarId> {
        let NodeKind::Name(id) = &object.kind else { return None };
        let &[var] = &self.tree.use_of(*id).candidates[..] else { return None };
        let Some(Definition::Module(module)) = self.tree.var(var).is else { return None };
        self.tree.scope(self.tree.module(module).scope).vars.get(name).copied()
    }

    fn loop_target(&mut self, target: &ForTarget) {
        match target {
            ForTarget::Name(var) => {
                self.now_set(*var);
                if let Some(outer) = self.tree.var(*var).outer {
                    self.write(outer);
                    self.tree.var_mut(outer).rewritten = true;
                }
            }
            ForTarget::Unpack(parts, _) => parts.iter().for_each(|part| self.loop_target(part)),
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Literal(_) | NodeKind::Nothing | NodeKind::Error => {}
            NodeKind::Name(id) => self.name(*id),
            NodeKind::Template(parts) | NodeKind::List(parts) | NodeKind::Tuple(parts) => self.nodes(parts),
            NodeKind::Arith(_, parts) | NodeKind::Compare(_, parts) | NodeKind::Sequence(parts) => self.nodes(parts),
            NodeKind::Dict(entries) => {
                for (key, value) in entries {
                    self.node(key);
                    self.node(value);
                }
            }
            NodeKind::Index(container, index) => {
                self.node(container);
                self.node(index);
            }
            NodeKind::Attr(object, _) | NodeKind::Not(object) => self.node(object),
            NodeKind::Call { callee, args, named } => {
                self.node(callee);
                self.nodes(args);
                named.iter().for_each(|(_, value)| self.node(value));
            }
            NodeKind::And(parts) | NodeKind::Or(parts) => {
                if let Some((first, others)) = parts.split_first() {
                    self.node(first);
                    self.branch(|flow| flow.nodes(others));
                }
            }
            NodeKind::Store(target, value) => {
                self.node(value);
                self.target(target);
            }
            NodeKind::Function(frame, name) => {
                let own = name.and_then(|name| self.bound(name));
                self.make(*frame, own);
                if let Some(name) = name {
                    self.name(*name);
                }
            }
            NodeKind::Let { bindings, body, .. } => {
                self.nesting += 1;
                for (var, value) in bindings {
                    self.node(value);
                    self.now_set(*var);
                }
                self.nodes(body);
                self.nesting -= 1;
            }
            NodeKind::If(clauses, otherwise) => self.conditions(clauses, otherwise.as_deref()),
            NodeKind::While { cond, body, .. } => {
                self.loops += 1;
                self.node(cond);
                self.branch(|flow| flow.nodes(body));
                self.loops -= 1;
            }
            NodeKind::For { target, over, body, .. } => {
                self.node(over);
                self.loops += 1;
                self.branch(|flow| {
                    flow.loop_target(target);
                    flow.nodes(body);
                });
                self.loops -= 1;
            }
            NodeKind::Break(_) | NodeKind::Continue(_) => self.dead = true,
            NodeKind::Return(value) => {
                if let Some(value) = value {
                    self.node(value);
                }
                self.dead = true;
            }
            NodeKind::Try { body, handlers, otherwise, finally } => {
                self.attempt(body, handlers, otherwise.as_deref(), finally.as_deref());
            }
            NodeKind::Raise(parts) => {
                self.nodes(parts);
                self.dead = true;
            }
            NodeKind::Assert(condition, message) => {
                self.node(condition);
                if let Some(message) = message {
                    self.branch(|flow| flow.node(message));
                }
            }
            NodeKind::Class(class, name) => self.class(*class, *name),
            NodeKind::Import { name, names, .. } => {
                if let Some(name) = name {
                    self.name(*name);
                }
                for (source, name) in names {
                    self.name(*source);
                    self.name(*name);
                }
            }
            NodeKind::Go(frame) => self.make(*frame, None),
            NodeKind::Select { timeout, cases, default, expired } => {
                if let Some(timeout) = timeout {
                    self.node(timeout);
                }
                for case in cases {
                    match &case.op {
                        CaseOp::Recv(channel, ..) => self.node(channel),
                        CaseOp::Send(channel, value) => {
                            self.node(channel);
                            self.node(value);
                        }
                    }
                }
                let mut branches = Vec::new();
                for case in cases {
                    branches.push(self.branch(|flow| {
                        if let CaseOp::Recv(_, value, ok) = &case.op {
                            flow.now_set(*value);
                            flow.now_set(*ok);
                        }
                        flow.nodes(&case.body);
                    }));
                }
                for body in [default, expired].into_iter().flatten() {
                    branches.push(self.branch(|flow| flow.nodes(body)));
                }
                if timeout.is_some() && expired.is_none() {
                    branches.push(Some(Vec::new()));
                }
                self.join(branches);
            }
            NodeKind::WithLock { lock, body, .. } => {
                self.node(lock);
                self.nodes(body);
            }
        }
    }

    /// The variable that a binder binds.
    fn bound(&self, id: UseId) -> Option<VarId> {
        let entry = self.tree.use_of(id);
        if entry.how != How::Define {
            return None;
        }
        self.visible(&entry.name, entry.scope).0.first().copied()
    }

    fn conditions(&mut self, clauses: &[(Node, Vec<Node>)], otherwise: Option<&[Node]>) {
        // Each condition runs only where those before it did not hold; what they set stays known in what comes after.
        let start = self.log.len();
        let mut marks = Vec::new();
        let mut branches: Vec<Option<Vec<VarId>>> = Vec::new();
        for (condition, body) in clauses {
            self.node(condition);
            marks.push(self.log.len());
            branches.push(self.branch(|flow| flow.nodes(body)));
        }
        branches.push(self.branch(|flow| flow.nodes(otherwise.unwrap_or_default())));
        marks.push(self.log.len());
        let conditions = self.log.get(start..).unwrap_or_default().to_vec();
        for (branch, mark) in branches.iter_mut().zip(marks) {
            if let Some(branch) = branch {
                branch.extend(conditions.get(..mark - start).unwrap_or_default());
            }
        }
        self.undo(start);
        self.join(branches);
    }

    fn attempt(&mut self, body: &[Node], handlers: &[Handler], otherwise: Option<&[Node]>, finally: Option<&[Node]>) {
        let mut branches = vec![self.branch(|flow| {
            flow.nodes(body);
            flow.nodes(otherwise.unwrap_or_default());
        })];
        for handler in handlers {
            branches.push(self.branch(|flow| {
                flow.nodes(&handler.types);
                if let Some(name) = handler.name {
                    flow.name(name);
                }
                flow.nodes(&handler.body);
            }));
        }
        // It also runs where the body fails at once.
        let last = self.branch(|flow| flow.nodes(finally.unwrap_or_default()));
        self.join(branches);
        match last {
            Some(set) => set.into_iter().for_each(|var| self.now_set(var)),
            None => self.dead = true,
        }
    }

    fn class(&mut self, class: ClassId, name: UseId) {
        if let Some(base) = self.tree.class(class).base {
            self.name(base);
        }
        let attributes = mem::take(&mut self.tree.class_mut(class).attributes);
        attributes.iter().for_each(|(_, value)| self.node(value));
        self.tree.class_mut(class).attributes = attributes;
        let own = self.bound(name);
        let methods = self.tree.class(class).methods.clone();
        for (_, method) in &methods {
            self.make(*method, own);
        }
        if self.second {
            // An object takes along what its methods use, the inherited ones too.
            let base = self.tree.class(class).base.and_then(|base| self.tree.use_of(base).candidates.first().copied());
            let mut taken = match base.and_then(|base| self.tree.var(base).is) {
                Some(Definition::Class(base)) => self.tree.class(base).captures.clone(),
                _ => Vec::new(),
            };
            for (_, method) in &methods {
                taken.extend(&self.tree.frame(*method).captures);
            }
            taken.sort_unstable();
            taken.dedup();
            for &var in &taken {
                let set = self.is_set(var);
                self.touch(var, set);
            }
            self.tree.class_mut(class).captures = taken;
        }
        self.name(name);
    }
}
