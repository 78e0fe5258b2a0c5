//! What happened in a run, in order: as a digest by which two runs are compared, and on demand as text.

use std::fmt;

/// The course of a run.
#[derive(Debug)]
pub(crate) struct Trace {
    digest: u64,
    lines: Option<Vec<String>>,
    length: u64,
    line: String,
}

impl Trace {
    /// Nothing yet; the text is kept only if asked for.
    pub(crate) fn new(with_text: bool) -> Self {
        Self { digest: 0xcbf2_9ce4_8422_2325, lines: with_text.then(Vec::new), length: 0, line: String::new() }
    }

    /// Notes what happened (the digest is FNV-1a).
    pub(crate) fn note(&mut self, what: fmt::Arguments<'_>) {
        use fmt::Write as _;
        self.line.clear();
        // Writing to a string does not fail.
        let _ = self.line.write_fmt(what);
        for byte in self.line.bytes().chain([b'\n']) {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.length += 1;
        if let Some(lines) = &mut self.lines {
            lines.push(self.line.clone());
        }
    }

    /// Two runs with the same digest went the same way.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// How many things happened.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// What happened, if it was asked for.
    pub(crate) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
