//! Somebody who uses the program over the wire.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::{Answer, Socket};

/// A client with a cookie jar. On unsafe methods it sends the CSRF cookie's value as `X-CSRF-Token`, as pages do.
pub struct Actor {
    address: SocketAddr,
    headers: Vec<(String, String)>,
    jar: Mutex<BTreeMap<String, String>>,
    sends_csrf: bool,
}

impl Actor {
    pub fn new(address: SocketAddr, origin: &str) -> Self {
        let headers = vec![("origin".to_owned(), origin.to_owned())];
        Self { address, headers, jar: Mutex::default(), sends_csrf: true }
    }

    /// Sends this header with every request, instead of any other of its name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends this header as well, even when there is one of its name.
    pub fn with_another(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with_bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub fn without_origin(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "origin");
        self
    }

    /// Does not send `X-CSRF-Token` by itself.
    pub fn without_csrf(mut self) -> Self {
        self.sends_csrf = false;
        self
    }

    /// Somebody else with a copy of this jar and these headers.
    pub fn copy(&self) -> Self {
        Self {
            address: self.address,
            headers: self.headers.clone(),
            jar: Mutex::new(self.jar().clone()),
            sends_csrf: self.sends_csrf,
        }
    }

    /// Where the program is that it speaks to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same at another node of the program.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// What it sends with every request under this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    pub fn drop_cookie(&self, name: &str) {
        self.jar().remove(name);
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Bytes::new()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.json(Method::PUT, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.json(Method::PATCH, path, body).await
    }

    pub async fn delete_with(&self, path: &str, body: Value) -> Answer {
        self.json(Method::DELETE, path, body).await
    }

    pub async fn post_empty(&self, path: &str) -> Answer {
        self.send(Method::POST, path, &[], Bytes::new()).await
    }

    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &kind, Bytes::from(form)).await
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], Bytes::from(body.to_string())).await
    }

    /// The status of a request where the server may be gone.
    pub async fn try_get(&self, path: &str) -> Option<u16> {
        let stream = TcpStream::connect(self.address).await.ok()?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let request = Request::builder().uri(path).header("host", self.address.to_string());
        let answer = sender.send_request(request.body(Full::new(Bytes::new())).unwrap()).await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Any request. `headers` replace those of the actor that have their names.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method.clone()).uri(path).header("host", self.address.to_string());
        for (name, value) in self.all_headers(&method, headers) {
            request = request.header(name, value);
        }
        let answer = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer { request: format!("{method} {path}"), status: parts.status, headers: parts.headers, body };
        self.keep_cookies(&answer);
        answer
    }

    /// Opens a WebSocket, which must be accepted; what comes first is up to the test.
    pub async fn socket(&self, path: &str) -> Socket {
        Socket::open(self.address, path, &self.all_headers(&Method::GET, &[])).await.expect("the upgrade is accepted")
    }

    /// Tries to open a WebSocket: the status when the upgrade is refused.
    pub async fn try_socket(&self, path: &str) -> Result<Socket, u16> {
        Socket::open(self.address, path, &self.all_headers(&Method::GET, &[])).await
    }

    fn all_headers(&self, method: &Method, own: &[(&str, &str)]) -> Vec<(String, String)> {
        let jar = self.jar();
        let mut all: Vec<(String, String)> =
            self.headers.iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name)).cloned().collect();
        if !jar.is_empty() && own.iter().all(|(name, _)| *name != "cookie") {
            let pairs: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            all.push(("cookie".to_owned(), pairs.join("; ")));
        }
        let csrf = ["csrf_token", "__Host-csrf_token", "__Secure-csrf_token"].iter().find_map(|name| jar.get(*name));
        let said =
            all.iter().any(|(name, _)| name == "x-csrf-token") || own.iter().any(|(name, _)| *name == "x-csrf-token");
        if let (Some(csrf), true, false, false) = (csrf, self.sends_csrf, said, method.is_safe()) {
            all.push(("x-csrf-token".to_owned(), csrf.clone()));
        }
        all.extend(own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all
    }

    fn keep_cookies(&self, answer: &Answer) {
        let mut jar = self.jar();
        for cookie in answer.set_cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.jar.lock().unwrap()
    }
}
