use std::sync::Arc;

use durward_proto::SystemClock;
use durward_store::testing::{Backend, Fresh, backends, fresh};
use durward_verify::SystemRandom;
use tokio::sync::Barrier;

use super::*;

const SECRET: &str = "the configuration's secret of these tests";
const MASTER: &str = "the master key of these tests, long enough";

fn keys(fresh: &Fresh, algorithm: Option<Algorithm>, master: Option<&str>) -> SigningKeys {
    let settings = KeySettings {
        secret: Secret::new(SECRET),
        master: master.map(Secret::new),
        algorithm: algorithm.unwrap_or(Algorithm::Hs256),
        is_chosen: algorithm.is_some(),
    };
    SigningKeys::new(fresh.opened.gate.clone(), settings, SystemClock::new(), Arc::new(SystemRandom)).unwrap()
}

/// Each test on both databases.
async fn on_both<F: Future<Output = ()>>(test: impl Fn(Fresh) -> F) {
    for backend in backends() {
        test(fresh(backend).await).await;
    }
}

async fn states(keys: &SigningKeys) -> Vec<(String, KeyState)> {
    keys.list().await.unwrap().into_iter().map(|entry| (entry.algorithm, entry.state)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_nodes_that_start_at_once_one_makes_the_key() {
    on_both(|fresh| async move {
        let barrier = Arc::new(Barrier::new(64));
        let nodes: Vec<_> = (0..64)
            .map(|_| {
                let (keys, barrier) = (keys(&fresh, Some(Algorithm::EdDsa), Some(MASTER)), barrier.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    let ring = keys.start().await.unwrap();
                    (ring.signing_kid().to_owned(), ring.algorithm(), ring.checking().len())
                })
            })
            .collect();
        let mut seen = Vec::new();
        for node in nodes {
            seen.push(node.await.unwrap());
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "all sign with the one key: {seen:?}");
        assert_eq!((seen[0].1, seen[0].2), (Algorithm::EdDsa, 2), "and check with the configuration's secret too");
        assert_eq!(fresh.opened.gate.read().await.unwrap().signing_keys().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_checks_first_and_then_signs() {
    on_both(|fresh| async move {
        let keys = keys(&fresh, None, Some(MASTER));
        let first = keys.start().await.unwrap().signing_kid().to_owned();
        let second = keys.rotate(None).await.unwrap();
        let ring = keys.start().await.unwrap();
        assert_eq!((ring.signing_kid(), ring.checking().len()), (&*first, 2), "every node has to know it first");
        tokio::time::sleep(ACTIVATES_AFTER).await;
        let ring = keys.start().await.unwrap();
        assert_eq!((ring.signing_kid(), ring.checking().len()), (&*second, 2));

        let third = keys.rotate(Some(Algorithm::Es256)).await.unwrap();
        tokio::time::sleep(ACTIVATES_AFTER).await;
        assert_eq!(keys.start().await.unwrap().signing_kid(), third, "the newest, whatever its algorithm");
        assert_eq!(
            states(&keys).await,
            [("ES256", KeyState::Signing), ("HS256", KeyState::Checking), ("HS256", KeyState::Checking)]
                .map(|(algorithm, state)| (algorithm.to_owned(), state))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_algorithm_decides() {
    on_both(|fresh| async move {
        let hs256 = keys(&fresh, None, Some(MASTER));
        let ed_dsa = keys(&fresh, Some(Algorithm::EdDsa), Some(MASTER));
        let made = ed_dsa.start().await.unwrap().signing_kid().to_owned();
        assert_eq!(ed_dsa.start().await.unwrap().signing_kid(), made, "made once");
        let es256 = keys(&fresh, Some(Algorithm::Es256), Some(MASTER)).start().await.unwrap();
        assert_eq!((es256.algorithm(), es256.checking().len()), (Algorithm::Es256, 3));
        assert_eq!(ed_dsa.start().await.unwrap().signing_kid(), made, "a node that was not told yet");
        assert_eq!(hs256.start().await.unwrap().signing_kid(), es256.signing_kid(), "nobody chose: the newest");
        let chosen = keys(&fresh, Some(Algorithm::Hs256), Some(MASTER)).start().await.unwrap();
        assert_eq!((chosen.algorithm(), chosen.checking().len()), (Algorithm::Hs256, 3));

        let refused = ed_dsa.rotate(Some(Algorithm::Rs256)).await.unwrap_err();
        assert_eq!(refused, KeyFault::Chosen { asked: Algorithm::Rs256, chosen: Algorithm::EdDsa });
        let last = ed_dsa.retire(&made).await.unwrap_err();
        assert_eq!(last, KeyFault::Last { kid: made.clone(), algorithm: Algorithm::EdDsa });
        ed_dsa.rotate(None).await.unwrap();
        ed_dsa.retire(&made).await.unwrap();
        assert_eq!(ed_dsa.retire(&made).await.unwrap_err(), KeyFault::Retired { kid: made });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_retired_for_good_and_never_the_last() {
    on_both(|fresh| async move {
        let keys = keys(&fresh, None, Some(MASTER));
        let secret = keys.start().await.unwrap().signing_kid().to_owned();
        let last = keys.retire(&secret).await.unwrap_err();
        assert_eq!(last, KeyFault::Last { kid: secret.clone(), algorithm: Algorithm::Hs256 });
        assert_eq!(keys.retire("nobody").await.unwrap_err(), KeyFault::Unknown { kid: "nobody".to_owned() });

        let second = keys.rotate(Some(Algorithm::EdDsa)).await.unwrap();
        keys.retire(&secret).await.unwrap();
        let ring = keys.start().await.unwrap();
        assert_eq!((ring.signing_kid(), ring.checking().len()), (&*second, 1), "at once: nothing else is left");
        assert_eq!(keys.retire(&secret).await.unwrap_err(), KeyFault::Retired { kid: secret.clone() });
        assert!(matches!(keys.retire(&second).await.unwrap_err(), KeyFault::Last { .. }));

        let third = keys.rotate(Some(Algorithm::EdDsa)).await.unwrap();
        keys.retire(&second).await.unwrap();
        let rows = fresh.opened.gate.read().await.unwrap().signing_keys().await.unwrap();
        let sealed: Vec<_> = rows.iter().map(|row| (row.kid.as_str(), row.sealed.is_some())).collect();
        assert_eq!(sealed, [(&*third, true), (&*secret, false), (&*second, false)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_retire_the_last_two_keys_leave_one() {
    on_both(|fresh| async move {
        let keys = keys(&fresh, None, Some(MASTER));
        let secret = keys.start().await.unwrap().signing_kid().to_owned();
        let second = keys.rotate(None).await.unwrap();
        let retire = |kid: String| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.retire(&kid).await.is_ok() })
        };
        let (one, other) = (retire(secret), retire(second));
        assert!(one.await.unwrap() != other.await.unwrap());
        assert_eq!(keys.start().await.unwrap().checking().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_open_is_not_trusted() {
    on_both(|fresh| async move {
        let good = keys(&fresh, Some(Algorithm::EdDsa), Some(MASTER));
        let kid = good.start().await.unwrap().signing_kid().to_owned();
        let wrong = keys(&fresh, Some(Algorithm::EdDsa), Some("another master key that is long enough"));
        let fault = KeyFault::Sealed { kid: kid.clone() };
        assert_eq!(wrong.start().await.unwrap_err(), fault);
        assert_eq!(wrong.check().await.unwrap_err(), fault);
        assert_eq!(wrong.rotate(None).await.unwrap_err(), fault, "it would be a key that the others cannot read");
        assert!(fault.cure().contains("keys.master_key") && fault.to_string().contains(&kid));
        assert!(matches!(keys(&fresh, None, None).start().await.unwrap_err(), KeyFault::NoMaster { .. }));
        assert_eq!(states(&wrong).await[0].1, KeyState::Unreadable);

        // A part of another key, which opens, and one that was changed, which does not.
        let other = keys(&fresh, Some(Algorithm::EdDsa), Some(MASTER)).rotate(None).await.unwrap();
        fresh
            .sql(&format!(
                "UPDATE signing_keys SET sealed = (SELECT sealed FROM signing_keys WHERE kid = '{kid}') \
                 WHERE kid = '{other}'"
            ))
            .await;
        assert_eq!(good.start().await.unwrap_err(), KeyFault::Sealed { kid: other.clone() });
        let read = good.read().await.unwrap();
        assert!(read.ring.checking().iter().all(|key| key.kid() != other), "its public part stands in the row");
        good.retire(&other).await.unwrap();
        assert_eq!(good.start().await.unwrap().signing_kid(), kid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_private_part_and_no_master_key_is_shown_or_kept() {
    let fresh = fresh(Backend::Sqlite).await;
    let keys = keys(&fresh, None, Some(MASTER));
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256] {
        keys.rotate(Some(algorithm)).await.unwrap();
    }
    let shown = format!("{keys:?} {:?} {:?}", keys.settings, keys.list().await.unwrap());
    assert!(!shown.contains(SECRET) && !shown.contains(MASTER));
    assert!(!serde_json::to_string(&keys.list().await.unwrap()).unwrap().contains("\"d\""));
    let rows = fresh.opened.gate.read().await.unwrap().signing_keys().await.unwrap();
    for row in &rows {
        let sealed = row.sealed.as_deref().unwrap();
        let algorithm = row.algorithm.parse().unwrap();
        let private = keys.master.as_ref().unwrap().open(&row.kid, algorithm, sealed).unwrap();
        // The fixed beginning of PKCS#8 aside, no eight bytes in a row of the private part stand in the row.
        let parts: Vec<&[u8]> = private.windows(8).skip(16).collect();
        assert!(!sealed.windows(8).any(|window| parts.contains(&window)), "{}", row.kid);
    }
}
