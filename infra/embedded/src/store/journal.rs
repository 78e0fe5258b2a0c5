//! The journal's end after a power failure.
//!
//! Of what was written since the last sync any part may be on disk. fjall cuts such an end off if it breaks off, and refuses
//! to open if something is missing in its middle: it can't tell that from a damaged disk. Here it can be told, for
//! the writer syncs a batch before it begins the next one, unless it marks it as [`NOT_SYNCED`]. So if a batch is broken and
//! one that was synced has more behind it, the disk is damaged; else nobody has been answered what is lost.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// The key that marks a batch that the next one doesn't wait for.
pub(super) const NOT_SYNCED: &[u8] = b"not synced";
/// Ends each batch.
const TRAILER: &[u8] = b"FJL\x03";

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;

/// What was cut off a journal.
pub(super) struct Torn {
    /// How many bytes.
    pub(super) bytes: usize,
    /// Where they are kept.
    pub(super) kept: PathBuf,
}

/// Cuts off what a power failure has torn at the end of the newest journal of `database`, and keeps it in `folder`. `None`: it
/// is whole, or more than that has happened to it; then it is left as it is.
///
/// # Errors
/// The file system's.
pub(super) fn mend(database: &Path, folder: &Path) -> std::io::Result<Option<Torn>> {
    let Some((number, path)) = newest(database)? else { return Ok(None) };
    let journal = std::fs::read(&path)?;
    // fjall makes journals longer than what is in them, with zeros.
    let written = journal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut whole = 0;
    while let Some(batch) = Batch::at_start_of(&journal[whole..]) {
        whole += batch.length;
    }
    let Some(rest) = journal.get(whole..written).filter(|rest| !rest.is_empty()) else { return Ok(None) };
    if is_damaged(rest) {
        return Ok(None);
    }
    let kept = folder.join(format!("torn-journal-{number}-{whole}"));
    let mut copy = File::create(&kept)?;
    copy.write_all(rest)?;
    copy.sync_all()?;
    super::folder::sync(folder)?;
    let file = File::options().write(true).open(&path)?;
    file.set_len(whole as u64)?;
    file.sync_all()?;
    Ok(Some(Torn { bytes: rest.len(), kept }))
}

fn newest(database: &Path) -> std::io::Result<Option<(u64, PathBuf)>> {
    let mut newest = None;
    for entry in std::fs::read_dir(database)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl")?.parse::<u64>().ok());
        newest = newest.max(number.map(|number| (number, path)));
    }
    Ok(newest)
}

/// Whether something follows on a whole batch that was synced before anything followed on it.
fn is_damaged(rest: &[u8]) -> bool {
    let starts = (0..rest.len()).filter(|at| rest[*at] == START);
    let mut behind = starts.filter_map(|at| Some((at, Batch::at_start_of(&rest[at..])?)));
    behind.any(|(at, batch)| batch.is_synced && at + batch.length < rest.len())
}

/// A whole batch in a journal.
struct Batch {
    length: usize,
    is_synced: bool,
}

impl Batch {
    /// The batch that these bytes begin with, if it is whole.
    fn at_start_of(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.byte()? != START {
            return None;
        }
        let count = u32::from_le_bytes(*reader.chunk()?);
        let _sequence_number: &[u8; 8] = reader.chunk()?;
        let items = reader.0;
        let mut is_synced = true;
        for _ in 0..count {
            is_synced &= reader.item()? != NOT_SYNCED;
        }
        let items = &items[..items.len() - reader.0.len()];
        let is_end = reader.byte()? == END;
        let checksum = u64::from_le_bytes(*reader.chunk()?);
        let is_whole = is_end && reader.take(TRAILER.len())? == TRAILER && checksum == xxh3_64(items);
        is_whole.then(|| Self { length: bytes.len() - reader.0.len(), is_synced })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        self.take(N)?.first_chunk()
    }

    fn byte(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|[byte]| *byte)
    }

    /// An item's key; a keyspace that is cleared has none.
    fn item(&mut self) -> Option<&'a [u8]> {
        match self.byte()? {
            ITEM => {
                let [_kind, _compression] = self.chunk()?;
                let _keyspace: &[u8; 8] = self.chunk()?;
                let key = u16::from_le_bytes(*self.chunk()?);
                let _length: &[u8; 4] = self.chunk()?;
                let stored = u32::from_le_bytes(*self.chunk()?);
                let key = self.take(key.into())?;
                self.take(stored as usize)?;
                Some(key)
            }
            CLEAR => self.take(8).map(|_| &[][..]),
            _ => None,
        }
    }
}
