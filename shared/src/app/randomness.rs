//! Bytes that nobody can guess, as the product draws them. The one place that does.

use std::sync::Arc;

type Source = dyn Fn(&mut [u8]) + Send + Sync;

/// Where ids, keys and secrets come from.
#[derive(Clone)]
pub struct Randomness(Arc<Source>);

impl Randomness {
    /// The operating system's.
    pub fn system() -> Self {
        Self::new(|bytes| {
            // Without randomness nothing can be made safely: a key that could be guessed is worse than an error.
            if let Err(error) = getrandom::fill(bytes) {
                panic!("the operating system gives no random bytes: {error}");
            }
        })
    }

    /// What `source` fills in: a simulation's bytes come from its seed.
    pub fn new(source: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// So many bytes.
    pub(super) fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}
