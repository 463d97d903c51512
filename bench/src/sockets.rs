//! WebSockets: how many are opened, checked and told `ready` in a second, and the memory of those that only stay open,
//! against bare tungstenite, which says the same first word to everybody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use durward_proto::{Clock, SystemClock};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, header};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_async_with_config, client_async_with_config};

use crate::child::{Programs, Server};
use crate::echo;
use crate::figure::{Aim, Figure};
use crate::plot::{Line, Plot};
use crate::report::Report;
use crate::scratch::Scratch;
use crate::seed::{SETTINGS, Seed};
use crate::{Effort, Outcome};

/// How many clients open sockets at once.
pub(crate) const AT_ONCE: [usize; 3] = [1, 8, 64];
/// At least this share of what bare tungstenite does.
pub(crate) const AIM: f64 = 0.6;
/// How many sockets stay open, each of a session of its own. The server and this program need as many descriptors.
const IDLE: usize = 10_000;
/// How long they are left alone before the memory is looked at.
const REST: Duration = Duration::from_secs(3);
/// durward's limits would keep one machine from opening so many.
pub(crate) const LIMITS: [(&str, &str); 4] = [
    ("DURWARD_SERVER__MAX_CONNECTIONS", "1000000"),
    ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_USER", "1000000"),
    ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_SESSION", "1000000"),
    ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_ADDRESS", "1000000"),
];

/// Rates, then memory.
pub(crate) async fn measure(
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    allow_descriptors()?;
    let scratch = Scratch::new()?;
    let seed = Seed::plant(scratch.path(), IDLE, Duration::from_secs(1), clock).await?;
    let tokens = (0..IDLE).map(|number| seed.token(number)).collect::<Outcome<Vec<_>>>()?;
    rates(effort, programs, &scratch, &tokens, clock, report).await?;
    report.figures.push(memory(programs, &scratch, &tokens).await?);
    Ok(())
}

async fn rates(
    effort: Effort,
    programs: &Programs,
    scratch: &Scratch,
    tokens: &[String],
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    let (ours, theirs) = (Target::durward(programs, scratch, tokens).await?, Target::bare(programs, tokens)?);
    for target in [&ours, &theirs] {
        target.open_over_and_over(8, Duration::from_secs(1), clock).await?;
    }
    let mut until_ready = Line { name: "until ready".to_owned(), points: vec![] };
    for clients in AT_ONCE {
        let mut rounds = Vec::new();
        for _ in 0..effort.rounds.div_ceil(2) {
            let seconds = Duration::from_secs(effort.seconds);
            let bare = theirs.open_over_and_over(clients, seconds, clock).await?;
            rounds.push((ours.open_over_and_over(clients, seconds, clock).await?, bare));
        }
        let figure = Figure {
            what: format!("WebSockets opened, token checked, `ready` received, {clients} at once"),
            unit: "sockets/s",
            against: "bare tungstenite, the same first message",
            rounds,
            aim: Aim::RatioAtLeast(AIM),
        };
        until_ready.points.push((clients as f64, figure.ratio().median));
        report.figures.push(figure);
    }
    let axum = programs.bare("bare")?;
    let until_echo = echo::measure(effort, ours.server.address, axum.address, &ours.tokens, clock, report).await?;
    report.plots.push(Plot {
        name: "sockets",
        title: "WebSockets opened and checked in a second, over those of bare tungstenite, and of bare axum with an echo",
        across: "clients that open sockets at once",
        lines: vec![until_ready, until_echo],
        aim: Some(AIM),
    });
    Ok(())
}

async fn memory(programs: &Programs, scratch: &Scratch, tokens: &[String]) -> Outcome<Figure> {
    let ours = Target::durward(programs, scratch, tokens).await?.memory_each().await?;
    let theirs = Target::bare(programs, tokens)?.memory_each().await?;
    Ok(Figure {
        what: format!("resident memory for each idle authenticated WebSocket, {IDLE} open"),
        unit: "KiB",
        against: "bare tungstenite",
        rounds: vec![(ours, theirs)],
        aim: Aim::ValueAtMost(12.0),
    })
}

/// A server, and the tokens that are shown to it.
struct Target {
    server: Server,
    tokens: Arc<[String]>,
}

