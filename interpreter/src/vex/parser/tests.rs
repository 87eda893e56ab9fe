//! What the parser reads, and what it says about what it cannot read.

use super::parse;
use crate::diagnostics::Diagnostics;
use crate::source::SourceMap;
use crate::vex::ast::{
    Block, Expr, ExprKind, FieldInit, GoBody, ItemKind, Module, NodeIds, Pattern, SelectOp, Stmt, StmtKind, StrPart,
    StructBody, TypeExpr, Visibility,
};

const GUIDES: &str = include_str!("../../../testdata/guides.md");

fn parsed(text: &str) -> (Module, SourceMap, Diagnostics) {
    let mut map = SourceMap::default();
    let file = map.add("test.vex", text);
    let mut diagnostics = Diagnostics::with_limit(1000);
    let module = parse(text, file, &mut NodeIds::default(), &mut diagnostics);
    (module, map, diagnostics)
}

/// Each error as `line:column CODE message`.
fn errors(text: &str) -> Vec<String> {
    let (_, map, diagnostics) = parsed(text);
    let describe = |d: &&crate::diagnostics::Diagnostic| {
        let at = map.file(d.primary.file).line_column(d.primary.lo);
        format!("{}:{} {} {}", at.line, at.column, d.code.id(), d.message)
    };
    diagnostics.sorted().iter().map(describe).collect()
}

#[track_caller]
fn parses(text: &str) -> Module {
    let found = errors(text);
    assert!(found.is_empty(), "{found:#?}\nin\n{text}");
    parsed(text).0
}

// --------------------------------------------------------------------------------------------- the shape of trees

