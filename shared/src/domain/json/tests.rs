mod second_opinion;

use super::*;
use proptest::prelude::*;

fn javascript(text: &str) -> String {
    Json::parse(text.as_bytes()).unwrap().to_javascript()
}

#[test]
fn what_was_given_comes_back_as_it_was() {
    for text in [r#"{"b":1.0,"a":[1e5,-0,12345678901234567890],"":null,"é":"\u0001\"","10":true,"9":{}}"#, "[]", "0.10"]
    {
        assert_eq!(Json::parse(text.as_bytes()).unwrap().to_compact(), text);
    }
}

#[test]
fn the_javascript_form_is_what_json_stringify_leaves_unchanged() {
    assert_eq!(
        javascript(r#"{ "b": 1.0, "10": 1, "a": 1e3, "9": -0, "07": 2, "4294967295": 3 }"#),
        r#"{"9":0,"10":1,"b":1,"a":1000,"07":2,"4294967295":3}"#
    );
    assert_eq!(
        javascript("[1e21, 1E-7, 0.1, 100e-2, 1e20, 123456789012345678901234567890, -1.50]"),
        "[1e+21,1e-7,0.1,1,100000000000000000000,123456789012345678901234567890,-1.5]"
    );
    assert_eq!(javascript(r#""\u00e9\/\u2028\u007f\b""#), "\"é/\u{2028}\u{7f}\\b\"");
    assert_eq!(javascript(r#"{"a":1,"b":2,"a":3}"#), r#"{"a":3,"b":2}"#);
}

#[test]
fn the_python_form_is_what_json_dumps_leaves_unchanged() {
    let python = |text: &str| Json::parse(text.as_bytes()).unwrap().to_python();
    assert_eq!(python(r#"{"b":1.0,"10":[1,2],"a":{},"c":[]}"#), r#"{"b": 1.0, "10": [1, 2], "a": {}, "c": []}"#);
    assert_eq!(
        python(
            "[-0,-0.0,1e5,1E16,123456789012345.5e1,1e-4,1.5e-5,1e22,1e-400,-2210427352851280.25,12345678901234567890123]"
        ),
        "[0, -0.0, 100000.0, 1e+16, 1234567890123455.0, 0.0001, 1.5e-05, 1e+22, 0.0, -2210427352851280.2, 12345678901234567890123]"
    );
    assert_eq!(python("\"é😀\\u007f\\u0001\\/\\f\\b\\\\\""), r#""\u00e9\ud83d\ude00\u007f\u0001/\f\b\\""#);
}

#[test]
fn objects_that_look_like_a_librarys_marker_are_plain_objects() {
    for text in [r#"{"$serde_json::private::Number":"1"}"#, r#"{"$serde_json::private::RawValue":"{"}"#] {
        assert_eq!(Json::parse(text.as_bytes()).unwrap().to_compact(), text);
    }
}

#[test]
fn malformed_deep_and_unholdable_texts_are_refused() {
    for text in [
        "",
        "{",
        "{\"a\":}",
        "[1,]",
        "nul",
        "01",
        "\"\\ud800\"",
        "1e400",
        "[-1e999]",
        "{} {}",
        "'a'",
        "NaN",
        "\"\u{1}\"",
    ] {
        assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Json::parse(b"\"\xff\"").is_err());
    assert!(Json::parse(&[b'['; 100_000]).unwrap_err().contains("nests"));
    assert!(Json::parse("{\"a\":".repeat(100_000).as_bytes()).unwrap_err().contains("nests"));
}

#[test]
fn one_pass_reads_integers_of_64_bits_and_no_other_number() {
    for number in ["0", "7", "-7", "18446744073709551615", "-9223372036854775808"] {
        let text = format!(r#"{{"a":[{number}],"a":{number},"\u00e9":"\ud83d\ude00"}}"#);
        let read = read::in_one_pass(&text).unwrap();
        assert_eq!(read, serde_json::from_str(&text).unwrap());
        assert_eq!(read.to_compact(), format!(r#"{{"a":{number},"é":"😀"}}"#));
    }
    for number in ["-0", "0.0", "1e1", "18446744073709551616", "-9223372036854775809", "1E400", "01", "+1"] {
        assert!(read::in_one_pass(number).is_none(), "{number}");
    }
}

#[test]
fn brackets_in_strings_are_not_levels() {
    let text = format!("[\"{}\\\"[\"]", "[{".repeat(100));
    assert_eq!(Json::parse(text.as_bytes()).unwrap().depth(), 1);
}

fn any_json() -> impl Strategy<Value = Json> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}"))
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number.prop_map(|n| Json::Number(n.into())),
        ".{0,8}".prop_map(Json::String)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec(("[a-z0-9]{0,3}", inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn writing_and_reading_again_gives_the_same_value(value in any_json()) {
        prop_assert_eq!(Json::parse(value.to_compact().as_bytes()).unwrap(), value.clone());
        let form = value.to_javascript();
        prop_assert_eq!(javascript(&form), form);
        let form = value.to_python();
        prop_assert_eq!(Json::parse(form.as_bytes()).unwrap().to_python(), form);
    }

    #[test]
    fn one_pass_reads_what_level_by_level_does_and_leaves_to_it_whatever_has_another_spelling(value in any_json()) {
        let text = value.to_compact();
        if let Some(read) = read::in_one_pass(&text) {
            prop_assert_eq!(read, serde_json::from_str::<Json>(&text).unwrap());
        } else {
            prop_assert!(text.contains(['.', 'e']), "{text}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = Json::parse(&bytes);
    }
}
