//! Clients go away at any moment. What they leave must harm nobody.

use super::*;
use crate::open::Pools;

both! {
    async fn a_dropped_write_leaves_no_transaction(fresh: Fresh) {
        let (mut finished, mut cancelled) = (0, 0);
        // Crowds of writers, each given a little more time than the one before, so that however fast the machine is some
        // are cut off at their beginning, some in the middle, and some are done.
        for millis in 1..=25_u64 {
            let crowd: Vec<_> = (0..40)
                .map(|number| {
                    let gate = fresh.opened.gate.clone();
                    tokio::spawn(async move {
                        let email: Email = format!("user{millis}-{number}@example.com").parse().unwrap();
                        let mut write = gate.write().await.unwrap();
                        write.insert_user(&new_user(&email)).await.unwrap();
                        write.commit(Audit::new("registered")).await.unwrap();
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(millis)).await;
            crowd.iter().for_each(|task| task.abort());
            for task in crowd {
                match task.await {
                    Ok(()) => finished += 1,
                    Err(error) => {
                        assert!(error.is_cancelled(), "{error}");
                        cancelled += 1;
                    }
                }
            }
        }
        assert!(cancelled > 0, "nothing was tested: all {finished} finished");
        // Everybody may still write, at once.
        for number in 0..20 {
            user(&fresh, &format!("later{number}@example.com")).await;
        }
        wait_until_nothing_is_open(&fresh).await;
        let users = fresh.count("SELECT COUNT(*) FROM users").await;
        assert!(users >= finished + 20, "{users}");
        assert_eq!(fresh.count("SELECT COUNT(*) FROM user_profiles").await, users, "all of it or nothing");
        assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit").await, users);
    }

    async fn a_write_dropped_at_every_step_is_undone(fresh: Fresh) {
        // The future is polled once and dropped, at each of its waiting points in turn.
        for steps in 0..30 {
            let gate = fresh.opened.gate.clone();
            let work = async move {
                let email: Email = "ann@example.com".parse().unwrap();
                let mut write = gate.write().await.unwrap();
                write.insert_user(&new_user(&email)).await.unwrap();
                write.credential_by_email("ann@example.com").await.unwrap();
                // Never committed.
                std::future::pending::<()>().await;
            };
            poll_times(work, steps).await;
        }
        wait_until_nothing_is_open(&fresh).await;
        assert_eq!(fresh.count("SELECT COUNT(*) FROM users").await, 0);
        user(&fresh, "ann@example.com").await;
    }

    async fn a_dropped_read_harms_nobody(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await;
        for steps in 0..40 {
            let gate = fresh.opened.gate.clone();
            let work = async move {
                let mut read = gate.read().await.unwrap();
                for _ in 0..10 {
                    read.credential_by_email("nobody@example.com").await.unwrap();
                }
            };
            poll_times(work, steps).await;
            // The next one must not get the answer of the one before.
            let found = fresh.opened.gate.read().await.unwrap().credential_by_email("ann@example.com").await.unwrap();
            assert_eq!(found.unwrap().user, ann);
        }
    }
}

/// Polls at most so often, letting others run in between, and drops the rest.
async fn poll_times(work: impl Future<Output = ()>, times: usize) {
    let mut work = Box::pin(work);
    let mut left = times;
    let polling = std::future::poll_fn(|context| {
        if left == 0 || work.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        std::task::Poll::Pending
    });
    // Work that waits for ever is dropped, too.
    drop(tokio::time::timeout(Duration::from_millis(100), polling).await);
}

async fn wait_until_nothing_is_open(fresh: &Fresh) {
    if matches!(fresh.opened.system.shared.pools, Pools::Sqlite(_)) {
        // The one writer is free again only when nothing is open on it.
        drop(fresh.opened.gate.write().await.unwrap());
        return;
    }
    for _ in 0..100 {
        let open = fresh
            .count("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'")
            .await;
        if open == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a transaction stayed open");
}
