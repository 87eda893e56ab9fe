//! Text to forms, and the line of everything that is wrong with brackets and strings.

use super::super::form::{Form, FormKind};
use super::super::reader::{MAX_DEPTH, read};
use super::codes;
use crate::diagnostics::{Code, Diagnostics};
use crate::source::SourceMap;

/// A form in one spelling.
fn show(form: &Form) -> String {
    let all = |forms: &[Form]| forms.iter().map(show).collect::<Vec<_>>().join(" ");
    match &form.kind {
        FormKind::None => "none".to_owned(),
        FormKind::Bool(value) => format!("{value}"),
        FormKind::Int(value) => value.to_string(),
        FormKind::Float(value) => format!("{value:?}"),
        FormKind::Str(value) => format!("{value:?}"),
        FormKind::Template(parts) => format!("<f {}>", all(parts)),
        FormKind::Symbol(name) => name.to_string(),
        FormKind::Keyword(name) => format!(":{name}"),
        FormKind::List(items) => format!("({})", all(items)),
        FormKind::Tuple(items) => format!("<tuple {}>", all(items)),
        FormKind::Bracket(items) => format!("[{}]", all(items)),
        FormKind::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", show(key), show(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        FormKind::Index(container, index) => format!("<index {} {}>", show(container), show(index)),
        FormKind::Attr(object, name) => format!("<attr {} {name}>", show(object)),
        FormKind::Quote(quoted) => format!("<quote {}>", show(quoted)),
        FormKind::Named(name, value) => format!("<named {name} {}>", show(value)),
        FormKind::Error => "error".to_owned(),
    }
}

