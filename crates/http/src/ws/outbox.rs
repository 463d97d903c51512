//! What goes out over a socket: written by a task of its own, so that a client that reads slowly holds up nobody.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Stream;
use super::end::End;

/// How many messages may wait to be written.
const WAITING: usize = 64;
/// How long a client may take to read one.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take over the end: to read the close frame and to answer it.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much of a message that is too large is still taken in, in bytes.
const DISCARD: usize = 4 * 1024 * 1024;
/// When nothing has come for this long, all of it has.
const QUIET: Duration = Duration::from_millis(250);

type Sink = SplitSink<Stream, Message>;

/// The way out.
#[derive(Debug)]
pub(super) struct Outbox {
    messages: mpsc::Sender<Message>,
    writer: JoinHandle<Option<Sink>>,
}

impl Outbox {
    /// Starts the writer.
    pub(super) fn start(sink: Sink) -> Self {
        let (messages, waiting) = mpsc::channel(WAITING);
        Self { messages, writer: tokio::spawn(write(sink, waiting)) }
    }

    /// Where messages are put.
    pub(super) fn messages(&self) -> mpsc::Sender<Message> {
        self.messages.clone()
    }

    /// Says goodbye, and waits a moment for the other side to do so too.
    pub(super) async fn finish(self, mut incoming: SplitStream<Stream>, end: End) {
        let Self { messages, mut writer } = self;
        let goodbye = async {
            let _ = messages.send(Message::Close(Some(end.frame()))).await;
            drop(messages);
            let sink = (&mut writer).await.ok().flatten();
            match (end, sink) {
                (End::TooBig, Some(sink)) => discard(incoming, sink).await,
                _ => while let Some(Ok(_)) = incoming.next().await {},
            }
        };
        let _ = tokio::time::timeout(FAREWELL, goodbye).await;
        writer.abort();
    }
}

/// The rest of a message that is too large is still arriving. A connection that is closed with unread bytes in it is
/// reset, and the close frame may be lost with it.
async fn discard(incoming: SplitStream<Stream>, sink: Sink) {
    let Ok(mut stream) = incoming.reunite(sink) else { return };
    let (mut buffer, mut left) = ([0u8; 8 * 1024], DISCARD);
    while left > 0 {
        match tokio::time::timeout(QUIET, stream.get_mut().read(&mut buffer)).await {
            Ok(Ok(read @ 1..)) => left = left.saturating_sub(read),
            _ => return,
        }
    }
}

/// Writes what waits, many at once where many wait. Gives the sink back; `None` when the other side does not read.
async fn write(mut sink: Sink, mut waiting: mpsc::Receiver<Message>) -> Option<Sink> {
    while let Some(message) = waiting.recv().await {
        let batch = async {
            sink.feed(message).await?;
            while let Ok(message) = waiting.try_recv() {
                sink.feed(message).await?;
            }
            sink.flush().await
        };
        match tokio::time::timeout(PATIENCE, batch).await {
            Ok(Ok(())) => {}
            Ok(Err(Error::ConnectionClosed)) => return Some(sink),
            Ok(Err(_)) | Err(_) => return None,
        }
    }
    Some(sink)
}

/// Closes a socket that was never let in.
pub(super) async fn turn_away(mut stream: Stream, end: End) {
    let goodbye = async {
        if stream.send(Message::Close(Some(end.frame()))).await.is_ok() {
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    let _ = tokio::time::timeout(FAREWELL, goodbye).await;
}
