//! A server that answers chats as its test tells it to: in pieces, late, badly or not at all.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    /// Null when there was none.
    pub body: Value,
    /// As it came.
    pub raw: Bytes,
}

/// One thing that the server does while it answers.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends these bytes as a piece of their own.
    Send(Bytes),
    /// Waits until the test says so, perhaps for ever.
    Wait(Arc<Notify>),
    /// Breaks the connection off.
    Cut,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Plan {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// Before even a status is sent.
    before: Option<Arc<Notify>>,
    acts: Vec<Act>,
}

impl Plan {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), before: None, acts: Vec::new() }
    }

    /// 200 with this text, each `|` in it the end of a piece.
    pub fn pieces(text: &str) -> Self {
        text.split('|').fold(Self::new(200), |plan, piece| plan.send(piece.to_owned()))
    }

    /// 200 with this text, byte by byte.
    pub fn bytewise(text: &str) -> Self {
        text.bytes().fold(Self::new(200), |plan, byte| plan.send(vec![byte]))
    }

    pub fn send(mut self, bytes: impl Into<Bytes>) -> Self {
        self.acts.push(Act::Send(bytes.into()));
        self
    }

    pub fn wait(mut self, until: &Arc<Notify>) -> Self {
        self.acts.push(Act::Wait(until.clone()));
        self
    }

    /// Sends nothing more and keeps the connection open.
    pub fn stall(self) -> Self {
        self.wait(&Arc::default())
    }

    /// Does not even send a status.
    pub fn silent(mut self) -> Self {
        self.before = Some(Arc::default());
        self
    }

    pub fn cut(mut self) -> Self {
        self.acts.push(Act::Cut);
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The server. It stops when this goes.
pub struct Upstream {
    pub address: SocketAddr,
    /// The base of its URLs.
    pub url: String,
    state: Arc<State>,
    running: JoinHandle<()>,
    _ca: Option<tempfile::NamedTempFile>,
    /// The authority that signed its certificate.
    pub ca_file: Option<PathBuf>,
}

struct State {
    plan: Mutex<Plan>,
    asked: Mutex<Vec<Asked>>,
    /// How many answers are under way.
    open: AtomicUsize,
}

impl Upstream {
    /// A server that answers according to `plan`.
    pub async fn start(plan: Plan) -> Self {
        Self::serve(plan, None, None).await
    }

    /// The same by https, with a certificate of an authority that nobody knows.
    pub async fn start_tls(plan: Plan) -> Self {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = rcgen::Issuer::new(params, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf =
            rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let chain = vec![CertificateDer::from(leaf.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), authority.pem()).unwrap();
        Self::serve(plan, Some(TlsAcceptor::from(Arc::new(config))), Some(file)).await
    }

    async fn serve(plan: Plan, tls: Option<TlsAcceptor>, ca: Option<tempfile::NamedTempFile>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { plan: Mutex::new(plan), asked: Mutex::default(), open: AtomicUsize::new(0) });
        let url = match &tls {
            Some(_) => format!("https://localhost:{}", address.port()),
            None => format!("http://{address}"),
        };
        let running = tokio::spawn(accept(listener, tls, state.clone()));
        let ca_file = ca.as_ref().map(|file| file.path().to_owned());
        Self { address, url, state, running, _ca: ca, ca_file }
    }

    /// Answers according to `plan` from now on.
    pub fn set(&self, plan: Plan) {
        *self.state.plan.lock().unwrap() = plan;
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// How often it was asked so far.
    pub fn count(&self) -> usize {
        self.state.asked.lock().unwrap().len()
    }

    /// Waits until so many answers are under way.
    pub async fn open(&self, count: usize) {
        let start = Instant::now();
        while self.state.open.load(Ordering::SeqCst) != count {
            let open = self.state.open.load(Ordering::SeqCst);
            assert!(start.elapsed() < Duration::from_secs(60), "{open} answers under way, not {count}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, state).await,
                // A client that does not trust the certificate goes away.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        converse(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<State>) {
    let service = service_fn(|request| answer(request, state.clone()));
    // It fails when an answer is cut off, here or there.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An answer that is under way.
struct Open(Arc<State>);

impl Open {
    fn new(state: Arc<State>) -> Self {
        state.open.fetch_add(1, Ordering::SeqCst);
        Self(state)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

type Piece = Result<Frame<Bytes>, std::io::Error>;

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = std::io::Error>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let open = Open::new(state.clone());
    let path = parts.uri.path().to_owned();
    let asked =
        Asked { path, headers: parts.headers, body: serde_json::from_slice(&body).unwrap_or_default(), raw: body };
    state.asked.lock().unwrap().push(asked);
    let plan = state.plan.lock().unwrap().clone();
    if let Some(until) = &plan.before {
        until.notified().await;
    }
    let (pieces, mut sent) = mpsc::channel::<Piece>(1);
    tokio::spawn(act(plan.acts, pieces));
    // What is under way goes with the body, when it was sent or when the client has gone.
    // What was sent before a cut is on its way before it: hyper writes when there is nothing more for the moment.
    let mut cut = None;
    let body = futures_util::stream::poll_fn(move |context| {
        let _open = &open;
        if let Some(cut) = cut.take() {
            return Poll::Ready(Some(cut));
        }
        match sent.poll_recv(context) {
            Poll::Ready(Some(piece @ Err(_))) => {
                cut = Some(piece);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            other => other,
        }
    });
    let mut response = Response::builder().status(plan.status);
    for (name, value) in plan.headers {
        response = response.header(name, value);
    }
    Ok(response.body(StreamBody::new(body)).unwrap())
}

async fn act(acts: Vec<Act>, pieces: mpsc::Sender<Piece>) {
    for act in acts {
        let sent = match act {
            Act::Send(bytes) => pieces.send(Ok(Frame::data(bytes))).await,
            Act::Cut => pieces.send(Err(std::io::Error::other("cut"))).await,
            Act::Wait(until) => {
                tokio::select! {
                    () = until.notified() => {}
                    () = pieces.closed() => {}
                }
                Ok(())
            }
        };
        if sent.is_err() {
            return;
        }
    }
}
