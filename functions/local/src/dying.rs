//! Dying at a failpoint, in the build for tests: `MINOOTS_DIES_AT=BeforeCommit:3` ends the process when it comes there for
//! the third time, as suddenly as kill -9 does: nothing is dropped, flushed or told. `MINOOTS_DIES_AT=?` lists them.

use minoots_shared::failpoint::{self, Failpoint};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const VARIABLE: &str = "MINOOTS_DIES_AT";

/// Does as the environment says.
///
/// # Panics
/// The environment names no failpoint, or no time.
pub(crate) fn as_told() {
    let Ok(told) = std::env::var(VARIABLE) else { return };
    if told == "?" {
        Failpoint::ALL.iter().for_each(|failpoint| println!("{failpoint:?}"));
        std::process::exit(0);
    }
    let (name, times) = told.split_once(':').unwrap_or((&told, "1"));
    let failpoint = Failpoint::ALL.into_iter().find(|failpoint| format!("{failpoint:?}") == name);
    let fatal = failpoint.unwrap_or_else(|| panic!("{VARIABLE} names no failpoint: {name}"));
    let times: u64 = times.parse().unwrap_or_else(|_| panic!("{VARIABLE} is not NAME:TIMES, but {told}"));
    let come = AtomicU64::new(0);
    failpoint::install(move |reached| {
        if reached == fatal && come.fetch_add(1, Relaxed) + 1 == times {
            std::process::abort();
        }
    });
}
