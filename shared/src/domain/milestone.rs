//! Milestones: where on a timer's way a progress event is due.

use super::json::Json;
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// At most this many per timer.
pub const MOST_INTERVALS: usize = 20;
/// The longest text of one, in bytes: payloads repeat it as their `milestone`.
const LONGEST_TEXT: usize = 64;

/// A place between a timer's start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// A share of the whole way, in millionths of a percent.
    Percent(u32),
    /// A time before the end.
    BeforeEnd(Millis),
}

const MILLIONTHS: u32 = 1_000_000;

impl Position {
    /// When this place is reached on the way from `start` to `end`: rounded up, so never early.
    ///
    /// `None` if it isn't on this way.
    pub fn reached_at(self, start: Timestamp, end: Timestamp) -> Option<Timestamp> {
        let way = end.since(start);
        match self {
            Self::Percent(share) => {
                let offset = u128::from(way.0) * u128::from(share);
                let offset = offset.div_ceil(u128::from(100 * MILLIONTHS));
                Some(start.plus(Millis(offset as u64)))
            }
            Self::BeforeEnd(rest) => (rest < way).then(|| end.minus(rest)),
        }
    }
}

/// A milestone that a caller asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// Where it is.
    pub position: Position,
    /// How payloads name it: `25%`, or as given for a time before the end.
    pub label: String,
}

impl Milestone {
    /// Reads `"25%"`, `25` or `"-30m"`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(value: &Json) -> Result<Self, String> {
        const FORMS: &str = "use a share such as \"25%\" or 25, or a time before the end such as \"-30m\"";
        match value {
            Json::Number(text) => Self::percent(&rounded(text)),
            Json::String(text) if text.len() > LONGEST_TEXT => {
                Err(format!("must be at most {LONGEST_TEXT} bytes long: {FORMS}"))
            }
            Json::String(text) => {
                let trimmed = text.trim();
                if let Some(share) = trimmed.strip_suffix('%') {
                    Self::percent(share.trim_end())
                } else if trimmed.starts_with('-') {
                    let (_, rest) = super::duration::parse_signed(value)?;
                    if rest == Millis(0) {
                        return Err("must lie before the end".to_owned());
                    }
                    Ok(Self { position: Position::BeforeEnd(rest), label: text.clone() })
                } else {
                    Self::percent(trimmed).map_err(|_| FORMS.to_owned())
                }
            }
            other => Err(format!("must be a string or a number, not {}: {FORMS}", other.kind())),
        }
    }

    fn percent(text: &str) -> Result<Self, String> {
        let bad = || "must be a share between 0% and 100%, both excluded, with at most six decimals".to_owned();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fraction = fraction.trim_end_matches('0');
        if !digits(whole) || whole.len() > 3 || fraction.len() > 6 || !(fraction.is_empty() || digits(fraction)) {
            return Err(bad());
        }
        let millionths: u32 = format!("{fraction:0<6}").parse().map_err(|_| bad())?;
        let share = whole.parse::<u32>().map_err(|_| bad())? * MILLIONTHS + millionths;
        if share == 0 || share >= 100 * MILLIONTHS {
            return Err(bad());
        }
        let whole = share / MILLIONTHS;
        let label = if fraction.is_empty() { format!("{whole}%") } else { format!("{whole}.{fraction}%") };
        Ok(Self { position: Position::Percent(share), label })
    }
}

/// A number to six decimals, for `100 / 3` has more.
fn rounded(number: &str) -> String {
    number.parse::<f64>().map_or_else(|_| number.to_owned(), |value| format!("{value:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Milestone, String> {
        Milestone::parse(&Json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn shares_and_times_before_the_end_are_read() {
        for (text, position, label) in [
            (r#""25%""#, Position::Percent(25_000_000), "25%"),
            ("25", Position::Percent(25_000_000), "25%"),
            ("12.50", Position::Percent(12_500_000), "12.5%"),
            ("33.333333333333336", Position::Percent(33_333_333), "33.333333%"),
            ("1e1", Position::Percent(10_000_000), "10%"),
            (r#""99.999999%""#, Position::Percent(99_999_999), "99.999999%"),
            (r#""50""#, Position::Percent(50_000_000), "50%"),
            (r#""-30m""#, Position::BeforeEnd(Millis(1_800_000)), "-30m"),
            (r#""-PT1H""#, Position::BeforeEnd(Millis(3_600_000)), "-PT1H"),
        ] {
            assert_eq!(parse(text), Ok(Milestone { position, label: label.to_owned() }), "{text}");
        }
    }

    #[test]
    fn what_is_not_strictly_inside_or_not_understood_is_refused() {
        for text in [
            "0",
            "100",
            "-5",
            "101",
            r#""0%""#,
            r#""100.0%""#,
            r#""abc""#,
            r#""-0s""#,
            r#""30m""#,
            "null",
            "{}",
            "0.0000001",
            "99.9999999",
            "1e300",
            r#""%""#,
            r#""1.%.""#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("\"{}-30m\"", " ".repeat(100))).is_err());
    }

    #[test]
    fn a_place_is_reached_never_early() {
        let at = |position: Position, length: u64| position.reached_at(Timestamp(1_000), Timestamp(1_000 + length));
        assert_eq!(at(Position::Percent(50_000_000), 1_000), Some(Timestamp(1_500)));
        assert_eq!(at(Position::Percent(33_000_000), 10), Some(Timestamp(1_004)));
        assert_eq!(at(Position::BeforeEnd(Millis(10)), 10), None);
        assert_eq!(at(Position::BeforeEnd(Millis(9)), 10), Some(Timestamp(1_001)));
    }
}
