//! Load: a closed loop. Each connection sends its next request when the answer to the last one is there.

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

/// What a server did under load.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// How long each answer took, the shortest first.
    latencies: Vec<Duration>,
    /// From the first request to the last answer.
    took: Duration,
    /// Answers that were not 200.
    refused: usize,
}

impl Load {
    /// Answers in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// How many answers there were.
    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }

    /// The time within which 99 of 100 answers came, in milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        let at = (self.latencies.len() * 99).div_ceil(100).saturating_sub(1);
        self.latencies.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    /// Refuses a measurement of refusals.
    pub(crate) fn all_good(self) -> Outcome<Self> {
        if self.refused == 0 { Ok(self) } else { Err(format!("{} answers were not 200", self.refused).into()) }
    }
}

/// Keeps as many connections as there are requests busy, each with its own request, for some seconds.
pub(crate) async fn run(
    address: SocketAddr,
    requests: Vec<Request<Full<Bytes>>>,
    seconds: u64,
    clock: &Arc<impl Clock + 'static>,
) -> Outcome<Load> {
    let mut clients = Vec::new();
    for request in requests {
        clients.push((Client::connect(address).await?, request));
    }
    let start = clock.monotonic();
    let until = start + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for (mut client, request) in clients {
        let clock = clock.clone();
        tasks.spawn(async move {
            let mut load = Load::default();
            let mut begun = clock.monotonic();
            while begun < until {
                let (status, _) = client.send(request.clone()).await?;
                let ended = clock.monotonic();
                load.latencies.push(ended - begun);
                load.refused += usize::from(status != 200);
                begun = ended;
            }
            Outcome::Ok(load)
        });
    }
    let mut whole = Load::default();
    while let Some(load) = tasks.join_next().await {
        let load = load??;
        whole.latencies.extend(load.latencies);
        whole.refused += load.refused;
    }
    whole.took = clock.monotonic() - start;
    whole.latencies.sort_unstable();
    Ok(whole)
}
