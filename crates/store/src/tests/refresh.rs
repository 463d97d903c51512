use super::*;

both! {
    async fn of_many_rotations_one_wins(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        keep(&fresh, id, 1, [1; 32]).await;
        for round in 1..6_u8 {
            let gate = fresh.opened.gate.clone();
            let rotated = race(64, |number| {
                let gate = gate.clone();
                async move {
                    let mut write = gate.write().await.unwrap();
                    let won = write.rotate_refresh(&[round; 32], NOW, &[u8::try_from(number).unwrap()]).await.unwrap();
                    if let Some((session, generation, _)) = &won {
                        write.insert_refresh(&[round + 1; 32], *session, generation + 1, NOW, NOW.plus(HOUR)).await.unwrap();
                    }
                    write.commit_unaudited("a test").await.unwrap();
                    won.map(|(session, generation, _)| (number, (session, generation)))
                }
            }).await;
            let winners: Vec<_> = rotated.into_iter().flatten().collect();
            let [(number, won)] = winners.as_slice() else { panic!("{winners:?}") };
            assert_eq!(*won, (id, u32::from(round)));
            let row = fresh.opened.gate.read().await.unwrap().refresh_by_hash(&[round; 32]).await.unwrap().unwrap();
            assert_eq!(row.sealed_successor, Some(vec![u8::try_from(*number).unwrap()]), "the winner's stays");
        }
        assert_eq!(fresh.count("SELECT COUNT(*) FROM refresh_tokens WHERE rotated_at IS NULL").await, 1);
    }

    async fn a_token_tells_what_decides(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        keep(&fresh, id, 1, [1; 32]).await;
        let gate = &fresh.opened.gate;
        let first = gate.read().await.unwrap().refresh_by_hash(&[1; 32]).await.unwrap().unwrap();
        assert_eq!((first.session_id, first.user_id, first.generation, first.expires_at), (id, ann, 1, NOW.plus(HOUR)));
        assert_eq!((first.rotated_at, first.sealed_successor.as_deref(), first.transport), (None, None, Transport::Bearer));
        assert!(!first.successor_used && !first.session_ended);
        assert_eq!(first.settled_generation, 1);
        let later = NOW.plus(Duration::from_secs(1));
        let mut write = gate.write().await.unwrap();
        write.rotate_refresh(&[1; 32], later, b"sealed").await.unwrap().unwrap();
        write.insert_refresh(&[2; 32], id, 2, later, later.plus(HOUR)).await.unwrap();
        let row = write.refresh_by_hash(&[1; 32]).await.unwrap().unwrap();
        assert_eq!((row.rotated_at, row.sealed_successor.as_deref(), row.successor_used), (Some(later), Some(b"sealed".as_slice()), false));
        write.rotate_refresh(&[2; 32], later, b"next").await.unwrap().unwrap();
        assert!(write.refresh_by_hash(&[1; 32]).await.unwrap().unwrap().successor_used);
        assert!(write.refresh_by_hash(&[9; 32]).await.unwrap().is_none());
        write.end_session(ann, id, later, "logout").await.unwrap();
        assert!(write.refresh_by_hash(&[2; 32]).await.unwrap().unwrap().session_ended);
    }

    async fn a_dead_token_does_not_rotate(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        keep(&fresh, id, 1, [1; 32]).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(write.rotate_refresh(&[9; 32], NOW, b"x").await.unwrap().is_none(), "unknown");
        assert!(write.rotate_refresh(&[1; 32], NOW.plus(HOUR), b"x").await.unwrap().is_none(), "expired to the microsecond");
        write.end_session(ann, id, NOW, "logout").await.unwrap();
        assert!(write.rotate_refresh(&[1; 32], NOW, b"x").await.unwrap().is_none(), "its session has ended");
    }

    async fn a_generation_has_one_token(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        keep(&fresh, id, 1, [1; 32]).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        let error = match write.insert_refresh(&[2; 32], id, 1, NOW, NOW.plus(HOUR)).await {
            Err(error) => error,
            // It is said at the commit.
            Ok(()) => write.commit_unaudited("a test").await.unwrap_err(),
        };
        assert!(matches!(error, crate::StoreError::Conflict { .. }), "{error:?}");
    }
}

async fn keep(fresh: &Fresh, session: SessionId, generation: u32, hash: [u8; 32]) {
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_refresh(&hash, session, generation, NOW, NOW.plus(HOUR)).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
}
