//! What durward costs, against the primitives that it is made of: one run, one table, ratios.
//!
//! Each figure is measured in several rounds, durward and the bare thing in turns, so that whatever else the machine
//! does strikes both. Minimum, median and maximum are of the rounds' ratios.

mod bare;
mod check;
mod child;
mod figure;
mod load;
mod logins;
mod machine;
mod page;
mod quiet;
mod scratch;
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
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "\
Measures durward against the primitives it is made of.

usage: cargo run --release -p durward-bench -- [--rounds N] [--seconds N] [--write]

  --rounds N   how many rounds each figure gets (7)
  --seconds N  how long each side of a round is under load (3)
  --write      write docs/performance.md
";

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    rounds: usize,
    seconds: u64,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // The other side of the comparison is this same program.
    let done = if words == ["bare"] {
        runtime().and_then(|runtime| runtime.block_on(bare::serve()))
    } else if let Some((effort, write)) = read(&words) {
        measure(effort, write)
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

/// How much to measure, and whether to write the page.
fn read(words: &[String]) -> Option<(Effort, bool)> {
    let (mut effort, mut write) = (Effort { rounds: 7, seconds: 3 }, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => write = true,
            "--rounds" => effort.rounds = words.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            "--seconds" => effort.seconds = words.next()?.parse().ok().filter(|seconds| *seconds > 0)?,
            _ => return None,
        }
    }
    Some((effort, write))
}

fn measure(effort: Effort, write: bool) -> Outcome<()> {
    let programs = Programs::build()?;
    let clock = SystemClock::new();
    let watch = Watch::begin(&clock)?;
    let mut figures: Vec<Figure> = Vec::new();
    tell("token check in process");
    figures.extend(check::measure(effort, &clock)?);
    let runtime = runtime()?;
    tell("authenticated requests");
    figures.extend(runtime.block_on(status::measure(effort, &programs, &clock))?);
    tell("logins");
    figures.extend(runtime.block_on(logins::measure(effort, &programs, &clock))?);
    tell("starting");
    figures.extend(runtime.block_on(start::measure(effort, &programs, &clock))?);

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
