//! A connection that ends while its client still sends.
//!
//! A request may be answered before all of it has come: refused for what its head says, or too large, or no HTTP at all.
//! A connection that is closed with unread bytes in it is reset (RFC 9112 section 9.6), which the client sees as a failed
//! write, and which may take the answer away before it is read. So only the server's half is closed at first, and what
//! still comes is thrown away until the client closes its own, within bounds.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How much is thrown away at most: 16 MiB.
const AT_MOST: usize = 16 * 1024 * 1024;
/// And for how long.
const FOR: Duration = Duration::from_secs(5);

/// What is known of the requests on a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading(Arc<AtomicU8>);

impl Reading {
    /// All that has come was read to the end of a request.
    const WHOLE: u8 = 0;
    /// Something has come since, or is missing.
    const PART: u8 = 1;
    /// It is no HTTP any more; who took it over ends it in good order.
    const OVER: u8 = 2;

    fn something_came(&self) {
        let _ = self.0.compare_exchange(Self::WHOLE, Self::PART, Ordering::AcqRel, Ordering::Relaxed);
    }

    fn request_ended(&self) {
        let _ = self.0.compare_exchange(Self::PART, Self::WHOLE, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// The connection has been upgraded.
    pub(crate) fn is_over(&self) {
        self.0.store(Self::OVER, Ordering::Release);
    }

    /// The client may still be sending.
    fn is_partial(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::PART
    }
}

/// A request's body, which notes that it was read whole.
pub(crate) struct Noted<B> {
    inner: B,
    reading: Reading,
}

impl<B> Noted<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<axum::BoxError>,
{
    /// The body of a request whose head has just been read.
    pub(crate) fn body(inner: B, reading: &Reading) -> Body {
        if inner.is_end_stream() {
            reading.request_ended();
            return Body::empty();
        }
        Body::new(Self { inner, reading: reading.clone() })
    }
}

impl<B: HttpBody + Unpin> HttpBody for Noted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if frame.is_none() || self.inner.is_end_stream() {
            self.reading.request_ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A connection that lingers when it is shut down while a request is still coming.
pub(crate) struct Lingering<S> {
    stream: S,
    reading: Reading,
    end: Option<End>,
}

/// The server's half is closed.
struct End {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S, reading: Reading) -> Self {
        Self { stream, reading, end: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.reading.something_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, reading, end } = &mut *self;
        let end = match end {
            Some(end) => end,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
                if !reading.is_partial() {
                    return Poll::Ready(Ok(()));
                }
                end.insert(End { until: Box::pin(tokio::time::sleep(FOR)), left: AT_MOST })
            }
        };
        let mut scratch = [0; 16 * 1024];
        while end.left > 0 && end.until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => end.left = end.left.saturating_sub(buffer.filled().len()),
                // The client has closed its half, or is gone.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    fn pair() -> (DuplexStream, Lingering<DuplexStream>, Reading) {
        let (client, server) = duplex(64 * 1024);
        let reading = Reading::default();
        (client, Lingering::new(server, reading.clone()), reading)
    }

    /// How long the server took over the end of it.
    async fn shut(server: &mut Lingering<DuplexStream>) -> Duration {
        let began = Instant::now();
        server.shutdown().await.unwrap();
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_read_yet_is_thrown_away_until_the_client_has_done() {
        let (mut client, mut server, _) = pair();
        client.write_all(b"part").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        let sending = tokio::spawn(async move {
            for _ in 0..50 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                client.write_all(&[b'x'; 100_000]).await.unwrap();
            }
            // The end of the answer has been there since the beginning; the client sees it now.
            assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        });
        assert_eq!(shut(&mut server).await, Duration::from_secs(1));
        sending.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_without_an_end() {
        let (mut silent, mut server, _) = pair();
        silent.write_all(b"part").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(shut(&mut server).await, FOR);

        let (mut endless, mut server, _) = pair();
        endless.write_all(b"part").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        let sending = tokio::spawn(async move {
            let mut sent = 0;
            while endless.write_all(&[b'x'; 16 * 1024]).await.is_ok() {
                sent += 16 * 1024;
            }
            sent
        });
        assert!(shut(&mut server).await < FOR);
        drop(server);
        let sent = sending.await.unwrap();
        assert!((AT_MOST..AT_MOST + 256 * 1024).contains(&sent), "{sent}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_whole_or_no_http_ends_at_once() {
        let (_unused, mut server, _) = pair();
        assert_eq!(shut(&mut server).await, Duration::ZERO);

        for body in ["", "a body"] {
            let (mut client, mut server, reading) = pair();
            client.write_all(b"head").await.unwrap();
            server.read_exact(&mut [0; 4]).await.unwrap();
            Noted::body(Full::from(body), &reading).collect().await.unwrap();
            assert_eq!(shut(&mut server).await, Duration::ZERO, "{body:?}");
        }

        let (mut client, mut server, reading) = pair();
        client.write_all(b"head").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        reading.is_over();
        client.write_all(b"a message").await.unwrap();
        server.read_exact(&mut [0; 9]).await.unwrap();
        assert_eq!(shut(&mut server).await, Duration::ZERO);
    }
}
