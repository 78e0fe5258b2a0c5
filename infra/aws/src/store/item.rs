//! Items of the table: attributes in, attributes out.

use super::deflate::{deflate, inflate};
use super::error::Unreadable;
use super::keys::Key;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use minoots_shared::domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The table's keys, and the due index's.
pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
pub(crate) const DUE_PK: &str = "dp";
pub(crate) const DUE_SK: &str = "ds";
/// When DynamoDB may delete the item, in seconds since the epoch.
pub(crate) const TTL: &str = "ttl";
/// The document: JSON, or JSON deflated.
const DOC: &str = "d";
/// Raised by every write of the item.
const VERSION: &str = "v";
/// Tells the writer of the item apart from others with the same version.
const NONCE: &str = "n";
/// What kind of state the document is in, where a query asks for it.
pub(crate) const STATUS: &str = "s";
/// The creation that the item waits for.
pub(crate) const BATCH: &str = "b";

/// What a write unit and two read units of eventual consistency are counted by.
const UNIT: usize = 1024;

/// Attributes by their names.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// An item that is being put together or taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Item(pub(crate) Attributes);

impl Item {
    /// An item with nothing but its key.
    pub(crate) fn new(key: &Key) -> Self {
        Self(key.attributes())
    }

    /// With a text.
    pub(crate) fn text(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(text.into()));
        self
    }

    /// With a number.
    pub(crate) fn number(mut self, name: &str, number: u64) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(number.to_string()));
        self
    }

    /// With the number of its version.
    pub(crate) fn version(self, version: u64) -> Self {
        self.number(VERSION, version)
    }

    /// With a mark of who wrote it.
    pub(crate) fn nonce(self, nonce: &str) -> Self {
        self.text(NONCE, nonce)
    }

    /// To be deleted some time after `at`.
    pub(crate) fn until(self, at: Timestamp) -> Self {
        self.number(TTL, at.0.div_ceil(1_000))
    }

    /// With a document: deflated where that makes it cheaper to write, as text where it doesn't, so that an operator can read
    /// it in the console.
    pub(crate) fn document(mut self, document: &impl Serialize) -> Result<Self, Unreadable> {
        let json = serde_json::to_string(document).map_err(|error| self.unreadable(error.to_string()))?;
        let rest = self.size() + DOC.len();
        let deflated = deflate(json.as_bytes());
        let units = |bytes: usize| (rest + bytes).div_ceil(UNIT);
        let value = if units(deflated.len()) < units(json.len()) {
            AttributeValue::B(Blob::new(deflated))
        } else {
            AttributeValue::S(json)
        };
        self.0.insert(DOC.to_owned(), value);
        Ok(self)
    }

    /// The document.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        let read = match self.0.get(DOC) {
            Some(AttributeValue::S(json)) => serde_json::from_str(json),
            Some(AttributeValue::B(deflated)) => {
                let json = inflate(deflated.as_ref()).map_err(|why| self.unreadable(format!("its document: {why}")))?;
                serde_json::from_slice(&json)
            }
            _ => return Err(self.unreadable("it has no document".to_owned())),
        };
        read.map_err(|error| self.unreadable(error.to_string()))
    }

    /// Its key.
    pub(crate) fn key(&self) -> Key {
        let part = |name| self.get(name).unwrap_or_default().to_owned();
        Key { pk: part(PK), sk: part(SK) }
    }

    /// A text of it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
    }

    /// A number of it.
    fn get_number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok())
    }

    /// The number of its version.
    pub(crate) fn get_version(&self) -> u64 {
        self.get_number(VERSION).unwrap_or_default()
    }

    /// Whether this writer wrote it.
    pub(crate) fn is_by(&self, nonce: &str) -> bool {
        self.get(NONCE) == Some(nonce)
    }

    /// Whether it has had its time. DynamoDB takes up to two days to delete it; until then it must not be seen.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.get_number(TTL).is_some_and(|ttl| ttl <= now.unix_seconds())
    }

    /// That the item makes no sense.
    pub(crate) fn unreadable(&self, why: String) -> Unreadable {
        let Key { pk, sk } = self.key();
        Unreadable { pk, sk, why }
    }

    /// Its size as DynamoDB counts it, documents apart.
    fn size(&self) -> usize {
        let of = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len() / 2 + 2,
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            _ => 1,
        };
        self.0.iter().map(|(name, value)| name.len() + of(value)).sum()
    }
}

impl Key {
    /// The key as attributes.
    pub(crate) fn attributes(&self) -> Attributes {
        let pair = |name: &str, text: &String| (name.to_owned(), AttributeValue::S(text.clone()));
        HashMap::from([pair(PK, &self.pk), pair(SK, &self.sk)])
    }
}

/// A text as an attribute.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number as an attribute.
pub(crate) fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item::new(&Key { pk: "p".to_owned(), sk: "s".to_owned() })
    }

    #[test]
    fn a_document_is_text_while_that_costs_no_more_and_deflated_once_it_does() {
        let short = item().document(&vec!["x"; 100]).unwrap();
        assert!(short.0[DOC].is_s());
        let long = item().document(&vec!["x"; 1_000]).unwrap();
        assert!(long.0[DOC].is_b());
        assert_eq!(long.read::<Vec<String>>().unwrap(), vec!["x"; 1_000]);
        assert_eq!(short.read::<Vec<String>>().unwrap(), vec!["x"; 100]);
    }

    #[test]
    fn an_item_without_a_readable_document_says_which_it_is() {
        let error = item().read::<Vec<String>>().unwrap_err().to_string();
        assert!(error.contains("item p s"), "{error}");
        let error = item().text(DOC, "{").read::<Vec<String>>().unwrap_err().to_string();
        assert!(error.contains("item p s"), "{error}");
    }

    #[test]
    fn an_item_is_over_at_its_second_and_not_before() {
        let item = item().until(Timestamp(10_001));
        assert!(!item.is_over(Timestamp(10_999)));
        assert!(item.is_over(Timestamp(11_000)));
        assert!(!self::item().is_over(Timestamp(u64::MAX)));
    }
}
