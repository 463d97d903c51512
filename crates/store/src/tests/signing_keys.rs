use serde_json::json;

use super::*;
use crate::migrate::MIGRATIONS;
use crate::testing::empty;
use crate::{Backend, EventKind, NewEvent, NewKey, StoreError};

both! {
    async fn keys_are_numbered_and_the_newest_comes_first(fresh: Fresh) {
        let jwk = json!({ "kty": "OKP", "x": "…" });
        for (kid, jwk) in [("a", None), ("b", Some(&jwk))] {
            keep(&fresh, &NewKey { public_jwk: jwk, ..key(kid) }).await.unwrap();
        }
        let rows = fresh.opened.gate.read().await.unwrap().signing_keys().await.unwrap();
        let short: Vec<_> = rows.iter().map(|row| (row.kid.as_str(), row.number, row.public_jwk.clone())).collect();
        assert_eq!(short, [("b", 2, Some(jwk)), ("a", 1, None)]);
        assert_eq!((rows[0].sealed.as_deref(), rows[0].algorithm.as_str()), (Some(&b"sealed"[..]), "EdDSA"));
        assert_eq!((rows[0].created_at, rows[0].activates_at, rows[0].retired_at), (NOW, NOW.plus(HOUR), None));

        let twice = keep(&fresh, &key("a")).await.unwrap_err();
        assert!(matches!(twice, StoreError::Conflict { .. }), "{twice}");
    }

    async fn a_retired_key_has_no_private_part(fresh: Fresh) {
        keep(&fresh, &key("a")).await.unwrap();
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(write.retire_signing_key("a", NOW).await.unwrap());
        assert!(!write.retire_signing_key("a", NOW.plus(HOUR)).await.unwrap(), "once");
        assert!(!write.retire_signing_key("b", NOW).await.unwrap(), "nor one that is not there");
        write.commit_unaudited("a test").await.unwrap();
        let rows = fresh.opened.gate.read().await.unwrap().signing_keys().await.unwrap();
        assert_eq!((rows[0].retired_at, &rows[0].sealed), (Some(NOW), &None));

        let unsealed = keep(&fresh, &NewKey { sealed: None, ..key("c") }).await;
        assert!(unsealed.is_err(), "a key in force has its private part");
        keep(&fresh, &NewKey { sealed: None, retired_at: Some(NOW), ..key("d") }).await.unwrap();
        assert!(keep(&fresh, &NewKey { algorithm: "none", ..key("e") }).await.is_err());
    }

    async fn of_many_who_make_the_first_key_one_does(fresh: Fresh) {
        let gate = fresh.opened.gate.clone();
        let made = race(16, |number| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                write.append_event(&event()).await.unwrap();
                if !write.signing_keys().await.unwrap().is_empty() {
                    return 0;
                }
                write.insert_signing_key(&key(&format!("k{number}"))).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                1
            }
        }).await;
        assert_eq!(made.into_iter().sum::<i32>(), 1);
        assert_eq!(gate.read().await.unwrap().latest_event().await.unwrap(), 1, "those who made none told nobody");
        let events = gate.read().await.unwrap().events_after(0, 10).await.unwrap();
        assert_eq!((events[0].kind, events[0].user_id), (EventKind::Keys, UserId(0)));
    }
}

/// Events that were there before the step are there after it, and the counter goes on.
#[tokio::test]
async fn the_step_keeps_the_events() {
    for backend in crate::testing::backends() {
        let fresh = empty(backend).await;
        let (first, second) = (&MIGRATIONS[0], &MIGRATIONS[1]);
        fresh.sql(&first.rendered(backend)).await;
        let at = if backend == Backend::Sqlite { "5" } else { "now()" };
        fresh
            .sql(&format!(
                "INSERT INTO revocation_events (seq, kind, user_id, session_id, reason, at) \
                 VALUES (1, 'session', 7, NULL, 'logout', {at}); UPDATE revocation_counter SET last_seq = 1"
            ))
            .await;
        fresh.sql(&second.rendered(backend)).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert_eq!(write.append_event(&event()).await.unwrap(), 2);
        write.commit_unaudited("a test").await.unwrap();
        let events = fresh.opened.gate.read().await.unwrap().events_after(0, 10).await.unwrap();
        let short: Vec<_> = events.iter().map(|event| (event.seq, event.kind, event.user_id)).collect();
        assert_eq!(short, [(1, EventKind::Session, UserId(7)), (2, EventKind::Keys, UserId(0))]);
    }
}

fn key(kid: &str) -> NewKey<'_> {
    NewKey {
        kid,
        algorithm: "EdDSA",
        sealed: Some(b"sealed"),
        public_jwk: None,
        now: NOW,
        activates_at: NOW.plus(HOUR),
        retired_at: None,
    }
}

fn event() -> NewEvent<'static> {
    NewEvent { kind: EventKind::Keys, user_id: UserId(0), session_id: None, reason: "key_rotated", now: NOW }
}

async fn keep(fresh: &Fresh, new: &NewKey<'_>) -> Result<(), StoreError> {
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_signing_key(new).await?;
    write.commit_unaudited("a test").await
}
