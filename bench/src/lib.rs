//! What durward costs, against the primitives that it is made of: one run, one table, ratios.
//!
//! Each figure is measured in several rounds, durward and the bare thing in turns, so that whatever else the machine
//! does strikes both. Minimum, median and maximum are of the rounds' ratios.

mod accounts;
mod asked;
mod bare;
mod check;
mod child;
mod database;
mod durable;
mod echo;
mod estimates;
mod fastapi;
mod figure;
mod growth;
pub mod inside;
mod latency;
mod load;
mod logins;
mod machine;
mod open_loop;
mod page;
mod plot;
mod postgres;
mod profile;
mod quiet;
mod refresh;
mod report;
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
use std::sync::Arc;

use durward_proto::SystemClock;

use child::Programs;
use figure::Figure;
use quiet::Watch;
use report::Report;

/// What can go wrong here is for the person who measures.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "\
Measures durward against the primitives it is made of.

usage: scripts/bench [--rounds N] [--seconds N] [--only PART]... [--inside DIR] [--as-built] [--write DIR]

  --rounds N   how many rounds each figure gets (7)
  --seconds N  how long each side of a round is under load (3)
  --only PART  measure this part alone: check, status, profile, refresh, logins, start,
               sockets, roster, fastapi
  --inside DIR show what criterion found besides: target/criterion, after `cargo bench -p durward-bench`
  --as-built   measure the server that stands beside this program, without building it
  --write DIR  write performance.md and its plots there; only when all parts are measured

`growth` as the first word: what costs become beside millions; `growth --help` says more.
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
    Profile,
    Refresh,
    Logins,
    Start,
    Sockets,
    Roster,
    FastApi,
}

impl Part {
    const ALL: [(Self, &'static str, &'static str); 9] = [
        (Self::Check, "check", "token check in process"),
        (Self::Status, "status", "authenticated requests"),
        (Self::Profile, "profile", "profiles"),
        (Self::Refresh, "refresh", "refreshes"),
        (Self::Logins, "logins", "logins"),
        (Self::Start, "start", "starting"),
        (Self::Sockets, "sockets", "sockets"),
        (Self::Roster, "roster", "a million sessions"),
        (Self::FastApi, "fastapi", "FastAPI"),
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
    } else if let Some(("growth", wish)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        match growth::run(wish) {
            Some(done) => done,
            None => {
                let _ = write!(io::stderr(), "{}", growth::USAGE);
                return ExitCode::from(2);
            }
        }
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
    inside: Option<PathBuf>,
    as_built: bool,
    write: Option<PathBuf>,
}

fn read(words: &[String]) -> Option<Wish> {
    let effort = Effort { rounds: 7, seconds: 3 };
    let mut wish = Wish { effort, only: vec![], inside: None, as_built: false, write: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => wish.write = Some(words.next()?.into()),
            "--as-built" => wish.as_built = true,
            "--inside" => wish.inside = Some(words.next()?.into()),
            "--only" => wish.only.push(Part::named(words.next()?)?),
            "--rounds" => wish.effort.rounds = words.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--seconds" => wish.effort.seconds = words.next()?.parse().ok().filter(|seconds| *seconds > 0)?,
            _ => return None,
        }
    }
    // A page with some of the figures would pass for all of them.
    (wish.only.is_empty() || wish.write.is_none()).then_some(wish)
}

fn measure(wish: &Wish) -> Outcome<()> {
    let Wish { effort, ref only, ref inside, as_built, ref write } = *wish;
    // What is measured in process needs no server.
    let programs = if as_built || only[..] == [Part::Check] { Programs::beside()? } else { Programs::build()? };
    let clock = SystemClock::new();
    let watch = Watch::begin(&clock)?;
    let mut report = Report::default();
    let runtime = runtime()?;
    for (part, _, what) in Part::ALL {
        if !only.is_empty() && !only.contains(&part) {
            continue;
        }
        tell(&format!("measuring: {what}"));
        let (programs, clock, report) = (&programs, &clock, &mut report);
        let done = match part {
            Part::Check => check::measure(effort, clock).map(|figures| report.figures.extend(figures)),
            part => runtime.block_on(measure_part(part, effort, programs, clock, report)),
        };
        // The others are worth having all the same.
        if let Err(error) = done {
            report.leave_out(what, error);
        }
    }

    match inside.as_deref().map(estimates::read) {
        Some(Ok(figures)) => report.figures.extend(figures),
        Some(Err(error)) => report.leave_out("in process", error),
        None if only.is_empty() => report.leave_out("in process", "criterion's benches were not run"),
        None => {}
    }

    let others = watch.end()?;
    let table = page::table(&report.figures, others);
    writeln!(io::stdout(), "\n{table}\n{}\n{}", page::noise(others), page::left_out(&report))?;
    if let Some(directory) = write {
        let pictures = directory.join("pictures");
        std::fs::create_dir_all(&pictures)?;
        let picture = |name: &str| pictures.join(format!("performance-{name}.svg"));
        std::fs::write(picture("aims"), plot::against_aims(&report.figures, others))?;
        for plot in &report.plots {
            std::fs::write(picture(plot.name), plot.svg())?;
        }
        let page = page::page(&report, effort, &machine::describe(), others);
        std::fs::write(directory.join("performance.md"), page)?;
    }
    Ok(())
}

async fn measure_part(
    part: Part,
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    let figures: Vec<Figure> = match part {
        Part::Check => check::measure(effort, clock)?,
        Part::Status => status::measure(effort, programs, clock).await?,
        Part::Profile => return profile::measure(effort, programs, clock, report).await,
        Part::Refresh => return refresh::measure(effort, programs, clock, report).await,
        Part::Logins => return logins::measure(effort, programs, clock, report).await,
        Part::Start => start::measure(effort, programs, clock).await?,
        Part::Sockets => return sockets::measure(effort, programs, clock, report).await,
        Part::Roster => roster::measure(programs, clock).await?,
        Part::FastApi => return fastapi::measure(effort, programs, clock, report).await,
    };
    report.figures.extend(figures);
    Ok(())
}

fn tell(what: &str) {
    let _ = writeln!(io::stderr(), "{what}");
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
