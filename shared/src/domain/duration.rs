//! Durations as callers write them: `90000`, `"90000"`, `"6h30m"`, `"1w 2d"`, `"1.5h"`, `"PT15M"`.
//!
//! Arithmetic is exact: decimal digits are scaled to units of 10⁻¹² ms before anything is rounded, and what remains of a
//! millisecond is rounded up, so that nothing is ever early.

use super::json::Json;
use super::time::Millis;

/// The longest a timer may run: 366 days.
pub const LONGEST: Millis = Millis::days(366);

const FORMS: &str = "use milliseconds (900000), terms such as \"6h30m\", \"1w 2d\" or \"1.5h\" (units ms, s, m, h, d, w), or ISO 8601 such as \"PT15M\"";
/// Parts of a millisecond that are told apart before rounding up.
const SCALE: u128 = 1_000_000_000_000;
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Reads a duration between 1 ms and [`LONGEST`].
///
/// # Errors
/// A sentence that says what is wrong and which forms are understood.
pub fn parse(value: &Json) -> Result<Millis, String> {
    let (negative, length) = parse_signed(value)?;
    if negative {
        return Err("must be positive".to_owned());
    }
    if length == Millis(0) {
        return Err("must be at least 1 ms".to_owned());
    }
    if length > LONGEST {
        return Err("must be at most 366 days".to_owned());
    }
    Ok(length)
}

/// Reads a length with an optional leading sign, as `extend` takes it: whether it is negative, and its size.
///
/// # Errors
/// As [`parse`].
pub fn parse_signed(value: &Json) -> Result<(bool, Millis), String> {
    match value {
        Json::Number(text) => number(text),
        Json::String(text) => {
            let text = text.trim();
            match text.strip_prefix('-') {
                Some(rest) => Ok((true, length(rest.trim_start())?)),
                None => Ok((false, length(text.strip_prefix('+').unwrap_or(text))?)),
            }
        }
        other => Err(format!("must be a number or a string, not {}: {FORMS}", other.kind())),
    }
}

fn number(text: &str) -> Result<(bool, Millis), String> {
    let value: f64 = text.parse().map_err(|_| FORMS.to_owned())?;
    let size = value.abs().ceil();
    // Beyond 2^53 ms, 285,000 years, exactness no longer matters: it is refused for its size.
    Ok((value < 0.0, Millis(if size < 9e15 { size as u64 } else { u64::MAX })))
}

fn length(text: &str) -> Result<Millis, String> {
    let unreadable = || format!("\"{}\" is not a duration: {FORMS}", shortened(text));
    if text.is_empty() {
        return Err(format!("is empty: {FORMS}"));
    }
    if text.len() > 128 {
        return Err(unreadable());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Millis(text.parse().unwrap_or(u64::MAX)));
    }
    let parts = match text.as_bytes()[0] {
        b'P' | b'p' => iso_8601(&text[1..])?,
        _ => terms(text),
    }
    .ok_or_else(unreadable)?;
    Ok(Millis(u64::try_from(parts.div_ceil(SCALE)).unwrap_or(u64::MAX)))
}

/// `<number><unit>` once or more, blanks allowed anywhere between.
fn terms(text: &str) -> Option<u128> {
    let mut rest = text.trim();
    let mut total = 0u128;
    while !rest.is_empty() {
        let (amount, after) = decimal(rest, &['.'])?;
        let after = after.trim_start();
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = after[..letters].to_ascii_lowercase();
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(amount.checked_mul(u128::from(*millis))?)?;
        rest = after[letters..].trim_start();
    }
    Some(total)
}

/// What follows the `P` of an ISO 8601 duration: `[nW][nD][T[nH][nM][nS]]`, in this order.
fn iso_8601(text: &str) -> Result<Option<u128>, String> {
    const DATE: [(char, u64); 2] = [('W', 604_800_000), ('D', 86_400_000)];
    const TIME: [(char, u64); 3] = [('H', 3_600_000), ('M', 60_000), ('S', 1_000)];
    let upper = text.to_ascii_uppercase();
    let (date, time) = match upper.split_once('T') {
        Some((_, "")) => return Ok(None),
        Some((date, time)) => (date, time),
        None => (upper.as_str(), ""),
    };
    if date.contains(['Y', 'M']) {
        return Err("ISO 8601 years and months have no fixed length: use weeks, days or smaller units".to_owned());
    }
    if date.is_empty() && time.is_empty() {
        return Ok(None);
    }
    Ok(iso_part(date, &DATE).zip(iso_part(time, &TIME)).and_then(|(date, time)| date.checked_add(time)))
}

