//! JSON as callers sent it: key order and the spelling of numbers survive.
//!
//! `serde_json::Value` loses both (or, with its optional features, mistakes a caller's object for one of its own
//! markers), so values are kept in a tree of our own; `serde_json` still does the reading and the strings.

mod read;
mod text;
mod write;

pub use text::JsonText;

use indexmap::IndexMap;

/// A JSON object in the caller's key order. Of duplicate keys the last value counts, in the first one's place, as
/// JavaScript's `JSON.parse` has it.
pub type Object = IndexMap<String, Json>;

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
        read::refuse_deep(bytes)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| format!("is not UTF-8: byte {} can't stand where it does", error.valid_up_to()))?;
        match read::in_one_pass(text) {
            Some(value) => Ok(value),
            None => serde_json::from_str(text).map_err(|error| error.to_string()),
        }
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

    /// Takes a member's value out of an object; null if it has none.
    pub fn take(&mut self, key: &str) -> Self {
        match self {
            Self::Object(members) => members.shift_remove(key).unwrap_or(Self::Null),
            _ => Self::Null,
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
}

#[cfg(test)]
mod tests;
