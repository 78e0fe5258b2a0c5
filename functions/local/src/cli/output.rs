//! What is printed: data to standard output, everything else to standard error.

use super::client::Answer;
use super::{Exit, Failure};
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

/// Prints data. A reader that has seen enough (`| head`) ends the program quietly.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(Exit::Failed, format!("standard output can't be written: {error}"))),
    }
}

/// Prints one line of data.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Prints an answer as it came, or as `shown` has it.
pub(crate) fn answer(json: bool, answer: &Answer, shown: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
    if json { line(answer.text.trim_end()) } else { print(&shown(&answer.value)) }
}

/// Whether standard output takes colours: a terminal, and nobody asked for none (no-color.org).
pub(crate) fn is_coloured() -> bool {
    let asked = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !asked && std::env::var_os("TERM").is_none_or(|term| term != "dumb") && std::io::stdout().is_terminal()
}

/// A status in its colour, where there are colours.
pub(crate) fn status(text: &str) -> String {
    let code = match text {
        "running" | "active" | "SUCCESS" => 32,
        "paused" | "PENDING" | "SENDING" | "RETRYING" => 33,
        "cancelled" | "inactive" | "FAILED" => 31,
        "expired" => 36,
        _ => return printable(text),
    };
    if is_coloured() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Text from elsewhere, harmless in a terminal: nothing in it moves the cursor or changes colours.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_reordering(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for text of several lines.
pub(crate) fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Marks that make a terminal show text in another order than it has.
fn is_reordering(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A field as text: a number or a flag too, nothing for null.
pub(crate) fn field(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// Rows in aligned columns under headings.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(shown_width(cell));
        }
    }
    let written = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text += cell;
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(shown_width(cell)) + 2));
        }
        text.trim_end().to_owned() + "\n"
    };
    let mut text = written(&mut headings.iter().copied());
    for row in rows {
        text += &written(&mut row.iter().map(String::as_str));
    }
    text
}

/// Names with their values, one a line; those without a value are left out.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let known = pairs.iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// Characters that are seen: escape sequences of colours are not.
fn shown_width(text: &str) -> usize {
    let mut width = 0;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\x1b' {
            let _ = characters.by_ref().find(|c| *c == 'm');
        } else {
            width += 1;
        }
    }
    width
}

/// Milliseconds as people say them, the two largest units: `6h 29m`, `4.2s`.
pub(crate) fn span(millis: u64) -> String {
    let (seconds, days) = (millis / 1_000, millis / 86_400_000);
    match seconds {
        _ if millis < 60_000 => format!("{:.1}s", millis as f64 / 1_000.0),
        0..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{days}d {}h", seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_can_not_steer_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\r\n\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c");
        assert_eq!(printable("Grüße 🚀"), "Grüße 🚀");
    }

    #[test]
    fn columns_are_aligned_whatever_is_coloured() {
        let rows = [vec!["\x1b[32mrunning\x1b[0m".to_owned(), "a".to_owned()], vec!["x".to_owned(), "b".to_owned()]];
        let text = table(&["S", "N"], &rows);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["S        N", "\x1b[32mrunning\x1b[0m  a", "x        b"]);
    }

    #[test]
    fn spans_are_said_in_their_two_largest_units() {
        for (millis, text) in
            [(0, "0.0s"), (4_249, "4.2s"), (61_000, "1m 1s"), (23_400_000, "6h 30m"), (90_000_000, "1d 1h")]
        {
            assert_eq!(span(millis), text);
        }
    }
}
