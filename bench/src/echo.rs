//! From nothing to the first word of an answer over a WebSocket: connected, checked, asked, and answered by the echo that is
//! built in, which keeps what was said. Against bare axum, which gives back what it is sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::WebSocketUpgrade;
use axum::response::Response;
use durward_proto::{Clock, SystemClock};
use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::figure::{Aim, Figure};
use crate::plot::Line;
use crate::report::Report;
use crate::sockets::{AIM, AT_ONCE, connect};
use crate::{Effort, Outcome};

const SAID: &str = r#"{"type":"message","content":"seven grey herons"}"#;

/// One figure for each number of clients, and the line through them.
pub(crate) async fn measure(
    effort: Effort,
    ours: SocketAddr,
    theirs: SocketAddr,
    tokens: &Arc<[String]>,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<Line> {
    for address in [ours, theirs] {
        ask_over_and_over(address, tokens, 8, 1, clock).await?;
    }
    let mut line = Line { name: "until the echo".to_owned(), points: vec![] };
    for clients in AT_ONCE {
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds.div_ceil(2) {
            let bare = ask_over_and_over(theirs, tokens, clients, effort.seconds, clock).await?;
            rounds.push((ask_over_and_over(ours, tokens, clients, effort.seconds, clock).await?, bare));
        }
        let figure = Figure {
            what: format!("WebSockets opened, token checked, first word of the echo received, {clients} at once"),
            unit: "sockets/s",
            against: "bare axum, WebSocket echo",
            rounds,
            aim: Aim::RatioAtLeast(AIM),
        };
        line.points.push((clients as f64, figure.ratio().median));
        report.figures.push(figure);
    }
    Ok(line)
}

/// Sockets in a second: each client opens one, asks, waits for the first word of the answer, and drops it for the next.
async fn ask_over_and_over(
    address: SocketAddr,
    tokens: &Arc<[String]>,
    clients: usize,
    seconds: u64,
    clock: &Arc<SystemClock>,
) -> Outcome<f64> {
    let start = clock.monotonic();
    let until = start + Duration::from_secs(seconds);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (tokens, next, clock) = (tokens.clone(), next.clone(), clock.clone());
        tasks.spawn(async move {
            while clock.monotonic() < until {
                let number = next.fetch_add(1, Ordering::Relaxed);
                ask(address, tokens.get(number % tokens.len()).ok_or("no token")?).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(next.load(Ordering::Relaxed) as f64 / (clock.monotonic() - start).as_secs_f64())
}

async fn ask(address: SocketAddr, token: &str) -> Outcome<()> {
    let mut socket = connect(address, token).await?;
    // Nobody has to wait for `ready` before they ask.
    socket.send(Message::text(SAID)).await?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.as_str() == SAID || text.contains("\"message.delta\"") => {
                return Ok(());
            }
            Some(Ok(Message::Text(text))) if text.contains("\"ready\"") || text.contains("\"message.started\"") => {}
            other => return Err(format!("no echo: {other:?}").into()),
        }
    }
}

/// The other side of the comparison.
pub(crate) async fn serve_bare(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}
