//! JSON as callers sent it: key order and the spelling of numbers survive.
//!
//! `serde_json::Value` loses both (or, with its optional features, mistakes a caller's object for one of its own
//! markers), so values are kept in a tree of our own; `serde_json` still does the reading and the strings.

use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// A JSON object in the caller's key order. Of duplicate keys the last value counts, in the first one's place, as
/// JavaScript's `JSON.parse` has it.
pub type Object = IndexMap<String, Json>;

/// Deeper nesting than any valid request can have: `data` may nest 32 levels, a few levels down in a batch.
const DEEPEST: usize = 48;

/// A JSON value. Numbers are kept as text: `1.0` stays `1.0`, and 2⁶⁴ keeps its digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number's text; always one that a double can hold.
    Number(Box<str>),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

impl Json {
    /// Reads one JSON text.
    ///
    /// # Errors
    /// A sentence with line and column for malformed text, for nesting beyond what any request can need, and for a number
    /// that no double can hold.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        refuse_deep(bytes)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| format!("is not UTF-8: byte {} can't stand where it does", error.valid_up_to()))?;
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What kind of value it is, with its article, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The object's members, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// How many levels of arrays and objects there are: 0 for a plain value, 1 for `{}`.
    pub fn depth(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => 1 + members.values().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Compact text with keys and numbers as the caller wrote them.
    pub fn to_compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Style::AsGiven);
        out
    }

    /// Compact text that JavaScript's `JSON.stringify(JSON.parse(text))` leaves unchanged, wherever that loses nothing:
    /// an integer above 2⁵³ keeps its digits.
    pub fn to_javascript(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Style::JavaScript);
        out
    }

    fn write(&self, out: &mut String, style: Style) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => match style {
                Style::AsGiven => out.push_str(text),
                Style::JavaScript => write_javascript_number(out, text),
            },
            Self::String(text) => write_string(out, text),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out, style);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in style.ordered(members).into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, key);
                    out.push(':');
                    value.write(out, style);
                }
                out.push('}');
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Style {
    AsGiven,
    JavaScript,
}

impl Style {
    /// JavaScript orders keys that are array indices first, by number (ECMA-262, OrdinaryOwnPropertyKeys).
    fn ordered(self, members: &Object) -> Vec<(&String, &Json)> {
        let mut ordered: Vec<_> = members.iter().collect();
        if matches!(self, Self::JavaScript) && members.keys().any(|key| array_index(key).is_some()) {
            // Stable: what is no index keeps its order, behind all that are.
            ordered.sort_by_key(|(key, _)| array_index(key).unwrap_or(u32::MAX));
        }
        ordered
    }
}

/// The number that `key` names if it is an array index: 0 to 2³²−2 in canonical digits.
fn array_index(key: &str) -> Option<u32> {
    let canonical = key == "0" || (key.bytes().all(|b| b.is_ascii_digit()) && !key.starts_with('0'));
    if !canonical { None } else { key.parse().ok().filter(|index| *index < u32::MAX) }
}

fn write_javascript_number(out: &mut String, text: &str) {
    if text == "-0" {
        return out.push('0');
    }
    if !text.contains(['.', 'e', 'E']) {
        return out.push_str(text);
    }
    match text.parse::<f64>() {
        Ok(value) => out.push_str(ryu_js::Buffer::new().format(value)),
        Err(_) => out.push_str(text),
    }
}

fn write_string(out: &mut String, text: &str) {
    // serde_json escapes exactly what JSON.stringify does: quotes, backslashes and control characters below U+0020.
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        Err(_) => unreachable!("a string always has a JSON form"),
    }
}

/// Refuses what nests too deep before anything recursive looks at it.
fn refuse_deep(bytes: &[u8]) -> Result<(), String> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(format!("nests more than {DEEPEST} levels at byte {at}"));
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Json {
    /// Each level is read as raw text first and then by its first character: the only way to see a number's spelling
    /// without giving objects with certain keys a second meaning. The depth limit bounds what this costs.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let read = match raw.as_bytes()[0] {
            b'{' => serde_json::from_str::<Members>(raw).map(|members| Self::Object(members.0)),
            b'[' => serde_json::from_str::<Items>(raw).map(|items| Self::Array(items.0)),
            b'"' => serde_json::from_str(raw).map(Self::String),
            b't' => Ok(Self::Bool(true)),
            b'f' => Ok(Self::Bool(false)),
            b'n' => Ok(Self::Null),
            _ if raw.parse::<f64>().is_ok_and(f64::is_finite) => Ok(Self::Number(raw.into())),
            _ => return Err(D::Error::custom("a number that no double can hold")),
        };
        read.map_err(D::Error::custom)
    }
}

struct Members(Object);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
                let mut members = Object::new();
                while let Some((key, value)) = access.next_entry()? {
                    members.insert(key, value);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

struct Items(Vec<Json>);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Items;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Items, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = access.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}

/// Compact JSON text that was checked once: what records and answers carry.
#[derive(Clone, Debug)]
pub struct JsonText(Box<RawValue>);

impl JsonText {
    /// `{}`
    pub fn empty_object() -> Self {
        Self::from(&Json::Object(Object::new()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value that the text stands for.
    pub fn to_json(&self) -> Json {
        Json::parse(self.as_str().as_bytes()).unwrap_or(Json::Null)
    }

    /// The same value in the form that [`Json::to_javascript`] writes.
    pub fn to_javascript(&self) -> Self {
        Self::trusted(self.to_json().to_javascript())
    }

    fn trusted(text: String) -> Self {
        match RawValue::from_string(text) {
            Ok(raw) => Self(raw),
            Err(_) => unreachable!("a written Json is valid JSON"),
        }
    }
}

impl From<&Json> for JsonText {
    fn from(value: &Json) -> Self {
        Self::trusted(value.to_compact())
    }
}

impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn javascript(text: &str) -> String {
        Json::parse(text.as_bytes()).unwrap().to_javascript()
    }

    #[test]
    fn what_was_given_comes_back_as_it_was() {
        for text in
            [r#"{"b":1.0,"a":[1e5,-0,12345678901234567890],"":null,"é":"\u0001\"","10":true,"9":{}}"#, "[]", "0.10"]
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
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Json::parse(&bytes);
        }
    }
}
