//! What durward costs, against the primitives that it is made of: one run, one table, ratios.
//!
//! Each figure is measured in several rounds, durward and the bare thing in turns, so that whatever else the machine
//! does strikes both. Minimum, median and maximum are of the rounds' ratios.

mod bare;
mod check;
mod child;
mod figure;
pub mod inside;
mod load;
mod logins;
mod machine;
mod page;
mod quiet;
mod roster;
pub mod scratch;
mod seed;
mod sockets;
mod start;
mod status;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use durward_proto::SystemClock;

use child::Programs;
use figure::Figure;
use quiet::Watch;

/// What can go wrong here is for the person who measures.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "\
Measures durward against the primitives it is made of.

usage: cargo run --release -p durward-bench -- [--rounds N] [--seconds N] [--only PART]... [--as-built] [--write]

  --rounds N   how many rounds each figure gets (7)
  --seconds N  how long each side of a round is under load (3)
  --only PART  measure this part alone: check, status, logins, start, sockets, roster
  --as-built   measure the server that stands beside this program, without building it
  --write      write docs/performance.md; only when all parts are measured
";

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    rounds: usize,
    seconds: u64,
}

/// What is measured, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Check,
    Status,
    Logins,
    Start,
    Sockets,
    Roster,
}

impl Part {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Check, "check", "token check in process"),
        (Self::Status, "status", "authenticated requests"),
        (Self::Logins, "logins", "logins"),
        (Self::Start, "start", "starting"),
        (Self::Sockets, "sockets", "sockets"),
        (Self::Roster, "roster", "a million sessions"),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known, _)| *known == name).map(|(part, ..)| part)
    }
}

/// The program: what `main` does.
pub fn run() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // The other side of the comparison is this same program.
    let done = if words == ["bare"] {
        runtime().and_then(|runtime| runtime.block_on(bare::serve()))
    } else if words == ["bare-sockets"] {
        runtime().and_then(|runtime| runtime.block_on(sockets::serve_bare()))
    } else if let Some(wish) = read(&words) {
        measure(&wish)
    } else {
        let _ = write!(io::stderr(), "{USAGE}");
        return ExitCode::from(2);
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is wanted.
#[derive(Debug)]
struct Wish {
    effort: Effort,
    /// These parts; all when it is empty.
    only: Vec<Part>,
    as_built: bool,
    write: bool,
}

fn read(words: &[String]) -> Option<Wish> {
    let mut wish = Wish { effort: Effort { rounds: 7, seconds: 3 }, only: vec![], as_built: false, write: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => wish.write = true,
            "--as-built" => wish.as_built = true,
            "--only" => wish.only.push(Part::named(words.next()?)?),
            "--rounds" => wish.effort.rounds = words.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--seconds" => wish.effort.seconds = words.next()?.parse().ok().filter(|seconds| *seconds > 0)?,
            _ => return None,
        }
    }
    // A page with some of the figures would pass for all of them.
    (wish.only.is_empty() || !wish.write).then_some(wish)
}

fn measure(wish: &Wish) -> Outcome<()> {
    let Wish { effort, ref only, as_built, write } = *wish;
    // What is measured in process needs no server.
    let programs = if as_built || only[..] == [Part::Check] { Programs::beside()? } else { Programs::build()? };
    let clock = SystemClock::new();
    let watch = Watch::begin(&clock)?;
    let mut figures: Vec<Figure> = Vec::new();
    let runtime = runtime()?;
    for (part, _, what) in Part::ALL {
        if !only.is_empty() && !only.contains(&part) {
            continue;
        }
        tell(what);
        figures.extend(match part {
            Part::Check => check::measure(effort, &clock)?,
            Part::Status => runtime.block_on(status::measure(effort, &programs, &clock))?,
            Part::Logins => runtime.block_on(logins::measure(effort, &programs, &clock))?,
            Part::Start => runtime.block_on(start::measure(effort, &programs, &clock))?,
            Part::Sockets => runtime.block_on(sockets::measure(effort, &programs, &clock))?,
            Part::Roster => runtime.block_on(roster::measure(&programs, &clock))?,
        });
    }

    let others = watch.end()?;
    let table = page::table(&figures, others);
    writeln!(io::stdout(), "\n{table}\n{}", page::noise(others))?;
    if write {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        std::fs::write(path, page::page(&table, effort, &machine::describe(), others))?;
    }
    Ok(())
}

fn tell(what: &str) {
    let _ = writeln!(io::stderr(), "measuring: {what}");
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