/// All forms of a text that has nothing wrong.
fn forms(text: &str) -> String {
    let (mut sources, mut sink) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("t.m28", text);
    let forms = read(text, file, &mut sink);
    assert!(!sink.has_errors(), "{text}: {:?}", sink.list());
    forms.iter().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn reads_every_kind_of_form() {
    let cases = [
        ("(f 1 2.5 -3 1e3 +4)", "(f 1 2.5 -3 1000.0 4)"),
        ("[1 2 3] [1, 2, 3] []", "[1 2 3] [1 2 3] []"),
        ("(1, 2) (1,) () (f)", "<tuple 1 2> <tuple 1> () (f)"),
        ("{\"k\": v, \"m\": w} {} {a:1} {:k: 1}", "{\"k\": v, \"m\": w} {} {a: 1} {:k: 1}"),
        ("True False None true false nil", "true false none true false none"),
        ("close-chan chan-closed? x2 + // ** <= !=", "close-chan chan-closed? x2 + // ** <= !="),
        (":recv :send", ":recv :send"),
        ("(xs.append 3) d.key a.b.c", "(<attr xs append> 3) <attr d key> <attr <attr a b> c>"),
        (
            "xs[0] d[\"k\"] xs[i][j] o.xs[0] xs[0].name",
            "<index xs 0> <index d \"k\"> <index <index xs i> j> <index <attr o xs> 0> <attr <index xs 0> name>",
        ),
        ("xs [0] (f xs)[0]", "xs [0] (f xs) [0]"),
        ("xs[(+ i 1)] xs[-1]", "<index xs (+ i 1)> <index xs -1>"),
        ("(f a b=2 *rest) (f k=\"v\" m=[1])", "(f a <named b 2> *rest) (f <named k \"v\"> <named m [1]>)"),
        ("(== a b) (<= a b) (= a b)", "(== a b) (<= a b) (= a b)"),
        ("'sym '(a b) (f 'a 'b) ':k", "<quote sym> <quote (a b)> (f <quote a> <quote b>) <quote :k>"),
        ("'sym '(a b 1) '[x] :k", "<quote sym> <quote (a b 1)> <quote [x]> :k"),
        ("'word' 'two words' '' 'a # b' 'x)'", "\"word\" \"two words\" \"\" \"a # b\" \"x)\""),
        ("\"a\\n\\t\\\"\\\\\" 'it\\'s' \"it's\"", "\"a\\n\\t\\\"\\\\\" \"it's\" \"it's\""),
        ("\"two\nlines\"", "\"two\\nlines\""),
        ("(f 'a) # it's said\n(g 'b) # the dog's", "(f <quote a>) (g <quote b>)"),
        ("f\"{x} and {(+ 1 2)}\"", "<f x \" and \" (+ 1 2)>"),
        ("f'{d[\"k\"]}!' f\"{{x}}\" f\"\"", "<f <index d \"k\"> \"!\"> <f \"{x}\"> <f >"),
        ("(a # (comment\n b)", "(a b)"),
        ("\"# no comment\" x#comment", "\"# no comment\" x"),
        ("\u{feff}(f)", "(f)"),
        ("é ∂x", "é ∂x"),
    ];
    for (text, expected) in cases {
        assert_eq!(forms(text), expected, "{text}");
    }
}

#[test]
fn spans_are_right_inside_of_templates() {
    let text = "(print f\"{x} {(bad y)}\")";
    let (mut sources, mut sink) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("t.m28", text);
    let read = read(text, file, &mut sink);
    let template = &read[0].list().expect("a list")[1];
    let FormKind::Template(parts) = &template.kind else { panic!("{template:?}") };
    let shown: Vec<&str> = parts.iter().map(|part| &text[part.span.lo as usize..part.span.hi as usize]).collect();
    assert_eq!(shown, ["x", " ", "(bad y)"]);
    assert_eq!(&text[template.span.lo as usize..template.span.hi as usize], "f\"{x} {(bad y)}\"");
}

#[test]
fn a_stray_closing_bracket_is_an_error_in_its_line() {
    assert_eq!(codes("(print 1)\n)\n"), [(2, Code::UnmatchedDelimiter)]);
    assert_eq!(codes("\n\n]"), [(3, Code::UnmatchedDelimiter)]);
    assert_eq!(codes("(print 1)\n}\n(print 2))"), [(2, Code::UnmatchedDelimiter), (3, Code::UnmatchedDelimiter)]);
}

#[test]
fn a_closing_bracket_that_does_not_match_is_an_error_in_its_line() {
    assert_eq!(codes("(print [1 2\n)\n(f)"), [(2, Code::UnmatchedDelimiter)]);
    assert_eq!(codes("(def (f)\n  (print {\"a\": 1)\n)"), [(2, Code::UnmatchedDelimiter)]);
    assert_eq!(codes("(f\n]\n"), [(2, Code::UnmatchedDelimiter)]);
}

#[test]
fn an_end_inside_of_brackets_is_an_error_in_the_line_of_the_innermost() {
    assert_eq!(codes("(def (f)\n  (print\n    [1 2\n"), [(3, Code::UnclosedDelimiter)]);
    assert_eq!(codes("(a)\n(b"), [(2, Code::UnclosedDelimiter)]);
    assert_eq!(codes("(a\n {\"k\": (f x)\n\n\n"), [(2, Code::UnclosedDelimiter)]);
}

#[test]
fn a_string_that_never_ends_is_an_error_in_the_line_where_it_starts() {
    assert_eq!(codes("(print 1)\n(print \"abc\n\n(f)\n"), [(2, Code::UnterminatedString)]);
    assert_eq!(codes("(print\n f\"{x} abc)\n"), [(2, Code::UnterminatedString)]);
    assert_eq!(codes("(print\n f\"{(g x)\n"), [(2, Code::UnterminatedString)]);
    assert_eq!(codes("(print\n f\"{\n(g x\n"), [(3, Code::UnclosedDelimiter)]);
    assert_eq!(codes("\n(print ' abc)"), [(2, Code::UnterminatedString)]);
}

#[test]
fn other_slips_are_errors_at_their_place() {
    let cases = [
        ("\n(f 12abc)", Code::BadNumber),
        ("\n(f 99999999999999999999)", Code::BadNumber),
        ("\n(f 1e999)", Code::BadNumber),
        ("\n(1,, 2)", Code::UnexpectedToken),
        ("\n[, 1]", Code::UnexpectedToken),
        ("\n{\"a\" 1}", Code::UnexpectedToken),
        ("\n{\"a\": }", Code::UnexpectedToken),
        ("\n(f xs[])", Code::UnexpectedToken),
        ("\n(f xs[1 2])", Code::UnexpectedToken),
        ("\n(f a..b)", Code::UnexpectedToken),
        ("\n(f .b)", Code::UnexpectedToken),
        ("\n(f k= 1)", Code::UnexpectedToken),
        ("\n(f ')", Code::UnexpectedToken),
        ("\n(print f\"{}\")", Code::BadInterpolation),
        ("\n(print f\"{a b}\")", Code::BadInterpolation),
    ];
    for (text, code) in cases {
        let found = codes(text);
        assert!(found.contains(&(2, code)), "{text}: {found:?}");
    }
}

#[test]
fn depth_is_limited() {
    let deep = |open: &str, close: &str, times: usize| format!("{}x{}", open.repeat(times), close.repeat(times));
    for (open, close) in [("(f ", ")"), ("[", "]"), ("{1: ", "}"), ("f\"{", "}\""), ("xs[", "]"), ("a=", "")] {
        let fits = deep(open, close, MAX_DEPTH / 2);
        let (mut sources, mut sink) = (SourceMap::default(), Diagnostics::default());
        let file = sources.add("t.m28", fits.as_str());
        read(&fits, file, &mut sink);
        assert!(!sink.has_errors(), "{open}: {:?}", sink.list());
        for times in [MAX_DEPTH + 2, 100_000] {
            let found = codes(&deep(open, close, times));
            assert!(found.iter().any(|&(_, code)| code == Code::NestedTooDeeply), "{open}: {found:?}");
            assert!(codes(&open.repeat(times)).iter().any(|&(_, code)| code == Code::NestedTooDeeply), "{open}");
        }
    }
    let chain = format!("(print a{})", "[0]".repeat(100_000));
    assert_eq!(codes(&chain), [(1, Code::NestedTooDeeply)]);
}
