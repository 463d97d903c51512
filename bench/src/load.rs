//! Load: a closed loop. Each connection sends its next request when the answer to the last one is there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use durward_proto::Clock;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::latency::Latencies;

/// The password of every account that is made here.
pub(crate) const PASSWORD: &str = "seven grey herons over Bergen";

/// The address of an account that is made here.
pub(crate) fn email(number: usize) -> String {
    format!("person{number:02}@example.com")
}

/// One kept connection.
#[derive(Debug)]
pub(crate) struct Client {
    send: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (send, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { send, address })
    }

    /// Status and body of the answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Outcome<(u16, Bytes)> {
        self.send.ready().await?;
        let answer = self.send.send_request(request).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    pub(crate) async fn get(&mut self, path: &str, token: Option<&str>) -> Outcome<(u16, Bytes)> {
        self.send(get(self.address, path, token)?).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &serde_json::Value) -> Outcome<(u16, Bytes)> {
        self.send(post(self.address, path, body)?).await
    }
}

/// A GET, with a bearer token where one is given.
pub(crate) fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Outcome<Request<Full<Bytes>>> {
    let mut request = Request::builder().uri(path).header(header::HOST, address.to_string());
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    Ok(request.body(Full::default())?)
}

/// A POST of JSON.
pub(crate) fn post(address: SocketAddr, path: &str, body: &serde_json::Value) -> Outcome<Request<Full<Bytes>>> {
    let request = Request::builder().method(Method::POST).uri(path).header(header::HOST, address.to_string());
    let request = request.header(header::CONTENT_TYPE, "application/json");
    Ok(request.body(Full::from(serde_json::to_vec(body)?))?)
}

/// What one connection asks, one request after the other.
pub(crate) trait Turns: Send + 'static {
    /// The next request.
    fn next(&mut self) -> Outcome<Request<Full<Bytes>>>;

    /// Takes the answer to it: status 200 and this body.
    fn hear(&mut self, body: &Bytes) -> Outcome<()>;
}

/// The same one over and over.
impl Turns for Request<Full<Bytes>> {
    fn next(&mut self) -> Outcome<Request<Full<Bytes>>> {
        Ok(self.clone())
    }

    fn hear(&mut self, _body: &Bytes) -> Outcome<()> {
        Ok(())
    }
}

/// What a server did under load.
#[derive(Debug)]
pub(crate) struct Load {
    /// How long each answer took.
    pub(crate) latencies: Arc<Latencies>,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// How many answers had which status, other than 200.
    pub(crate) refused: Refused,
}

/// Statuses, and how often they came.
pub(crate) type Refused = BTreeMap<u16, usize>;

impl Load {
    /// Answers in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count() as f64 / self.took.as_secs_f64()
    }

    /// How many answers there were.
    pub(crate) fn count(&self) -> u64 {
        self.latencies.count()
    }

    /// The time within which so many of 100 answers came, in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.latencies.percentile(percent)
    }

    /// Refuses a measurement of refusals.
    pub(crate) fn all_good(self) -> Outcome<Self> {
        if self.refused.is_empty() {
            return Ok(self);
        }
        let each = self.refused.iter().map(|(status, times)| format!("{times} were {status}"));
        Err(format!("of {} answers {}", self.count(), each.collect::<Vec<_>>().join(", ")).into())
    }
}

/// Keeps a connection for each of `turns` busy for some seconds.
pub(crate) async fn run<T: Turns>(
    address: SocketAddr,
    turns: Vec<T>,
    seconds: u64,
    clock: &Arc<impl Clock + 'static>,
) -> Outcome<Load> {
    let mut clients = Vec::new();
    for turn in turns {
        clients.push((Client::connect(address).await?, turn));
    }
    let latencies = Arc::new(Latencies::new()?);
    let start = clock.monotonic();
    let until = start + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for (mut client, mut turns) in clients {
        let (clock, latencies) = (clock.clone(), latencies.clone());
        tasks.spawn(async move {
            let (mut refused, mut begun) = (Refused::new(), clock.monotonic());
            while begun < until {
                let (status, body) = client.send(turns.next()?).await?;
                let ended = clock.monotonic();
                latencies.record(ended - begun);
                if status == 200 {
                    turns.hear(&body)?;
                } else {
                    *refused.entry(status).or_default() += 1;
                }
                begun = ended;
            }
            Outcome::Ok(refused)
        });
    }
    let refused = all_refused(tasks).await?;
    Ok(Load { latencies, took: clock.monotonic() - start, refused })
}

/// What all connections were refused, when they are done.
pub(crate) async fn all_refused(mut tasks: JoinSet<Outcome<Refused>>) -> Outcome<Refused> {
    let mut all = Refused::new();
    while let Some(done) = tasks.join_next().await {
        for (status, times) in done?? {
            *all.entry(status).or_default() += times;
        }
    }
    Ok(all)
}
