//! A real mail server: aiosmtpd, in a process of its own, with the manners that `mail/server.py` has.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// The release of the server.
const AIOSMTPD: &str = "aiosmtpd==1.4.6";

/// The server. It stops when this goes.
pub struct Smtp {
    pub port: u16,
    options: Vec<String>,
    directory: tempfile::TempDir,
    running: Option<Child>,
}

/// A mail as it came.
#[derive(Debug, Clone, Deserialize)]
pub struct Received {
    pub from: String,
    pub to: String,
    pub headers: std::collections::BTreeMap<String, String>,
    /// Of the mail and its parts.
    pub types: Vec<String>,
    pub text: String,
    pub html: String,
    pub tls: bool,
    pub user: Option<String>,
    /// Whether it was acknowledged.
    pub acknowledged: bool,
}

impl Received {
    pub fn id(&self) -> &str {
        &self.headers["Message-ID"]
    }
}

impl Smtp {
    /// A server with these manners.
    pub async fn start(options: &[&str]) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self { port: 0, options, directory, running: None };
        server.come_back().await;
        server
    }

    /// A server without manners on a port that must be free.
    pub async fn start_at(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self { port, options: Vec::new(), directory, running: None };
        server.come_back().await;
        server
    }

    /// Its URL; `query` such as `tls=none`.
    pub fn url(&self, query: &str) -> String {
        format!("smtp://localhost:{}?{query}", self.port)
    }

    /// It is gone at once, with all its connections.
    pub async fn go_away(&mut self) {
        self.running.take().expect("it runs").kill().await.unwrap();
    }

    /// It listens again, on the same port.
    pub async fn come_back(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail/server.py");
        let mut command = Command::new(python().await);
        command.arg(script).arg("--record").arg(self.record()).args(&self.options);
        command.args(["--port", &self.port.to_string()]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("Python runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        self.port = line.trim().parse().expect("the mail server says its port");
        self.running = Some(child);
    }

    /// All mails so far.
    pub fn received(&self) -> Vec<Received> {
        let lines = std::fs::read_to_string(self.record()).unwrap_or_default();
        // The last line may be half-written.
        let whole = lines.rfind('\n').map_or("", |end| &lines[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The mails to an address, once there are so many.
    #[track_caller]
    pub fn mails_to<'a>(&'a self, address: &'a str, count: usize) -> impl Future<Output = Vec<Received>> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let start = Instant::now();
            loop {
                let all = self.received();
                let mails: Vec<_> = all.iter().filter(|mail| mail.to == address).cloned().collect();
                if mails.len() >= count {
                    return mails;
                }
                let patience = Duration::from_secs(60);
                assert!(start.elapsed() < patience, "{caller}: {} mails to {address}; all: {all:#?}", mails.len());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    fn record(&self) -> PathBuf {
        self.directory.path().join("mails")
    }
}

/// The Python that has the server. It is set up once and kept with what the build made.
async fn python() -> &'static Path {
    static PYTHON: OnceCell<PathBuf> = OnceCell::const_new();
    let set_up = || async {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(AIOSMTPD.replace("==", "-"));
        let (python, done) = (place.join("bin/python"), place.join("done"));
        if !done.exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place)).await;
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", AIOSMTPD])).await;
            std::fs::write(done, "").unwrap();
        }
        python
    };
    PYTHON.get_or_init(set_up).await
}

async fn run(command: &mut Command) {
    let output = command.output().await.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
