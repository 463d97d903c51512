//! Charts: what all nodes have counted, step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use durward_proto::Timestamp;
use durward_proto::wire::admin::{Series, SeriesLine};
use durward_store::FigureRow;
use durward_verify::{ReadOverview, Verified};

use super::write::MINUTE;
use crate::fault::Fault;
use crate::service::Core;

/// The name under which each node says that it runs.
pub(super) const NODES: &str = "nodes";

/// How far back a chart goes when nobody says.
const DAY: Duration = Duration::from_secs(86_400);
/// How many steps a chart has at most.
const MOST: i64 = 1_500;
/// How many it has when nobody says, or fewer.
const USUAL: i64 = 300;

/// How the figures of several nodes and minutes become one.
#[derive(Clone, Copy)]
enum Sum {
    /// Everything counts together.
    All,
    /// Nodes count together, and of the minutes the one with the most counts.
    Nodes,
    /// The most of any node in any minute counts.
    Most,
}

struct Kind {
    name: &'static str,
    unit: &'static str,
    sum: Sum,
}

const fn kind(name: &'static str, unit: &'static str, sum: Sum) -> Kind {
    Kind { name, unit, sum }
}

const KINDS: &[Kind] = &[
    kind("logins", "count", Sum::All),
    kind("second_factors", "count", Sum::All),
    kind("risk_decisions", "count", Sum::All),
    kind("risk_signals", "count", Sum::All),
    kind("requests", "count", Sum::All),
    kind("request_time", "microseconds", Sum::Most),
    kind("token_checks", "count", Sum::All),
    kind("token_check_time", "microseconds", Sum::Most),
    kind("sockets", "count", Sum::Nodes),
    kind("hash_queue", "count", Sum::Nodes),
    kind("revocation_lag", "milliseconds", Sum::Most),
    kind("breakers", "state", Sum::Most),
    kind(NODES, "count", Sum::Nodes),
];

/// What is asked of a chart.
#[derive(Debug, Default)]
pub struct SeriesQuery {
    /// Which.
    pub name: String,
    /// From when on; a day before the end when it is not given.
    pub since: Option<Timestamp>,
    /// Until when; now when it is not given.
    pub until: Option<Timestamp>,
    /// How long each step is, in seconds: whole minutes.
    pub step: Option<u32>,
}

impl Core {
    /// A chart of what all nodes have counted, up to the last whole minute.
    ///
    /// # Errors
    /// `forbidden` without `overview:read`; `validation_failed` for a chart that there is not, and for one of more than
    /// 1,500 steps; 503 when the database is away.
    pub async fn series(&self, who: &Verified, asked: &SeriesQuery) -> Result<Series, Fault> {
        let permit = who.permit::<ReadOverview>()?;
        let Some(kind) = KINDS.iter().find(|kind| kind.name == asked.name) else {
            let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            return Err(Fault::field("/name", format!("one of {}", names.join(", "))));
        };
        let span = Span::of(asked, self.clock.now())?;
        let mut read = self.store.any_user(&permit).read().await?;
        let rows = read.figures(kind.name, span.since, span.until, span.step).await?;
        Ok(Series {
            name: kind.name,
            unit: kind.unit,
            since: span.since,
            until: span.until,
            step: u64::try_from(span.step / 1_000_000).unwrap_or(0),
            lines: lines(rows, kind.sum, span.steps()),
        })
    }
}

/// A stretch of time, in steps that all are of the same length.
struct Span {
    since: Timestamp,
    until: Timestamp,
    /// In microseconds.
    step: i64,
}

impl Span {
    fn of(asked: &SeriesQuery, now: Timestamp) -> Result<Self, Fault> {
        // Nothing was counted after now.
        let until = asked.until.unwrap_or(now).min(now);
        let since = asked.since.unwrap_or(until.minus(DAY));
        // Rows stand for whole minutes.
        let from = since.micros().div_euclid(MINUTE);
        let to = until.micros().div_euclid(MINUTE) + i64::from(until.micros().rem_euclid(MINUTE) > 0);
        let minutes = to - from;
        if minutes <= 0 {
            return Err(Fault::field("/since", "a time before `until`"));
        }
        let step = match asked.step {
            None => (minutes + USUAL - 1) / USUAL,
            Some(step) if step >= 60 && step.is_multiple_of(60) => i64::from(step / 60),
            Some(_) => return Err(Fault::field("/step", "whole minutes, in seconds")),
        };
        let steps = (minutes + step - 1) / step;
        if steps > MOST {
            let least = (minutes + MOST - 1) / MOST * 60;
            return Err(Fault::field("/step", format!("at least {least}: a chart has at most {MOST} steps")));
        }
        let at = |minute: i64| Timestamp::from_micros(minute * MINUTE);
        Ok(Self { since: at(from), until: at(from + steps * step), step: step * MINUTE })
    }

    fn steps(&self) -> usize {
        usize::try_from((self.until.micros() - self.since.micros()) / self.step).unwrap_or(0)
    }
}

fn lines(rows: Vec<FigureRow>, sum: Sum, steps: usize) -> Vec<SeriesLine> {
    let mut lines: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let values = lines.entry(row.label).or_insert_with(|| vec![0; steps]);
        if let Some(value) = usize::try_from(row.slot).ok().and_then(|slot| values.get_mut(slot)) {
            *value = match sum {
                Sum::All => row.total,
                Sum::Nodes => row.peak,
                Sum::Most => row.most,
            };
        }
    }
    lines.into_iter().map(|(label, values)| SeriesLine { label, values }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(since: i64, until: i64, step: Option<u32>) -> Result<(i64, i64, i64, usize), String> {
        let at = Timestamp::from_seconds;
        let asked = SeriesQuery { name: String::new(), since: Some(at(since)), until: Some(at(until)), step };
        let span = Span::of(&asked, at(253_000_000_000)).map_err(|fault| fault.problem().errors[0].pointer.clone())?;
        Ok((span.since.seconds(), span.until.seconds(), span.step / 1_000_000, span.steps()))
    }

    #[test]
    fn steps_are_whole_minutes_and_not_too_many() {
        assert_eq!(span(0, 60, None), Ok((0, 60, 60, 1)));
        assert_eq!(span(59, 61, None), Ok((0, 120, 60, 2)));
        assert_eq!(span(0, 86_400, None), Ok((0, 86_400, 300, 288)));
        assert_eq!(span(0, 601, Some(120)), Ok((0, 720, 120, 6)));
        assert_eq!(span(0, 90_000, Some(60)), Ok((0, 90_000, 60, 1_500)));
        assert_eq!(span(0, 90_001, Some(60)), Err("/step".to_owned()));
        assert_eq!(span(0, 600, Some(0)), Err("/step".to_owned()));
        assert_eq!(span(0, 600, Some(90)), Err("/step".to_owned()));
        assert_eq!(span(600, 600, None), Err("/since".to_owned()));
        assert_eq!(span(6_000, 60, None), Err("/since".to_owned()));
        assert_eq!(span(-62_000_000_000, 253_000_000_000, None).map(|span| span.3), Ok(300));
    }
}
