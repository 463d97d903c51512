//! The accept loop: bounded in connections, strict about slow heads, and ending in good order.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tower::Service;

use crate::app::{App, HttpRules, closing_router};
use crate::linger::{Lingering, Noted, Reading};

/// How large a request's head may be, in bytes. More is 431.
const LARGEST_HEAD: usize = 32 * 1024;
/// How long to wait after `accept` failed, as it does while file descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The address at the other end of the connection, in a request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

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
        self.serve(|closing| closing_router(app, closing), &rules, shutdown).await;
    }

    /// Serves another router, such as [`metrics_router`](crate::metrics_router), under the same rules.
    pub async fn run_router(self, router: Router, rules: &HttpRules, shutdown: impl Future<Output = ()>) {
        self.serve(|_| router, rules, shutdown).await;
    }

    async fn serve(
        self,
        router: impl FnOnce(Closing) -> Router,
        rules: &HttpRules,
        shutdown: impl Future<Output = ()>,
    ) {
        let (phase, closing, mut alive) = Closing::new();
        let router = router(closing.clone());
        let places = Arc::new(Semaphore::new(rules.max_connections));
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
                accepted = accept(&self.listener, &places) => accepted,
            };
            let Some((stream, peer, place)) = accepted else { continue };
            let reading = Reading::default();
            let stream = Lingering::new(stream, reading.clone());
            let caller = Caller { router: router.clone(), peer, place: Arc::new(place), reading };
            let service = hyper::service::service_fn(move |request| caller.call(request));
            let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::spawn(attend(connection, closing.clone()));
        }
        drop((self.listener, router, closing));
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

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, Place)> {
    let place = places.clone().acquire_owned().await.ok()?;
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

/// What turns a connection's requests into calls of the router.
struct Caller {
    router: Router,
    peer: SocketAddr,
    place: Arc<Place>,
    reading: Reading,
}

impl Caller {
    fn call(
        &self,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<http::Response<Body>, Infallible>> + use<> {
        request.extensions_mut().insert(Peer(self.peer));
        request.extensions_mut().insert(self.place.clone());
        let reading = self.reading.clone();
        let answer = self.router.clone().call(request.map(|body| Noted::body(body, reading.clone())));
        async move {
            let answer = answer.await;
            if answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::SWITCHING_PROTOCOLS) {
                reading.is_over();
            }
            answer
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

    /// For a router without a server.
    pub(crate) fn never() -> Self {
        Self::new().1
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
