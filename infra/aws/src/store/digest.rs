//! Digests of texts: names of one length for what callers choose, and even spreads over partitions. Stored data depends on
//! them: never to be changed.

use sha2::{Digest as _, Sha256};

/// The first byte of the same digest: spreads evenly.
pub(crate) fn first_byte(parts: &[&str]) -> u8 {
    hash(parts)[0]
}

/// A digest of texts, none of which can run into the next one.
pub(crate) fn digest(parts: &[&str]) -> String {
    hex(&hash(parts))
}

fn hash(parts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

/// Bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