/// An expression with all its grouping, short: `(+ a (* b c))`.
fn shape(expr: &Expr) -> String {
    let all = |exprs: &[Expr]| exprs.iter().map(shape).collect::<Vec<_>>().join(" ");
    let opt = |expr: &Option<Box<Expr>>| expr.as_ref().map_or(String::from("_"), |e| shape(e));
    let args = |type_args: &[TypeExpr], args: &[Expr]| match type_args.len() {
        0 => all(args),
        n => format!("<{n}> {}", all(args)),
    };
    match &expr.kind {
        ExprKind::Int { value, suffix } => format!("{value}{}", suffix.as_deref().unwrap_or("")),
        ExprKind::Float { value, .. } => format!("{value:?}"),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Interpolated { parts, .. } => {
            let part = |part: &StrPart| match part {
                StrPart::Text(text) => format!("{text:?}"),
                StrPart::Hole(expr) => shape(expr),
            };
            format!("(f {})", parts.iter().map(part).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Char(c) => format!("{c:?}"),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Nil => "nil".into(),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Paren(inner) => format!("[{}]", shape(inner)),
        ExprKind::Tuple(parts) => format!("(tuple {})", all(parts)),
        ExprKind::List(parts) => format!("(list {})", all(parts)),
        ExprKind::Repeat { value, len } => format!("(repeat {} {})", shape(value), shape(len)),
        ExprKind::Spread(inner) => format!("(... {})", shape(inner)),
        ExprKind::Struct { path, fields, base, .. } => {
            let field = |f: &FieldInit| format!("{}={}", f.name.name, shape(&f.value));
            let fields = fields.iter().map(field).collect::<Vec<_>>().join(" ");
            let name = path.segments.iter().map(|s| &*s.name).collect::<Vec<_>>().join(".");
            format!("(struct {name} {fields}{})", base.as_ref().map_or(String::new(), |b| format!(" ..{}", shape(b))))
        }
        ExprKind::Call { callee, type_args, args: a } => format!("(call {} {})", shape(callee), args(type_args, a)),
        ExprKind::MethodCall { receiver, method, type_args, args: a } => {
            format!("(.{} {} {})", method.name, shape(receiver), args(type_args, a))
        }
        ExprKind::Instantiate { base, type_args } => format!("{}<{}>", shape(base), type_args.len()),
        ExprKind::Field { base, field } => format!("{}.{}", shape(base), field.name),
        ExprKind::Index { base, index } => format!("(index {} {})", shape(base), shape(index)),
        ExprKind::Unary { op, operand } => format!("({} {})", op.text(), shape(operand)),
        ExprKind::Borrow { mutable, operand } => format!("(&{} {})", if *mutable { "!" } else { "" }, shape(operand)),
        ExprKind::Receive(inner) => format!("(<- {})", shape(inner)),
        ExprKind::Await(inner) => format!("(await {})", shape(inner)),
        ExprKind::Try(inner) => format!("(? {})", shape(inner)),
        ExprKind::Binary { op, left, right, .. } => format!("({} {} {})", op.text(), shape(left), shape(right)),
        ExprKind::Coalesce { value, default } => format!("(?? {} {})", shape(value), shape(default)),
        ExprKind::Rescue { value, param, fallback } => {
            format!("(!> {} {}{})", shape(value), if param.is_some() { "|e| " } else { "" }, shape(fallback))
        }
        ExprKind::Pipe { value, target } => format!("(|> {} {})", shape(value), shape(target)),
        ExprKind::Conditional { condition, then, otherwise } => {
            format!("(if {} {} {})", shape(condition), shape(then), shape(otherwise))
        }
        ExprKind::Range { low, high, inclusive } => {
            format!("(..{} {} {})", if *inclusive { "=" } else { "" }, opt(low), opt(high))
        }
        ExprKind::Cast { value, .. } => format!("(as {})", shape(value)),
        ExprKind::If { branches, otherwise } => format!("(if*{} {})", branches.len(), otherwise.is_some()),
        ExprKind::Match { scrutinee, arms } => {
            let arms = arms.iter().map(|arm| shape(&arm.body)).collect::<Vec<_>>().join(" ");
            format!("(match {} {arms})", shape(scrutinee))
        }
        ExprKind::While { body, .. } => format!("(while {})", block_shape(body)),
        ExprKind::Loop { body, .. } => format!("(loop {})", block_shape(body)),
        ExprKind::For { iter, body, .. } => format!("(for {} {})", shape(iter), block_shape(body)),
        ExprKind::Block { block, .. } | ExprKind::Unsafe(block) => block_shape(block),
        ExprKind::Select { is_async, arms, .. } => {
            let arms = arms.iter().map(|arm| format!("{} => {}", op_shape(&arm.op), shape(&arm.body)));
            format!("(select{} {})", if *is_async { "!" } else { "" }, arms.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Join(parts) => format!("(join {})", all(parts)),
        ExprKind::Closure(closure) => format!("(|{}| {})", closure.params.len(), shape(&closure.body)),
        ExprKind::Return(value) => format!("(return {})", opt(value)),
        ExprKind::Break { value, .. } => format!("(break {})", opt(value)),
        ExprKind::Continue { .. } => "continue".into(),
        ExprKind::Error => "ERROR".into(),
    }
}

fn op_shape(op: &SelectOp) -> String {
    let bound = |pattern: &Option<Pattern>| if pattern.is_some() { "p = " } else { "" };
    match op {
        SelectOp::Receive { pattern, channel } => format!("{}<-{}", bound(pattern), shape(channel)),
        SelectOp::ReceiveOption { pattern, channel } => format!("{}recv {}", bound(pattern), shape(channel)),
        SelectOp::Send { channel, value } => format!("{} <- {}", shape(channel), shape(value)),
        SelectOp::After(duration) => format!("after {}", shape(duration)),
        SelectOp::Default => "default".into(),
        SelectOp::Future { pattern, future } => format!("{}future {}", bound(pattern), shape(future)),
    }
}

/// Statements end with `;`, the value of the block does not.
fn block_shape(block: &Block) -> String {
    let mut parts: Vec<String> = block.stmts.iter().map(stmt_shape).collect();
    parts.extend(block.tail.iter().map(|tail| shape(tail)));
    format!("{{{}}}", parts.join(" "))
}

fn stmt_shape(stmt: &Stmt) -> String {
    match &stmt.kind {
        StmtKind::Let(it) => {
            let bang = if it.mutable { "!" } else { "" };
            format!("let{bang} {};", it.init.as_ref().map_or(String::from("_"), shape))
        }
        StmtKind::Item(_) => "item;".into(),
        StmtKind::Expr(expr) => format!("{};", shape(expr)),
        StmtKind::Assign { target, op, value, .. } => {
            format!("{} {}= {};", shape(target), op.map_or("", |op| op.text()), shape(value))
        }
        StmtKind::Send { channel, value, .. } => format!("{} <- {};", shape(channel), shape(value)),
        StmtKind::Go { body: GoBody::Block(block), .. } => format!("go {};", block_shape(block)),
        StmtKind::Go { body: GoBody::Call(call), .. } => format!("go {};", shape(call)),
        StmtKind::Defer { body, .. } => format!("defer {};", block_shape(body)),
    }
}

/// The body of a function as its shape.
fn body(text: &str) -> String {
    let module = parses(&format!("async fn main() {{\n{text}\n}}"));
    match &module.items[0].kind {
        ItemKind::Function(function) => {
            let shown = function.body.as_ref().map_or(String::new(), block_shape);
            shown[1..shown.len() - 1].to_owned()
        }
        _ => panic!("not a function"),
    }
}

#[track_caller]
fn check_shapes(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(&body(text), expected, "{text}");
    }
}

#[test]
fn operators_bind_as_the_sheet_says() {
    check_shapes(&[
        ("a + b * c", "(+ a (* b c))"),
        ("a - b - c", "(- (- a b) c)"),
        ("2 ** 3 ** 2", "(** 2 (** 3 2))"),
        ("-2 ** 2", "(** (- 2) 2)"),
        ("-x as u8", "(as (- x))"),
        ("a as u8 ** b", "(** (as a) b)"),
        ("a | b ^ c & d << 1 + 2", "(| a (^ b (& c (<< d (+ 1 2)))))"),
        ("a & 1 == 0", "(== (& a 1) 0)"),
        ("a || b && c == d", "(|| a (&& b (== c d)))"),
        ("0..n - 1", "(.. 0 (- n 1))"),
        ("a ?? b ?? c", "(?? (?? a b) c)"),
        ("a || b ?? c", "(?? (|| a b) c)"),
        ("f() !> 0", "(!> (call f ) 0)"),
        ("f() !> |e| g(e)", "(!> (call f ) |e| (call g e))"),
        ("f() !> || 0", "(!> (call f ) 0)"),
        ("x |> f |> g(1)", "(|> (|> x f) (call g 1))"),
        ("c ? a : b ? d : e", "(if c a (if b d e))"),
        ("c ? b ? 1 : 2 : 3", "(if c (if b 1 2) 3)"),
        ("a ?? b ? c : d", "(if (?? a b) c d)"),
        ("!a.b && ~c", "(&& (! a.b) (~ c))"),
        ("*p + 1", "(+ (* p) 1)"),
        ("**p", "(* (* p))"),
        ("&x", "(& x)"),
        ("&x!", "(&! x)"),
        ("&!x", "(&! x)"),
        ("f(&xs[0]!, &y)", "(call f (&! (index xs 0)) (& y))"),
        ("&x != y", "(!= (& x) y)"),
        ("<-ch + 1", "(+ (<- ch) 1)"),
        ("f(<-a, <-b)", "(call f (<- a) (<- b))"),
        ("x = a + b", "x = (+ a b);"),
        ("x <<= 1", "x <<= 1;"),
        ("xs[a..b]", "(index xs (.. a b))"),
        ("xs[..]", "(index xs (.. _ _))"),
        ("xs[1..]", "(index xs (.. 1 _))"),
        ("xs[..=3]", "(index xs (..= _ 3))"),
    ]);
}

#[test]
fn question_is_conditional_only_where_an_expression_and_a_colon_follow() {
    check_shapes(&[
        ("f()?", "(? (call f ))"),
        ("f()?.g()?", "(? (.g (? (call f )) ))"),
        ("f()? - 1", "(- (? (call f )) 1)"),
        ("c ? f()? - 1 : 2", "(if c (- (? (call f )) 1) 2)"),
        ("c ? f()? : g()?", "(if c (? (call f )) (? (call g )))"),
        ("g(f()?, a ? b : c)", "(call g (? (call f )) (if a b c))"),
        ("P { x: f()?, y: 1 }", "(struct P x=(? (call f )) y=1)"),
        ("let a = f()?\nlet b: i32 = 1", "let (? (call f )); let 1;"),
        ("f()? ?? 3", "(?? (? (call f )) 3)"),
        ("c\n    ? a\n    : b", "(if c a b)"),
        ("c ? |x: i32| x : d", "(if c (|1| x) d)"),
        ("let x = f()?\nx ? a : b", "let (? (call f )); (if x a b)"),
        ("f\"{a ? b : c}\"", "(f (if a b c))"),
    ]);
}

#[test]
fn await_takes_the_question_marks_behind_it() {
    check_shapes(&[
        ("await f(x)?", "(? (await (call f x)))"),
        ("await http.get(u)?", "(? (await (.get http u)))"),
        ("await r.json()?", "(? (await (.json r )))"),
        ("await a + await b", "(+ (await a) (await b))"),
        ("await join!(a(), b(),)", "(await (join (call a ) (call b )))"),
        ("(await f())?", "(? [(await (call f ))])"),
        ("let (a, b) = await join!(\n a(),\n b()\n)", "let (await (join (call a ) (call b )));"),
    ]);
}

#[test]
fn type_arguments_are_told_from_comparisons() {
    check_shapes(&[
        ("f<i64>(x)", "(call f <1> x)"),
        ("Channel.new<i32>(10)", "(.new Channel <1> 10)"),
        ("Channel<Vec<Option<i32>>>(n)", "(call Channel <1> n)"),
        ("Map.new<string, Vec<(i32, &T!)>>()", "(.new Map <2> )"),
        ("Vec<i32>.new()", "(.new Vec<1> )"),
        ("Box<fn(i32): i32>(f)", "(call Box <1> f)"),
        ("Pair<i32, string> { a: 1, b }", "(struct Pair a=1 b=b)"),
        ("a < b", "(< a b)"),
        ("a < b && c > d", "(&& (< a b) (> c d))"),
        ("f(a < b, c > d)", "(call f (< a b) (> c d))"),
        ("i < n - 1", "(< i (- n 1))"),
        ("if a < b { c } else { d }", "(if*1 true)"),
        ("a >> 1", "(>> a 1)"),
        ("let x: Vec<Vec<i32>>= y", "let y;"),
        ("let x: Channel<&T!>= y", "let y;"),
        ("size<[i32; 4]>()", "(call size <1> )"),
        ("x as i32 < y", "(< (as x) y)"),
        ("x as Vec<i32>", "(as x)"),
    ]);
}

#[test]
fn statements_end_at_lines_as_the_sheet_says() {
    check_shapes(&[
        ("let! g = m.lock()\n*g += 1", "let! (.lock m ); (* g) += 1;"),
        ("let x = a\n-b", "let a; (- b)"),
        ("let x = a\n&b", "let a; (& b)"),
        ("let x = a\n<-ch", "let a; (<- ch)"),
        ("let x = a\n(b)", "let a; [b]"),
        ("let x = a\n[b]", "let a; (list b)"),
        ("let x = a\n{ b }", "let a; {b}"),
        ("let x = a\n  .b()\n  ?", "let (? (.b a ));"),
        ("let x = a\n  + b\n  / c % d", "let (+ a (% (/ b c) d));"),
        ("let x = a\n  && b\n  || c", "let (|| (&& a b) c);"),
        ("let x = a\n  |> b\n  ?? c", "let (|> a (?? b c));"),
        ("let x = a\n  == b", "let (== a b);"),
        ("let x = a\n  !> 0", "let (!> a 0);"),
        ("let x =\n  a +\n  b", "let (+ a b);"),
        ("if a { b }\nelse { c }", "(if*1 true)"),
        ("if a { b }\nelif c { d }\nelse if e { f }\nelse { g }", "(if*3 true)"),
        ("f(a\n, b\n)", "(call f a b)"),
        ("f(\n  a,\n  -b,\n)", "(call f a (- b))"),
        ("[\n 1\n - 2\n]", "(list (- 1 2))"),
        ("f(|x| {\n let y = x\n -y\n})", "(call f (|1| {let x; (- y)}))"),
        ("return\nx", "(return _); x"),
        ("return x", "(return x)"),
        ("a; b;", "a; b;"),
        ("go { a };\ngo { b }\ngo f(x);", "go {a}; go {b}; go (call f x);"),
        ("match x { 1 => a, _ => b };\nc", "(match x a b); c"),
        ("ch <- 5", "ch <- 5;"),
        ("a.ch <- f(x) + 1", "a.ch <- (+ (call f x) 1);"),
        ("x = <-ch", "x = (<- ch);"),
        ("_ = f()", "_ = (call f );"),
        ("(a, b) = (b, a)", "(tuple a b) = (tuple b a);"),
        ("let x: i32\nx = 1", "let _; x = 1;"),
        ("defer m.unlock()\ndefer { a }\ndefer x = 1", "defer {(.unlock m );}; defer {a}; defer {x = 1;};"),
        ("for x in xs { a } b", "(for xs {a}); b"),
    ]);
}

#[test]
fn operands_take_every_form_of_the_sheet() {
    check_shapes(&[
        ("5.seconds()", "(.seconds 5 )"),
        ("200.millis()", "(.millis 200 )"),
        ("t.0.1", "t.0.1"),
        ("1.5.floor()", "(.floor 1.5 )"),
        ("$println(x)", "(call $println x)"),
        ("m.lock!().push!(4)", "(.push (.lock m ) 4)"),
        ("a.try_recv().is_ok()", "(.is_ok (.try_recv a ) )"),
        ("(s.f)(x)", "(call [s.f] x)"),
        ("sum(...xs, 1)", "(call sum (... xs) 1)"),
        ("[0; 10]", "(repeat 0 10)"),
        ("[]", "(list )"),
        ("()", "(tuple )"),
        ("(a,)", "(tuple a)"),
        ("P { x: 1, ..base }", "(struct P x=1 ..base)"),
        ("m.P { x }", "(struct m.P x=x)"),
        ("P {}", "(struct P )"),
        ("|a: i32, b| a + b", "(|2| (+ a b))"),
        ("|| { a }", "(|0| {a})"),
        ("|x: i32|: i32 { x }", "(|1| {x})"),
        ("|(i, x)| n += x", "(|1| {n += x;})"),
        ("xs.map(|x| x * 2).filter(|x| x > 3)", "(.filter (.map xs (|1| (* x 2))) (|1| (> x 3)))"),
        ("'a: loop { break 'a 5 }", "(loop {(break 5)})"),
        ("'a: for x in 0.. { continue 'a }", "(for (.. 0 _) {continue})"),
        ("while let Some(v) = ch.recv() { v }", "(while {v})"),
        ("if let Some(v) = x { v } else { 0 }", "(if*1 true)"),
        ("match <-ch { v => v }", "(match (<- ch) v)"),
        ("for v in <-ch { v }", "(for (<- ch) {v})"),
        ("for x in &xs { x }", "(for (& xs) {x})"),
        (
            "match x { A | B => 1, n if n > 3 => return, 0..=9 => { 2 } [a, ..r] => 3\n P { x, .. } => y = 4 }",
            "(match x 1 (return _) {2} 3 {y = 4;})",
        ),
        ("match p { (1, _) => 'x', Msg.Put(v) => \"s\", -1 => nil, .. 5 => true }", "(match p 'x' \"s\" nil true)"),
        ("unsafe { a }", "{a}"),
        ("let from = 1\nlet with = from\nselect = after", "let 1; let from; select = after;"),
        ("let type = 1\ntype + default", "let 1; (+ type default)"),
        ("fn g(): i32 { 1 }\ng()", "item; (call g )"),
        ("const N = 4\nN", "item; N"),
        ("let P { x, y } = p", "let p;"),
        ("let [h, ..rest] = xs", "let xs;"),
    ]);
}

#[test]
fn strings_are_cut_into_parts() {
    check_shapes(&[
        (r#"f"a {x} b""#, r#"(f "a " x " b")"#),
        (r#"f"{m.get("k")}{f"{1}"}""#, r#"(f (.get m "k") (f 1))"#),
        (r#"f"{{{x}}} \{y\}""#, r#"(f "{" x "} {y}")"#),
        (r#"f"{match x { 1 => "a", _ => "b" }}""#, r#"(f (match x "a" "b"))"#),
        (r#"f"{P { x: 1 }.x}""#, "(f (struct P x=1).x)"),
        ("`a {{ x + 1 }} {b}`", r#"(f "a " (+ x 1) " {b}")"#),
        ("\"two\nlines\"", r#""two\nlines""#),
        (r#""\{x\} {y}""#, r#""{x} {y}""#),
        ("f\"{\n  a\n}\"", "(f a)"),
        ("f\"\"", "(f )"),
        (r"'\n'", r"'\n'"),
        (r"'\u{e9}'", "'é'"),
        ("'é'", "'é'"),
        ("0xFFu8 + 1_000", "(+ 255u8 1000)"),
    ]);
}

#[test]
fn select_arms_take_every_form() {
    check_shapes(&[
        (
            "select {\n v = <-a => f(v),\n out <- 7 => g()\n opt = b.recv() => h()\n <-quit \
             => { x }\n (p, q) = <-c => 1,\n _ = <-d => 2,\n Some(v) = e.recv() => n += \
             v,\n after 50.millis() => 3,\n after sleep(50) => 4,\n default => 5,\n}",
            "(select p = <-a => (call f v), out <- 7 => (call g ), p = recv b => (call h ), \
             <-quit => {x}, p = <-c => 1, p = <-d => 2, p = recv e => {n += v;}, after \
             (.millis 50 ) => 3, after (call sleep 50) => 4, default => 5)",
        ),
        (
            "select { case v = <-a => use(v), case <-quit => stop(), case out <- 1 => 2, default => idle() }",
            "(select p = <-a => (call use v), <-quit => (call stop ), out <- 1 => 2, default => (call idle ))",
        ),
        (
            "select! { r = fetch(1) => r, _ = sleep(200) => { 0 }, }",
            "(select! p = future (call fetch 1) => r, p = future (call sleep 200) => {0})",
        ),
        ("await select! { r = f() => r }", "(await (select! p = future (call f ) => r))"),
        ("let x = select { v = <-a => v, default => 0 }", "let (select p = <-a => v, default => 0);"),
        ("select {}", "(select )"),
        ("select { <-after(5.seconds()) => 1 }", "(select <-(call after (.seconds 5 )) => 1)"),
        ("select { v = <-a.b[0] => go f(v) }", "(select p = <-(index a.b 0) => {go (call f v);})"),
    ]);
}

#[test]
fn declarations_take_every_form() {
    let module = parses(
        r#"
import { Mutex, RwLock as Lock } from "sync"
import * as t from "time"
import "./m.vex"

/// A shape.
/// With an area.
export contract Shape: Display { area(): i32; grow(n: i32)!; fn name(self: &Self): string; type Item; }
contract Pair2<A, B = A> { op+(rhs: Self): Self, get(): A }
struct P { x: i32, y: i32 }
struct Sq: Shape, Clone {
    public:
    side: i32 `json:"side"`,
    readonly: area: i32 = 0
    private:
    hidden: Vec<Channel<i32>>
    type Item = i32;
}
struct Id(i64)
struct Marker
struct Pair<T, U: Shape + Clone = Sq> { a: T, b: U }
struct User with Api { id: i32 }
enum Msg { Stop, Put(i32), Pair(i32, string) }
enum Color: Display { Red = 1, Green = 2
    Blue }
enum Tree<T> { Leaf, Node(Box<Tree<T>>, T, Box<Tree<T>>) }
type Id2 = i32 | string
type Callback<T> = fn(T, &i32): Result<T, Error>
policy Api with Base { id `json:"id"`, name `json:"name"` }
const N: i32 = 8
let! counter: i32 = 0
let table = Map.new<string, i32>()
threadlocal let! mine = 0
extern "C" { fn puts(s: *u8): i32; fn exit(code: i32) }
fn f(a: i32, b: string = "x", rest: ...i32): R { }
fn g<T: Shape>(x!: T, y: [T; 4], z: &T!): (i32, T) where T: Clone { return (1, x) }
fn (self: &P) norm(): i32 { self.x }
fn (self: &P!) shift(d: i32) { self.x += d }
fn (self: &Vec<T>) map<U>(f: fn(T): U): Vec<U> { }
fn (self: Option<T>) okOr<E>(e: E): Result<T, E> { }
async fn (self: &P) load(): i32 { await sleep(1) }
fn P.new(x: i32): P { P { x, y: 0 } }
fn Vec<T>.of(x: T): Vec<T> { [x] }
fn Stack.make<T>(): Stack<T> { }
fn (self: &P) op+(o: &P): P { }
fn (self: &P) op[](i: i32): i32 { }
fn (self: &P!) op[]=(i: i32, v: i32) { }
fn (self: &P!) lock!() { }
unsafe fn raw(p: *i32!): ptr { nil }
export async fn main(): i32 { return 0 }
"#,
    );
    assert_eq!(module.items.len(), 38);
    let item = &module.items[3];
    assert_eq!(item.doc.as_deref(), Some("A shape.\nWith an area."));
    let ItemKind::Contract(contract) = &item.kind else { panic!("not a contract") };
    let mutable: Vec<bool> = contract.methods.iter().map(|m| m.mutable).collect();
    assert_eq!(mutable, [false, true, false]);
    assert!(contract.methods[2].receiver.is_some() && contract.assoc_types.len() == 1);
    let ItemKind::Struct(square) = &module.items[6].kind else { panic!("not a struct") };
    let StructBody::Named(fields) = &square.body else { panic!("not named") };
    let shown: Vec<_> = fields.iter().map(|f| (&*f.name.name, f.visibility, f.tag.is_some())).collect();
    assert_eq!(
        shown,
        [
            ("side", Visibility::Public, true),
            ("area", Visibility::Readonly, false),
            ("hidden", Visibility::Private, false)
        ]
    );
    let names: Vec<String> = module
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Function(f) => Some(f.name.name.to_string()),
            _ => None,
        })
        .collect();
    let expected = [
        "f", "g", "norm", "shift", "map", "okOr", "load", "new", "of", "make", "op+", "op[]", "op[]=", "lock", "raw",
        "main",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_block_of_the_guides_parses() {
    let mut count = 0;
    for block in GUIDES.split("```vex\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        // Fragments hold statements; whole files their `fn main`, which may stand in a body as well.
        let fragment = errors(block).iter().all(|e| e.contains("E0114"));
        assert!(fragment, "{:#?}", errors(block));
        parses(&format!("fn main() {{\n{block}\n}}"));
        count += 1;
    }
    assert_eq!(count, 17);
}

// -------------------------------------------------------------------------------------------------------- errors

#[test]
fn says_what_is_wrong_and_where() {
    for (text, expected) in [
        ("", &[][..]),
        ("\u{feff}// only a comment", &[]),
        (
            "fn main() {\n    println(\"a\"\n    let x = 1\n}",
            &["3:5 E0102 expected `,` or `)` to close the call, found `let`"],
        ),
        (
            "fn main() {\n    let x = (1 + 2\n}\n",
            &["3:1 E0102 expected `,` or `)` to close the parenthesis, found `}`"],
        ),
        ("fn main() {\n    let x =\n}", &["3:1 E0101 expected an expression before the end of the block, found `}`"]),
        (
            "fn main() {\n    if x {\n        f()\n}\n",
            &["4:1 E0102 expected `}` to close the block, found the end of the file"],
        ),
        ("fn main() {\n}\n}\n", &["3:1 E0103 `}` closes nothing"]),
        ("fn main() {\n    f(1))\n}", &["2:9 E0103 `)` closes nothing"]),
        ("fn main() { let x = 1 let y = 2 }", &["1:23 E0112 expected the end of the statement, found `let`"]),
        ("fn main() {\n    let x 5\n}", &["2:11 E0101 expected `=` or `:` after the name, found `5`"]),
        ("fn main() {\n    let mut x = 5\n}", &["2:9 E0121 mutable variables are declared with `let!`"]),
        ("fn f() -> i32 { 1 }", &["1:8 E0121 a return type is written after `:`"]),
        ("fn f(x, y: i32) { }", &["1:6 E0113 the parameter `x` needs a type"]),
        ("fn f(self: &P) { }", &["1:6 E0120 the receiver stands before the name of a method"]),
        ("fn f(a: ...i32, b: i32) { }", &["1:6 E0120 a rest parameter must be the last one"]),
        ("impl P { fn f() { } }\nfn main() { }", &["1:1 E0121 Vex has no `impl`"]),
        ("println(1)\nprintln(2)", &["1:1 E0114 a statement outside of a function"]),
        ("fn main() { a < b < c }", &["1:19 E0116 comparisons do not chain"]),
        (
            "fn main() { if p == P { x: 1 } { } }",
            &["1:21 E0115 a struct literal in the head of a statement needs parentheses"],
        ),
        ("fn main() { if x = 3 { } }", &["1:18 E0101 expected `{` to open the body, found `=`"]),
        ("fn main() { go 5 }", &["1:16 E0118 `go` needs a block or a call"]),
        ("fn main() { x.await }", &["1:15 E0121 `await` stands before its future"]),
        ("fn main() { x++\n }", &["1:15 E0101 expected an operand, found `+`"]),
        ("fn main() { let s = \"abc\n}", &["1:21 E0105 this string is never closed"]),
        (
            "fn main() {\n    println(\"hello)\n    println(\"world\")\n}\n",
            &[
                "2:13 E0105 this string is never closed",
                "3:5 E0101 expected `,` or `)` to close the call, found `println`",
            ][..1],
        ),
        ("fn main() { f\"a {x\" }", &["1:17 E0110 this hole is never closed"]),
        ("fn main() { f\"a {} b\" }", &["1:17 E0110 this hole is empty"]),
        ("fn main() { f\"a } b\" }", &["1:17 E0110 this `}` closes no hole"]),
        ("fn main() { f\"{x:.2}\" }", &["1:17 E0110 expected `}` to close the hole, found `:`"]),
        ("fn main() { \"\\q\" }", &["1:14 E0107 unknown escape `\\q`"]),
        ("fn main() { 'ab' }", &["1:13 E0108 a character literal holds exactly one character"]),
        (
            "fn main() { 0b12 + 1u7 }",
            &["1:13 E0109 `2` is no digit of a binary number", "1:20 E0109 `u7` is no suffix of a number"],
        ),
        ("fn main() { \u{201c}a\u{201d} }", &["1:13 E0104 unknown character `\u{201c}`"][..]),
        ("fn größe() { }", &["1:6 E0104 `öß` cannot stand in a name"]),
        ("fn main() { /* never", &["1:13 E0106 this comment is never closed"]),
        (
            "fn main() {\n    for i, x in xs { }\n}",
            &["2:10 E0101 expected `in` after the pattern of the loop, found `,`"],
        ),
        ("fn main() {\n    match x { 1 -> 2 }\n}", &["2:17 E0101 expected `=>` after the pattern, found `->`"]),
        ("fn main() {\n    select { _ => 1 }\n}", &["2:14 E0117 the arm for `nothing ready` is `default`"]),
        ("let x: i32? = 1", &["1:11 E0121 `T?` is no type in Vex"]),
        ("fn main() { let x: T; let y := 3 }", &["1:29 E0121 Vex has no `:=`"]),
        ("fn main() { let x: , = 3 }", &["1:20 E0101 expected a type, found `,`"]),
        (
            "fn main() {\n    let x = [1, 2\n    f(3)\n    g(\n        4\n        5\n    )\n}",
            &[
                "3:5 E0102 expected `,` or `]` to close this list, found `f`",
                "6:9 E0102 expected `,` or `)` to close the call, found `5`",
            ],
        ),
        ("export 5", &["1:8 E0101 expected a declaration after `export`, found `5`"]),
        ("struct P { x i32 }", &["1:14 E0101 expected `:` and the type of the field, found `i32`"]),
        ("fn let() { }", &["1:4 E0101 expected a name of the function, found `let`"]),
    ] {
        let found = errors(text);
        assert_eq!(
            found.iter().take(expected.len().max(1)).collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>(),
            "{text}"
        );
    }
}

#[test]
fn guesses_which_brace_is_missing() {
    let text = "fn a() {\n    if x {\n        f()\n}\n\nfn b() {\n}\n";
    let (_, map, diagnostics) = parsed(text);
    let places: Vec<String> =
        diagnostics.list()[0].notes.iter().filter_map(|note| note.span.map(|span| map.locate(span))).collect();
    assert_eq!(places, ["test.vex:1:8", "test.vex:2:10"]);
}

#[test]
fn goes_on_after_errors() {
    let text = "
struct P { x: , y: i32 }
fn a() {
    let x = 
    let y = 2
    f(1, , 2)
    if { g() } else { h( }
    match y { 1 => , 2 => ok() }
    last()
}
fn b( { }
enum E { A, 5, B }
fn c() { ) }
fn d() {}
";
    let lines: Vec<String> = errors(text).iter().filter_map(|e| e.split(':').next().map(str::to_owned)).collect();
    assert_eq!(lines, ["2", "5", "6", "7", "7", "8", "11", "12", "13"], "{:#?}", errors(text));
    let (module, ..) = parsed(text);
    let functions = module.items.iter().filter(|i| matches!(i.kind, ItemKind::Function(_))).count();
    assert_eq!(functions, 3, "a, c and d; b has no parameters that end");
}

// ------------------------------------------------------------------------------------------------- hostile input

/// Runs on a thread with the stack that Rust gives by default, 2 MiB. (1 MiB is enough, 768 KiB is not.)
fn on_small_stack(text: String) -> Vec<String> {
    let run = move || errors(&text);
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread starts");
    thread.join().expect("the parser does not panic")
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let n = 10_000;
    let around = |open: &str, middle: &str, close: &str| {
        format!("fn main() {{ let x = {}{middle}{} }}", open.repeat(n), close.repeat(n))
    };
    for text in [
        around("(", "1", ")"),
        around("[", "1", "]"),
        around("{", "1", "}"),
        around("f(", "1", ")"),
        around("-", "1", ""),
        around("&", "x", ""),
        around("<-", "x", ""),
        around("await ", "x", ""),
        around("|x| ", "x", ""),
        around("1 + (", "1", ")"),
        around("a ? ", "b", ": c"),
        around("a ** ", "b", ""),
        around("if a { ", "b", "}"),
        around("if a {} else { ", "b", "}"),
        around("match a { _ => ", "b", "}"),
        around("select { default => ", "b", "}"),
        around("f\"{", "1", "}\""),
        around("f(|| { go { ", "1", "} })"),
        around("P { x: ", "1", "}"),
        around("loop { ", "1", "}"),
        around("return ", "1", ""),
        around("xs[", "1", "]"),
        format!("type T = {}i32{}", "fn(".repeat(n), ")".repeat(n)),
        format!("type T = {}i32{}", "Vec<".repeat(n), ">".repeat(n)),
        format!("type T = {}i32", "&".repeat(n)),
        format!("{}1{}", "fn f() { ".repeat(n), "}".repeat(n)),
        format!("fn main() {{ match 1 {{ {}x{} => 1 }} }}", "Some(".repeat(n), ")".repeat(n)),
        // Chains: the tree is high, the parser is not deep.
        around("1 + ", "1", ""),
        around("a.b().", "c", ""),
        around("a?.", "c", ""),
        around("a ?? ", "c", ""),
        around("", "f", "()"),
        around("x as i32 as ", "i32", ""),
    ] {
        let found = on_small_stack(text.clone());
        assert!(found.iter().any(|e| e.contains("E0111")), "{:.80}: {found:?}", text);
        assert!(found.len() < 4, "{:.80}: {found:?}", text);
    }
    // Long, but neither deep nor high.
    parses(&around("if a { b }\n", "1", ""));
    parses(&format!("fn main() {{ if a {{ }} {} }}", "elif b { } ".repeat(n)));
    parses(&format!("fn main() {{ f({}1) }}", "1, ".repeat(n)));
    parses(&format!("fn main() {{ {} }}", "((((1)))) ;".repeat(n)));
}

#[test]
fn what_the_limits_allow_fits_a_small_stack() {
    let n = super::MAX_DEPTH as usize / 2 - 10;
    for (open, close) in
        [("(", ")"), ("{", "}"), ("if a { ", "}"), ("match a { _ => ", "}"), ("f\"{", "}\""), ("|x| f(", ")")]
    {
        let text = format!("fn main() {{ {}1{} }}", open.repeat(n / 2), close.repeat(n / 2));
        assert_eq!(on_small_stack(text), Vec::<String>::new(), "{open}");
    }
    parses(&format!("fn main() {{ 1{} }}", " + 1".repeat(super::MAX_HEIGHT as usize - 20)));
}

#[test]
fn large_sources_take_seconds() {
    let repeat_to = |size: usize, text: &str| text.repeat(size / text.len());
    let large = |text: &str| repeat_to(10 << 20, text);
    let repeat = |text: &str| repeat_to(2 << 20, text); // Quadratic work would take minutes.
    for text in [
        large("fn f(a: i32): i32 { let x = a + 1; println(f\"{x} {a}\") return x }\n"),
        format!("fn main() {{\n{}\n}}", large("let x = f(1, [2, 3])?\n")),
        format!("fn main() {{ let x = [{}] }}", repeat("a < b, ")),
        format!("fn main() {{ let x = \"{}\" }}", repeat("a\\n")),
        repeat("\""),
        repeat("f\"{"),
        repeat("'"),
        repeat("/*"),
        repeat("#a "),
        repeat("("),
        repeat("}"),
        repeat("fn "),
        repeat("a ? "),
        repeat("a<"),
        repeat("select { a\n"),
        repeat("\u{0}"),
        repeat("x\n"),
        repeat("{ \" "),
    ] {
        parsed(&text);
    }
}
