//! One open socket: what comes in, what is answered, and what ends it.
//!
//! One loop waits for everything that can happen; nothing in it waits for the client to read, so that an end is
//! noticed at once, also while an answer is streamed. Sockets mostly do nothing, and there are many: what is rarely
//! waited for has its room only then.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use durward_core::Fault;
use durward_core::chat::{Answering, Piece};
use durward_proto::wire::ws::{FromClient, FromServer, SocketUser};
use durward_proto::{Code, ConversationId, MessageId, Secret, Timestamp};
use durward_verify::Lease;
use http::HeaderMap;
use tokio_tungstenite::tungstenite::{Error, Message};
use tracing::{Instrument, Span};

use super::Stream;
use super::end::End;
use super::line::Line;
use super::pace::{Pace, Verdict};
use crate::app::Site;
use crate::traces;

/// How often the client is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// After how long without a word from it it counts as gone.
const SILENCE: Duration = Duration::from_secs(75);
/// How long before its end a lease is said to be ending.
const WARN_BEFORE: Duration = Duration::from_secs(60);
/// How many messages may wait while one is answered.
const QUEUE: usize = 8;

/// Runs a socket until it ends, and says why it did.
/// `context` is what its handshake said of a trace.
pub(super) async fn run(site: &Site, stream: Stream, lease: Lease, context: HeaderMap) -> End {
    let now = site.core.clock().monotonic();
    let mut socket = Socket {
        site,
        lease,
        line: Line::new(stream),
        pace: Pace::new(site.rules.messages_per_minute, now),
        queue: VecDeque::new(),
        answering: None,
        context,
        span: Span::none(),
        heard: now,
        pinged: now,
        warned: None,
    };
    let end = socket.live().await.err().unwrap_or(End::Gone);
    Box::pin(socket.line.finish(end)).await;
    end
}

struct Socket<'a> {
    site: &'a Site,
    lease: Lease,
    line: Line,
    pace: Pace,
    queue: VecDeque<(String, Option<ConversationId>)>,
    answering: Option<Box<Answering>>,
    /// What the handshake said of a trace, and the span of the message that is being answered.
    context: HeaderMap,
    span: Span,
    /// When something last came, when the last ping went out: monotonic.
    heard: Duration,
    pinged: Duration,
    /// The end that the client has been warned of.
    warned: Option<Timestamp>,
}

/// What has happened.
enum Event {
    Came(Option<Result<Message, Error>>),
    Answer(Option<Result<Piece, Fault>>),
    Time,
}

