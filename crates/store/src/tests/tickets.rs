use super::*;

both! {
    async fn of_many_that_take_a_ticket_one_gets_it(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        keep(&fresh, id, [1; 32]).await;
        let gate = fresh.opened.gate.clone();
        let taken = race(64, |_| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                let taken = write.take_ticket(&[1; 32], NOW).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                taken
            }
        }).await;
        let taken: Vec<_> = taken.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].session_id, taken[0].origin.as_deref()), (id, Some("https://example.com")));
        assert_eq!((taken[0].lease_expires_at, taken[0].kid.as_deref()), (NOW.plus(HOUR), Some("a key")));
    }

    async fn a_ticket_expires_and_comes_back_when_undone(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        keep(&fresh, session(&fresh, ann, NOW).await, [1; 32]).await;
        let gate = &fresh.opened.gate;
        let after = NOW.plus(Duration::from_secs(30));
        assert!(gate.write().await.unwrap().take_ticket(&[1; 32], after).await.unwrap().is_none());
        assert!(gate.write().await.unwrap().take_ticket(&[2; 32], NOW).await.unwrap().is_none());
        assert!(gate.write().await.unwrap().take_ticket(&[1; 32], NOW).await.unwrap().is_some(), "dropped: undone");
        assert!(gate.write().await.unwrap().take_ticket(&[1; 32], NOW).await.unwrap().is_some());
    }
}

async fn keep(fresh: &Fresh, session: SessionId, hash: [u8; 32]) {
    let mut write = fresh.opened.gate.write().await.unwrap();
    let ticket = NewTicket {
        hash: &hash,
        session_id: session,
        origin: Some("https://example.com"),
        now: NOW,
        expires_at: NOW.plus(Duration::from_secs(30)),
        lease_expires_at: NOW.plus(HOUR),
        kid: Some("a key"),
    };
    write.insert_ticket(&ticket).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
}
