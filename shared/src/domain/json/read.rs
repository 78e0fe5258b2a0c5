//! Reading JSON: each number's spelling is kept, and nothing nests deeper than any request needs.

use super::{Json, Object};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Deeper nesting than any valid request can have: `data` may nest 32 levels, a few levels down in a batch.
const DEEPEST: usize = 48;

/// Refuses what nests too deep before anything recursive looks at it.
pub(super) fn refuse_deep(bytes: &[u8]) -> Result<(), String> {
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

/// Reads a text in one pass. `None`: it holds a number whose spelling would be lost, any but an integer of 64 bits, or it is
/// faulty, so that it has to be read as [`Json`].
pub(super) fn in_one_pass(text: &str) -> Option<Json> {
    serde_json::from_str::<Plain>(text).ok().map(|plain| plain.0)
}

/// A value without numbers that have several spellings.
struct Plain(Json);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value that is spelled in one way")
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::String(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Json, A::Error> {
                items(access, |item: Plain| item.0).map(Json::Array)
            }
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Json, A::Error> {
                members(access, |value: Plain| value.0).map(Json::Object)
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}

fn items<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(
    mut access: A,
    value: impl Fn(T) -> Json,
) -> Result<Vec<Json>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = access.next_element()? {
        items.push(value(item));
    }
    Ok(items)
}

fn members<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    mut access: A,
    value: impl Fn(T) -> Json,
) -> Result<Object, A::Error> {
    let mut members = Object::new();
    while let Some((key, member)) = access.next_entry()? {
        members.insert(key, value(member));
    }
    Ok(members)
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
            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Members, A::Error> {
                members(access, |value| value).map(Members)
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
            fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<Items, A::Error> {
                items(access, |item| item).map(Items)
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}
