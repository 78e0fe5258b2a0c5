//! Node and Python judge the forms that are made for them.

use super::super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// How many texts each interpreter reads.
const TEXTS: usize = 4_000;

/// Doubles of every size in every spelling, and integers that a double holds exactly.
fn any_number() -> impl Strategy<Value = String> {
    let float = prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (any::<i32>(), -30..30).prop_map(|(n, exponent)| f64::from(n) * 10f64.powi(exponent)),
        (-1e18..1e18f64),
        // Halfway between two texts of equal length.
        ((1i64 << 50)..(1i64 << 53), 0..4).prop_map(|(whole, quarters)| whole as f64 + f64::from(quarters) / 4.0),
    ]
    .prop_filter("finite", |value| value.is_finite());
    let spelled = (float, 0..4).prop_map(|(value, spelling)| match spelling {
        0 => format!("{value:e}"),
        1 => format!("{value:E}"),
        2 => format!("{value:.3}"),
        _ => format!("{value:?}"),
    });
    let odd = ["-0", "-0.0", "0", "0e0", "1e-400", "-1E-400", "9.5e-5", "1e15", "1e16", "1e21", "100e-2", "5e-324"];
    prop_oneof![
        4 => spelled,
        1 => (-(1i64 << 53)..=(1i64 << 53)).prop_map(|n| n.to_string()),
        1 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned),
    ]
}

/// Integers that no double holds exactly: Python keeps their digits, JavaScript doesn't.
fn long_integer() -> impl Strategy<Value = String> {
    "-?[1-9][0-9]{16,300}"
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\u{0}-\u{a0}\u{2028}\u{2029}\u{fffe}-\u{1000f}😀\"/\\\\]{0,6}", "[0-9]{0,11}"]
}

fn any_value(number: BoxedStrategy<String>) -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number.prop_map(|text| Json::Number(text.into())),
        any_text().prop_map(Json::String),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((any_text(), inner), 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// Hands texts, one a line, to an interpreter whose program prints those that it would write otherwise.
fn ask(interpreter: &str, arguments: &[&str], texts: &[String]) {
    let mut child = Command::new(interpreter)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{interpreter} is needed to judge this form: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let lines = texts.join("\n");
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{interpreter} failed: {said}");
    assert_eq!(said.trim(), format!("{} as expected", texts.len()));
}

fn texts(number: BoxedStrategy<String>, write: impl Fn(&Json) -> String) -> Vec<String> {
    let (mut runner, values) = (TestRunner::default(), any_value(number));
    (0..TEXTS).map(|_| write(&values.new_tree(&mut runner).unwrap().current())).collect()
}

#[test]
fn python_writes_the_python_form_as_it_read_it() {
    const PROGRAM: &str = "
import json, sys
lines = sys.stdin.buffer.read().split(b'\\n')
for line in lines:
    text = line.decode()
    again = json.dumps(json.loads(text))
    if again != text:
        sys.exit(print(text, again) or 1)
print(len(lines), 'as expected')
";
    let number = prop_oneof![3 => any_number(), 1 => long_integer()].boxed();
    ask("python3", &["-c", PROGRAM], &texts(number, Json::to_python));
}

#[test]
fn node_writes_the_javascript_form_as_it_read_it() {
    const PROGRAM: &str = "
const lines = require('fs').readFileSync(0, 'utf8').split('\\n');
for (const text of lines) {
    const again = JSON.stringify(JSON.parse(text));
    if (again !== text) { console.log(text, again); process.exit(1); }
}
console.log(`${lines.length} as expected`);
";
    ask("node", &["-e", PROGRAM], &texts(any_number().boxed(), Json::to_javascript));
}
