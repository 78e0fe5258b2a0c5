//! Query strings, and the cursors in them.

use super::problem::Problem;
use crate::domain::ids::{DeliveryId, TimerId};
use crate::domain::time::Timestamp;
use crate::ports::{DeliveryPosition, ListPosition};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::convert::Infallible;

/// How many items a page has unless the caller says otherwise.
const DEFAULT_LIMIT: usize = 50;
/// The most that a page has.
const LARGEST_LIMIT: usize = 100;

/// The parameters of a query string, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Query {
    /// A parameter's value; of several the last.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `limit`: at least 1; a larger one than 100 is cut to it.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.number("limit")?.unwrap_or(DEFAULT_LIMIT as u64);
        Ok(limit.min(LARGEST_LIMIT as u64) as usize)
    }

    /// A whole number of at least 1.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // A number too large to hold is as good as the largest.
        let number = digits.then(|| text.parse().unwrap_or(u64::MAX)).filter(|number| *number >= 1);
        number.map(Some).ok_or_else(|| Problem::invalid(name, "must be a whole number of at least 1"))
    }

    /// Whether a parameter says `true`; `false`, or not given, is no.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::invalid(name, "must be true or false")),
        }
    }

    /// `cursor`: where the page begins.
    pub(super) fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        let Some(text) = self.get("cursor") else { return Ok(None) };
        let refused =
            || Problem::invalid("cursor", "is not one that this service gave: use the nextCursor of the page before");
        Cursor::read(text).map(Some).ok_or_else(refused)
    }
}

/// A place in a list, as text that callers hand back: opaque to them.
#[derive(Debug, PartialEq, Eq)]
pub struct Cursor {
    created_at: Timestamp,
    id: String,
}

impl Cursor {
    /// The text: letters, digits, `-` and `_`.
    pub fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("1.{}.{}", self.created_at.0, self.id))
    }

    /// Reads what [`Self::write`] wrote; `None` for any other text.
    pub fn read(text: &str) -> Option<Self> {
        let inside = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (created_at, id) = inside.strip_prefix("1.")?.split_once('.')?;
        // No list has other ids than those that a timer's could be.
        let known = TimerId::is_valid_choice(id);
        let cursor = known.then_some(Self { created_at: Timestamp(created_at.parse().ok()?), id: id.to_owned() });
        // `+1` and `01` are numbers too, and nothing that we wrote.
        cursor.filter(|cursor| cursor.write() == text)
    }
}

impl From<Cursor> for ListPosition {
    fn from(cursor: Cursor) -> Self {
        Self { created_at: cursor.created_at, id: TimerId::new(cursor.id) }
    }
}

impl From<&ListPosition> for Cursor {
    fn from(position: &ListPosition) -> Self {
        Self { created_at: position.created_at, id: position.id.as_str().to_owned() }
    }
}

impl From<Cursor> for DeliveryPosition {
    fn from(cursor: Cursor) -> Self {
        Self { created_at: cursor.created_at, id: DeliveryId::new(cursor.id) }
    }
}

impl From<&DeliveryPosition> for Cursor {
    fn from(position: &DeliveryPosition) -> Self {
        Self { created_at: position.created_at, id: position.id.as_str().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_any_other_text_is_refused_without_a_panic(at in any::<u64>(), id in "[A-Za-z0-9_-]{1,48}", text in ".{0,40}") {
            let cursor = Cursor { created_at: Timestamp(at), id };
            prop_assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
            let _ = Cursor::read(&text);
        }
    }
}
