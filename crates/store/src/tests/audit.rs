//! The chain: what a commit writes, who waits for whom, and what is left of a person.

use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::audit::{Broken, Head};
use crate::{AuditFilter, AuditRow, Backend};

async fn say(fresh: &Fresh, event: &'static str, user: i64) {
    let write = fresh.opened.system.write().await.unwrap();
    let audit = Audit::new(event).subject(UserId(user)).client(Some("192.0.2.7".into()), Some("request".into()));
    write.commit(audit.detail(json!({ "z": 1, "a": [1.0, "ü", null] }))).await.unwrap();
}

async fn lane(fresh: &Fresh, lane: i64) -> Vec<AuditRow> {
    fresh.opened.system.read().await.unwrap().audit_range(lane, 0, i64::MAX, 100_000).await.unwrap()
}

async fn heads(fresh: &Fresh) -> Vec<crate::HeadRow> {
    fresh.opened.system.read().await.unwrap().audit_heads().await.unwrap()
}

/// Every lane's rows follow from each other, up to its head.
async fn holds(fresh: &Fresh) -> usize {
    let mut rows = 0;
    let canonical_text = fresh.opened.system.read().await.unwrap().keeps_json_text();
    for found in heads(fresh).await {
        let mut head = Head::before_all(found.lane);
        for row in lane(fresh, found.lane).await {
            assert_eq!(row.seq, Some(head.seq + 1));
            row.check(&head.hash, canonical_text).unwrap();
            head = row.head();
            rows += 1;
        }
        assert_eq!(found.head(), head);
        assert!(fresh.opened.system.audit_keys().unwrap().authenticates(&head, &found.mac));
    }
    rows
}

