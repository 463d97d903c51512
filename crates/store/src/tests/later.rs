//! What waits to be run together with what comes next: it is there when somebody looks, and goes when the transaction goes.

use super::*;
use crate::{Backend, StoreError, tallied};

both! {
    async fn what_waits_is_there_for_the_next_who_looks(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = SessionId::new(NOW, &SystemRandom);
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.insert_session(&new_session(id, ann, NOW)).await.unwrap();
        write.insert_refresh(&[1; 32], id, 1, NOW, NOW.plus(HOUR)).await.unwrap();
        // Changes a row that waits to be added.
        write.touch_session(id, NOW.plus(HOUR)).await.unwrap();
        assert_eq!(write.live_session(id).await.unwrap().unwrap().last_seen_at, NOW.plus(HOUR));
        assert!(write.refresh_by_hash(&[1; 32]).await.unwrap().is_some());
        write.touch_session(id, NOW.plus(2 * HOUR)).await.unwrap();
        write.touch_session(id, NOW.plus(3 * HOUR)).await.unwrap();
        write.commit(Audit::new("login").subject(ann)).await.unwrap();
        let live = fresh.opened.gate.read().await.unwrap().live_session(id).await.unwrap().unwrap();
        assert_eq!(live.last_seen_at, NOW.plus(3 * HOUR), "the last one counts");
    }

    /// Wherever it fails, it is an error by the commit at the latest, and nothing of the transaction stays.
    async fn what_waits_and_fails_undoes_everything(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let audits = fresh.count("SELECT COUNT(*) FROM security_audit").await;
        let (good, bad) = (SessionId::new(NOW, &SystemRandom), SessionId::new(NOW, &SystemRandom));
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.insert_session(&new_session(good, ann, NOW)).await.unwrap();
        let error = match write.insert_session(&new_session(bad, UserId(4_711), NOW)).await {
            Err(error) => error,
            Ok(()) => write.commit(Audit::new("login").subject(ann)).await.unwrap_err(),
        };
        assert!(matches!(error, StoreError::Gone { .. }), "{error:?}");
        assert_eq!(fresh.count("SELECT COUNT(*) FROM user_sessions").await, 0);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit").await, audits);
    }

    async fn any_number_may_wait(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        for _ in 0..6_000 {
            write.insert_session(&new_session(SessionId::new(NOW, &SystemRandom), ann, NOW)).await.unwrap();
        }
        for _ in 0..50 {
            write.also(&Audit::new("noted").subject(ann)).await.unwrap();
        }
        write.commit(Audit::new("login").subject(ann)).await.unwrap();
        assert_eq!(fresh.count("SELECT COUNT(*) FROM user_sessions").await, 6_000);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit WHERE event = 'noted'").await, 50);
    }

    async fn what_waits_goes_with_its_transaction(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.insert_session(&new_session(SessionId::new(NOW, &SystemRandom), ann, NOW)).await.unwrap();
        drop(write);
        // The next transaction on the same connection is its own.
        session(&fresh, ann, NOW).await;
        assert_eq!(fresh.count("SELECT COUNT(*) FROM user_sessions").await, 1);
    }
}

/// A refresh on PostgreSQL: `BEGIN`, the session's next generation, the session, all that nobody waits for together with the
/// free lane, the row of the trail together with the lane's head, `COMMIT`.
#[tokio::test]
async fn a_refresh_makes_six_round_trips() {
    if !crate::testing::backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = crate::testing::fresh(Backend::Postgres).await;
    let ann = user(&fresh, "ann@example.com").await.id;
    let id = session(&fresh, ann, NOW).await;
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_refresh(&[1; 32], id, 1, NOW, NOW.plus(HOUR)).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    let later = NOW.plus(Duration::from_secs(60));
    let work = async {
        let mut write = fresh.opened.gate.write().await.unwrap();
        let (session, generation, live) = write.rotate_refresh(&[1; 32], later, b"sealed").await.unwrap().unwrap();
        assert_eq!((session, generation, live.user.id), (id, 1, ann));
        write.insert_refresh(&[2; 32], session, generation + 1, later, later.plus(HOUR)).await.unwrap();
        write.touch_session(session, later).await.unwrap();
        write.commit(Audit::new("token_refreshed").subject(ann)).await.unwrap();
    };
    let ((), spent) = tallied(work).await;
    assert_eq!(spent.statements, 6);
    let mut read = fresh.opened.gate.read().await.unwrap();
    assert_eq!(read.refresh_by_hash(&[1; 32]).await.unwrap().unwrap().rotated_at, Some(later));
    assert_eq!(read.live_session(id).await.unwrap().unwrap().last_seen_at, later);
    assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit WHERE event = 'token_refreshed'").await, 1);
}
