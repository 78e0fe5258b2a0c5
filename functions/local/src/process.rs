//! What the server asks of the operating system for its process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Every attempt and every caller takes a file: more of them than this are no use.
const FILES: u64 = 65_536;

/// Prepares the process to serve. What the system refuses is done without.
pub(crate) fn prepare() {
    raise_open_files();
    // The allocator takes memory in large pieces and gives it back within a second: with huge pages each piece is cleared
    // as a whole, which took a sixth of the time of a burst of webhooks.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "huge pages stay on");
    }
}

/// Raises how many files may be open to what the system allows at most: the usual limit of 1,024 is reached by as many
/// receivers that hang.
fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(FILES, |maximum| maximum.min(FILES));
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        tracing::debug!(error = &error as &dyn std::error::Error, wanted, "no more files may be open at once");
    }
}