both! {
    async fn all_that_a_transaction_says_is_chained_at_its_commit(fresh: Fresh) {
        assert_eq!(heads(&fresh).await.len(), 64);
        say(&fresh, "one", 1).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.also(&Audit::new("two").detail(json!({ "b": { "y": 1e3, "x": -0.0 }, "a": 18_446_744_073_709_551_615_u64 }))).await.unwrap();
        write.also(&Audit::new("three")).await.unwrap();
        write.commit(Audit::new("four").actor(UserId(2))).await.unwrap();
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.also(&Audit::new("five")).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let events: Vec<_> = lane(&fresh, 0).await.into_iter().map(|row| row.event).collect();
        assert_eq!(events, ["one", "two", "three", "four", "five"]);
        assert_eq!(holds(&fresh).await, 5);
    }

    async fn what_is_not_committed_is_in_no_chain(fresh: Fresh) {
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.also(&Audit::new("never")).await.unwrap();
        drop(write);
        say(&fresh, "one", 1).await;
        assert_eq!(holds(&fresh).await, 1);
    }

    async fn writers_at_once_take_a_lane_each(fresh: Fresh) {
        let fresh = Arc::new(fresh);
        let shared = fresh.clone();
        race(32, move |number| {
            let fresh = shared.clone();
            async move {
                for _ in 0..20 {
                    say(&fresh, "at_once", i64::try_from(number).unwrap()).await;
                }
            }
        })
        .await;
        assert_eq!(holds(&fresh).await, 640);
    }

    async fn a_head_that_somebody_has_put_there_never_gets_a_good_mac(fresh: Fresh) {
        for _ in 0..3 {
            say(&fresh, "one", 1).await;
        }
        let before = heads(&fresh).await;
        fresh.sql("DELETE FROM security_audit WHERE lane = 0 AND seq = 3").await;
        let second = lane(&fresh, 0).await.pop().unwrap();
        let hash = data_encoding::HEXLOWER.encode(second.hash.as_deref().unwrap());
        let quoted = match fresh.options.target {
            crate::Target::Sqlite { .. } => format!("x'{hash}'"),
            crate::Target::Postgres(_) => format!("'\\x{hash}'"),
        };
        fresh.sql(&format!("UPDATE audit_lanes SET seq = 2, hash = {quoted} WHERE lane = 0")).await;
        say(&fresh, "later", 1).await;
        let after = &heads(&fresh).await[0];
        assert_eq!((after.seq, &after.mac), (3, &before[0].mac), "what was spoilt stays so");
        assert!(!fresh.opened.system.audit_keys().unwrap().authenticates(&after.head(), &after.mac));
    }

    async fn a_person_is_forgotten_and_the_rows_stay(fresh: Fresh) {
        say(&fresh, "of_ann", 1).await;
        say(&fresh, "of_bob", 2).await;
        let by_operator = Audit::new("suspended").actor(UserId(2)).subject(UserId(1)).client(Some("192.0.2.9".into()), None);
        fresh.opened.system.write().await.unwrap().commit(by_operator).await.unwrap();
        let mut write = fresh.opened.system.write().await.unwrap();
        write.forget_person(UserId(1));
        let own = Audit::new("account_deleted").actor(UserId(1)).client(Some("192.0.2.7".into()), None);
        write.commit(own).await.unwrap();
        let rows = lane(&fresh, 0).await;
        let ips: Vec<_> = rows.iter().map(|row| row.ip.as_deref()).collect();
        assert_eq!(ips, [None, Some("192.0.2.7"), Some("192.0.2.9"), None], "the operator's address is the operator's");
        let mut head = Head::before_all(0);
        let mut found = Vec::new();
        for row in rows {
            found.push(row.check(&head.hash, false));
            head = row.head();
        }
        assert_eq!(found, [Err(Broken::Erased), Ok(()), Ok(()), Ok(())]);
        let statements = fresh.opened.system.read().await.unwrap().checkpoints_after(0, 10).await.unwrap();
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0].body()["user"], 1);
        assert_eq!(statements[0].body()["rows"], 1);
        statements[0].check("", fresh.opened.system.audit_keys().unwrap(), false).unwrap();
    }

    async fn statements_at_once_stand_one_behind_the_other(fresh: Fresh) {
        let fresh = Arc::new(fresh);
        let shared = fresh.clone();
        race(8, move |number| {
            let fresh = shared.clone();
            async move {
                let mut write = fresh.opened.gate.write().await.unwrap();
                write.forget_person(UserId(i64::try_from(number).unwrap()));
                write.commit(Audit::new("account_deleted")).await.unwrap();
            }
        })
        .await;
        let statements = fresh.opened.system.read().await.unwrap().checkpoints_after(0, 10).await.unwrap();
        let mut previous = String::new();
        for (number, row) in (1..).zip(&statements) {
            assert_eq!(row.number, number);
            row.check(&previous, fresh.opened.system.audit_keys().unwrap(), false).unwrap();
            previous = data_encoding::HEXLOWER.encode(&row.hash);
        }
        let users: HashSet<_> = statements.iter().map(|row| row.body()["user"].as_i64().unwrap()).collect();
        assert_eq!(users.len(), 8);
    }

    async fn without_keys_nothing_is_written_that_names_an_event(fresh: Fresh) {
        let mut options = fresh.options.clone();
        options.audit.keys = None;
        let keyless = crate::Opened::open(&options, durward_proto::SystemClock::new(), Arc::new(SystemRandom)).await.unwrap();
        let write = keyless.gate.write().await.unwrap();
        let error = write.commit(Audit::new("never")).await.unwrap_err();
        assert!(error.to_string().contains("tokens.secret is not set"), "{error}");
        keyless.gate.write().await.unwrap().commit_unaudited("a test").await.unwrap();
        assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit").await, 0);
    }

    async fn rows_are_found_by_anything(fresh: Fresh) {
        let session = SessionId::new(NOW, &SystemRandom);
        for number in 1..=5 {
            let audit = Audit::new(if number % 2 == 0 { "even" } else { "odd" }).actor(UserId(number)).subject(UserId(9)).session(session);
            let client = (Some(format!("192.0.2.{number}")), Some(format!("request-{number}")));
            fresh.opened.system.write().await.unwrap().commit(audit.client(client.0, client.1)).await.unwrap();
        }
        let all = fresh.opened.system.read().await.unwrap().audit_forward(&AuditFilter::default(), None, 10).await.unwrap();
        let third = all[2].at;
        let store = crate::scope::any_user::<durward_verify::ReadAudit>(&fresh.opened.gate.shared);
        let find = async |filter: AuditFilter| {
            let rows = store.read().await.unwrap().audit(&filter, None, 10).await.unwrap();
            rows.iter().map(|row| row.actor_user_id.unwrap().0).collect::<Vec<_>>()
        };
        let none = AuditFilter::default;
        assert_eq!(find(none()).await, [5, 4, 3, 2, 1]);
        assert_eq!(find(AuditFilter { event: Some("odd".into()), ..none() }).await, [5, 3, 1]);
        assert_eq!(find(AuditFilter { actor: Some(UserId(4)), ..none() }).await, [4]);
        assert_eq!(find(AuditFilter { subject: Some(UserId(9)), event: Some("even".into()), ..none() }).await, [4, 2]);
        assert_eq!(find(AuditFilter { session: Some(session), ip: Some("192.0.2.2".into()), ..none() }).await, [2]);
        assert_eq!(find(AuditFilter { request_id: Some("request-1".into()), ..none() }).await, [1]);
        assert_eq!(find(AuditFilter { since: Some(third), ..none() }).await, [5, 4, 3]);
        assert_eq!(find(AuditFilter { until: Some(third), ..none() }).await, [2, 1]);
        let other = SessionId::new(NOW, &SystemRandom);
        assert_eq!(find(AuditFilter { session: Some(other), subject: Some(UserId(9)), ..none() }).await, [0; 0]);
        let forward = AuditFilter { event: Some("odd".into()), since: Some(third), ..none() };
        let rows = fresh.opened.system.read().await.unwrap().audit_forward(&forward, None, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.actor_user_id.unwrap().0).collect::<Vec<_>>(), [3, 5]);
    }
}

/// Each holds its transaction open until all have said what they had to say: who waited for another would never end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_writers_do_not_wait_for_each_other() {
    if !crate::testing::backends().contains(&Backend::Postgres) {
        return;
    }
    let fresh = crate::testing::fresh(Backend::Postgres).await;
    let mut options = fresh.options.clone();
    options.max_connections = 60;
    options.acquire_timeout = Duration::from_secs(20);
    let opened =
        crate::Opened::open(&options, durward_proto::SystemClock::new(), Arc::new(SystemRandom)).await.unwrap();
    let lanes = race(60, move |number| {
        let gate = opened.gate.clone();
        async move {
            let mut write = gate.write().await.unwrap();
            write.audits.push(Audit::new("held").subject(UserId(i64::try_from(number).unwrap())));
            // What the commit does, without the commit.
            let mut write = write.into_ending();
            tokio::time::timeout(Duration::from_secs(10), write.append_audits())
                .await
                .expect("it waits for nobody")
                .unwrap();
            write
        }
    })
    .await;
    for write in lanes {
        write.commit_unaudited("a test").await.unwrap();
    }
    assert_eq!(holds(&fresh).await, 60);
    assert_eq!(fresh.count("SELECT COUNT(DISTINCT lane) FROM security_audit").await, 60);
}
