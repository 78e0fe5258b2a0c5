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
