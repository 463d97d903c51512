//! How fast a client may talk: a token bucket for each socket.

use std::time::Duration;

/// How many messages may come at once, where a minute's worth is not less.
const BURST: f64 = 20.0;
/// How many messages in a row may be refused before the socket is.
const PATIENCE: u32 = 20;

/// The bucket.
#[derive(Debug)]
pub(super) struct Pace {
    left: f64,
    /// How many it holds, and how many are added each second.
    burst: f64,
    per_second: f64,
    at: Duration,
    refused: u32,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken.
    Taken,
    /// It is refused.
    Refused,
    /// It is refused, and the client has been told often enough.
    Enough,
}

impl Pace {
    /// A full bucket; `now` is a monotonic time.
    pub(super) fn new(per_minute: u32, now: Duration) -> Self {
        let per_minute = f64::from(per_minute);
        let burst = per_minute.min(BURST);
        Self { left: burst, burst, per_second: per_minute / 60.0, at: now, refused: 0 }
    }

    /// A message has come.
    pub(super) fn take(&mut self, now: Duration) -> Verdict {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.burst);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            self.refused = 0;
            return Verdict::Taken;
        }
        self.refused += 1;
        if self.refused > PATIENCE { Verdict::Enough } else { Verdict::Refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_pace_and_an_end_to_patience() {
        let mut pace = Pace::new(300, Duration::ZERO);
        let taken = (0..20).filter(|_| pace.take(Duration::ZERO) == Verdict::Taken).count();
        assert_eq!(taken, 20);
        assert_eq!(pace.take(Duration::ZERO), Verdict::Refused);
        assert_eq!(pace.take(Duration::from_millis(199)), Verdict::Refused);
        assert_eq!(pace.take(Duration::from_millis(201)), Verdict::Taken);
        let later = Duration::from_millis(201);
        for _ in 0..20 {
            assert_eq!(pace.take(later), Verdict::Refused);
        }
        assert_eq!(pace.take(later), Verdict::Enough);

        let mut rested = Pace::new(300, Duration::ZERO);
        let taken = (0..1_000).filter(|_| rested.take(Duration::from_secs(3_600)) == Verdict::Taken).count();
        assert_eq!(taken, 20, "an hour of silence does not make a longer burst");

        let mut slow = Pace::new(6, Duration::ZERO);
        let taken = (0..10).filter(|_| slow.take(Duration::ZERO) == Verdict::Taken).count();
        assert_eq!(taken, 6, "a minute's worth is the longest burst");
        assert_eq!(slow.take(Duration::from_millis(9_900)), Verdict::Refused);
        assert_eq!(slow.take(Duration::from_millis(10_100)), Verdict::Taken);
    }
}
