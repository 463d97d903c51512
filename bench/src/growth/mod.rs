//! What grows with use, and what must not grow with it: the cost of a login and of a check, beside a thousand users and
//! beside millions.

mod cost;
mod fill;
mod page;
mod place;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use durward_proto::SystemClock;

use crate::child::Programs;
use crate::postgres::Postgres;
use crate::quiet::Watch;
use crate::sockets;
use crate::{Outcome, machine, runtime, tell};
use cost::{Cost, Load};
use fill::Rows;
use place::{Kind, Place};

pub(crate) const USAGE: &str = "\
Measures the cost of a login and of a check beside few and beside many users, sessions, rows, sockets and nodes.

usage: cargo run --release -p durward-bench -- growth [--least N] [--most N] [--rounds N] [--along WHAT]... [--as-built]
                                                      [--write DIR]

  --least N     leave out what is smaller than N (for a look at one size)
  --most N      go no further than N users, sessions or rows (1000000; there is more up to 100000000)
  --rounds N    how many rounds each size gets (3)
  --along WHAT  along this alone: users, sessions, trail, sockets, nodes
  --as-built    measure the server that stands beside this program, without building it
  --write DIR   write growth.md and its plots there; the plots alone when not all is measured
";

/// How many descriptors a process needs for other things than idle sockets: durward keeps half of them from connections.
const SPARE: usize = 200;

/// Along what it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    Users,
    Sessions,
    Trail,
    Sockets,
    Nodes,
}

impl Along {
    pub(crate) const ALL: [Self; 5] = [Self::Users, Self::Sessions, Self::Trail, Self::Sockets, Self::Nodes];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Sessions => "sessions",
            Self::Trail => "trail",
            Self::Sockets => "sockets",
            Self::Nodes => "nodes",
        }
    }

    /// In words.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Sessions => "live sessions",
            Self::Trail => "rows of the login trail",
            Self::Sockets => "idle WebSockets",
            Self::Nodes => "nodes on one PostgreSQL",
        }
    }

    const fn sizes(self) -> &'static [usize] {
        match self {
            Self::Users => &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
            Self::Sessions => &[1_000, 10_000, 100_000, 1_000_000],
            Self::Trail => &[10, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000],
            Self::Sockets => &[100, 1_000, 10_000, 20_000],
            Self::Nodes => &[1, 2, 3, 4, 5],
        }
    }

    /// What stands in the database at a size.
    fn rows(self, size: usize) -> Rows {
        let usual = Rows { users: 10_000, sessions: 10_000, attempts: 10_000 };
        match self {
            Self::Users => Rows { users: size, ..usual },
            Self::Sessions => Rows { sessions: size, ..usual },
            Self::Trail => Rows { attempts: size, ..usual },
            Self::Sockets | Self::Nodes => usual,
        }
    }
}

/// What is wanted.
#[derive(Debug)]
struct Wish {
    least: usize,
    most: usize,
    rounds: usize,
    along: Vec<Along>,
    as_built: bool,
    write: Option<PathBuf>,
}

/// What was measured at one size.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) along: Along,
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    pub(crate) cost: Cost,
}

/// The program's part `growth`. `None` when the words are not understood.
pub(crate) fn run(words: &[String]) -> Option<Outcome<()>> {
    let wish = read(words)?;
    Some(runtime().and_then(|runtime| runtime.block_on(measure(&wish))))
}

fn read(words: &[String]) -> Option<Wish> {
    let mut wish = Wish { least: 0, most: 1_000_000, rounds: 3, along: vec![], as_built: false, write: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--least" => wish.least = words.next()?.parse().ok()?,
            "--most" => wish.most = words.next()?.parse().ok()?,
            "--rounds" => wish.rounds = words.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--along" => {
                let name = words.next()?;
                wish.along.push(Along::ALL.into_iter().find(|along| along.name() == name)?);
            }
            "--as-built" => wish.as_built = true,
            "--write" => wish.write = Some(PathBuf::from(words.next()?)),
            _ => return None,
        }
    }
    Some(wish)
}

async fn measure(wish: &Wish) -> Outcome<()> {
    let programs = if wish.as_built { Programs::beside()? } else { Programs::build()? };
    let clock = SystemClock::new();
    let watch = Watch::begin(&clock)?;
    let descriptors = sockets::allow_descriptors()?;
    let mut points = Vec::new();
    for along in Along::ALL.into_iter().filter(|along| wish.along.is_empty() || wish.along.contains(along)) {
        let kinds: &[Kind] = if along == Along::Nodes { &[Kind::Postgres] } else { &[Kind::Sqlite, Kind::Postgres] };
        for kind in kinds {
            for size in along.sizes().iter().copied().filter(|size| (wish.least..=wish.most).contains(size)) {
                let size = if along == Along::Sockets { size.min(descriptors.saturating_sub(SPARE)) } else { size };
                tell(&format!("measuring: {}, {size} {}", kind.name(), along.what()));
                let cost = at_size(along, *kind, size, wish.rounds, &programs, &clock).await?;
                tell(&format!("           {cost}"));
                points.push(Point { along, kind: *kind, size, cost });
            }
        }
    }
    let others = watch.end()?;
    let tables: String = Along::ALL.into_iter().map(|along| page::table(along, &points, others)).collect();
    writeln!(io::stdout(), "\n{tables}\n{}", crate::page::noise(others))?;
    if let Some(docs) = &wish.write {
        // A page with some of the tables would pass for all of them.
        if wish.along.is_empty() && wish.least == 0 {
            let page = page::page(&tables, wish.rounds, &machine::describe(), others);
            std::fs::write(docs.join("growth.md"), page)?;
        }
        for along in Along::ALL.into_iter().filter(|along| points.iter().any(|point| point.along == *along)) {
            let plot = page::plot(along, &points);
            std::fs::write(docs.join(format!("pictures/growth-{}.svg", along.name())), plot.svg())?;
        }
    }
    Ok(())
}

/// A database of its own for each size, so that none finds what another has left.
async fn at_size(
    along: Along,
    kind: Kind,
    size: usize,
    rounds: usize,
    programs: &Programs,
    clock: &Arc<SystemClock>,
) -> Outcome<Cost> {
    let postgres = match kind {
        Kind::Sqlite => None,
        Kind::Postgres => Some(Postgres::start().await?),
    };
    let nodes = if along == Along::Nodes { size } else { 1 };
    let place = Place::make(programs, postgres.as_ref(), nodes).await?;
    let rows = along.rows(size);
    fill::fill(&place, rows, clock).await?;
    let held = if along == Along::Sockets { size } else { 0 };
    // The same for one node as for five.
    let clients = if along == Along::Nodes { 20 } else { 4 };
    cost::measure(&place, rows.users, Load { rounds, clients, held }, clock).await
}
