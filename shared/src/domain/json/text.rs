//! JSON that is kept as text.

use super::{Json, Object};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Compact JSON text that was checked once: what records and answers carry.
#[derive(Clone, Debug)]
pub struct JsonText(Box<RawValue>);

impl JsonText {
    /// `{}`
    pub fn empty_object() -> Self {
        Self::from(&Json::Object(Object::new()))
    }

    /// What a value of known types is written as.
    pub fn of<T: Serialize>(value: &T) -> Self {
        match serde_json::value::to_raw_value(value) {
            Ok(raw) => Self(raw),
            Err(_) => unreachable!("text, numbers and checked JSON always have a JSON form"),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value that the text stands for.
    pub fn to_json(&self) -> Json {
        Json::parse(self.as_str().as_bytes()).unwrap_or(Json::Null)
    }

    /// A value in the form that [`Json::to_javascript`] writes.
    pub fn javascript(value: &Json) -> Self {
        Self::trusted(value.to_javascript())
    }

    /// The same value in that form.
    pub fn to_javascript(&self) -> Self {
        Self::javascript(&self.to_json())
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
