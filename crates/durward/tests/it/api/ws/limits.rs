//! How much one client may take: messages, sockets, and the server's patience.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::{CHAT, ping, ready, refused, say};
use crate::kit::{Control, Socket, on_both};

/// Reads what is there until the close: how many errors said `rate_limited`, and the close.
async fn drain(socket: &mut Socket) -> (usize, u16, String) {
    let mut told = 0;
    loop {
        match socket.next_raw().await {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(text.as_str()).unwrap();
                told += usize::from(message["code"] == "rate_limited");
            }
            Message::Close(Some(frame)) => return (told, frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

on_both! {
    /// A client that does not stop is told so, and then closed with `rate_limited`. Its other sockets stay.
    async fn a_flood_is_stopped(app) {
        let ann = app.user("ann").await;
        let mut calm = ready(&ann).await;
        for flood in [Message::text(ping().to_string()), Message::text("nonsense"), Message::Ping(vec![1].into())] {
            let mut socket = ready(&ann).await;
            for _ in 0..200 {
                if socket.try_send_raw(flood.clone()).await.is_err() {
                    break;
                }
            }
            let (told, code, reason) = drain(&mut socket).await;
            assert_eq!((code, reason.as_str()), (1008, "rate_limited"));
            assert!(told > 0 || flood.is_ping(), "the client is warned first");
        }
        calm.lives().await;
    }

    /// One that waits a moment goes on.
    async fn patience_is_enough(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for _ in 0..25 {
            socket.send(ping()).await;
        }
        let mut refused = 0;
        for _ in 0..25 {
            let message = socket.next().await;
            refused += usize::from(message["type"] == "error" && message["code"] == "rate_limited");
        }
        assert!(refused > 0);
        app.clock.advance(Duration::from_secs(60));
        for _ in 0..5 {
            socket.lives().await;
        }
    }

    /// A client that sends and never reads is cut off, and holds up nobody else.
    async fn a_client_that_never_reads_blocks_nobody(app) {
        let ann = app.user("ann").await;
        let bob = app.user("bob").await;
        let (mut deaf, mut other) = (ready(&ann).await, ready(&ann).await);
        let mut bobs = ready(&bob).await;
        // Each is answered with some 16,000 deltas: more than any buffer on the way holds.
        for _ in 0..6 {
            deaf.send(say("a ".repeat(16 * 1024).trim_end())).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let control = Control::of(app.address);
        for _ in 0..5 {
            let started = Instant::now();
            bobs.lives().await;
            other.lives().await;
            bob.get("/api/v1/profile").await.is(200);
            let took = started.elapsed();
            assert!(took < control.allows(Duration::from_secs(2)), "{took:?}");
        }
        // Its end does not wait for it either: the place is free once the server has lost its patience.
        tokio::time::sleep(Duration::from_secs(11)).await;
        let gone = tokio::time::timeout(Duration::from_secs(30), drain_to_end(&mut deaf)).await;
        assert!(gone.is_ok(), "the deaf one is cut off");
    }
}

/// Reads until the stream ends, by a close or without one.
async fn drain_to_end(socket: &mut Socket) {
    while !matches!(socket.next_or_end().await, Some(Message::Close(_)) | None) {}
}

on_both! {
    /// An answer whose many pieces are there at once goes out without a pause, to whoever reads it.
    async fn a_long_answer_comes_whole(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        let question = "a ".repeat(16 * 1024);
        socket.send(say(question.trim_end())).await;
        let mut pieces = String::new();
        let answer = loop {
            let message = socket.next().await;
            match message["type"].as_str() {
                Some("message.delta") => pieces += message["delta"].as_str().unwrap(),
                Some("message.done") => break message["content"].as_str().unwrap().to_owned(),
                Some("message.started") => {}
                _ => panic!("{message}"),
            }
        };
        assert_eq!((pieces.len(), pieces == answer), (question.trim_end().len(), true));
    }
}

on_both! {
    with &[("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_USER", "2")];

    /// Each user may have so many sockets open, over all of their sessions; a closed one makes room.
    async fn a_user_has_so_many_sockets(app) {
        let ann = app.user("ann").await;
        let second = app.login("ann").await;
        let bob = app.user("bob").await;
        let first = ready(&ann).await;
        let mut kept = ready(&second).await;
        refused(&ann, CHAT, "too_many_connections").await;
        refused(&second, CHAT, "too_many_connections").await;
        ready(&bob).await;
        kept.lives().await;
        first.close().await;
        let mut again = ready_soon(&ann).await;
        refused(&ann, CHAT, "too_many_connections").await;
        // One that goes without a goodbye makes room, too.
        drop(kept);
        ready_soon(&second).await;
        again.lives().await;
    }
}

/// Opens the chat once there is a place: the server hears of an end a moment after the client.
async fn ready_soon(actor: &crate::kit::Actor) -> Socket {
    for _ in 0..50 {
        let mut socket = actor.socket(CHAT).await;
        match socket.next_raw().await {
            Message::Text(_) => return socket,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("no place is free after a second")
}

on_both! {
    with &[("DURWARD_WEBSOCKET__MAX_MESSAGES_PER_MINUTE", "600")];

    /// How fast one may talk is configured.
    async fn the_pace_is_configured(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for _ in 0..100 {
            app.clock.advance(Duration::from_millis(100));
            socket.lives().await;
        }
    }
}

on_both! {
    with &[("DURWARD_WEBSOCKET__MAX_MESSAGES_PER_MINUTE", "6")];

    /// Also when it is slow.
    async fn a_slow_pace_is_kept(app) {
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for _ in 0..6 {
            socket.lives().await;
        }
        socket.send(ping()).await;
        assert_eq!(socket.expect("error").await["code"], "rate_limited");
        app.clock.advance(Duration::from_secs(10));
        socket.lives().await;
        socket.send(ping()).await;
        assert_eq!(socket.expect("error").await["code"], "rate_limited");
    }
}
