//! Instants and lengths of time, both in whole milliseconds.

use serde::{Deserialize, Serialize};

/// A length of time in milliseconds.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// One second.
    pub const SECOND: Self = Self(1_000);
    /// One minute.
    pub const MINUTE: Self = Self(60_000);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400_000);

    /// `count` seconds.
    pub const fn seconds(count: u64) -> Self {
        Self(count * 1_000)
    }

    /// `count` days of 24 hours.
    pub const fn days(count: u64) -> Self {
        Self(count * Self::DAY.0)
    }

    /// The same length as the standard library's type.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

/// An instant: milliseconds since the Unix epoch, UTC.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This instant, `span` later; the far future at most.
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant, `span` earlier; the epoch at the least.
    pub const fn minus(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_seconds(self) -> u64 {
        self.0 / 1_000
    }

    /// Days since the Unix epoch, rounded down.
    pub const fn unix_day(self) -> u64 {
        self.0 / Millis::DAY.0
    }

    /// ISO 8601 in UTC with milliseconds, as JavaScript's `toISOString` writes it: `2026-11-22T10:15:00.000Z`.
    pub fn to_iso(self) -> String {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        format!("{instant:.3}")
    }

    /// The calendar day in UTC: `2026-11-22`.
    pub fn to_iso_date(self) -> String {
        let mut iso = self.to_iso();
        iso.truncate(10);
        iso
    }

    /// Reads an RFC 3339 instant. A fraction of a millisecond is rounded up, so that nothing is ever early.
    ///
    /// # Errors
    /// `None` for anything else, and for instants before 1970.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        let nanos = u128::try_from(instant.as_nanosecond()).ok()?;
        u64::try_from(nanos.div_ceil(1_000_000)).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_javascript_writes_it() {
        assert_eq!(Timestamp(1_705_313_700_000).to_iso(), "2024-01-15T10:15:00.000Z");
        assert_eq!(Timestamp(1_705_313_700_007).to_iso(), "2024-01-15T10:15:00.007Z");
        assert_eq!(Timestamp(0).to_iso_date(), "1970-01-01");
    }

    #[test]
    fn rfc3339_is_read_with_any_offset_and_rounded_up() {
        assert_eq!(Timestamp::parse_rfc3339("2024-01-15T11:15:00+01:00"), Some(Timestamp(1_705_313_700_000)));
        assert_eq!(Timestamp::parse_rfc3339("2024-01-15T10:15:00.0001Z"), Some(Timestamp(1_705_313_700_001)));
        for bad in ["", "tomorrow", "2024-01-15", "2024-01-15T10:15:00", "1969-12-31T23:59:59Z", "2024-13-01T00:00:00Z"]
        {
            assert_eq!(Timestamp::parse_rfc3339(bad), None, "{bad}");
        }
    }
}
