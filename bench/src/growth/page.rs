//! The tables, the plots, and `docs/growth.md` around them.

use std::fmt::Write;

use super::place::Kind;
use super::{Along, Point};
use crate::figure::Spread;
use crate::page::noise;
use crate::plot::{Line, Plot};
use crate::quiet::Others;

/// By how much the cost may grow from the smallest to the largest.
const AIM: f64 = 1.3;

/// One table for each thing that grows; nothing where it was not measured.
pub(crate) fn table(along: Along, points: &[Point], others: Others) -> String {
    let mut text = String::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let points: Vec<&Point> = of(along, kind, points).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        if text.is_empty() {
            let _ = writeln!(
                text,
                "## {}\n\n| database | {} | login: processor time, µs | p50, ms | first login: processor time, µs | p50, ms | \
                 check: processor time, µs | p50, ms | first check: p50, ms |\n|---|---|---|---|---|---|---|---|---|",
                title(along),
                along.what()
            );
        }
        for Point { size, cost, .. } in &points {
            let _ = writeln!(
                text,
                "| {} | {size} | {} | {:.2} | {:.0} | {:.2} | {} | {:.3} | {:.2} |",
                kind.name(),
                spread(cost.login_cpu, 0),
                cost.login_p50.median,
                cost.first_cpu,
                cost.first_p50,
                spread(cost.check_cpu, 1),
                cost.check_p50.median,
                cost.cold_p50
            );
        }
        let grown = |value: fn(&Point) -> f64| value(last) / value(first);
        let (login, check) = (grown(login), grown(check));
        let first_login = last.cost.first_cpu / first.cost.first_cpu;
        let _ = writeln!(
            text,
            "| **{}** | **largest : smallest** | **{login:.2}** {} | {:.2} | {first_login:.2} | {:.2} | **{check:.2}** {} | {:.2} | {:.2} |",
            kind.name(),
            verdict(login, others),
            last.cost.login_p50.median / first.cost.login_p50.median,
            last.cost.first_p50 / first.cost.first_p50,
            verdict(check, others),
            last.cost.check_p50.median / first.cost.check_p50.median,
            last.cost.cold_p50 / first.cost.cold_p50
        );
    }
    if !text.is_empty() {
        let _ = writeln!(text, "\n![{}](pictures/growth-{}.svg)\n", title(along), along.name());
    }
    text
}

/// Each cost over its own at the smallest size.
pub(crate) fn plot(along: Along, points: &[Point]) -> Plot {
    let mut lines = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for (word, value) in [("login", login as fn(&Point) -> f64), ("check", check)] {
            let Some(first) = of(along, kind, points).next().map(value) else { continue };
            let points = of(along, kind, points).map(|point| (point.size as f64, value(point) / first)).collect();
            lines.push(Line { name: format!("{word}, {}", kind.name()), points });
        }
    }
    Plot { name: along.name(), title: title(along), across: along.what(), lines, aim: Some(AIM) }
}

/// The whole page.
pub(crate) fn page(tables: &str, rounds: usize, machine: &str, others: Others) -> String {
    let noise = noise(others);
    format!(
        "\
# Growth

Made by `cargo run --release -p durward-bench -- growth --write docs`. What a login and a check cost beside few and beside many.
What counts is how the largest stands to the smallest: the aim is at most {AIM} × for the processor time that the server
itself takes, the password's hash apart.

Machine: {machine}. {noise}

{tables}## How it was measured

- Each size has a database of its own, filled by SQL: accounts with a profile and a device each, live sessions with a refresh
  token each, and the login trail of the last month. What a table does not name is 10,000 users, 10,000 sessions and 10,000
  rows of the trail. PostgreSQL has its own settings (`fsync` on) and has been vacuumed and analysed; SQLite
  brings what is acknowledged to the disk, and its tables were never analysed, as the server never does it.
- The hash is the cheapest that the configuration allows (`memory_kib = 8`, `iterations = 1`), some microseconds, so that the
  rest of a login is what is seen.
- 1,000 accounts, chosen by chance out of all, log in once (the first login), and then once in each of {rounds} rounds, over 4
  connections (20 where there are more nodes than one to compare, shared out among them) in a closed loop. The nodes are started again; each of the sessions is checked once (the first
  check) with `GET /api/v1/auth/status`, and then 30,000 times in each round. Minimum · median · maximum are of the rounds.
- Processor time is that of the server's process, all threads. SQLite is in it. PostgreSQL is not: what it takes is seen in
  how long the client waits.
- Of the largest databases only what the 1,000 accounts need is in memory after their first login; that one shows what the
  rest costs.
- Idle sockets are open while others log in and check, in sessions of the same accounts. Nodes share one PostgreSQL and the
  machine's cores, and their processor time is added up. With more processes than cores each is woken more often, for fewer
  requests at a time: that is in their figures, and would not be on machines of their own.
- Where a process may not have as many descriptors as the most sockets need, there are as many sockets as it may have
  (`ulimit -Hn`). Sizes, and how to go further (`--most 10000000`): `cargo run -p durward-bench -- growth --help`.
"
    )
}

fn of(along: Along, kind: Kind, points: &[Point]) -> impl Iterator<Item = &Point> {
    points.iter().filter(move |point| point.along == along && point.kind == kind)
}

fn login(point: &Point) -> f64 {
    point.cost.login_cpu.median
}

fn check(point: &Point) -> f64 {
    point.cost.check_cpu.median
}

const fn title(along: Along) -> &'static str {
    match along {
        Along::Users => "Users",
        Along::Sessions => "Live sessions",
        Along::Trail => "The login trail",
        Along::Sockets => "Idle WebSockets",
        Along::Nodes => "Nodes",
    }
}

fn verdict(grown: f64, others: Others) -> &'static str {
    match grown <= AIM {
        _ if !others.were_quiet() => "(not judged)",
        true => "(met)",
        false => "(**not met**)",
    }
}

fn spread(spread: Spread, digits: usize) -> String {
    format!("{:.digits$} · {:.digits$} · {:.digits$}", spread.min, spread.median, spread.max)
}
