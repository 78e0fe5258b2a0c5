//! Writing JSON in the forms that other languages' libraries leave unchanged when they read it and write it again.

use super::{Json, Object};

/// How JSON is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    AsGiven,
    JavaScript,
    Python,
}

impl Json {
    /// Compact text with keys and numbers as the caller wrote them.
    pub fn to_compact(&self) -> String {
        self.written(Style::AsGiven)
    }

    /// Compact text that JavaScript's `JSON.stringify(JSON.parse(text))` leaves unchanged, wherever that loses nothing:
    /// an integer above 2⁵³ keeps its digits.
    pub fn to_javascript(&self) -> String {
        self.written(Style::JavaScript)
    }

    /// Text that Python's `json.dumps(json.loads(text))` leaves unchanged: a blank behind commas and colons, ASCII only,
    /// floats as `repr` writes them.
    pub fn to_python(&self) -> String {
        self.written(Style::Python)
    }

    fn written(&self, style: Style) -> String {
        let mut out = String::with_capacity(256);
        self.write(&mut out, style);
        out
    }

    fn write(&self, out: &mut String, style: Style) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => style.number(out, text),
            Self::String(text) => style.string(out, text),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(style.comma());
                    }
                    item.write(out, style);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in style.ordered(members).into_iter().enumerate() {
                    if index > 0 {
                        out.push_str(style.comma());
                    }
                    style.string(out, key);
                    out.push_str(style.colon());
                    value.write(out, style);
                }
                out.push('}');
            }
        }
    }
}

impl Style {
    fn comma(self) -> &'static str {
        if self == Self::Python { ", " } else { "," }
    }

    fn colon(self) -> &'static str {
        if self == Self::Python { ": " } else { ":" }
    }

    /// JavaScript orders keys that are array indices first, by number (ECMA-262, OrdinaryOwnPropertyKeys).
    fn ordered(self, members: &Object) -> Vec<(&String, &Json)> {
        let mut ordered: Vec<_> = members.iter().collect();
        if self == Self::JavaScript && members.keys().any(|key| array_index(key).is_some()) {
            // Stable: what is no index keeps its order, behind all that are.
            ordered.sort_by_key(|(key, _)| array_index(key).unwrap_or(u32::MAX));
        }
        ordered
    }

    fn number(self, out: &mut String, text: &str) {
        let is_integer = !text.contains(['.', 'e', 'E']);
        match (self, text.parse::<f64>()) {
            (Self::AsGiven, _) | (_, Err(_)) => out.push_str(text),
            _ if is_integer => out.push_str(if text == "-0" { "0" } else { text }),
            (Self::JavaScript, Ok(value)) => out.push_str(ryu_js::Buffer::new().format(value)),
            (Self::Python, Ok(value)) => write_python_float(out, value),
        }
    }

    fn string(self, out: &mut String, text: &str) {
        if self == Self::Python {
            return write_python_string(out, text);
        }
        // Most strings are written as they are.
        if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            out.reserve(text.len() + 2);
            out.push('"');
            out.push_str(text);
            return out.push('"');
        }
        // serde_json escapes exactly what JSON.stringify does: quotes, backslashes and control characters below U+0020.
        match serde_json::to_string(text) {
            Ok(quoted) => out.push_str(&quoted),
            Err(_) => unreachable!("a string always has a JSON form"),
        }
    }
}

/// The number that `key` names if it is an array index: 0 to 2³²−2 in canonical digits.
fn array_index(key: &str) -> Option<u32> {
    let canonical = key == "0" || (key.bytes().all(|b| b.is_ascii_digit()) && !key.starts_with('0'));
    if !canonical { None } else { key.parse().ok().filter(|index| *index < u32::MAX) }
}

/// `repr` of a float (`float_repr_style` "short"): the same digits as JavaScript's, the fewest that read back as the same
/// double and of two such the even one, with an exponent of at least two digits below 10⁻⁴ and from 10¹⁶ on.
fn write_python_float(out: &mut String, value: f64) {
    if value.is_sign_negative() {
        out.push('-');
    }
    let (digits, point) = digits(value.abs());
    let len = digits.len() as i32;
    // The point stands behind this many digits.
    match point {
        -3..=0 => out.push_str(&format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))),
        1..=16 if point >= len => out.push_str(&format!("{digits}{}.0", "0".repeat((point - len) as usize))),
        1..=16 => out.push_str(&format!("{}.{}", &digits[..point as usize], &digits[point as usize..])),
        _ => {
            let (first, rest) = digits.split_at(1);
            let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
            let (exponent, sign) = (point - 1, if point < 1 { '-' } else { '+' });
            out.push_str(&format!("{first}{fraction}e{sign}{:02}", exponent.abs()));
        }
    }
}

/// The significant digits of a finite number that is not negative, and behind how many of them the point stands.
fn digits(value: f64) -> (String, i32) {
    if value == 0.0 {
        return ("0".to_owned(), 1);
    }
    let mut buffer = ryu_js::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let leading = (all.len() - significant.len()) as i32;
    let Ok(exponent) = exponent.parse::<i32>() else { unreachable!("an exponent is a small whole number") };
    (significant.trim_end_matches('0').to_owned(), whole.len() as i32 - leading + exponent)
}

/// Python escapes whatever is not printable ASCII, U+007F too, in UTF-16 units.
fn write_python_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}
