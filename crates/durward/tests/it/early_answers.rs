//! Requests that are answered before all of them has come. Many clients send to the end before they read, and take a
//! connection that is reset meanwhile for a failure of the network: those, too, have to get the answer.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::{App, on_both};

const REGISTER: &str = "POST /api/v1/auth/register HTTP/1.1";
const SESSIONS: &str = "DELETE /api/v1/sessions HTTP/1.1";
const JSON: &str = "Content-Type: application/json";
/// Far more than is taken in before the answer, and than any buffer on the way holds.
const LARGE: usize = 5 * 1_024 * 1_024;
/// How long anything may take here, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that reads only after it has sent all, and that no error is allowed to stop.
struct Sender(TcpStream);

impl Sender {
    async fn to(app: &App) -> Self {
        Self(TcpStream::connect(app.address).await.unwrap())
    }

    async fn send(&mut self, bytes: &[u8]) {
        let sent = tokio::time::timeout(PATIENCE, self.0.write_all(bytes)).await.expect("the server reads on");
        sent.expect("all can be sent");
    }

    async fn head(&mut self, request: &str, headers: &[&str]) {
        let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        self.send(format!("{request}\r\nHost: x\r\n{lines}\r\n").as_bytes()).await;
    }

    /// So many bytes, with pauses if it is slow.
    async fn body(&mut self, length: usize, pace: Duration) {
        for piece in vec![b'x'; length].chunks(64 * 1_024) {
            tokio::time::sleep(pace).await;
            self.send(piece).await;
        }
    }

    /// All until the server closes its half: in good order, without a reset.
    async fn answer(mut self) -> String {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut answer)).await.expect("an end in time");
        read.expect("no reset");
        String::from_utf8(answer).unwrap()
    }
}

/// A refusal of ours, whole, and nothing after it.
#[track_caller]
fn assert_refused(answer: &str, status: u16, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(status.into()), Some(code)), "{answer}");
}

on_both! {
    /// Far too large, refused for its head alone or once too much has come.
    async fn an_upload_is_sent_to_its_end_and_the_refusal_read(app) {
        let length = format!("Content-Length: {LARGE}");
        for pace in [Duration::ZERO, Duration::from_millis(20)] {
            for connection in ["Connection: close", "Connection: keep-alive"] {
                for (request, headers, status, code) in [
                    (REGISTER, vec![JSON, &length], 413, "body_too_large"),
                    // Who asks for a word and does not wait for it.
                    (REGISTER, vec![JSON, &length, "Expect: 100-continue"], 413, "body_too_large"),
                    (REGISTER, vec!["Origin: https://evil.example", JSON, &length], 403, "origin_denied"),
                    (SESSIONS, vec![&length], 401, "token_missing"),
                ] {
                    let mut sender = Sender::to(&app).await;
                    sender.head(request, &[headers, vec![connection]].concat()).await;
                    sender.body(LARGE, pace).await;
                    assert_refused(&sender.answer().await, status, code);
                }
                let mut sender = Sender::to(&app).await;
                sender.head(REGISTER, &[JSON, "Transfer-Encoding: chunked", connection]).await;
                sender.send(format!("{LARGE:x}\r\n").as_bytes()).await;
                sender.body(LARGE, pace).await;
                sender.send(b"\r\n0\r\n\r\n").await;
                assert_refused(&sender.answer().await, 413, "body_too_large");
            }
        }
    }

    /// The same for the second request of a connection, and for a body that is small, but late.
    async fn on_a_connection_that_was_kept(app) {
        for (length, code, status) in [(LARGE, "body_too_large", 413), (10_000, "unsupported_media_type", 415)] {
            let mut sender = Sender::to(&app).await;
            sender.head("GET /health/live HTTP/1.1", &[]).await;
            let mut first = Vec::new();
            while !String::from_utf8_lossy(&first).contains("\r\n\r\n{") || first.last() != Some(&b'}') {
                let mut piece = [0; 4_096];
                let length = tokio::time::timeout(PATIENCE, sender.0.read(&mut piece)).await.unwrap().unwrap();
                assert_ne!(length, 0, "it is kept");
                first.extend_from_slice(&piece[..length]);
            }
            let kind = if status == 415 { "Content-Type: text/plain" } else { JSON };
            sender.head(REGISTER, &[kind, &format!("Content-Length: {length}"), "Connection: close"]).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            sender.body(length, Duration::from_millis(5)).await;
            assert_refused(&sender.answer().await, status, code);
        }
    }

    /// What is no request that could be read to an end: HTTP itself refuses it.
    async fn what_is_no_http(app) {
        for (head, status) in [
            ("GET / HTTP/1.1\r\nHost: x\r\nX-Endless: ", "431"),
            ("POST /api/v1/auth/register HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n", "400"),
            ("nonsense\r\n\r\n", "400"),
        ] {
            let mut sender = Sender::to(&app).await;
            sender.send(head.as_bytes()).await;
            sender.body(LARGE, Duration::ZERO).await;
            let answer = sender.answer().await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?}: {answer}");
        }
    }

    /// Nobody is listened to for ever.
    async fn an_endless_upload_is_cut_off(app) {
        let mut sender = Sender::to(&app).await;
        sender.head(REGISTER, &[JSON, "Content-Length: 9999999999"]).await;
        let piece = vec![b'x'; 64 * 1_024];
        let sending = async { while sender.0.write_all(&piece).await.is_ok() {} };
        tokio::time::timeout(PATIENCE, sending).await.expect("it is cut off");
        app.visitor().get("/health/ready").await.is(200);
    }
}
