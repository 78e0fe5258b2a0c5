//! How the document is laid out in its file.

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// JSON without blanks, with a new line for each member down to this depth: small to send, and a change of one field shows
/// as a change of one line.
const LINES_DOWN_TO: usize = 5;

/// The text of the file.
pub(super) fn written(document: &Value) -> String {
    let mut bytes = Vec::new();
    document.serialize(&mut Serializer::with_formatter(&mut bytes, Lines { depth: 0 })).unwrap();
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap()
}

struct Lines {
    depth: usize,
}

impl Lines {
    fn begin<W: ?Sized + Write>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if self.depth <= LINES_DOWN_TO { writer.write_all(b"\n") } else { Ok(()) }
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.begin(writer, first)
    }
}
