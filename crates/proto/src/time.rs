//! Time. Instants are microseconds since the Unix epoch in UTC; the clock comes in as an argument, so that
//! tests can hold it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant, in microseconds since 1970-01-01T00:00:00Z. RFC 3339 on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch (a JWT's NumericDate, RFC 7519 section 2).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant, `by` later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(micros(by)))
    }

    /// This instant, `by` earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(micros(by)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// As the `time` crate has it. Instants outside its range become the epoch.
    pub fn to_offset(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// From the `time` crate; what is finer than a microsecond is dropped.
    pub fn from_offset(at: OffsetDateTime) -> Self {
        Self(i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// `2026-01-02T03:04:05.678901Z`, in bytes.
const LONGEST: usize = 27;

impl Timestamp {
    /// RFC 3339, with as many digits after the second as there are; none for years that it cannot say. Most answers hold a few
    /// times, and a formatter for any time in any format takes ten times as long over each.
    fn write_to(self, text: &mut [u8; LONGEST]) -> Option<&str> {
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        let at = OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|at| (0..=9_999).contains(&at.year()))?;
        *text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |place: usize, digits: usize, mut number: u32| {
            for digit in text.iter_mut().skip(place).take(digits).rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        };
        put(0, 4, u32::try_from(at.year()).ok()?);
        put(5, 2, u8::from(at.month()).into());
        put(8, 2, at.day().into());
        put(11, 2, at.hour().into());
        put(14, 2, at.minute().into());
        put(17, 2, at.second().into());
        put(20, 6, u32::try_from(micros).ok()?);
        let zeros = text.iter().rev().skip(1).take(6).take_while(|digit| **digit == b'0').count();
        // Without any digit there is no point either.
        let end = if zeros == 6 { LONGEST - 8 } else { LONGEST - 1 - zeros };
        *text.get_mut(end)? = b'Z';
        std::str::from_utf8(text.get(..=end)?).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.write_to(&mut [0; LONGEST]) {
            Some(text) => f.write_str(text),
            None => write!(f, "{}us", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.write_to(&mut [0; LONGEST]) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Text that is no RFC 3339 time.
#[derive(Debug, thiserror::Error)]
#[error("not a time such as 2026-01-02T03:04:05Z")]
pub struct BadTime;

impl FromStr for Timestamp {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self::from_offset).map_err(|_| BadTime)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A clock that never goes back, from an arbitrary start: for measuring how long something took.
    fn monotonic(&self) -> Duration;
    /// The wall clock as of the system's last tick, up to [`TICK`] ago. For what is asked with every request and is not about
    /// milliseconds: it costs a fifth of [`now`](Self::now).
    fn ticked_now(&self) -> Timestamp {
        self.now()
    }
    /// The same for [`monotonic`](Self::monotonic).
    fn ticked_monotonic(&self) -> Duration {
        self.monotonic()
    }
}

/// How far apart the system's ticks are at most.
pub const TICK: Duration = Duration::from_millis(10);

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: std::time::Instant,
    #[cfg(target_os = "linux")]
    ticked_start: Duration,
}

impl SystemClock {
    /// A clock whose monotonic side starts now.
    #[allow(clippy::disallowed_methods, reason = "here the clock enters")]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            start: std::time::Instant::now(),
            #[cfg(target_os = "linux")]
            ticked_start: ticked(rustix::time::ClockId::MonotonicCoarse),
        })
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "here the clock enters")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(micros(since))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[cfg(target_os = "linux")]
    fn ticked_now(&self) -> Timestamp {
        let at = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        Timestamp(at.tv_sec.saturating_mul(1_000_000).saturating_add(at.tv_nsec / 1_000))
    }

    #[cfg(target_os = "linux")]
    fn ticked_monotonic(&self) -> Duration {
        ticked(rustix::time::ClockId::MonotonicCoarse).saturating_sub(self.ticked_start)
    }
}

#[cfg(target_os = "linux")]
fn ticked(clock: rustix::time::ClockId) -> Duration {
    rustix::time::clock_gettime(clock).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_the_library_writes_it() {
        let seconds = [0, -1, 1, 951_782_399, 951_782_400, 1_767_323_045, -62_167_219_200, 253_402_300_799];
        let micros = [0, 1, 10, 100_000, 120_000, 123_456, 999_999, 500];
        let many = (0..20_000i64).map(|at| at.wrapping_mul(0x0012_3456_789a_bcd1).rem_euclid(253_402_300_799_000_000));
        let all = seconds.iter().flat_map(|second| micros.map(|micros| second * 1_000_000 + micros)).chain(many);
        for at in all.map(Timestamp::from_micros) {
            let nanos = i128::from(at.micros()) * 1_000;
            let slowly = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap().format(&Rfc3339).unwrap();
            assert_eq!(at.to_string(), slowly);
            assert_eq!(serde_json::to_value(at).unwrap(), slowly);
            assert_eq!(slowly.parse::<Timestamp>().unwrap(), at);
        }
        for beyond in [-62_167_219_200_000_001, 253_402_300_800_000_000, i64::MAX, i64::MIN] {
            assert_eq!(Timestamp::from_micros(beyond).to_string(), format!("{beyond}us"));
        }
    }

    #[test]
    fn the_last_tick_was_a_moment_ago() {
        let clock = SystemClock::new();
        // What another thread's turn comes between is tried again.
        let wall = |_| {
            let (before, ticked, after) = (clock.now(), clock.ticked_now(), clock.now());
            ticked <= after && before.since(ticked) <= 2 * TICK
        };
        let monotonic = |_| {
            let (before, ticked, after) = (clock.monotonic(), clock.ticked_monotonic(), clock.monotonic());
            // Both count from their own start, and the ticks' is the last one before.
            ticked <= after + TICK && before.saturating_sub(ticked) <= 2 * TICK
        };
        assert!((0..1_000).any(wall) && (0..1_000).any(monotonic));
        let began = clock.ticked_monotonic();
        std::thread::sleep(5 * TICK);
        let passed = clock.ticked_monotonic() - began;
        assert!(passed >= 3 * TICK && clock.ticked_monotonic() >= began + passed, "{passed:?}");
    }
}
