use super::*;
use crate::{Bell, EventKind, NewEvent, Opened};

/// Whether it rings soon.
async fn rings(bell: &mut Bell) -> bool {
    tokio::time::timeout(Duration::from_millis(500), bell.rung()).await.is_ok_and(|rung| rung.is_ok())
}

async fn append(opened: &Opened, events: usize, commit: bool) {
    let mut write = opened.system.write().await.unwrap();
    for _ in 0..events {
        let event =
            NewEvent { kind: EventKind::User, user_id: UserId(1), session_id: None, reason: "activated", now: NOW };
        write.append_event(&event).await.unwrap();
    }
    if commit {
        write.commit_unaudited("a test").await.unwrap();
    }
}

both! {
    async fn the_bell_rings_once_for_a_commit_with_events_and_for_nothing_else(fresh: Fresh) {
        let mut bell = fresh.opened.gate.listen().await.unwrap();
        append(&fresh.opened, 0, true).await;
        append(&fresh.opened, 2, false).await;
        assert!(!rings(&mut bell).await, "nothing was appended");
        let mut bell = fresh.opened.gate.listen().await.unwrap();
        append(&fresh.opened, 3, true).await;
        assert!(rings(&mut bell).await);
        let mut other = fresh.opened.gate.listen().await.unwrap();
        assert!(!rings(&mut other).await, "what was before it does not ring");
        append(&fresh.opened, 1, true).await;
        assert!(rings(&mut other).await && rings(&mut bell).await, "it rings for all who listen");
    }

    async fn the_bell_rings_for_other_processes_where_it_says_so(fresh: Fresh) {
        let clock = durward_proto::SystemClock::new();
        let elsewhere = Opened::open(&fresh.options, clock, Arc::new(SystemRandom)).await.unwrap();
        let mut bell = fresh.opened.gate.listen().await.unwrap();
        append(&elsewhere, 1, true).await;
        assert_eq!(rings(&mut bell).await, bell.hears_everybody());
        elsewhere.close().await;
    }
}

/// A listening connection that is cut says so at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bell_that_was_lost_says_so() {
    if !crate::testing::backends().contains(&crate::Backend::Postgres) {
        return;
    }
    let fresh = crate::testing::fresh(crate::Backend::Postgres).await;
    let mut bell = fresh.opened.gate.listen().await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    fresh.sql(cut).await;
    let rung = tokio::time::timeout(Duration::from_secs(5), bell.rung()).await.expect("it does not hang");
    assert!(rung.unwrap_err().is_unavailable());
}
