//! What names mean: the rules of binding, each with the core tree that shows it.

use super::{core, has, lacks};

#[test]
fn variables_of_the_top_level_are_locals_of_main_unless_others_use_them() {
    has("(def x 1) (print x)", &["let x = 1"]);
    has("(def x 1) (def (f) x) (print (f))", &["(set $x 1)"]);
    has("(def x 1) (go (print x))", &["(set $x 1)"]);
}

#[test]
fn an_assignment_rebinds_the_nearest_variable_that_is_set() {
    // The module's, which is set before the function can run.
    has("(def x 1) (def (f) (= x 2)) (f)", &["Plain f() ", "= 2", "(set $x "]);
    lacks("(def x 1) (def (f) (= x 2)) (f)", "set?");
    // One of its own where there is none.
    has("(def (f) (= x 2) x) (f)", &["Plain f() ", "let x = 2"]);
    // An enclosing function's.
    has("(def (f) (def x 1) (def (g) (= x 2)) (g) x) (f)", &["Closure g(x@)", "= 2", "(set x "]);
}

#[test]
fn an_assignment_that_may_come_before_the_outer_binding_is_decided_when_it_runs() {
    let text = "(def (f) (= x 2) x)\n(f)\n(def x 1)\n(f)";
    has(text, &["Plain f() ", "set? x", "set? $x", "(set $x"]);
    // Called only after the binding: nothing to decide.
    lacks("(def (f) (= x 2) x)\n(def x 1)\n(f)", "set?");
}

#[test]
fn a_definition_binds_in_its_own_scope() {
    has("(def x 1) (def (f) (def x 2) x) (f)", &["Plain f() ", "let x = 2"]);
    has("(def x 1) (go (def x 2) (print x)) (print x)", &["Go main.go() ", "let x = 2"]);
    has("(def x 1) (let (y 1) (def x 2) (print x)) (print x)", &["let x = 1", "let x = 2"]);
}

#[test]
fn reads_of_what_is_certainly_set_are_not_checked() {
    lacks("(def (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (print (fib 20))", "bound");
    lacks(
        "(def (even n) (if (== n 0) True (odd (- n 1)))) (def (odd n) (if (== n 0) False (even (- n 1)))) (even 4)",
        "bound",
    );
    lacks("(def (f) (for i (range 3) (def r i) (print r))) (f)", "bound");
    lacks("(def (f c) (if c (= x 1) (= x 2)) x) (f 1)", "bound");
    lacks("(def (f) (try (= x 1) (except (= x 2))) x) (f)", "bound");
    has("(def (f c) (if c (= x 1)) x) (f 1)", &["bound"]);
    has("(print x) (def x 1)", &["bound"]);
    has("(def (f) x) (f) (def x 1)", &["Plain f() ", "bound"]);
    has("(for i (range 3) 1) (print i)", &["bound"]);
    has("(while True (if (f) (break)) (def x 1)) (print x)", &["bound"]);
}

#[test]
fn functions_that_are_known_are_called_directly() {
    has("(def (f a b=2 *rest) a) (f 1) (f 1 2 3 4)", &["f 1 unset", "f 1 2"]);
    // Redefined, or called with what does not fit: as a value.
    let tree = core("(def (f a) a) (def (f a) 2) (f 1)");
    assert!(tree.contains("call-value") || tree.contains("(call $f") || tree.contains("(call f"), "{tree}");
}

#[test]
fn loops_bind_their_variable_afresh_in_each_turn() {
    // Closures take the value of their turn.
    has("(def fs []) (for i (range 3) (append fs (lambda () i)))", &["Closure main.lambda(i)"]);
    has("(for i (range 3) (go (def worker-id i) (print worker-id)))", &["Go main.go(i)", "let worker-id = i"]);
    // After the loop the name has the last value.
    has("(for i (range 3) (print i)) (print i)", &["(set i i)"]);
    // One that a closure changes has a cell in each turn.
    has("(def fs []) (for i (range 3) (append fs (lambda () (= i (+ i 1)))))", &["Closure main.lambda(i@)"]);
}

#[test]
fn captured_variables_that_change_live_in_cells() {
    has("(def (f) (def n 0) (lambda () (= n (+ n 1)) n)) (f)", &["Closure f.lambda(n@)"]);
    has("(def (f n) (lambda () n)) (f 1)", &["Closure f.lambda(n)"]);
    has("(def (f) (def n 1) (lambda () n)) (f)", &["Closure f.lambda(n)"]);
    has("(def (f) (def n 1) (def g (lambda () n)) (= n 2) (g)) (f)", &["Closure f.lambda(n@)"]);
    has("(def (f) (def (g n) (if n (g (- n 1)) 0)) (g 3)) (f)", &["Closure g(g@, n)"]);
}

#[test]
fn forms_without_a_scope_bind_in_the_one_around() {
    for text in [
        "(def (f) (if True (def x 1)) (begin (def y 2)) (print x y)) (f)",
        "(def (f) (try (def x 1) (finally 1)) (print x)) (f)",
        "(def (f m) (with-mutex m (def x 1)) (print x)) (f (mutex))",
        "(def (f ch) (select [(case :recv ch) (def x select-value)]) (print x)) (f (chan))",
    ] {
        assert!(!super::codes(text).iter().any(|(_, code)| *code == crate::diagnostics::Code::UnboundName), "{text}");
    }
    // What a `let` binds ends with it.
    assert_eq!(super::codes("let (x = 1) x) (print x)").len(), 1);
}

#[test]
fn global_and_nonlocal_say_which_variable_is_meant() {
    has("(def (f) (global x) (= x 1)) (f) (print x)", &["Plain f() ", "= 1", "(set $x "]);
    has("(def x 0) (def (f) (def x 1) (def (g) (nonlocal x) (= x 2)) (g) x) (f)", &["Closure g(x@)", "= 2", "(set x "]);
    let found = super::codes("(def (f) (nonlocal x) (= x 1))");
    assert_eq!(found, [(1, crate::diagnostics::Code::UnknownName)]);
}

#[test]
fn values_of_a_let_are_evaluated_before_their_name_is_there() {
    has("(def x 1) (let (x (+ x 1)) (print x))", &["let x = 1", "let x = (+ x 1)"]);
}
