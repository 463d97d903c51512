//! One statement for many who ask at once: each gets their own row, and nobody waits for one who has gone away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::error::StoreError;
use crate::gather::Gather;
use crate::open::Shared;
use crate::tables::gather_profiles;

/// The statement's name is all that is taken from it here.
type Numbers = Gather<UserId, (UserRow, durward_proto::wire::profile::Profile)>;

both! {
    async fn each_of_many_gets_their_own_profile(fresh: Fresh) {
        let mut stores = Vec::new();
        for number in 0..20 {
            let user = user(&fresh, &format!("user{number}@example.com")).await;
            stores.push((user.id, own(&fresh, user.id, session(&fresh, user.id, NOW).await)));
        }
        let crowd: Vec<_> = (0..400)
            .map(|turn| {
                let (id, store) = stores[turn % stores.len()].clone();
                tokio::spawn(async move { (id, store.profile().await.unwrap().unwrap().0.id) })
            })
            .collect();
        for one in crowd {
            let (asked, got) = one.await.unwrap();
            assert_eq!(asked, got);
        }
        fresh.sql("DELETE FROM users WHERE email LIKE 'user7@%'").await;
        let (_, gone) = &stores[7];
        assert_eq!(gone.profile().await.unwrap(), None);
        assert!(stores[8].1.profile().await.unwrap().is_some());
    }

    /// What somebody has changed they see at once, whoever else is being read for.
    async fn who_has_written_reads_what_they_wrote(fresh: Fresh) {
        let writers: Vec<_> = {
            let mut stores = Vec::new();
            for number in 0..8 {
                let user = user(&fresh, &format!("user{number}@example.com")).await;
                stores.push(own(&fresh, user.id, session(&fresh, user.id, NOW).await));
            }
            stores
        };
        let crowd: Vec<_> = writers
            .into_iter()
            .map(|store| {
                tokio::spawn(async move {
                    for turn in 0..30 {
                        let name = Some(format!("name {turn}"));
                        let change = durward_proto::wire::profile::ProfileChange {
                            full_name: Some(name.clone()),
                            ..Default::default()
                        };
                        let mut write = store.write().await.unwrap();
                        write.change_profile(&change, NOW).await.unwrap();
                        write.commit_unaudited("a test").await.unwrap();
                        let (user, _) = store.profile().await.unwrap().unwrap();
                        assert_eq!(user.full_name, name);
                    }
                })
            })
            .collect();
        for writer in crowd {
            writer.await.unwrap();
        }
    }
}

/// The store that the others' reading is given, and does not need here.
async fn shared() -> (Fresh, Arc<Shared>) {
    let fresh = crate::testing::fresh(crate::Backend::Sqlite).await;
    let shared = fresh.opened.system.shared.clone();
    (fresh, shared)
}

/// Lets everybody else go as far as they can.
async fn settled() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_comes_meanwhile_shares_the_next_statement() {
    let (_fresh, shared) = shared().await;
    let gather: Arc<Numbers> = gather_profiles();
    let (doors, statements) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let ask = |user: i64| {
        let (gather, shared, doors, statements) = (gather.clone(), shared.clone(), doors.clone(), statements.clone());
        tokio::spawn(async move {
            let read = move |_: Arc<Shared>, users: Vec<UserId>| {
                let (doors, statements) = (doors.clone(), statements.clone());
                async move {
                    statements.fetch_add(1, Ordering::Relaxed);
                    doors.acquire().await.unwrap().forget();
                    assert!(users.len() <= 32);
                    Ok(HashMap::new())
                }
            };
            gather.ask(&shared, UserId(user), read).await
        })
    };
    // One is read for, and who comes meanwhile stands in the queue, until there are enough for another statement.
    let first = ask(1);
    settled().await;
    let crowd: Vec<_> = (2..33).map(ask).collect();
    settled().await;
    assert_eq!(statements.load(Ordering::Relaxed), 1);
    let crowd: Vec<_> = crowd.into_iter().chain([ask(33)]).collect();
    settled().await;
    assert_eq!(statements.load(Ordering::Relaxed), 2, "one for all thirty-two");
    let last: Vec<_> = (34..100).map(ask).collect();
    settled().await;
    assert_eq!(statements.load(Ordering::Relaxed), 2, "no more than two at once");
    // Whoever was the first has gone away: who comes after them is served all the same.
    first.abort();
    doors.add_permits(5);
    for one in crowd.into_iter().chain(last) {
        assert_eq!(one.await.unwrap(), Ok(None));
    }
    assert_eq!(statements.load(Ordering::Relaxed), 5, "the last sixty-six by three");
}

#[tokio::test]
async fn what_went_wrong_is_said_to_who_shared_it_and_an_outage_to_who_waits_as_well() {
    let (_fresh, shared) = shared().await;
    for error in [StoreError::Broken("a test".to_owned()), StoreError::Unavailable("a test".to_owned())] {
        let gather: Arc<Numbers> = gather_profiles();
        let door = Arc::new(tokio::sync::Semaphore::new(0));
        let ask = |user: i64| {
            let (gather, shared, door, error) = (gather.clone(), shared.clone(), door.clone(), error.clone());
            tokio::spawn(async move {
                let read = move |_: Arc<Shared>, users: Vec<UserId>| {
                    let (door, error) = (door.clone(), error.clone());
                    async move {
                        door.acquire().await.unwrap().forget();
                        if users.contains(&UserId(1)) { Err(error) } else { Ok(HashMap::new()) }
                    }
                };
                gather.ask(&shared, UserId(user), read).await
            })
        };
        let bad = ask(1);
        settled().await;
        let waiting = ask(2);
        settled().await;
        door.add_permits(2);
        assert_eq!(bad.await.unwrap(), Err(error.clone()));
        let expected = if error.is_unavailable() { Err(error.clone()) } else { Ok(None) };
        assert_eq!(waiting.await.unwrap(), expected);
        // The next one begins anew.
        door.add_permits(2);
        assert_eq!(ask(3).await.unwrap(), Ok(None));
    }
}

#[tokio::test]
async fn a_panic_while_reading_leaves_nobody_waiting() {
    let (_fresh, shared) = shared().await;
    let gather: Arc<Numbers> = gather_profiles();
    let ask = |broken: bool| {
        let (gather, shared) = (gather.clone(), shared.clone());
        tokio::spawn(async move {
            let read = move |_: Arc<Shared>, _: Vec<UserId>| async move {
                tokio::task::yield_now().await;
                assert!(!broken, "a test");
                Ok(HashMap::new())
            };
            gather.ask(&shared, UserId(1), read).await
        })
    };
    for _ in 0..5 {
        let crowd: Vec<_> = (0..7).map(|_| ask(true)).collect();
        for one in crowd {
            let told = tokio::time::timeout(Duration::from_secs(10), one).await.expect("nobody waits").unwrap();
            assert!(told.is_err_and(|error| error.is_unavailable()));
        }
        assert_eq!(ask(false).await.unwrap(), Ok(None));
    }
}
