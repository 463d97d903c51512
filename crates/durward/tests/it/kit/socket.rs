//! A WebSocket, from the client's side.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The sub-protocol that the server chose.
    pub protocol: Option<String>,
}

impl Socket {
    pub async fn open(address: SocketAddr, path: &str, headers: &[(String, String)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((stream, answer)) => {
                let protocol = answer.headers().get("sec-websocket-protocol");
                Ok(Self { stream, protocol: protocol.map(|name| name.to_str().unwrap().to_owned()) })
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next message, which must be a JSON text.
    pub async fn next(&mut self) -> Value {
        match self.next_raw().await {
            Message::Text(text) => serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// The next message, which must be of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], kind, "got {message}");
        message
    }

    /// The close, which must come next: its code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        match self.next_raw().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("expected a close, got {other:?}"),
        }
    }

    /// The close, whenever it comes; `None` when the connection ends without one.
    pub async fn close_whenever(&mut self) -> Option<(u16, String)> {
        while let Some(Ok(message)) = self.stream.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
            }
        }
        None
    }

    /// Whatever comes next but pings.
    pub async fn next_raw(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a message in time");
            match message.expect("the socket is open").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                other => return other,
            }
        }
    }

    /// The next ping or pong.
    pub async fn next_control(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a message in time");
        message.expect("the socket is open").unwrap()
    }

    /// The next message; `None` when the connection is gone.
    pub async fn next_or_end(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a message in time")?.ok()
    }

    /// Whether nothing comes for this long.
    pub async fn is_quiet(&mut self, during: Duration) -> bool {
        tokio::time::timeout(during, self.stream.next()).await.is_err()
    }

    /// Whether it still answers.
    pub async fn lives(&mut self) {
        self.send(serde_json::json!({ "type": "ping" })).await;
        self.expect("pong").await;
    }

    /// Says goodbye, and waits until the server has said so too.
    pub async fn close(mut self) {
        self.stream.close(None).await.unwrap();
        while let Some(Ok(_)) = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a close in time") {}
    }

    pub async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.try_send_raw(message).await.unwrap();
    }

    /// Sends where the other side may be gone.
    pub async fn try_send_raw(&mut self, message: Message) -> Result<(), Error> {
        self.stream.send(message).await
    }
}
