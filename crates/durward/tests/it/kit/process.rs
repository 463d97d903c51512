//! The real program, as a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use durward_store::Target;
use durward_store::testing::Fresh;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::Actor;

const PROGRAM: &str = env!("CARGO_BIN_EXE_durward");

/// How long the program may take to start, to stop, or to carry a command out.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server, running. It is killed when this goes.
pub struct Process {
    child: Child,
    /// The public URL's origin.
    pub origin: String,
    address: Option<SocketAddr>,
    output: [Arc<Mutex<String>>; 2],
    readers: Vec<JoinHandle<()>>,
    _own: Option<tempfile::TempDir>,
}

/// What a command said, and its exit code.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts `durward` in an empty directory of its own and waits until it is ready. The environment is `env` and nothing
    /// else, but that it listens on a free port where `env` does not say otherwise.
    pub async fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let own = tempfile::tempdir().unwrap();
        let mut process = Self::spawn(own.path(), args, env);
        process._own = Some(own);
        process.ready().await;
        process
    }

    /// The same in a directory that the test has.
    pub async fn start_in(directory: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut process = Self::spawn(directory, args, env);
        process.ready().await;
        process
    }

    /// The same, from a shell that has been told this before (`ulimit …`).
    pub async fn start_after(words: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let own = tempfile::tempdir().unwrap();
        let shell = ["-c", &format!("{words} && exec \"$0\" \"$@\""), PROGRAM];
        let shell = program("sh", own.path(), &[&shell, args].concat(), env);
        let mut process = Self::run(shell, env);
        process._own = Some(own);
        process.ready().await;
        process
    }

    /// Starts it and waits for nothing.
    pub fn spawn(directory: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::run(command(directory, args, env), env)
    }

    fn run(mut command: Command, env: &[(&str, &str)]) -> Self {
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let (output, readers) = (<[Arc<Mutex<String>>; 2]>::default(), Vec::new());
        let given = env.iter().find(|(name, _)| *name == "DURWARD_SERVER__PUBLIC_URL");
        let origin = given.map_or_else(String::new, |(_, url)| (*url).to_owned());
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let mut process = Self { child, origin, address: None, output, readers, _own: None };
        process.readers = vec![collect(stdout, &process.output[0]), collect(stderr, &process.output[1])];
        process
    }

    /// Waits until `/health/ready` says 200, and gives the address.
    pub async fn ready(&mut self) -> SocketAddr {
        let start = Instant::now();
        loop {
            self.address = self.address.or_else(|| listens_at(&self.stderr()).or_else(|| listens_at(&self.stdout())));
            if let Some(address) = self.address
                && status_of(address, "/health/ready").await == Some(200)
            {
                if self.origin.is_empty() {
                    self.origin = format!("http://localhost:{}", address.port());
                }
                return address;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                self.readers.drain(..).for_each(|reader| reader.join().unwrap());
                panic!("it ended with {status}:\n{}\n{}", self.stdout(), self.stderr());
            }
            assert!(start.elapsed() < PATIENCE, "not ready in time:\n{}\n{}", self.stdout(), self.stderr());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where it listens, once it is ready.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        self.address.expect("it is ready")
    }

    /// Somebody with an empty cookie jar, on a page of the public origin.
    pub fn visitor(&self) -> Actor {
        Actor::new(self.address(), &self.origin)
    }

    /// Somebody who is no browser: no cookies, no `Origin`.
    pub fn app_client(&self) -> Actor {
        self.visitor().without_origin()
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.output[0].lock().unwrap().clone()
    }

    /// What it has written to standard error so far: its log.
    pub fn stderr(&self) -> String {
        self.output[1].lock().unwrap().clone()
    }

    /// Waits for a line of its output that holds `words`, and gives the first such line.
    pub async fn line(&self, words: &str) -> String {
        let start = Instant::now();
        loop {
            let all = self.stdout() + &self.stderr();
            if let Some(line) = all.lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "no line with {words:?}:\n{all}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL: it cannot do anything about it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it ends by itself: what it said, and its exit code (-1 when a signal ended it).
    pub async fn ended(&mut self) -> Output {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}\n{}", self.stdout(), self.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        Output { code: status.code().unwrap_or(-1), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of `durward` in `directory` to its end, with `stdin` as its input. The environment is that of
/// [`Process::start`].
pub async fn run(directory: &Path, args: &[&str], env: &[(&str, &str)], stdin: &str) -> Output {
    let mut command = command(directory, args, env);
    let stdin = stdin.to_owned();
    let running = tokio::task::spawn_blocking(move || {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A command that takes no input may have ended before it is given any.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let id = Pid::from_child(&child);
        let (done, watched) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if watched.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(id, Signal::KILL);
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(done);
        watchdog.join().unwrap();
        output
    });
    let output = running.await.unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Output {
    /// It ended with this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "it said:\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// The URL of a test's database, as the program takes it.
pub fn database_url(database: &Fresh) -> String {
    match &database.options.target {
        Target::Sqlite { path } => format!("sqlite://{}", path.display()),
        Target::Postgres(target) => {
            let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let password = target.password.as_ref().map(|secret| format!(":{}", encode(secret.expose())));
            let (user, host, port, name) = (encode(&target.user), &target.host, target.port, &target.database);
            format!("postgresql://{user}{}@{host}:{port}/{name}", password.unwrap_or_default())
        }
    }
}

fn command(directory: &Path, args: &[&str], env: &[(&str, &str)]) -> Command {
    program(PROGRAM, directory, args, env)
}

fn program(name: &str, directory: &Path, args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut all = BTreeMap::from([("DURWARD_SERVER__LISTEN", "127.0.0.1:0")]);
    all.extend(env.iter().copied());
    let mut command = Command::new(name);
    command.args(args).current_dir(directory).env_clear().envs(all);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn collect(from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let into = into.clone();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

/// `listen=127.0.0.1:8000` of the log, or `listening on 127.0.0.1:8000` of `dev`.
fn listens_at(text: &str) -> Option<SocketAddr> {
    let words = ["listen=", "listening on ", "\"listen\":\""];
    let after = words.iter().find_map(|word| text.split_once(word))?.1;
    let address: String = after.chars().take_while(|c| c.is_ascii_hexdigit() || ".:[]".contains(*c)).collect();
    address.parse().ok()
}

/// The status of a plain GET; none while nobody answers.
async fn status_of(address: SocketAddr, path: &str) -> Option<u16> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}