impl Socket<'_> {
    /// Goes on until something ends it, which is always an error here.
    async fn live(&mut self) -> Result<(), End> {
        let mut closing = self.site.closing.clone();
        self.post(&FromServer::Ready {
            user: SocketUser {
                id: self.lease.verified().user_id(),
                email: self.lease.verified().email().to_owned(),
                role: self.lease.verified().role().clone(),
            },
            session_id: self.lease.session_id(),
            expires_at: self.lease.expires_at(),
        });
        loop {
            if self.answering.is_none() && !self.queue.is_empty() {
                Box::pin(self.begin_next()).await;
            }
            let wait = self.until_due();
            let event = tokio::select! {
                biased;
                code = self.lease.ended() => return Err(End::of(code)),
                () = closing.closed() => return Err(End::Stopping),
                event = next(&mut self.line, &mut self.answering, &self.span) => event?,
                () = tokio::time::sleep(wait) => Event::Time,
            };
            match event {
                Event::Came(came) => {
                    if let Some(token) = self.hear(came)? {
                        Box::pin(self.renew(token)).await;
                    }
                }
                Event::Answer(piece) => self.tell(piece),
                Event::Time => self.attend()?,
            }
        }
    }

    /// Something came, or nothing will any more. A newer token is handed back.
    fn hear(&mut self, came: Option<Result<Message, Error>>) -> Result<Option<Secret>, End> {
        let message = match came {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(End::of_error(&error)),
            None => return Err(End::Gone),
        };
        let now = self.site.core.clock().monotonic();
        self.heard = now;
        match (message, self.pace.take(now)) {
            (_, Verdict::Enough) => Err(End::of(Code::RateLimited)),
            (Message::Binary(_), _) => Err(End::Binary),
            (Message::Text(_), Verdict::Refused) => {
                self.refuse(Code::RateLimited, "Too many messages; wait a moment.");
                Ok(None)
            }
            (Message::Text(text), Verdict::Taken) => Ok(match serde_json::from_str(&text) {
                Ok(said) => self.obey(said),
                Err(_) => {
                    self.refuse(Code::BadMessage, Code::BadMessage.title());
                    None
                }
            }),
            // Pings are answered by the library; a close is, too, and then nothing more comes.
            (Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_), _) => Ok(None),
        }
    }

    fn obey(&mut self, said: FromClient) -> Option<Secret> {
        match said {
            FromClient::Ping {} => self.post(&FromServer::Pong {}),
            FromClient::Auth { token } => return Some(token),
            FromClient::Message { .. } if self.queue.len() >= QUEUE => {
                self.refuse(Code::RateLimited, "Too many messages wait for an answer.");
            }
            FromClient::Message { content, conversation_id } => self.queue.push_back((content, conversation_id)),
        }
        None
    }

    /// Goes on under a newer token. A refused one changes nothing: the socket stays until its own end.
    async fn renew(&mut self, token: Secret) {
        let renewed = pin!(self.site.core.verifier().token(token.expose()));
        let renewed = self.line.beside(renewed).await;
        match renewed.and_then(|verified| self.lease.renew(verified)) {
            Ok(()) => self.post(&FromServer::Renewed { expires_at: self.lease.expires_at() }),
            Err(refusal) => self.refuse(refusal.code(), refusal.detail()),
        }
    }

    /// Begins to answer what has waited longest, once nothing else is being answered.
    async fn begin_next(&mut self) {
        while self.answering.is_none() {
            let Some((content, conversation)) = self.queue.pop_front() else { break };
            self.span = traces::of_message(self.site, &self.context);
            let said = self.site.core.say(self.lease.verified(), content, conversation);
            let said = self.line.beside(pin!(said.instrument(self.span.clone()))).await;
            match said {
                Ok(answering) => {
                    let started = FromServer::Started {
                        message_id: answering.message_id,
                        conversation_id: answering.conversation_id,
                        in_reply_to: answering.in_reply_to,
                    };
                    self.answering = Some(Box::new(answering));
                    self.post(&started);
                }
                Err(fault) => {
                    self.span.record("otel.status_code", "ERROR");
                    self.end_answer();
                    self.fail(&fault, None);
                }
            }
        }
    }

    /// The next piece of the answer goes out.
    fn tell(&mut self, piece: Option<Result<Piece, Fault>>) {
        let ids = self.answering.as_ref().map(|answering| (answering.message_id, answering.conversation_id));
        let (Some((message_id, conversation_id)), Some(piece)) = (ids, piece) else {
            return self.end_answer();
        };
        match piece {
            Ok(Piece::Delta(delta)) => self.post(&FromServer::Delta { message_id, conversation_id, delta }),
            Ok(Piece::Done(content)) => {
                self.end_answer();
                self.post(&FromServer::Done { message_id, conversation_id, content });
            }
            Err(fault) => {
                self.span.record("otel.status_code", "ERROR");
                self.end_answer();
                self.fail(&fault, Some(message_id));
            }
        }
    }

    fn end_answer(&mut self) {
        self.answering = None;
        self.span = Span::none();
    }

    /// A message could not be answered; `answer` is the answer that had begun.
    fn fail(&mut self, fault: &Fault, answer: Option<MessageId>) {
        if let Some(cause) = fault.cause() {
            tracing::warn!(code = %fault.problem().code, cause, "a message could not be answered");
        }
        let problem = fault.problem();
        let detail = problem.errors.first().map_or(&problem.detail, |error| &error.detail).clone();
        let (code, retry_after) = (problem.code, problem.retry_after);
        self.post(&FromServer::Error { code, detail, retry_after, message_id: answer });
    }

    fn refuse(&mut self, code: Code, detail: &str) {
        let detail = detail.to_owned();
        self.post(&FromServer::Error { code, detail, retry_after: None, message_id: None });
    }

    /// What is due by the clock.
    fn attend(&mut self) -> Result<(), End> {
        let now = self.site.core.clock().monotonic();
        if now.saturating_sub(self.heard) >= SILENCE {
            return Err(End::Silent);
        }
        if now.saturating_sub(self.pinged) >= PING_EVERY {
            self.pinged = now;
            self.line.send(Message::Ping(Bytes::new()));
        }
        let expires_at = self.lease.expires_at();
        if self.warned != Some(expires_at) && self.until_warning().is_zero() {
            self.warned = Some(expires_at);
            self.post(&FromServer::Expiring { expires_at });
        }
        Ok(())
    }

    /// How long until [`Self::attend`] has something to do.
    fn until_due(&self) -> Duration {
        let now = self.site.core.clock().monotonic();
        let ping = (self.pinged + PING_EVERY).saturating_sub(now);
        let silence = (self.heard + SILENCE).saturating_sub(now);
        let warning = if self.warned == Some(self.lease.expires_at()) { ping } else { self.until_warning() };
        ping.min(silence).min(warning)
    }

    fn until_warning(&self) -> Duration {
        self.lease.expires_at().minus(WARN_BEFORE).since(self.site.core.clock().now())
    }

    fn post(&mut self, message: &FromServer) {
        // Our own types have text keys and no failing parts.
        let text = serde_json::to_string(message).unwrap_or_default();
        self.line.send(Message::text(text));
    }
}

/// What comes over the line, or the next piece of the answer once there is room for it. Can be dropped while it waits.
async fn next(line: &mut Line, answering: &mut Option<Box<Answering>>, span: &Span) -> Result<Event, End> {
    let Some(answering) = answering else { return poll_fn(|cx| line.poll_next(cx)).await.map(Event::Came) };
    let mut piece = Box::pin(answering.next().instrument(span.clone()));
    poll_fn(|cx| {
        loop {
            // The answer first, as far as it is there and has room: what comes at once goes out at once.
            let had_room = !line.is_full();
            if had_room && let Poll::Ready(piece) = piece.as_mut().poll(cx) {
                return Poll::Ready(Ok(Event::Answer(piece)));
            }
            if let Poll::Ready(came) = line.poll_next(cx) {
                return Poll::Ready(came.map(Event::Came));
            }
            // Where that made room, nobody has asked for the next piece yet, and nothing would wake this task for it.
            if had_room || line.is_full() {
                return Poll::Pending;
            }
        }
    })
    .await
}
