//! The servers that are measured, each in a process of its own.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;
use crate::load::Client;

/// How long a server may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked.
const POLL: Duration = Duration::from_micros(500);

/// The programs, as they are released.
#[derive(Debug)]
pub(crate) struct Programs {
    durward: PathBuf,
    bench: PathBuf,
}

impl Programs {
    /// The programs that are there already.
    pub(crate) fn beside() -> Outcome<Self> {
        let bench = std::env::current_exe()?;
        Ok(Self { durward: bench.with_file_name("durward"), bench })
    }

    /// Builds the server beside this program.
    pub(crate) fn build() -> Outcome<Self> {
        let bench = std::env::current_exe()?;
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--package", "durward"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()?;
        let durward = bench.with_file_name("durward");
        if !built.success() || !durward.is_file() {
            return Err("the server could not be built; run this as `cargo run --release -p durward-bench`".into());
        }
        Ok(Self { durward, bench })
    }

    /// durward over the data in `data`, with these settings besides.
    pub(crate) fn durward(&self, data: &Path, settings: &[(&str, &str)]) -> Outcome<Server> {
        let address = free_address()?;
        // Nothing of this shell's own configuration may reach it.
        let child = Command::new(&self.durward)
            .arg("serve")
            .env_clear()
            .env("DURWARD_ENVIRONMENT", "development")
            .env("DURWARD_DATA_DIR", data)
            .env("DURWARD_SERVER__LISTEN", address.to_string())
            // All clients of a measurement come from one address, as no real ones do.
            .env("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000")
            .envs(settings.iter().copied())
            .current_dir(data)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(data.join("log"))?)
            .spawn()?;
        Ok(Server::new(child, address, Signal::KILL).logging_to(data.join("log")))
    }

    /// How big the server's file is, in millions of bytes.
    pub(crate) fn size(&self) -> Outcome<f64> {
        Ok(std::fs::metadata(&self.durward)?.len() as f64 / 1e6)
    }

    /// The other side of a comparison: this program, told to be that.
    pub(crate) fn bare(&self, word: &str) -> Outcome<Server> {
        let mut child =
            Command::new(&self.bench).arg(word).env_clear().stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("the bare handler says nothing")?;
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Server::new(child, line.trim().parse()?, Signal::KILL))
    }
}

/// A server's process. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What ends it.
    end: Signal,
    /// What it says.
    log: Option<PathBuf>,
}

impl Server {
    /// One that was just started, and is to listen on this address.
    pub(crate) fn new(child: Child, address: SocketAddr, end: Signal) -> Self {
        Self { child, address, end, log: None }
    }

    /// Says where it says what is wrong.
    pub(crate) fn logging_to(mut self, log: PathBuf) -> Self {
        self.log = Some(log);
        self
    }

    /// Asks `path` until the answer is 200.
    ///
    /// # Errors
    /// When it never is, or the server ends: with the last that the server said.
    pub(crate) async fn ready(&mut self, path: &str) -> Outcome<()> {
        let (address, child) = (self.address, &mut self.child);
        let answered = async {
            loop {
                if let Ok(mut client) = Client::connect(address).await
                    && client.get(path, None).await.is_ok_and(|(status, _)| status == 200)
                {
                    return Outcome::Ok(());
                }
                if let Some(status) = child.try_wait()? {
                    return Err(format!("the server ended, {status}").into());
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let late = || Err(format!("the server is not ready after {} s", PATIENCE.as_secs()).into());
        let answered = tokio::time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| late());
        answered.map_err(|error| format!("{error}: {}", self.last_words()).into())
    }

    fn last_words(&self) -> String {
        let log = self.log.as_ref().and_then(|log| std::fs::read_to_string(log).ok()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n")
    }

    /// Resident memory in MiB.
    pub(crate) fn resident(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// The processor time it has used, all threads together.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold anything; utime and stime are the 12th and 13th field after it.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).ok_or("no processor time");
        let ticks = (ticks(11)? + ticks(12)?) as f64;
        Ok(Duration::from_secs_f64(ticks / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        self.end = Signal::TERM;
        Ok(self.signal()?)
    }

    /// Ends it, and waits until it is over: its processor time is this program's from then on.
    fn signal(&mut self) -> io::Result<()> {
        // Whoever is over already has an id that may be another's by now.
        if self.child.try_wait()?.is_none()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            kill_process(pid, self.end)?;
        }
        self.child.wait().map(|_| ())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing to end any more.
        let _ = self.signal();
    }
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
