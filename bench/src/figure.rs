//! A figure: what was measured on both sides, round by round.

/// Minimum, median and maximum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of these values; zeros when there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or_default();
        let (half, odd) = (values.len() / 2, values.len() % 2 == 1);
        let median = if odd { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 };
        Self { min: at(0), median, max: at(values.len().saturating_sub(1)) }
    }
}

/// What is aimed at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    /// The ratio shall be at least this.
    RatioAtLeast(f64),
    /// The ratio shall be at most this.
    RatioAtMost(f64),
    /// durward's own value shall be at most this.
    ValueAtMost(f64),
    /// Nothing: shown for orientation.
    Nothing,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// What durward is compared with; nothing when this is empty.
    pub(crate) against: &'static str,
    /// durward's value and the bare one's, or what it is compared with, for each round.
    pub(crate) rounds: Vec<(f64, f64)>,
    pub(crate) aim: Aim,
}

impl Figure {
    /// durward's values.
    pub(crate) fn ours(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(ours, _)| *ours))
    }

    /// The bare ones.
    pub(crate) fn theirs(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(_, theirs)| *theirs))
    }

    /// durward's over the bare one's.
    pub(crate) fn ratio(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(ours, theirs)| ours / theirs))
    }

    /// Whether the median is what is aimed at; `None` where nothing is.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match self.aim {
            Aim::RatioAtLeast(aim) => Some(self.ratio().median >= aim),
            Aim::RatioAtMost(aim) => Some(self.ratio().median <= aim),
            Aim::ValueAtMost(aim) => Some(self.ours().median <= aim),
            Aim::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        let odd = spread(&[3.0, 1.0, 2.0]);
        assert_eq!((odd.min, odd.median, odd.max), (1.0, 2.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(spread(&[7.0]).median, 7.0);
        assert_eq!(spread(&[]).max, 0.0);
    }

    #[test]
    fn ratios_are_of_the_rounds_and_not_of_the_medians() {
        let rounds = vec![(2.0, 1.0), (30.0, 10.0), (4.0, 4.0)];
        let figure = Figure { what: String::new(), unit: "", against: "", rounds, aim: Aim::RatioAtMost(2.0) };
        assert_eq!((figure.ratio().min, figure.ratio().median, figure.ratio().max), (1.0, 2.0, 3.0));
        assert_eq!(figure.is_met(), Some(true));
    }
}
