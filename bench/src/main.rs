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
mod scratch;
mod start;
mod status;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use durward_proto::SystemClock;

use child::Programs;
use figure::Figure;

/// What can go wrong here is for the person who measures.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Measures durward against the primitives it is made of.
#[derive(Debug, Parser)]
#[command(name = "durward-bench", after_help = "Example: cargo run --release -p durward-bench -- --write")]
struct Arguments {
    /// How many rounds each figure gets
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long each side of a round is under load, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Write docs/performance.md
    #[arg(long)]
    write: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the bare handler that durward is compared with
    #[command(hide = true)]
    Bare,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    rounds: usize,
    seconds: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Bare) => runtime().and_then(|runtime| runtime.block_on(bare::serve())),
        None => measure(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Outcome<()> {
    let programs = Programs::build()?;
    let effort = Effort { rounds: arguments.rounds.max(1), seconds: arguments.seconds.max(1) };
    let clock = SystemClock::new();
    let mut figures: Vec<Figure> = Vec::new();
    tell("token check in process");
    figures.push(check::measure(effort, &clock)?);
    let runtime = runtime()?;
    tell("authenticated requests");
    figures.extend(runtime.block_on(status::measure(effort, &programs, &clock))?);
    tell("logins");
    figures.extend(runtime.block_on(logins::measure(effort, &programs, &clock))?);
    tell("starting");
    figures.extend(runtime.block_on(start::measure(effort, &programs, &clock))?);

    let table = page::table(&figures);
    writeln!(io::stdout(), "\n{table}")?;
    if arguments.write {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
        std::fs::write(path, page::page(&table, effort, &machine::describe()))?;
    }
    Ok(())
}

fn tell(what: &str) {
    let _ = writeln!(io::stderr(), "measuring: {what}");
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
