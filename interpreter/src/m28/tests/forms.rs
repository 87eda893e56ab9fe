//! Special forms: what their core tree is, and what is wrong with those that do not fit.

use super::{codes, core_with, has, lacks, wrong};
use crate::diagnostics::Code;

#[test]
fn wrong_forms_are_errors_with_a_place() {
    let cases = [
        ("(let x)", Code::BadForm),
        ("(let (x) 1)", Code::BadForm),
        ("(let (1 2) 1)", Code::BadForm),
        ("(let)", Code::BadForm),
        ("(def)", Code::BadForm),
        ("(def x)", Code::BadForm),
        ("(def f 1 2)", Code::BadForm),
        ("(def (1 a) 2)", Code::BadForm),
        ("(def (f a a) 1)", Code::BadParameter),
        ("(def (f *r a) 1)", Code::BadParameter),
        ("(def (f a=1 b) 1)", Code::BadParameter),
        ("(def (f (a)) 1)", Code::BadParameter),
        ("(lambda)", Code::BadForm),
        ("(lambda a a)", Code::BadForm),
        ("(= x)", Code::BadForm),
        ("(= x 1 2)", Code::BadForm),
        ("(= (nth p 0) 1)", Code::NotAPlace),
        ("(= 1 2)", Code::NotAPlace),
        ("(set x)", Code::BadForm),
        ("(global)", Code::BadForm),
        ("(def (f a) (global a))", Code::BadForm),
        ("(if)", Code::BadForm),
        ("(if 1)", Code::BadForm),
        ("(if 1 2 3 4)", Code::BadForm),
        ("(if 1 2 (else 3) (else 4))", Code::BadForm),
        ("(cond 1)", Code::BadForm),
        ("(while)", Code::BadForm),
        ("(for x)", Code::BadForm),
        ("(for 1 in xs)", Code::BadForm),
        ("(break)", Code::OutsideLoop),
        ("(def (f) (continue))", Code::OutsideLoop),
        ("(while True (go (break)))", Code::OutsideLoop),
        ("(while True (def (f) (break)))", Code::OutsideLoop),
        ("(return 1)", Code::MisplacedForm),
        ("(def (f) (return 1 2))", Code::BadForm),
        ("(else 1)", Code::MisplacedForm),
        ("(except 1)", Code::MisplacedForm),
        ("(print (k=1))", Code::MisplacedForm),
        ("(try 1 (finally 1) (except 2))", Code::BadForm),
        ("(try 1 (except 2) 3)", Code::BadForm),
        ("(try 1 (finally 1) (finally 2))", Code::BadForm),
        ("(assert)", Code::BadForm),
        ("(go)", Code::BadForm),
        ("(select 1)", Code::BadSelectArm),
        ("(select [(case :take ch) 1])", Code::BadSelectArm),
        ("(select [(case :send ch) 1])", Code::BadSelectArm),
        ("(select [(default) 1] [(default) 2])", Code::BadSelectArm),
        ("(select [(timeout) 1])", Code::BadSelectArm),
        ("(select-timeout 5 [(timeout) 1] [(timeout) 2])", Code::BadSelectArm),
        ("(select-timeout)", Code::BadForm),
        ("(with-mutex)", Code::BadForm),
        ("(class)", Code::BadForm),
        ("(class P () (print 1))", Code::BadForm),
        ("(class P () (def m () 1))", Code::BadParameter),
        ("(class P (Q) (def m (self) 1))", Code::BadForm),
        ("(import 5)", Code::BadForm),
        ("(import nowhere)", Code::UnknownModule),
        ("(from m import)", Code::BadForm),
        ("(not)", Code::BadForm),
        ("(in 1)", Code::WrongArgumentCount),
        ("(/ 1)", Code::WrongArgumentCount),
        ("(len)", Code::WrongArgumentCount),
        ("(len 1 2)", Code::WrongArgumentCount),
        ("(send ch)", Code::WrongArgumentCount),
        ("(len x=1)", Code::WrongArgumentCount),
        ("(f a=1 2)", Code::BadForm),
        ("(f a=1 a=2)", Code::BadForm),
    ];
    for (text, code) in cases {
        let found = wrong(&format!("\n{text}"));
        assert!(found.iter().any(|(line, c, _)| (*line, *c) == (2, code)), "{text}: {found:?}");
    }
}

