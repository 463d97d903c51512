//! How many sockets a session and an address may have open.

use super::CHAT;
use crate::kit::{Actor, Socket, on_both};

async fn open(actor: &Actor) -> Result<Socket, (u16, String)> {
    let mut socket = actor.socket(CHAT).await;
    match socket.next_raw().await {
        tokio_tungstenite::tungstenite::Message::Close(Some(frame)) => {
            Err((frame.code.into(), frame.reason.to_string()))
        }
        _ => Ok(socket),
    }
}

fn full() -> (u16, String) {
    (1008, "too_many_connections".to_owned())
}

on_both! {
    with &[("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_SESSION", "2"), ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_ADDRESS", "3")];

    async fn a_session_and_an_address_have_room_for_so_many(app) {
        let (ann, other, bob) = (app.user("ann").await, app.login("ann").await, app.user("bob").await);
        let _first = open(&ann).await.expect("the first");
        let _second = open(&ann).await.expect("the second of the session");
        assert_eq!(open(&ann).await.err(), Some(full()), "a third of the session");
        let _third = open(&other).await.expect("the third of the address");
        assert_eq!(open(&bob).await.err(), Some(full()), "a fourth of the address");
    }
}
