//! Records: the domain's types as JSON behind one byte that says their form.

use super::error::{Result, StoreError};
use super::tables::Table;
use fjall::UserValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// JSON of the domain's types. Fields may be added without a new form, as long as they have a default.
const JSON: u8 = 1;
/// The same behind a head, and four bytes that say how long that is.
const HEADED_JSON: u8 = 2;

pub(super) fn encode<T: Serialize>(table: Table, value: &T) -> Result<UserValue> {
    let mut front = Vec::with_capacity(1024);
    front.push(JSON);
    write(table, front, value)
}

/// A record with bytes in front that [`head`] finds without reading the rest.
pub(super) fn encode_headed<T: Serialize>(table: Table, head: &[u8], value: &T) -> Result<UserValue> {
    let length = u32::try_from(head.len()).map_err(|error| unwritable(table, error))?;
    let mut front = Vec::with_capacity(head.len() + 1024);
    front.push(HEADED_JSON);
    front.extend_from_slice(&length.to_be_bytes());
    front.extend_from_slice(head);
    write(table, front, value)
}

fn write<T: Serialize>(table: Table, mut front: Vec<u8>, value: &T) -> Result<UserValue> {
    serde_json::to_writer(&mut front, value).map_err(|error| unwritable(table, error))?;
    Ok(front.into())
}

pub(super) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T> {
    let (_, json) = parts(table, bytes)?;
    serde_json::from_slice(json).map_err(|error| unreadable(table, error.to_string()))
}

/// What stands in front of a record; `None` if it was written without a head.
pub(super) fn head(table: Table, bytes: &[u8]) -> Result<Option<&[u8]>> {
    Ok(parts(table, bytes)?.0)
}

fn parts(table: Table, bytes: &[u8]) -> Result<(Option<&[u8]>, &[u8])> {
    match bytes {
        [JSON, json @ ..] => Ok((None, json)),
        [HEADED_JSON, a, b, c, d, rest @ ..] => {
            let split = rest.split_at_checked(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
            let (head, json) = split.ok_or_else(|| unreadable(table, "it is cut off"))?;
            Ok((Some(head), json))
        }
        [HEADED_JSON, ..] => Err(unreadable(table, "it is cut off")),
        [form, ..] => Err(unreadable(table, format!("it has form {form}, which a newer minoots may know"))),
        [] => Err(unreadable(table, "it is empty")),
    }
}

fn unwritable(table: Table, error: impl std::error::Error) -> StoreError {
    StoreError::Encoding { table: table.name(), problem: error.to_string() }
}

pub(super) fn unreadable(table: Table, problem: impl Into<String>) -> StoreError {
    StoreError::Record { table: table.name(), problem: problem.into() }
}
