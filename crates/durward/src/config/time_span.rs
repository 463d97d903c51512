//! Durations: `90s`, `60m`, `12h`, `7d`, `1h30m`, `250ms`, or a plain number of seconds.

use std::time::Duration;

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::value::Value;

/// Longer than anything here could mean, and short enough that adding it to a time never overflows.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The units and their milliseconds. `M` is none of them: months and minutes would be mixed up.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

impl Value for Duration {
    fn expected() -> String {
        "a duration such as 90s, 60m, 12h or 7d, or a number of seconds".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let duration = milliseconds(raw.text()?.trim())
            .map(Self::from_millis)
            .ok_or("not a number with a unit (ms, s, m, h, d, w)")?;
        if duration.is_zero() {
            return Err("zero".to_owned());
        }
        if duration > LONGEST { Err("longer than ten years".to_owned()) } else { Ok(duration) }
    }

    fn shown(&self) -> Json {
        let millis = self.as_millis();
        let (unit, size) = UNITS
            .into_iter()
            .rev()
            .filter(|(unit, _)| *unit != "w")
            .find(|(_, size)| millis.is_multiple_of(u128::from(*size)))
            .unwrap_or(("ms", 1));
        Json::from(format!("{}{unit}", millis / u128::from(size)))
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds.checked_mul(1_000);
    }
    let mut rest = text;
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, size) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(size)?)?;
        rest = tail.trim_start();
    }
    (total > 0 || !text.is_empty()).then_some(total)
}
