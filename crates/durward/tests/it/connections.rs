//! How many connections may be open at once, and what becomes of those who come then.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::kit::{Metrics, Process};

/// How long anything may take here, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it is waited for what must not come.
const A_WHILE: Duration = Duration::from_millis(500);

/// A connection that stays open after its answers.
struct Kept(TcpStream);

impl Kept {
    /// Connects, which the system does for the server, and asks.
    async fn ask(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        Self(stream)
    }

    /// The first line of the answer.
    async fn line(&mut self) -> String {
        let mut bytes = [0; 4_096];
        let length = self.0.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..length]).lines().next().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits_until_somebody_goes() {
    let process = Process::start(&["dev"], &[("DURWARD_SERVER__MAX_CONNECTIONS", "3")]).await;
    let mut there = Vec::new();
    for _ in 0..3 {
        let mut kept = Kept::ask(process.address()).await;
        assert_eq!(timeout(PATIENCE, kept.line()).await.unwrap(), "HTTP/1.1 200 OK");
        there.push(kept);
    }
    let mut waiting = [Kept::ask(process.address()).await, Kept::ask(process.address()).await];
    for kept in &mut waiting {
        assert!(timeout(A_WHILE, kept.line()).await.is_err(), "there is no place for it");
    }
    for mut kept in waiting {
        drop(there.pop());
        assert_eq!(timeout(PATIENCE, kept.line()).await.unwrap(), "HTTP/1.1 200 OK");
        there.push(kept);
    }
    drop(there);
    let said = "as many connections are open as may be";
    assert!(process.line(said).await.contains("server.max_connections"));
    let metrics = Metrics::of(&process.visitor()).await;
    assert_eq!(metrics.get("durward_connections_full_total", &[]), 1.0);
    let log = process.stdout() + &process.stderr();
    assert_eq!(log.matches(said).count(), 1, "it is said once, and not for each who waits: {log}");
}

#[tokio::test]
async fn the_few_descriptors_that_a_shell_gives_are_raised_to_those_that_may_be() {
    let most = getrlimit(Resource::Nofile).maximum.map_or(-1.0, |most| most as f64);
    let process = Process::start_after("ulimit -Sn 64", &["dev"], &[]).await;
    let now = Metrics::of(&process.visitor()).await.sum("process_max_fds", &[]);
    assert!(now == most || most < 0.0, "{now} of {most}");
}

#[tokio::test]
async fn too_few_descriptors_are_no_reason_to_fail_and_are_said_to_who_asked_for_more() {
    const FEW: &str = "ulimit -n 110";
    let process = Process::start_after(FEW, &["dev"], &[("DURWARD_SERVER__MAX_CONNECTIONS", "500")]).await;
    let line = process.line("too few file descriptors").await;
    assert!(line.contains("500") && line.contains("LimitNOFILE"), "{line}");

    let process = Process::start_after(FEW, &["dev"], &[]).await;
    let mut there = Vec::new();
    for _ in 0..30 {
        there.push(Kept::ask(process.address()).await);
    }
    for kept in there.iter_mut().take(5) {
        assert_eq!(timeout(PATIENCE, kept.line()).await.unwrap(), "HTTP/1.1 200 OK");
    }
    process.line("as many connections are open as may be").await;
    drop(there);
    process.visitor().get("/health/ready").await.is(200);
    let log = process.stdout() + &process.stderr();
    assert!(!log.contains("could not be accepted") && !log.contains("too few file descriptors"), "{log}");
}
