//! durward against a service that does the same with FastAPI, SQLAlchemy and PyJWT (`bench/fastapi`), both on SQLite. No
//! aim: what it shows is what a change of one for the other would bring.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use durward_proto::SystemClock;
use rustix::process::Signal;

use crate::accounts::{log_in, login, open_account};
use crate::asked::{Asked, CONNECTIONS};
use crate::child::{Programs, Server, free_address};
use crate::database::Database;
use crate::figure::{Aim, Figure};
use crate::load::{self, Client};
use crate::refresh::{SESSIONS, Session};
use crate::report::Report;
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many log in at once.
const CLIENTS: usize = 16;
const AGAINST: &str = "FastAPI, SQLAlchemy, PyJWT";

/// Requests, logins and refreshes.
pub(crate) async fn measure(
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    let service = Service::install()?;
    for path in ["/api/v1/auth/status", "/api/v1/profile"] {
        report.figures.push(requests(path, &service, effort, programs, clock).await?);
    }
    report.figures.push(logins(&service, effort, programs, clock).await?);
    report.figures.push(refreshes(&service, effort, programs, clock).await?);
    Ok(())
}

async fn requests(
    path: &'static str,
    service: &Service,
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
) -> Outcome<Figure> {
    let ours = Asked::durward(programs, Database::Sqlite, path, &[]).await?;
    let (server, scratch) = service.start().await?;
    let mut client = Client::connect(server.address).await?;
    open_account(&mut client, 0).await?;
    let token = log_in(&mut client, 0).await?.access;
    let theirs = Asked::new(server, path, token, Some(scratch)).await?;
    for asked in [&ours, &theirs] {
        asked.ask(1, clock).await?;
    }
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let (theirs, _) = theirs.ask(effort.seconds, clock).await?;
        let (ours, _) = ours.ask(effort.seconds, clock).await?;
        rounds.push((ours.rate(), theirs.rate()));
    }
    Ok(figure(format!("`GET {path}` on SQLite, bearer token, {CONNECTIONS} connections"), "requests/s", rounds))
}

async fn logins(service: &Service, effort: Effort, programs: &Programs, clock: &Arc<SystemClock>) -> Outcome<Figure> {
    let (ours, _ours) = durward(programs).await?;
    let (theirs, _theirs) = service.start().await?;
    let mut requests = Vec::new();
    for server in [&ours, &theirs] {
        let mut client = Client::connect(server.address).await?;
        for number in 0..CLIENTS {
            open_account(&mut client, number).await?;
        }
        let each = (0..CLIENTS).map(|number| load::post(server.address, "/api/v1/auth/login", &login(number)));
        requests.push(each.collect::<Outcome<Vec<_>>>()?);
    }
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let mut rates = Vec::new();
        for (server, requests) in [&ours, &theirs].into_iter().zip(&requests) {
            let load = load::run(server.address, requests.clone(), effort.seconds, clock).await?;
            rates.push(load.all_good()?.rate());
        }
        rounds.extend(pair(&rates));
    }
    Ok(figure(format!("logins on SQLite, {CLIENTS} clients"), "logins/s", rounds))
}

async fn refreshes(
    service: &Service,
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
) -> Outcome<Figure> {
    let (ours, _ours) = durward(programs).await?;
    let (theirs, _theirs) = service.start().await?;
    let both = [
        (ours.address, Session::open_all(ours.address).await?),
        (theirs.address, Session::open_all(theirs.address).await?),
    ];
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let mut rates = Vec::new();
        for (address, sessions) in &both {
            let load = load::run(*address, sessions.clone(), effort.seconds, clock).await?;
            rates.push(load.all_good()?.rate());
        }
        rounds.extend(pair(&rates));
    }
    Ok(figure(format!("`POST /api/v1/auth/refresh` on SQLite, {SESSIONS} sessions"), "refreshes/s", rounds))
}

fn figure(what: String, unit: &'static str, rounds: Vec<(f64, f64)>) -> Figure {
    Figure { what, unit, against: AGAINST, rounds, aim: Aim::Nothing }
}

fn pair(rates: &[f64]) -> Option<(f64, f64)> {
    Some((*rates.first()?, *rates.get(1)?))
}

async fn durward(programs: &Programs) -> Outcome<(Server, Scratch)> {
    let scratch = Scratch::new()?;
    let mut server = Database::Sqlite.durward(programs, &scratch, &[]).await?;
    server.ready("/health/ready").await?;
    Ok((server, scratch))
}

/// The service with its libraries, each of the version that it names.
struct Service {
    python: PathBuf,
    app: PathBuf,
}

impl Service {
    /// In a virtual environment under `target`, which is made once.
    fn install() -> Outcome<Self> {
        let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("fastapi");
        let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-fastapi");
        let (wanted, installed) = (app.join("requirements.txt"), environment.join("requirements.txt"));
        let python = environment.join("bin/python");
        let wants = std::fs::read_to_string(&wanted)?;
        // Written last: what is there is there as a whole.
        if std::fs::read_to_string(&installed).unwrap_or_default() != wants {
            let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).output();
            good(made.map_err(|error| format!("python3: {error}"))?)?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
            good(Command::new(&python).args(pip).arg(&wanted).output()?)?;
            std::fs::write(installed, wants)?;
        }
        Ok(Self { python, app })
    }

    /// On a database of its own, with a worker for each core.
    async fn start(&self) -> Outcome<(Server, Scratch)> {
        let (scratch, address) = (Scratch::new()?, free_address()?);
        let python = || {
            let mut command = Command::new(&self.python);
            command.env_clear().current_dir(&self.app).env("PYTHONDONTWRITEBYTECODE", "1");
            command.env("DATABASE", scratch.path().join("app.db"));
            command.env("SECRET", "nobody else signs with this key, which only measures");
            command
        };
        good(python().arg("app.py").output()?)?;
        let workers = std::thread::available_parallelism()?.to_string();
        let port = address.port().to_string();
        let child = python()
            .args(["-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", &port, "--workers", &workers])
            .args(["--no-access-log", "--log-level", "warning"])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(scratch.path().join("log"))?)
            .spawn()?;
        // Killed, it would leave its workers behind.
        let mut server = Server::new(child, address, Signal::TERM).logging_to(scratch.path().join("log"));
        server.ready("/health/ready").await?;
        Ok((server, scratch))
    }
}

/// What a program says when it fails is the error.
fn good(output: Output) -> Outcome<()> {
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().into())
}
