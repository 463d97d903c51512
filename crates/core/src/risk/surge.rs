//! Whether there are many more wrong answers than usual on this node, for whatever account: a rate of now against the
//! rate of the last day. In memory and of this node alone: it only ever adds weight to other signals.

use std::sync::{Mutex, PoisonError};

use durward_proto::Timestamp;

/// Over how many seconds "now" is averaged.
const NOW_SECONDS: f64 = 300.0;
/// Over how many seconds "usual" is averaged.
const USUAL_SECONDS: f64 = 86_400.0;
/// Fewer than this many within "now" are never a surge, so that a quiet night is not alarmed by one who forgot the password.
const FEWEST: f64 = 20.0;

/// Counts wrong answers.
#[derive(Debug, Default)]
pub struct Surge {
    counts: Mutex<Counts>,
}

/// Counts that decay: events within the time constant, had they always come at this rate.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    at: Option<Timestamp>,
    since: Option<Timestamp>,
    now: f64,
    usual: f64,
}

impl Surge {
    /// A wrong answer.
    pub fn count(&self, now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.decay_to(now);
        counts.now += 1.0;
        counts.usual += 1.0;
    }

    /// How many times more wrong answers than usual there are; 1 when there is nothing unusual.
    pub fn factor(&self, now: Timestamp) -> f64 {
        let mut counts = *self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.decay_to(now);
        if counts.now < FEWEST {
            return 1.0;
        }
        // A node that started an hour ago knows one hour of what is usual. What is now is part of it, so that it takes a
        // while until the first surge can be told from the usual.
        let known = counts.since.map_or(0.0, |since| now.since(since).as_secs_f64());
        let known = (USUAL_SECONDS * (1.0 - (-known / USUAL_SECONDS).exp())).max(NOW_SECONDS);
        let usual_rate = counts.usual / known;
        let rate = counts.now / NOW_SECONDS;
        (rate / usual_rate.max(f64::MIN_POSITIVE)).max(1.0)
    }
}

impl Counts {
    fn decay_to(&mut self, now: Timestamp) {
        let seconds = self.at.map_or(0.0, |at| now.since(at).as_secs_f64());
        self.now *= (-seconds / NOW_SECONDS).exp();
        self.usual *= (-seconds / USUAL_SECONDS).exp();
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.since = self.since.or(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_storm_stands_out_and_the_usual_does_not() {
        let (surge, mut now) = (Surge::default(), Timestamp::from_seconds(1_790_000_000));
        // Half a day of one a minute.
        for _ in 0..720 {
            now = now.plus(Duration::from_secs(60));
            surge.count(now);
        }
        assert_eq!(surge.factor(now), 1.0, "five in five minutes are nothing");
        for _ in 0..300 {
            now = now.plus(Duration::from_secs(1));
            surge.count(now);
        }
        let factor = surge.factor(now);
        assert!((15.0..60.0).contains(&factor), "{factor}");
        now = now.plus(Duration::from_secs(3_600));
        assert_eq!(surge.factor(now), 1.0, "it is over");
    }

    #[test]
    fn what_is_always_so_is_no_surge() {
        let (surge, mut now) = (Surge::default(), Timestamp::from_seconds(1_790_000_000));
        for _ in 0..20_000 {
            now = now.plus(Duration::from_secs(2));
            surge.count(now);
        }
        let factor = surge.factor(now);
        assert!(factor < 1.5, "{factor}");
    }
}
