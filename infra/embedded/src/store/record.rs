//! Records: the domain's types as JSON behind one byte that says their form.

use super::error::{Result, StoreError};
use super::tables::Table;
use fjall::UserValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// JSON of the domain's types. Fields may be added without a new form, as long as they have a default.
const JSON: u8 = 1;

pub(super) fn encode<T: Serialize>(table: Table, value: &T) -> Result<UserValue> {
    let mut bytes = Vec::with_capacity(1024);
    bytes.push(JSON);
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| StoreError::Encoding { table: table.name(), problem: error.to_string() })?;
    Ok(bytes.into())
}

pub(super) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&JSON, json)) => serde_json::from_slice(json).map_err(|error| unreadable(table, error.to_string())),
        Some((form, _)) => Err(unreadable(table, format!("it has form {form}, which a newer minoots may know"))),
        None => Err(unreadable(table, "it is empty")),
    }
}

pub(super) fn unreadable(table: Table, problem: impl Into<String>) -> StoreError {
    StoreError::Record { table: table.name(), problem: problem.into() }
}
