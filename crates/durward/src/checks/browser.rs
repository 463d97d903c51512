//! A small HTTP client with a cookie jar, as a browser behaves on the configured origin: what the Golden Path is
//! walked with.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{COOKIE, HeaderValue, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A client of one server, with a jar of its own.
#[derive(Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    origin: String,
    jar: BTreeMap<String, String>,
}

impl Browser {
    /// Talks to the server at `address` as a page of `origin` would.
    pub(crate) fn new(address: SocketAddr, origin: &str) -> Self {
        Self { address, origin: origin.to_owned(), jar: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// With a bearer token instead of the jar.
    pub(crate) async fn get_as(&mut self, path: &str, token: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], Bytes::new()).await
    }

    pub(crate) async fn post_json(&mut self, path: &str, csrf: Option<&str>, body: &Value) -> Result<Answer, String> {
        self.post(path, "application/json", csrf, Bytes::from(body.to_string())).await
    }

    pub(crate) async fn post_form(&mut self, path: &str, csrf: Option<&str>, body: String) -> Result<Answer, String> {
        self.post(path, "application/x-www-form-urlencoded", csrf, Bytes::from(body)).await
    }

    async fn post(&mut self, path: &str, kind: &str, csrf: Option<&str>, body: Bytes) -> Result<Answer, String> {
        let mut headers = vec![("content-type", kind)];
        headers.extend(csrf.map(|token| ("x-csrf-token", token)));
        self.send(Method::POST, path, &headers, body).await
    }

    /// The value of the cookie with this bare name, whatever prefix it carries.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        ["__Host-", "__Secure-", ""]
            .iter()
            .find_map(|prefix| self.jar.get(&format!("{prefix}{name}")))
            .map(String::as_str)
    }

    /// The `Cookie` header.
    pub(crate) fn cookies(&self) -> String {
        self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        let exchange = tokio::time::timeout(PATIENCE, self.exchange(method, path, headers, body));
        let answer = exchange.await.map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))??;
        self.keep_cookies(&answer.headers);
        Ok(answer)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| format!("connecting: {error}"))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let mut request =
            Request::builder().method(method).uri(path).header("host", self.host()).header(ORIGIN, &self.origin);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies = self.cookies();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let answer = sender.send_request(request).await.map_err(|error| format!("sending: {error}"))?;
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.map_err(|error| format!("reading: {error}"))?.to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    fn host(&self) -> &str {
        self.origin.split_once("://").map_or(self.origin.as_str(), |(_, host)| host)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE).iter().filter_map(|value: &HeaderValue| value.to_str().ok()) {
            let Some((pair, attributes)) = header.split_once(';') else { continue };
            let Some((name, value)) = pair.split_once('=') else { continue };
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