#[test]
fn equals_compares_in_conditions_and_assigns_everywhere_else() {
    for text in [
        "(def a 1) (assert (= a 1) \"m\")",
        "(def a 1) (if (= a 1) 2)",
        "(def a 1) (while (= a 2) 3)",
        "(def a 1) (cond ((= a 1) 2))",
        "(def a 1) (if True 1 (elif (= a 2) 3))",
        "(def a 1) (if (and (= a 1) (or True (not (= a 2)))) 3)",
        "(def p (1, 2)) (assert (= (nth p 0) 1))",
    ] {
        has(text, &["(== "]);
    }
    lacks("(def a 1) (if (begin (= a 2) a) 3)", "(==");
    lacks("(def a 1) (print (= a 2))", "(==");
    has("(def a 1) (print (== a 2))", &["(=="]);
}

#[test]
fn warns_of_an_assignment_whose_value_is_tested_or_computed_with() {
    let line = |text: &str| codes(text);
    assert_eq!(line("(def a 1)\n(print (and True (= a 2)))"), [(2, Code::AssignmentAsValue)]);
    assert_eq!(line("(def a 1)\n(print (not (= a 2)))"), [(2, Code::AssignmentAsValue)]);
    assert_eq!(line("(def a 1)\n(print (+ 1 (= a 2)))"), [(2, Code::AssignmentAsValue)]);
    assert_eq!(line("(def a 1)\n(def (f) (return (= a 2)))"), [(2, Code::AssignmentAsValue)]);
    assert_eq!(line("(def a 1)\n(if (not (= a 2)) (print a))"), []);
    assert_eq!(line("(= a (= b 1))\n(print a b)"), []);
}

#[test]
fn warns_of_names_that_nothing_binds() {
    assert_eq!(codes("(def worker 1)\n(print workr)"), [(2, Code::UnboundName)]);
    let (_, sink, _) = super::check_with("(def worker 1)\n(print workr (pritn 1))", &[]);
    let help: Vec<&str> = sink.sorted().iter().filter_map(|d| d.help.first()).map(String::as_str).collect();
    assert_eq!(help, ["did you mean `worker`?", "did you mean `print`?"]);
    assert_eq!(codes("(def (f) later) (def later 1) (print (f))"), []);
    assert_eq!(codes("(print ValueError map print + not)"), []);
    assert_eq!(codes("(print select-value)"), [(1, Code::UnboundName)]);
    assert_eq!(codes("(def ch (chan))\n(select [(case :recv ch) 1])\n(print select-ok)"), [(3, Code::UnboundName)]);
    assert_eq!(codes("(set nowhere 1)"), [(1, Code::UnboundName)]);
}

#[test]
fn locks_are_released_on_every_exit() {
    has("(def m (mutex)) (def (f) (with-mutex m (return 1)))", &["(try ", "finally"]);
}

#[test]
fn tasks_are_named_after_the_function_that_they_call() {
    has("(def (worker x) 1) (go (worker (+ 1 2)))", &["Go worker("]);
    has("(def (worker x) 1) (go (worker 1))", &["(spawn Go worker 1)"]);
    has("(def (worker x) 1) (for i (range 3) (go (worker i)))", &["(spawn Go worker i)"]);
    has("(go (print 1) (print 2))", &["Go main.go("]);
    has("(def (f) (go (begin 1)))", &["Go f.go("]);
    has("(def (f) (lambda (x) x))", &["Closure f.lambda(x)"]);
}

