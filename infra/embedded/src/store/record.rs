//! Records: the domain's types as JSON behind one byte that says their form.

use super::error::{Result, StoreError};
use super::tables::Table;
use fjall::UserValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// JSON of the domain's types. Fields may be added without a new form, as long as they have a default.
const JSON: u8 = 1;
/// The same behind a head, and a byte that says how long that is.
const HEADED_JSON: u8 = 2;

pub(super) fn encode<T: Serialize>(table: Table, value: &T) -> Result<UserValue> {
    write(table, &[JSON], value)
}

/// A record with a few bytes in front that [`head`] finds without reading the rest.
pub(super) fn encode_headed<const N: usize, T: Serialize>(table: Table, head: [u8; N], value: &T) -> Result<UserValue> {
    const { assert!(N <= u8::MAX as usize) };
    write(table, &[&[HEADED_JSON, N as u8], head.as_slice()].concat(), value)
}

fn write<T: Serialize>(table: Table, front: &[u8], value: &T) -> Result<UserValue> {
    let mut bytes = Vec::with_capacity(1024);
    bytes.extend_from_slice(front);
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| StoreError::Encoding { table: table.name(), problem: error.to_string() })?;
    Ok(bytes.into())
}

pub(super) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T> {
    let json = match bytes {
        [JSON, json @ ..] => json,
        [HEADED_JSON, length, rest @ ..] => {
            rest.get(usize::from(*length)..).ok_or_else(|| unreadable(table, "it is cut off"))?
        }
        [form, ..] => return Err(unreadable(table, format!("it has form {form}, which a newer minoots may know"))),
        [] => return Err(unreadable(table, "it is empty")),
    };
    serde_json::from_slice(json).map_err(|error| unreadable(table, error.to_string()))
}

/// What stands in front of a record; `None` if it was written without a head, or with one of another length.
pub(super) fn head<const N: usize>(bytes: &[u8]) -> Option<&[u8; N]> {
    match bytes {
        [HEADED_JSON, length, rest @ ..] if usize::from(*length) == N => rest.first_chunk(),
        _ => None,
    }
}

pub(super) fn unreadable(table: Table, problem: impl Into<String>) -> StoreError {
    StoreError::Record { table: table.name(), problem: problem.into() }
}
