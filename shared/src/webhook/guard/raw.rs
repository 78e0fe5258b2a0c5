//! Rules on the raw text, before any parser has seen it.
//!
//! The [WHATWG parser](https://url.spec.whatwg.org/#concept-basic-url-parser) forgives: it strips blanks and control
//! characters at both ends, drops tabs and line breaks anywhere, and reads a backslash as a slash. What it was given
//! then isn't what a person or another parser would read, so such text is refused before the parser can repair it.

use super::Refusal;

/// What fits into every server's and proxy's request line with room to spare; RFC 9110 section 4.1 asks for 8,000.
const MAX_BYTES: usize = 2_048;

/// Judges length and characters. Looks at no more than 2,048 bytes, however long the text is.
pub(super) fn check(raw: &str) -> Result<(), Refusal> {
    if raw.is_empty() {
        return Err(Refusal::Empty);
    }
    if raw.len() > MAX_BYTES {
        return Err(Refusal::TooLong { bytes: raw.len() });
    }
    raw.char_indices().try_for_each(|(at, found)| character(at, found))
}

/// Line breaks and tabs are both controls and blanks; they are reported as controls.
fn character(at: usize, found: char) -> Result<(), Refusal> {
    if found.is_control() {
        return Err(Refusal::ControlCharacter { found, at });
    }
    if found.is_whitespace() {
        return Err(Refusal::Blank { found, at });
    }
    if is_invisible(found) {
        return Err(Refusal::InvisibleCharacter { found, at });
    }
    if found == '\\' {
        return Err(Refusal::Backslash { at });
    }
    Ok(())
}

/// Characters that show nothing, or that reorder what is shown: a URL with them isn't the URL that a reader of a
/// dashboard or a log sees. They are the controls of bidirectional text (UAX #9, property Bidi_Control), the zero-width
/// format characters and the tags; in a host name UTS #46 would refuse them or drop them without a trace.
///
/// The two joiners U+200C and U+200D are left to the parser: Persian and Indic names need them, and IDNA allows them
/// in the right places only (RFC 5892 appendix A).
fn is_invisible(found: char) -> bool {
    matches!(
        found,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}'
    )
}

/// The text between `scheme://` and the next `/`, `?` or `#`, or `None` if the text hasn't that form.
///
/// Needed beside the parsed URL because the parser hides two things: an empty userinfo (`https://@host/`), and more or
/// fewer slashes than two (`https:host`, `https:///host`), which RFC 9110 section 4.2 doesn't know.
///
/// On text that passed [`check`] this is also where the parser sees the authority: nothing is left for it to strip.
pub(super) fn authority(raw: &str) -> Option<&str> {
    let (_scheme, rest) = raw.split_once(':')?;
    let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
    Some(authority).filter(|text| !text.is_empty())
}