#[test]
fn the_operands_of_a_go_are_one_body() {
    let tree = super::core("(go (print 1) (print 2))");
    assert_eq!(tree.matches("(spawn Go ").count(), 1, "{tree}");
    has("(go (print 1) (print 2))", &["Go main.go", "1", "2"]);
}

#[test]
fn files_run_once_and_give_their_names() {
    let files = [("m.m28", "(def count 1)\n(def (inc by=1) (= count (+ count by)))")];
    let tree = core_with("(import m)\n(m.inc)\n(print m.count)\n(from m import (count, inc))\n(inc 2)", &files);
    assert!(tree.contains("set? $module m"), "{tree}");
    let wrong = |text: &str| super::check_with(text, &files).1.sorted().iter().map(|d| d.code).collect::<Vec<_>>();
    assert_eq!(wrong("(import m) (m.missing)"), [Code::UnknownImport]);
    assert_eq!(wrong("(from m import nothing)"), [Code::UnknownImport]);
    assert_eq!(wrong("(import main)"), [Code::UnknownModule]);
    let broken = [("b.m28", "(def x\n")];
    let found = super::check_with("(import b)", &broken);
    assert!(found.0.is_none() && found.1.has_errors(), "an error in any file keeps everything from running");
}

#[test]
fn classes_have_room_for_every_attribute_and_list_what_they_inherit() {
    let text = "(class P () (def __init__ (self v) (= self.v v)) (def get (self) self.v))\n\
                (class Q (P) (def set (self w) (= self.w w)))\n(def q (Q 1)) (= q.extra 2)";
    let (program, _, _) = super::check_with(text, &[]);
    let program = program.expect("no errors");
    let q = program.structs.iter().position(|s| s.name == "Q").expect("the class");
    let fields: Vec<&str> = program.structs[q].fields.iter().map(|f| f.0.as_str()).collect();
    assert_eq!(fields, ["v", "extra", "w"]);
    let q = crate::types::StructId(q as u32);
    let receiver = crate::core::RuntimeType::Struct(q);
    let mut methods: Vec<&str> =
        program.methods.iter().filter(|m| m.receiver == receiver).map(|m| m.name.as_str()).collect();
    methods.sort_unstable();
    assert_eq!(methods, ["__init__", "get", "set"]);
    assert!(codes("(class A (B)) (class B (A))").iter().any(|&(_, code)| code == Code::CyclicDefinition));
}

#[test]
fn long_forms_do_not_make_deep_trees() {
    let many = |head: &str, part: &str, tail: &str| format!("{head}{}{tail}", part.repeat(20_000));
    for text in [
        many("(print (+ 1", " 1", "))"),
        many("(print (and 1", " 1", "))"),
        many("(print (< 1", " 1", "))"),
        many("(print [", " 1", "])"),
        many("(print {", "1: 2, ", "})"),
        many("(cond ", "((= 1 2) 3) ", ")"),
        many("(print", " 1", ")"),
        many("(begin", " (print 1)", ")"),
    ] {
        assert_eq!(codes(&text), [], "{}", &text[..20]);
    }
}

#[test]
fn methods_of_a_class_in_a_function_take_its_variables_along() {
    let text = "(def (make n) (class C () (def get (self k=1) (+ n k)) (def own (self) 1)) (C)) (make 1)";
    has(text, &["Closure C.get(n, self, k)", "Plain C.own(self)"]);
    has(text, &["Closure C(n)", "struct C (closure C.get n:Value)"]);
    has(text, &["Plain C.get(self, k)", "attr C.get"]);
}

#[test]
fn what_is_raised_becomes_an_exception() {
    has("(def e 1) (raise e)", &["(%exception e unset)"]);
    has("(raise (ValueError \"m\"))", &["(raise (ValueError \"m\"))"]);
    has("(raise ValueError \"m\")", &["(raise (ValueError \"m\"))"]);
    has("(raise \"m\")", &["(raise (Exception \"m\"))"]);
    has("(try 1 (except ValueError (raise)))", &["DynIsInstance", "(raise %"]);
}
