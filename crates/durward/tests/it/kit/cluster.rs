//! A PostgreSQL server of a test's own, which can be stopped, frozen and started again.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::process::{Pid, Signal, kill_process};

/// The oldest version that is promised to work.
const OLDEST: u32 = 15;

/// The server. It is stopped, and its files are removed, when this goes.
pub struct Cluster {
    pub port: u16,
    password: String,
    /// Where `initdb`, `pg_ctl` and `psql` are.
    programs: PathBuf,
    /// Whom it runs as where that is not whoever runs the tests: the server refuses to run as root.
    user: Option<&'static str>,
    directory: tempfile::TempDir,
}

impl Cluster {
    /// Makes one and starts it.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(Self::make).await.unwrap()
    }

    fn make() -> Self {
        let directory = tempfile::Builder::new().prefix("durward-cluster.").tempdir_in("/tmp").unwrap();
        let password: String =
            directory.path().display().to_string().chars().rev().take_while(|c| *c != '.').collect::<String>() + "'%/";
        let user =
            rustix::process::getuid().is_root().then(|| if is_there("postgres") { "postgres" } else { "nobody" });
        let mut cluster = Self { port: 0, password, programs: programs(), user, directory };
        let secret = cluster.directory.path().join("password");
        fs::write(&secret, &cluster.password).unwrap();
        if let Some(user) = user {
            run(Command::new("chown").arg("-R").arg(user).arg(cluster.directory.path()));
        }
        let mut initdb = cluster.command("initdb");
        initdb.arg("-D").arg(cluster.data()).args(["-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8"]);
        initdb.args(["--no-locale", "--no-sync"]).arg("--pwfile").arg(&secret);
        run(&mut initdb);
        for _ in 0..5 {
            cluster.port = free_port();
            if cluster.try_up() {
                return cluster;
            }
        }
        panic!("the server does not start:\n{}", cluster.log());
    }

    /// The URL of its database, at this address.
    pub fn url(&self, host: &str, port: u16) -> String {
        let password: String = url::form_urlencoded::byte_serialize(self.password.as_bytes()).collect();
        format!("postgresql://postgres:{password}@{host}:{port}/postgres")
    }

    /// Stops it: `fast` cuts everybody off and shuts down in order, `immediate` is as if it had crashed.
    pub async fn down(&self, mode: &str) {
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(self.data()).args(["-m", mode, "-w", "-s", "stop"]);
        blocking(move || run(&mut stop)).await;
    }

    /// Starts it again, and waits until it lets people in.
    pub async fn up(&self) {
        let mut start = self.start_command();
        assert!(blocking(move || start.status().unwrap().success()).await, "it does not start:\n{}", self.log());
    }

    /// Stops it for good or makes it go on, with all of its processes, so that nobody is told.
    pub fn signal(&self, signal: Signal) {
        let first = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let postmaster: i32 = first.lines().next().unwrap().trim().parse().unwrap();
        // The parent first: from then on it has no other children.
        kill_process(Pid::from_raw(postmaster).unwrap(), signal).unwrap();
        for child in children(postmaster) {
            // It may have ended by itself.
            let _ = kill_process(Pid::from_raw(child).unwrap(), signal);
        }
    }

    /// What a query gives, as text.
    pub async fn sql(&self, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-c", sql]);
        psql.args(["-p", &self.port.to_string(), "postgres"]).env("PGPASSWORD", &self.password).current_dir("/");
        blocking(move || run(&mut psql)).await
    }

    fn try_up(&self) -> bool {
        self.start_command().status().unwrap().success()
    }

    fn start_command(&self) -> Command {
        // A crash of the server is survived without fsync, a crash of the machine need not be.
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=100 -c fsync=off \
             -c full_page_writes=off",
            self.port,
            self.directory.path().display()
        );
        let mut start = self.command("pg_ctl");
        start.arg("-D").arg(self.data()).arg("-l").arg(self.directory.path().join("log")).args(["-w", "-s", "-o"]);
        start.arg(settings).arg("start").stdout(Stdio::null()).stderr(Stdio::null());
        start
    }

    /// One of PostgreSQL's programs, as the server's user.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.user {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be stopped already, or frozen by a test that failed.
        if self.data().join("postmaster.pid").exists() {
            self.signal(Signal::CONT);
            let mut stop = self.command("pg_ctl");
            stop.arg("-D").arg(self.data()).args(["-m", "immediate", "-w", "-s", "stop"]);
            let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

/// Runs something to its good end, and gives what it said.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}:\n{said}\n{errors}");
    said.trim().to_owned()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// As scripts/test finds them, which installs them where they are missing.
fn programs() -> PathBuf {
    let listed =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path().join("bin"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut found: Vec<_> = listed
        .chain(path.split(':').map(PathBuf::from))
        .filter(|bin| ["initdb", "pg_ctl", "psql", "postgres"].iter().all(|program| bin.join(program).exists()))
        .map(|bin| (version(&bin), bin))
        .filter(|(version, _)| *version >= OLDEST)
        .collect();
    found.sort();
    found.into_iter().next().expect("a PostgreSQL server is installed: scripts/test does that").1
}

fn version(bin: &Path) -> u32 {
    let said = run(Command::new(bin.join("postgres")).arg("--version"));
    said.chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap()
}

fn is_there(user: &str) -> bool {
    Command::new("id").arg(user).output().is_ok_and(|output| output.status.success())
}

/// Below those that the system gives to outgoing connections, so that it is still free after the server was stopped.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 100).unwrap() * 110;
    loop {
        let port = 20_000 + own + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The processes whose parent this one is.
fn children(parent: i32) -> Vec<i32> {
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
    all.filter(|pid| {
        // "1234 (postgres) S 1233 …": the name may hold anything, so what comes after it is read from the last bracket.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
        after.split_whitespace().nth(1).and_then(|ppid| ppid.parse().ok()) == Some(parent)
    })
    .collect()
}
