//! A PostgreSQL server of one's own, set as PostgreSQL sets itself: what is committed is on the disk.

use std::fmt::Write;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use durward_verify::SystemRandom;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::Outcome;
use crate::child::free_address;
use crate::scratch::Scratch;

/// The oldest that durward runs on.
const OLDEST: u32 = 15;
/// How long it may take until it lets somebody in.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Postgres {
    child: Child,
    url: String,
    databases: AtomicUsize,
    _data: Scratch,
}

impl Postgres {
    /// A new one, with nothing in it.
    ///
    /// # Errors
    /// In words, where there are no programs of a PostgreSQL server.
    pub(crate) async fn start() -> Outcome<Self> {
        let programs = programs().ok_or("no programs of a PostgreSQL server, 15 or newer, were found")?;
        let (scratch, owner) = (Scratch::new()?, owner()?);
        // A password even for a minute: everybody on this machine could come in otherwise.
        let mut password = String::new();
        for byte in durward_proto::random::bytes::<16>(&SystemRandom) {
            write!(password, "{byte:02x}")?;
        }
        let (data, secret) = (scratch.path().join("data"), scratch.path().join("password"));
        std::fs::write(&secret, &password)?;
        if let Some((user, group)) = owner {
            chown(scratch.path(), Some(user), Some(group))?;
            chown(&secret, Some(user), Some(group))?;
        }
        let made = program(&programs.join("initdb"), owner)
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"])
            .arg("--pwfile")
            .arg(&secret)
            .output()?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let address = free_address()?;
        let log = scratch.path().join("log");
        // Not by pg_ctl: a child's processor time is ours, that of a daemon somebody else's.
        let child = program(&programs.join("postgres"), owner)
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &address.port().to_string(), "-c", "unix_socket_directories="])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        let url = format!("postgres://postgres:{password}@{address}");
        let server = Self { child, url, databases: AtomicUsize::new(0), _data: scratch };
        match tokio::time::timeout(PATIENCE, server.lets_in()).await {
            Ok(()) => Ok(server),
            Err(_) => {
                Err(format!("PostgreSQL does not start: {}", std::fs::read_to_string(log).unwrap_or_default()).into())
            }
        }
    }

    /// A new database: its URL.
    pub(crate) async fn make_database(&self) -> Outcome<String> {
        let name = format!("bench_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut connection = self.connect().await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(format!("{}/{name}?sslmode=disable", self.url))
    }

    async fn lets_in(&self) {
        while self.connect().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn connect(&self) -> Outcome<PgConnection> {
        let options: PgConnectOptions = format!("{}/postgres?sslmode=disable", self.url).parse()?;
        Ok(options.connect().await?)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nothing has to survive. Its own processes are waited for by itself, which killing it would prevent.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = self.child.wait();
    }
}

/// The directory with the programs: of the oldest server that durward runs on, as in the tests.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<u32> = debian.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    let debian = versions.into_iter().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let elsewhere = Command::new("pg_config").arg("--bindir").output().ok();
    let elsewhere = elsewhere.and_then(|output| String::from_utf8(output.stdout).ok());
    let elsewhere = elsewhere.map(|path| PathBuf::from(path.trim()));
    debian.chain(elsewhere).find(|path| path.join("initdb").is_file() && version(path) >= Some(OLDEST))
}

fn version(programs: &Path) -> Option<u32> {
    let output = Command::new(programs.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split(|char: char| !char.is_ascii_digit()).find(|part| !part.is_empty())?;
    number.parse().ok()
}

/// The server refuses to run as root: who it runs as then.
fn owner() -> Outcome<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    let numbers = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = numbers("postgres").or_else(|| numbers("nobody"));
    Ok(Some(found.ok_or("there is no user whom PostgreSQL could run as")?))
}

fn program(path: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(path);
    command.env_clear().current_dir("/");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