fn iso_part(text: &str, units: &[(char, u64)]) -> Option<u128> {
    let (mut rest, mut units, mut total) = (text, units.iter(), 0u128);
    while !rest.is_empty() {
        let (amount, after) = decimal(rest, &['.', ','])?;
        let letter = after.chars().next()?;
        let (_, millis) = units.find(|(name, _)| *name == letter)?;
        total = total.checked_add(amount.checked_mul(u128::from(*millis))?)?;
        rest = &after[letter.len_utf8()..];
    }
    Some(total)
}

/// A decimal number at the start of `text`, times [`SCALE`], and what follows it. Digits beyond the scale round up.
fn decimal<'a>(text: &'a str, points: &[char]) -> Option<(u128, &'a str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    if whole == 0 || whole > 20 {
        return None;
    }
    let mut amount = text[..whole].parse::<u128>().ok()? * SCALE;
    let rest = &text[whole..];
    let Some(fraction) = rest.strip_prefix(points) else { return Some((amount, rest)) };
    let length = digits(fraction);
    if length == 0 {
        return None;
    }
    let mut unit = SCALE;
    for digit in fraction[..length].bytes().map(|b| u128::from(b - b'0')) {
        unit /= 10;
        amount += if unit > 0 { digit * unit } else { u128::from(digit > 0) };
    }
    Some((amount, &fraction[length..]))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<u64, String> {
        parse(&Json::String(text.to_owned())).map(|length| length.0)
    }

    #[test]
    fn every_form_of_the_contract_is_understood() {
        for (text, millis) in [
            ("900000", 900_000),
            ("30s", 30_000),
            ("15m", 900_000),
            ("6h30m", 23_400_000),
            ("2w", 1_209_600_000),
            ("1w 2d", 777_600_000),
            ("1.5h", 5_400_000),
            ("480.0s", 480_000),
            (" 1 H  5 M ", 3_900_000),
            ("250ms", 250),
            ("1D", 86_400_000),
            ("0.0001ms", 1),
            ("0.00000000000000000001ms", 1),
            ("30m1h", 5_400_000),
            ("PT15M", 900_000),
            ("P1W", 604_800_000),
            ("P1DT2H3.5S", 93_603_500),
            ("pt0,5s", 500),
            ("366d", 31_622_400_000),
        ] {
            assert_eq!(read(text), Ok(millis), "{text}");
        }
        assert_eq!(parse(&Json::Number("1500".into())), Ok(Millis(1_500)));
        assert_eq!(parse(&Json::Number("1.2".into())), Ok(Millis(2)));
        assert_eq!(parse(&Json::Number("9e5".into())), Ok(Millis(900_000)));
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        for text in [
            "",
            " ",
            "0",
            "0s",
            "-5m",
            "5",
            "h",
            "5x",
            "5 minutes",
            "1..5h",
            ".5h",
            "5.h",
            "1h30",
            "P",
            "PT",
            "P1Y",
            "P1M",
            "P1H",
            "PT1M1H",
            "PT1H2",
            "366d1ms",
            "99999999999999999999999d",
            "٣m",
            "1e3s",
            "5m\0",
            "367d",
            "NaN",
            "∞",
        ] {
            let parsed = read(text);
            if text == "5" {
                assert_eq!(parsed, Ok(5));
                continue;
            }
            assert!(parsed.is_err(), "{text}: {parsed:?}");
        }
        assert!(read("P1M").is_err_and(|error| error.contains("months")));
        for value in
            [Json::Null, Json::Bool(true), Json::Array(vec![]), Json::Number("-1".into()), Json::Number("1e300".into())]
        {
            assert!(parse(&value).is_err(), "{value:?}");
        }
        assert!(read(&"9".repeat(100_000)).is_err());
    }

    #[test]
    fn a_sign_is_read_where_it_means_something() {
        assert_eq!(parse_signed(&Json::String("-5m".into())), Ok((true, Millis(300_000))));
        assert_eq!(parse_signed(&Json::String("+15m".into())), Ok((false, Millis(900_000))));
        assert_eq!(parse_signed(&Json::Number("-250".into())), Ok((true, Millis(250))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,60}") {
            let _ = parse(&Json::String(text));
        }

        #[test]
        fn terms_add_up(hours in 0u64..1_000, minutes in 0u64..10_000, millis in 1u64..100_000) {
            let expected = hours * 3_600_000 + minutes * 60_000 + millis;
            prop_assert_eq!(read(&format!("{hours}h{minutes}m {millis}ms")), Ok(expected));
        }
    }
}
