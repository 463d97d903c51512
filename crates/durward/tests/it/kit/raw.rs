//! A request as bytes, for what no HTTP library would send.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Answer;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends the bytes on a connection of their own and reads until the server closes it. With `hang_up` the server learns
/// that no more will come. None when it closed without a word.
pub async fn exchange(address: SocketAddr, request: &[u8], hang_up: bool) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have heard enough, and closed, before all is sent.
    let _ = stream.write_all(request).await;
    if hang_up {
        let _ = stream.shutdown().await;
    }
    let mut bytes = Vec::new();
    let read = async {
        let mut piece = [0; 16 * 1024];
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            bytes.extend_from_slice(&piece[..length]);
            if is_switched(&bytes) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time");
    parse(&bytes)
}

/// Whether it has become a WebSocket, which stays open.
fn is_switched(bytes: &[u8]) -> bool {
    bytes.starts_with(b"HTTP/1.1 101") && bytes.windows(4).any(|end| end == b"\r\n\r\n")
}

/// The answer, after any `100 Continue`.
fn parse(bytes: &[u8]) -> Option<Answer> {
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("a whole head");
    let (head, rest) = (std::str::from_utf8(&bytes[..end]).unwrap(), &bytes[end + 4..]);
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap();
    let status: StatusCode = line.split(' ').nth(1).unwrap().parse().unwrap();
    if status == StatusCode::CONTINUE {
        return parse(rest);
    }
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.trim().as_bytes()).unwrap());
    }
    let length = headers.get("content-length").map(|length| length.to_str().unwrap().parse::<usize>().unwrap());
    // What follows a whole answer would be another one; an answer to HEAD has a length and no body.
    let body = &rest[..rest.len().min(length.unwrap_or(rest.len()))];
    Some(Answer { request: String::new(), status, headers, body: Bytes::copy_from_slice(body) })
}
