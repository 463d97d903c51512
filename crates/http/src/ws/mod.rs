//! `GET /api/v1/ws/chat` (contract section 6).
//!
//! A browser shows a refused upgrade only as close code 1006, so that an upgrade is completed even for a caller
//! who is then turned away: with 1008 and the reason, before anything is read.

mod end;
mod handshake;
mod line;
mod pace;
mod socket;

use std::net::IpAddr;

use axum::extract::{Request, State};
use durward_core::sockets::Admission;
use durward_proto::Code;
use durward_verify::{Lease, Surface};
use http::{HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::app::{Shared, Site};
use crate::door::Passage;
use crate::layers::cookies::CookieKind;
use crate::layers::origin::Sender;
use crate::meters;
use crate::reply::Answer;
use crate::traces;
use end::End;
use line::Line;

/// The stream that all of this is about.
pub(crate) type Stream = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// How many bytes are read at once, which each socket has room for.
const READ: usize = 2 * 1024;

/// Opens the chat. The door has already looked at the origin.
pub(crate) async fn chat(State(site): State<Shared>, request: Request) -> Answer {
    let mut request = request.map(drop);
    let passage = request.extensions_mut().remove::<Passage>().ok_or(Code::Unavailable)?;
    let response = handshake::accept(request.headers())?;
    let entry = enter(&site, &request, passage.ip).await;
    let place = passage.place;
    let handshake = Handshake {
        request_id: passage.request_id.as_str().into(),
        context: apart(&traces::context(request.headers())),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => serve(&site, TokioIo::new(upgraded), entry, handshake).await,
            Err(error) => tracing::debug!(%error, "the upgrade was not completed"),
        }
        drop(place);
    });
    Ok(response)
}

/// What is remembered of the request.
struct Handshake {
    request_id: Box<str>,
    /// What it said of a trace.
    context: HeaderMap,
}

/// A copy that does not hold on to all that was read of the request.
fn apart(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
    headers.iter().filter_map(|(name, value)| Some((name.clone(), copy(value)?))).collect()
}

/// Who opens the socket, and their place among the open ones.
async fn enter(site: &Site, request: &http::Request<()>, ip: IpAddr) -> Result<(Lease, Admission), Code> {
    let origin = match site.origins.by_origin(request.headers()) {
        Sender::Allowed(origin) => Some(origin.as_str()),
        Sender::Unnamed | Sender::Foreign => None,
    };
    let (headers, query) = (request.headers(), request.uri().query());
    let lease = site.core.verifier().socket(headers, query, origin, site.rules.token_in_url).await;
    match &lease {
        Ok(lease) => site.token_meters.good(lease.verified().source()),
        Err(refusal) => {
            let surface = Surface::Socket { token_in_url: site.rules.token_in_url };
            let cookie = site.rules.cookies.name(CookieKind::Access);
            let found = durward_verify::find(headers, query, cookie, surface);
            site.token_meters.refused(found.ok().map(|carried| carried.source), refusal.code());
        }
    }
    let lease = lease.map_err(|refusal| refusal.code())?;
    let place = site.core.sockets().admit(lease.verified().user_id(), lease.session_id(), ip);
    let place = place.ok_or(Code::TooManyConnections)?;
    Ok((lease, place))
}

async fn serve(
    site: &Shared,
    io: TokioIo<hyper::upgrade::Upgraded>,
    entry: Result<(Lease, Admission), Code>,
    Handshake { request_id, context }: Handshake,
) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(site.rules.body_limit))
        .max_frame_size(Some(site.rules.body_limit))
        .read_buffer_size(READ)
        .write_buffer_size(8 * 1024)
        .max_write_buffer_size(1024 * 1024);
    let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    match entry {
        Ok((lease, place)) => {
            let (user, session) = (lease.verified().user_id().0, lease.session_id());
            tracing::info!(request_id = &*request_id, user, %session, "a socket is open");
            let end = socket::run(site, stream, lease, context).await;
            drop(place);
            meters::socket_closed(end.reason());
            tracing::info!(request_id = &*request_id, user, %session, end = end.reason(), "a socket has closed");
        }
        Err(code) => {
            tracing::info!(request_id = &*request_id, %code, "a socket was refused");
            meters::socket_closed(code.as_str());
            Box::pin(Line::new(stream).finish(End::of(code))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The room that the future of a call takes, which is not made.
    fn room<A, B, C, D, F: Future>(_: impl FnOnce(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_open_socket_takes_little_room() {
        let room = room(|site: &'static Shared, io, entry, handshake| serve(site, io, entry, handshake));
        assert!(room <= 3_584, "{room} bytes for each socket");
    }
}
