//! Reading an object's fields one by one, so that every fault is found and named by its path.

use super::fault::Faults;
use super::json::{Json, JsonText, Object};

/// The longest `name`, `agent_id` and other short strings, in characters.
pub const SHORT_TEXT: usize = 256;
/// The deepest that `data` and `metadata` may nest.
pub const DATA_DEPTH: usize = 32;

/// An object under a path. `null` counts as not given.
pub struct Fields<'a> {
    members: &'a Object,
    path: String,
}

impl<'a> Fields<'a> {
    /// The fields of a body's root.
    pub fn root(members: &'a Object) -> Self {
        Self { members, path: String::new() }
    }

    /// The fields of an object under a path.
    pub fn at(path: &str, members: &'a Object) -> Self {
        Self { members, path: path.to_owned() }
    }

    /// The object's members.
    pub fn members(&self) -> &'a Object {
        self.members
    }

    /// The full path of one of the fields.
    pub fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The field's value, if it is given.
    pub fn get(&self, key: &str) -> Option<&'a Json> {
        self.members.get(key).filter(|value| **value != Json::Null)
    }

    /// A string of at most `longest` characters.
    pub fn text(&self, key: &str, longest: usize, faults: &mut Faults) -> Option<String> {
        match self.get(key)? {
            Json::String(text) if text.chars().count() <= longest => return Some(text.clone()),
            Json::String(_) => faults.invalid(self.path(key), format!("must be at most {longest} characters long")),
            other => faults.invalid(self.path(key), format!("must be a string, not {}", other.kind())),
        }
        None
    }

    /// A nested object.
    pub fn object(&self, key: &str, faults: &mut Faults) -> Option<Fields<'a>> {
        match self.get(key)? {
            Json::Object(members) => Some(Fields { members, path: self.path(key) }),
            other => {
                faults.invalid(self.path(key), format!("must be an object, not {}", other.kind()));
                None
            }
        }
    }

    /// A caller's own object, nested at most [`DATA_DEPTH`] levels.
    pub fn data(&self, key: &str, faults: &mut Faults) -> Option<JsonText> {
        self.object(key, faults)?;
        let value = self.get(key)?;
        if value.depth() > DATA_DEPTH {
            faults.invalid(self.path(key), format!("must nest at most {DATA_DEPTH} levels"));
            return None;
        }
        Some(JsonText::from(value))
    }

    /// Refuses members that are none of `known`: a misspelled name must not lose an event in silence.
    pub fn only(&self, known: &[&str], faults: &mut Faults) {
        for key in self.members.keys().filter(|key| !known.contains(&key.as_str())) {
            faults.invalid(self.path(key), format!("is not known here; known are {}", known.join(", ")));
        }
    }
}
