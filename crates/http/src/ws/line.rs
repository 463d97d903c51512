//! Both ways of one socket, in the task that it has anyway: what comes in, and what waits to go out. Nothing here waits
//! for the client to read, but a client that does not is given up.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::Sleep;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Stream;
use super::end::End;

/// How many messages may wait to be written before nothing more is read or answered.
const WAITING: usize = 64;
/// How long a client may take to read one.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take over the end: to read the close frame and to answer it.
const FAREWELL: Duration = Duration::from_secs(2);
/// How much of a message that is too large is still taken in, in bytes.
const DISCARD: usize = 4 * 1024 * 1024;
/// When nothing has come for this long, all of it has.
const QUIET: Duration = Duration::from_millis(250);

/// The line to a client.
pub(super) struct Line {
    stream: Stream,
    waiting: VecDeque<Message>,
    /// Whether the stream has something that it may not have written yet.
    unflushed: bool,
    /// Runs while the client does not read.
    patience: Option<Pin<Box<Sleep>>>,
}

impl Line {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, waiting: VecDeque::new(), unflushed: false, patience: None }
    }

    /// Sends a message as soon as the client reads: whoever waits on this line writes.
    pub(super) fn send(&mut self, message: Message) {
        self.waiting.push_back(message);
    }

    /// Whether as much waits as may.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING
    }

    /// What comes next, unless the client has to read first.
    ///
    /// # Errors
    /// When nothing more can be written.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Result<Message, Error>>, End>> {
        if let Poll::Ready(Err(end)) = self.poll_write(cx) {
            return Poll::Ready(Err(end));
        }
        if self.is_full() { Poll::Pending } else { self.stream.poll_next_unpin(cx).map(Ok) }
    }

    /// Does some work and writes meanwhile. What is wrong with the line is found again when it is looked at next.
    pub(super) async fn beside<F: Future + Unpin>(&mut self, mut work: F) -> F::Output {
        poll_fn(|cx| {
            let done = Pin::new(&mut work).poll(cx);
            if done.is_pending() {
                let _ = self.poll_write(cx);
            }
            done
        })
        .await
    }

    /// Says goodbye, and waits a moment for the other side to do so too.
    pub(super) async fn finish(mut self, end: End) {
        self.send(Message::Close(Some(end.frame())));
        let goodbye = async {
            let said = poll_fn(|cx| self.poll_stream(cx)).await.is_ok();
            match end {
                End::TooBig if said => discard(&mut self.stream).await,
                _ => while let Some(Ok(_)) = self.stream.next().await {},
            }
        };
        let _ = tokio::time::timeout(FAREWELL, goodbye).await;
    }

    /// Writes what waits, many at once where many wait, within the client's time.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        match self.poll_stream(cx) {
            Poll::Ready(written) => {
                self.patience = None;
                Poll::Ready(written.map_err(|_| End::Gone))
            }
            Poll::Pending => {
                let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
                ready!(patience.as_mut().poll(cx));
                Poll::Ready(Err(End::Slow))
            }
        }
    }

    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.waiting.is_empty() {
            ready!(self.stream.poll_ready_unpin(cx))?;
            // What came before this one has been written.
            self.patience = None;
            if let Some(message) = self.waiting.pop_front() {
                self.unflushed = true;
                self.stream.start_send_unpin(message)?;
            }
        }
        if self.unflushed {
            ready!(self.stream.poll_flush_unpin(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// The rest of a message that is too large is still arriving. A connection that is closed with unread bytes in it is
/// reset, and the close frame may be lost with it.
async fn discard(stream: &mut Stream) {
    let (mut buffer, mut left) = (vec![0u8; 8 * 1024], DISCARD);
    while left > 0 {
        match tokio::time::timeout(QUIET, stream.get_mut().read(&mut buffer)).await {
            Ok(Ok(read @ 1..)) => left = left.saturating_sub(read),
            _ => return,
        }
    }
}
