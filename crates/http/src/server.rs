//! The accept loop: bounded in connections, strict about slow heads, and ending in good order.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tower::Service;

use crate::app::{App, HttpRules, Site};
use crate::door::door;
use crate::linger::{Lingering, Noted, Reading};

/// How large a request's head may be, in bytes. More is 431.
const LARGEST_HEAD: usize = 32 * 1024;
/// How long to wait after `accept` failed, as it does while file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound socket that is about to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
}

impl Server {
    /// Binds. Port 0 takes a free one: see [`Server::local_addr`].
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        Ok(Self { listener, local })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves until `shutdown` is done. Then nothing new is accepted, requests finish, sockets are closed with
    /// 1001, and what is left after the drain time is cut off.
    pub async fn run(self, app: App, shutdown: impl Future<Output = ()>) {
        let rules = app.rules.clone();
        let answer = |closing| {
            let site = Site::new(app, closing);
            move |arrival, request| door(site.clone(), arrival, request)
        };
        self.serve(answer, &rules, shutdown).await;
    }

    /// Serves another router, such as [`metrics_router`](crate::metrics_router), under the same rules.
    pub async fn run_router(self, router: Router, rules: &HttpRules, shutdown: impl Future<Output = ()>) {
        let answer = move |_, request| {
            let answered = Service::<Request<Body>>::call(&mut router.clone(), request);
            async move { answered.await.unwrap_or_else(|never| match never {}) }
        };
        self.serve(|_| answer, rules, shutdown).await;
    }

    async fn serve<A, F>(self, answer: impl FnOnce(Closing) -> A, rules: &HttpRules, shutdown: impl Future<Output = ()>)
    where
        A: Fn(Arrival, Request<Body>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let (phase, closing, mut alive) = Closing::new();
        let answer = answer(closing.clone());
        let mut places = Places::new(rules.max_connections);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(rules.header_timeout)
            .keep_alive(true)
            .max_header_size(LARGEST_HEAD)
            .max_buf_size(2 * LARGEST_HEAD);
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accept(&self.listener, &mut places) => accepted,
            };
            let Some((stream, peer, place)) = accepted else { continue };
            let reading = Reading::default();
            let stream = Lingering::new(stream, reading.clone());
            let caller = Caller { answer: answer.clone(), arrival: Arrival { peer, place: Arc::new(place) }, reading };
            let service = hyper::service::service_fn(move |request| caller.call(request));
            let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::spawn(attend(connection, closing.clone()));
        }
        drop((self.listener, answer, closing));
        let _ = phase.send(Phase::Stopping);
        // Everything that is still open holds a sign of life.
        let drained = tokio::time::timeout(rules.drain, async { while alive.recv().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!("some connections did not finish in time");
        }
        let _ = phase.send(Phase::Over);
    }
}

type Http<S> = http1::UpgradeableConnection<TokioIo<Lingering<TcpStream>>, S>;

/// Runs one connection; when the server stops, it finishes the request that it is at.
async fn attend<S>(connection: Http<S>, mut closing: Closing)
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible>,
{
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = &mut connection => Some(ended),
        () = closing.closed() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = &mut connection => ended,
                () = closing.over() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A connection's place among those that may be open. In a request's extensions, so that a WebSocket keeps it.
pub(crate) type Place = tokio::sync::OwnedSemaphorePermit;

/// All places.
struct Places {
    free: Arc<Semaphore>,
    /// That there are none left is said once, until a tenth of them is free again.
    enough: usize,
    is_full: bool,
}

impl Places {
    fn new(most: usize) -> Self {
        // No more fit into a semaphore, and no machine has as many connections.
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(most)), enough: most.div_ceil(10), is_full: false }
    }

    /// The next free one, when there is one.
    async fn next(&mut self) -> Option<Place> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            self.is_full &= self.free.available_permits() < self.enough;
            return Some(place);
        }
        if !self.is_full {
            self.is_full = true;
            metrics::counter!("durward_connections_full_total").increment(1);
            tracing::warn!("as many connections are open as may be (server.max_connections): others wait");
        }
        self.free.clone().acquire_owned().await.ok()
    }
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &mut Places) -> Option<(TcpStream, SocketAddr, Place)> {
    let place = places.next().await?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are written whole; waiting for more to send only delays them.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// What a request is not told by itself.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The address at the other end of the connection.
    pub(crate) peer: SocketAddr,
    /// The connection's place.
    pub(crate) place: Arc<Place>,
}

/// What has a connection's requests answered.
struct Caller<A> {
    answer: A,
    arrival: Arrival,
    reading: Reading,
}

impl<A, F> Caller<A>
where
    A: Fn(Arrival, Request<Body>) -> F,
    F: Future<Output = Response<Body>>,
{
    fn call(&self, request: Request<Incoming>) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<A, F> {
        let reading = self.reading.clone();
        let answer = (self.answer)(self.arrival.clone(), request.map(|body| Noted::body(body, &reading)));
        async move {
            let answer = answer.await;
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                reading.is_over();
            }
            Ok(answer)
        }
    }
}

/// How far the server's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Phase {
    Serving,
    Stopping,
    Over,
}

/// How connections and sockets learn that the server stops, and how the server learns that they are gone.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    phase: watch::Receiver<Phase>,
    _alive: mpsc::Sender<Infallible>,
}

impl Closing {
    fn new() -> (watch::Sender<Phase>, Self, mpsc::Receiver<Infallible>) {
        let (tell, phase) = watch::channel(Phase::Serving);
        let (sign, alive) = mpsc::channel(1);
        (tell, Self { phase, _alive: sign }, alive)
    }

    /// Waits until the server stops.
    pub(crate) async fn closed(&mut self) {
        self.reached(Phase::Stopping).await;
    }

    /// Waits until the time to finish is over.
    async fn over(&mut self) {
        self.reached(Phase::Over).await;
    }

    async fn reached(&mut self, phase: Phase) {
        if self.phase.wait_for(|now| *now >= phase).await.is_err() {
            // Nobody is left to stop it.
            std::future::pending::<()>().await;
        }
    }
}
