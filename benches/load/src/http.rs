//! As much of HTTP/1.1 as both sides need: whole messages whose length is said.

use memchr::memmem;
use mio::net::TcpStream;
use std::io::{self, Read as _, Write as _};

const HEAD_END: &[u8] = b"\r\n\r\n";
const LENGTH: &[u8] = b"content-length:";

/// One whole message.
pub struct Message<'a> {
    /// Its first line and headers.
    pub head: &'a [u8],
    /// Its body.
    pub body: &'a [u8],
}

/// A connection, with what has come and what has not left yet.
pub struct Connection {
    stream: TcpStream,
    come: Vec<u8>,
    taken: usize,
    leaving: Vec<u8>,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, come: Vec::with_capacity(4096), taken: 0, leaving: Vec::new() }
    }

    /// Reads all that has come. `false`: the other side has closed.
    pub fn read(&mut self) -> io::Result<bool> {
        self.come.drain(..std::mem::take(&mut self.taken));
        let mut buffer = [0; 32 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.come.extend_from_slice(&buffer[..count]);
                    // Less than fits: there is no more for now.
                    if count < buffer.len() {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next whole message among what has come.
    pub fn next(&mut self) -> Option<Message<'_>> {
        let (head, length) = measure(&self.come[self.taken..])?;
        let message = &self.come[self.taken..self.taken + length];
        self.taken += length;
        let (head, body) = message.split_at(head);
        Some(Message { head, body })
    }

    /// Sends, or keeps what can't leave at once for [`Self::flush`].
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.leaving.extend_from_slice(bytes);
        self.flush()
    }

    pub fn flush(&mut self) -> io::Result<()> {
        while !self.leaving.is_empty() {
            match self.stream.write(&self.leaving) {
                Ok(count) => {
                    self.leaving.drain(..count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Lengths of the first message's head and of all of it; `None` while it isn't whole.
fn measure(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = memmem::find(bytes, HEAD_END)? + HEAD_END.len();
    let lines = bytes[..head].split(|byte| *byte == b'\n');
    let said = lines.filter(|line| line.len() > LENGTH.len());
    let said = said.filter_map(|line| line.split_at_checked(LENGTH.len()));
    let length = said.filter(|(name, _)| name.eq_ignore_ascii_case(LENGTH)).find_map(|(_, value)| number(value));
    let length = head + length.unwrap_or(0) as usize;
    (bytes.len() >= length).then_some((head, length))
}

/// The number behind `key`, as in `"endTime":1234`.
pub fn number_behind(bytes: &[u8], key: &[u8]) -> Option<u64> {
    let at = memmem::find(bytes, key)? + key.len();
    number(&bytes[at..])
}

/// The number that some bytes begin with, blanks and a colon before it aside.
fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.iter().skip_while(|byte| matches!(byte, b' ' | b':')).take_while(|byte| byte.is_ascii_digit());
    let mut digits = digits.peekable();
    digits.peek()?;
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}