impl Target {
    async fn durward(programs: &Programs, scratch: &Scratch, tokens: &[String]) -> Outcome<Self> {
        let settings: Vec<_> = SETTINGS.into_iter().chain(LIMITS).collect();
        let mut server = programs.durward(scratch.path(), &settings)?;
        server.ready("/health/ready").await?;
        Ok(Self { server, tokens: tokens.into() })
    }

    fn bare(programs: &Programs, tokens: &[String]) -> Outcome<Self> {
        Ok(Self { server: programs.bare("bare-sockets")?, tokens: tokens.into() })
    }

    /// Sockets in a second: each client opens one, waits for its first message, and drops it for the next.
    async fn open_over_and_over(&self, clients: usize, how_long: Duration, clock: &Arc<SystemClock>) -> Outcome<f64> {
        let start = clock.monotonic();
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            let (address, tokens) = (self.server.address, self.tokens.clone());
            let (next, clock) = (next.clone(), clock.clone());
            tasks.spawn(async move {
                while clock.monotonic() < start + how_long {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let token = tokens.get(number % tokens.len()).ok_or("no token")?;
                    open(address, token).await?;
                }
                Outcome::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(next.load(Ordering::Relaxed) as f64 / (clock.monotonic() - start).as_secs_f64())
    }

    /// KiB for each of many sockets that do nothing.
    async fn memory_each(self) -> Outcome<f64> {
        // What the first ones bring with them is not counted.
        let mut held = self.hold(0..100).await?;
        tokio::time::sleep(REST).await;
        let before = self.server.resident()?;
        held.extend(self.hold(100..IDLE).await?);
        tokio::time::sleep(REST).await;
        let grown = self.server.resident()? - before;
        // All of them are open still.
        for socket in &mut held {
            if let Ok(came) = tokio::time::timeout(Duration::ZERO, socket.next()).await {
                return Err(format!("an idle socket got {came:?}").into());
            }
        }
        Ok(grown * 1024.0 / (IDLE - 100) as f64)
    }

    async fn hold(&self, numbers: std::ops::Range<usize>) -> Outcome<Vec<Socket>> {
        let mut held = Vec::with_capacity(numbers.len());
        for token in self.tokens.get(numbers).unwrap_or_default() {
            held.push(open(self.server.address, token).await?);
        }
        Ok(held)
    }
}

/// A client's end of a socket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A socket that has been told `ready`. Dropped, it leaves no port behind that would have to wait.
pub(crate) async fn open(address: SocketAddr, token: &str) -> Outcome<Socket> {
    let mut socket = connect(address, token).await?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) if text.contains("\"ready\"") => Ok(socket),
        other => Err(format!("not ready: {other:?}").into()),
    }
}

/// A socket of which nothing was read yet.
pub(crate) async fn connect(address: SocketAddr, token: &str) -> Outcome<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.set_zero_linger()?;
    let mut request = format!("ws://{address}/api/v1/ws/chat").into_client_request()?;
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
    let (socket, _) = client_async_with_config(request, stream, Some(config())).await?;
    Ok(socket)
}

/// The other side of the comparison: accepts every socket, says one message, and waits for the client to go.
pub(crate) async fn serve_bare() -> Outcome<()> {
    use std::io::Write;
    allow_descriptors()?;
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let ready = format!(r#"{{"type":"ready","data":"{}"}}"#, "x".repeat(180));
    loop {
        let (stream, _) = listener.accept().await?;
        let ready = ready.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).ok();
            let Ok(mut socket) = accept_async_with_config(stream, Some(config())).await else { return };
            if socket.send(Message::text(ready)).await.is_ok() {
                while let Some(Ok(_)) = socket.next().await {}
            }
        });
    }
}

/// Buffers as small as durward's.
fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(2 * 1024).write_buffer_size(8 * 1024)
}

/// As many descriptors as may be, also for the servers that are started here; how many.
pub(crate) fn allow_descriptors() -> Outcome<usize> {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    match most {
        Some(most) if most < IDLE as u64 + 200 => {
            Err(format!("{most} descriptors are too few: raise `ulimit -Hn`").into())
        }
        most => Ok(usize::try_from(most.unwrap_or(u64::MAX)).unwrap_or(usize::MAX)),
    }
}
