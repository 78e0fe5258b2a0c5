//! Conditional writes.

use super::item::{Attributes, BATCH, Item, PK, TTL, n, s};
use super::keys::Key;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder};
use aws_sdk_dynamodb::types::{Delete, Put};
use minoots_shared::domain::time::Timestamp;
use std::collections::HashMap;

/// When an item may be written.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Always.
    Always,
    /// Unless there is one that has not had its time by then.
    Fresh(Timestamp),
    /// If the stored one has this version.
    Version(u64),
    /// If the stored one waits for this creation.
    Waiting(String),
}

/// An item to write, and when.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) item: Item,
    pub(super) condition: Condition,
}

impl Condition {
    pub(super) fn parts(&self) -> Option<(&'static str, HashMap<String, String>, Attributes)> {
        let name = |alias: &str, name: &str| (alias.to_owned(), name.to_owned());
        let value = |alias: &str, value| (alias.to_owned(), value);
        Some(match self {
            Self::Always => return None,
            Self::Fresh(now) => (
                "attribute_not_exists(#pk) OR #ttl <= :now",
                [name("#pk", PK), name("#ttl", TTL)].into(),
                [value(":now", n(now.unix_seconds()))].into(),
            ),
            Self::Version(version) => ("#v = :v", [name("#v", "v")].into(), [value(":v", n(*version))].into()),
            Self::Waiting(batch) => ("#b = :b", [name("#b", BATCH)].into(), [value(":b", s(batch.clone()))].into()),
        })
    }
}

impl Condition {
    pub(super) fn delete(&self, table: &str, key: &Key) -> DeleteBuilder {
        let delete = Delete::builder().table_name(table).set_key(Some(key.attributes()));
        match self.parts() {
            None => delete,
            Some((expression, names, values)) => delete
                .condition_expression(expression)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(Some(values)),
        }
    }
}

impl Write {
    pub(super) fn put(self, table: &str) -> PutBuilder {
        let put = Put::builder().table_name(table).set_item(Some(self.item.0));
        match self.condition.parts() {
            None => put,
            Some((expression, names, values)) => put
                .condition_expression(expression)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(Some(values)),
        }
    }
}
