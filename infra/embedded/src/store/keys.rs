//! How keys are laid out: in the order in which they are to be scanned, and never one the beginning of another by accident.
//!
//! Texts may contain anything. Inside a key, `00` is written `00 FF` and a text ends with `00 01`: that keeps the order of
//! the texts and makes the encoding prefix-free. Descending order is the same with every bit flipped.

use fjall::Slice;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::AccountId;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Status;
use smallvec::SmallVec;
use std::ops::Deref;

/// Before everything that is due at an instant, and nothing earlier.
pub(super) type Instant = [u8; 8];

const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xff;
const END: u8 = 0x01;

/// A key, or its beginning: none is so long that it needs memory of its own, but where callers' ids and labels are.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(super) struct Key(SmallVec<[u8; 128]>);

impl Key {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A thing by its id in its scope.
    pub(super) fn scoped(scope: &Scope, id: &str) -> Key {
        Self::new().scope(scope).rest(id)
    }

    /// A thing by its id in its account.
    pub(super) fn of_account(account: &AccountId, id: &str) -> Key {
        Self::new().text(account.as_str()).rest(id)
    }

    /// A scope's thing on a line of time.
    pub(super) fn at(at: Timestamp, scope: &Scope, id: &str) -> Key {
        Self::new().instant(at).scope(scope).rest(id)
    }

    pub(super) fn scope(self, scope: &Scope) -> Self {
        self.text(scope.account.as_str()).byte(mode_byte(scope.mode))
    }

    pub(super) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// A text with more behind it, ascending.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.push_text(text, 0);
        self
    }

    /// A text with more behind it, descending.
    pub(super) fn text_descending(mut self, text: &str) -> Self {
        self.push_text(text, 0xff);
        self
    }

    fn push_text(&mut self, text: &str, flip: u8) {
        for &byte in text.as_bytes() {
            self.0.push(byte ^ flip);
            if byte == ESCAPE {
                self.0.push(ESCAPED_ZERO ^ flip);
            }
        }
        self.0.extend_from_slice(&[ESCAPE ^ flip, END ^ flip]);
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn instant(self, at: Timestamp) -> Self {
        self.number(at.0)
    }

    pub(super) fn instant_descending(self, at: Timestamp) -> Self {
        self.number(!at.0)
    }

    /// The last text: it ends where the key ends.
    pub(super) fn rest(self, text: &str) -> Key {
        self.bytes(text.as_bytes())
    }

    /// The last bytes.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Key {
        self.0.extend_from_slice(bytes);
        self
    }

    /// What is there so far: the beginning of a range.
    pub(super) fn prefix(self) -> Self {
        self
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Key> for Slice {
    fn from(key: Key) -> Self {
        key.0.as_slice().into()
    }
}

/// The first key behind all that begin with `prefix`; `None` if there can be none.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Reads a key's parts in the order in which they were written. `None`: it isn't such a key.
pub(super) struct KeyReader<'a>(&'a [u8]);

impl<'a> KeyReader<'a> {
    pub(super) fn new(key: &'a [u8]) -> Self {
        Self(key)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*bytes))
    }

    pub(super) fn instant(&mut self) -> Option<Timestamp> {
        self.number().map(Timestamp)
    }

    pub(super) fn instant_descending(&mut self) -> Option<Timestamp> {
        self.number().map(|number| Timestamp(!number))
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn scope(&mut self) -> Option<Scope> {
        let account = AccountId::new(self.text()?);
        let mode = match self.byte()? {
            0 => Mode::Live,
            1 => Mode::Test,
            _ => return None,
        };
        Some(Scope { account, mode })
    }

    pub(super) fn text(&mut self) -> Option<String> {
        self.read_text(0)
    }

    pub(super) fn text_descending(&mut self) -> Option<String> {
        self.read_text(0xff)
    }

    fn read_text(&mut self, flip: u8) -> Option<String> {
        let mut text = Vec::new();
        loop {
            match self.byte()? ^ flip {
                ESCAPE => match self.byte()? ^ flip {
                    ESCAPED_ZERO => text.push(ESCAPE),
                    END => return String::from_utf8(text).ok(),
                    _ => return None,
                },
                byte => text.push(byte),
            }
        }
    }

    /// The last text.
    pub(super) fn rest(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }
}

fn mode_byte(mode: Mode) -> u8 {
    match mode {
        Mode::Live => 0,
        Mode::Test => 1,
    }
}

/// Stands for a status in a key; stored, so never to be changed.
pub(super) fn status_byte(status: Status) -> u8 {
    match status {
        Status::Running => 0,
        Status::Paused => 1,
        Status::Expired => 2,
        Status::Cancelled => 3,
    }
}

/// The status that a byte of [`status_byte`] stands for.
pub(super) fn status_of(byte: u8) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status_byte(*status) == byte)
}
