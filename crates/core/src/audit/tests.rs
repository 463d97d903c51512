//! Tampering: whatever is done to the trail in SQL, a verification finds and names it; what the program itself does it
//! accepts.

use std::sync::Arc;

use durward_proto::{SessionId, SystemClock, Timestamp};
use durward_store::testing::{Backend, Fresh, backends, fresh};
use durward_store::{Audit, AuditFilter, Opened, Target};
use durward_verify::SystemRandom;
use serde_json::json;

use super::*;

/// Each test on both databases.
async fn on_both<F: Future<Output = ()>>(test: impl Fn(Fresh, Backend) -> F) {
    for backend in backends() {
        test(fresh(backend).await, backend).await;
    }
}

fn audit(number: i64) -> Audit {
    let session = SessionId::new(Timestamp::from_seconds(1_767_323_045), &SystemRandom);
    let client = (Some(format!("192.0.2.{}", number % 250)), Some(format!("request-{number}")));
    Audit::new(if number % 3 == 0 { "login" } else { "login_failed" })
        .actor(UserId(number % 7))
        .subject(UserId(number % 5))
        .session(session)
        .client(client.0, client.1)
        .detail(json!({ "method": "password", "number": number }))
}

/// Rows in several lanes, by transactions of several rows that are open at once.
async fn trail(fresh: &Fresh, transactions: i64, rows: i64) {
    let barrier = Arc::new(tokio::sync::Barrier::new(4));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (system, barrier) = (fresh.opened.system.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                for number in (writer..transactions).step_by(4) {
                    let mut write = system.write().await.unwrap();
                    for row in 1..rows {
                        write.also(&audit(number * rows + row)).await.unwrap();
                    }
                    write.commit(audit(number * rows)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn verdict(fresh: &Fresh) -> Verdict {
    verify(&fresh.opened.system, 2, None, |_| ()).await.unwrap()
}

/// What is wrong, without the ids of the rows.
fn words(verdict: &Verdict) -> Vec<String> {
    verdict.findings.iter().map(|finding| format!("{} {:?} {:?}", finding.what, finding.lane, finding.seq)).collect()
}

/// Numbers from a seed: the same on each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(below).unwrap()).unwrap()
    }
}

/// How the two databases write what a tamperer needs.
struct Sql(Backend);

impl Sql {
    fn bytes(&self, hex: &str) -> String {
        match self.0 {
            Backend::Sqlite => format!("x'{hex}'"),
            Backend::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }

    fn uuid(&self, dice: &mut Dice) -> String {
        let hex = format!("{:032x}", (u128::from(dice.0) << 60) | u128::from(dice.0));
        match self.0 {
            Backend::Sqlite => format!("x'{hex}'"),
            Backend::Postgres => format!("'{hex}'::uuid"),
        }
    }

    fn later(&self, dice: &mut Dice) -> String {
        let micros = dice.roll(1_000_000) + 1;
        match self.0 {
            Backend::Sqlite => format!("at + {micros}"),
            Backend::Postgres => format!("at + interval '{micros} microseconds'"),
        }
    }
}

/// One way to tamper: the SQL that does it, the SQL that undoes it, and where the finding has to be: a lane, and the number
/// of the first row that is named.
fn tampering(sql: &Sql, dice: &mut Dice, lane: i64, length: i64) -> (String, Option<(i64, i64)>) {
    let seq = dice.roll(length) + 1;
    let row = format!("lane = {lane} AND seq = {seq}");
    let here = Some((lane, seq));
    let set = |what: &str| format!("UPDATE security_audit SET {what} WHERE {row}");
    let other = if seq == length { seq - 1 } else { seq + 1 };
    let low = Some((lane, seq.min(other)));
    let bytes =
        |dice: &mut Dice, length: usize| sql.bytes(&format!("{:0width$x}", dice.roll(i64::MAX), width = length * 2));
    match dice.roll(25) {
        0 => (set(&format!("id = {}", sql.uuid(dice))), here),
        1 => (set(&format!("at = {}", sql.later(dice))), here),
        2 => (set("event = event || '_'"), here),
        3 => (set("actor_user_id = actor_user_id + 1"), here),
        4 => (set("subject_user_id = NULL"), here),
        5 => (set(&format!("session_id = {}", sql.uuid(dice))), here),
        6 => (set("ip = '198.51.100.1'"), here),
        7 => (set("request_id = NULL"), here),
        8 => (set(r#"detail = '{"method":"passkey","number":1}'"#), here),
        9 => (set("node = 'another'"), here),
        10 => (set(&format!("salt = {}", bytes(dice, 16))), here),
        11 => (set(&format!("commitment = {}", bytes(dice, 32))), here),
        12 => (set(&format!("hash = {}", bytes(dice, 32))), here),
        13 => (set("ip = NULL, salt = NULL"), here),
        14 => (set("ip = NULL"), here),
        15 => (format!("DELETE FROM security_audit WHERE {row}"), here),
        16 => (set("lane = NULL"), here),
        // Two rows in each other's place.
        17 => (
            format!(
                "UPDATE security_audit SET seq = -1 WHERE {row}; UPDATE security_audit SET seq = {seq} WHERE lane = {lane} \
                 AND seq = {other}; UPDATE security_audit SET seq = {other} WHERE lane = {lane} AND seq = -1"
            ),
            low,
        ),
        // A copy of a row behind the last one, the head not touched.
        18 => (insert(sql, dice, &row, &lane.to_string(), &(length + 1).to_string()), Some((lane, length + 1))),
        // A row outside of the chains.
        19 => (insert(sql, dice, &row, "NULL", "NULL"), None),
        // A lane that nobody has.
        20 => (insert(sql, dice, &row, "77", "1"), Some((77, 1))),
        // The tail, with and without its head.
        21 => (format!("DELETE FROM security_audit WHERE lane = {lane} AND seq >= {seq}"), here),
        22 => (
            format!(
                "DELETE FROM security_audit WHERE lane = {lane} AND seq >= {seq}; UPDATE audit_lanes SET seq = {seq} - 1, \
                 hash = COALESCE((SELECT hash FROM security_audit WHERE lane = {lane} AND seq = {seq} - 1), {empty}) \
                 WHERE lane = {lane}",
                empty = sql.bytes("")
            ),
            here,
        ),
        23 => (set(&format!("seq = {}", length + 10 + dice.roll(1_000_000))), here),
        _ => (
            format!("DELETE FROM security_audit WHERE lane = {lane}; DELETE FROM audit_lanes WHERE lane = {lane}"),
            Some((lane, 1)),
        ),
    }
}

fn insert(sql: &Sql, dice: &mut Dice, row: &str, lane: &str, seq: &str) -> String {
    let id = sql.uuid(dice);
    format!(
        "INSERT INTO security_audit (id, at, event, actor_user_id, subject_user_id, session_id, ip, request_id, detail, node, \
         lane, seq, salt, commitment, hash) SELECT {id}, at, event, actor_user_id, subject_user_id, session_id, ip, \
         request_id, detail, node, CAST({lane} AS BIGINT), CAST({seq} AS BIGINT), salt, commitment, hash FROM \
         security_audit WHERE {row}"
    )
}

const KEEP: &str =
    "CREATE TABLE kept_rows AS SELECT * FROM security_audit; CREATE TABLE kept_lanes AS SELECT * FROM audit_lanes";
const PUT_BACK: &str = "DELETE FROM security_audit; INSERT INTO security_audit SELECT * FROM kept_rows; \
    DELETE FROM audit_lanes; INSERT INTO audit_lanes SELECT * FROM kept_lanes";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_ways_to_tamper_are_found_and_named() {
    on_both(|fresh, backend| async move {
        let mut checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        trail(&fresh, 60, 3).await;
        assert!(checkpoints.state().await.unwrap().is_some());
        trail(&fresh, 60, 2).await;
        let clean = verdict(&fresh).await;
        assert!(clean.good && clean.rows == 300 && clean.unstated > 0, "{clean:?}");
        fresh.sql(KEEP).await;
        let heads = fresh.opened.system.read().await.unwrap().audit_heads().await.unwrap();
        let used: Vec<_> = heads.into_iter().filter(|head| head.seq > 1).collect();
        assert!(backend == Backend::Sqlite || used.len() > 1, "several lanes");
        let (sql, mut dice) = (Sql(backend), Dice(4_711));
        for turn in 0..200 {
            let lane = &used[usize::try_from(dice.roll(i64::try_from(used.len()).unwrap())).unwrap()];
            let (tamper, place) = tampering(&sql, &mut dice, lane.lane, lane.seq);
            fresh.sql(&tamper).await;
            let verdict = verdict(&fresh).await;
            assert!(!verdict.good, "{turn}: {tamper}");
            let is_named = match place {
                None => verdict.findings.iter().any(|finding| finding.what == "inserted" && finding.id.is_some()),
                Some((lane, seq)) => verdict.findings.iter().any(|finding| {
                    let reaches = finding.through.or(finding.seq).is_some_and(|through| through >= seq);
                    finding.lane == Some(lane) && finding.seq.is_some_and(|first| first <= seq) && reaches
                }),
            };
            assert!(is_named, "{turn}: {tamper}: {place:?} is not among {:?}", words(&verdict));
            fresh.sql(PUT_BACK).await;
        }
        assert!(verdict(&fresh).await.good, "what was put back is good again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tampering_with_heads_and_checkpoints_is_found() {
    on_both(|fresh, backend| async move {
        let mut checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        for _ in 0..3 {
            trail(&fresh, 8, 1).await;
            checkpoints.state().await.unwrap().unwrap();
        }
        assert!(verdict(&fresh).await.good);
        fresh.sql(&format!("{KEEP}; CREATE TABLE kept_points AS SELECT * FROM audit_checkpoints")).await;
        let sql = Sql(backend);
        let zeros = sql.bytes(&"00".repeat(64));
        for tamper in [
            "UPDATE audit_lanes SET seq = seq + 1 WHERE lane = 0".to_owned(),
            "UPDATE audit_lanes SET seq = 4000000000000000 WHERE lane = 0".to_owned(),
            format!("UPDATE audit_lanes SET mac = {zeros} WHERE lane = 0"),
            format!("UPDATE audit_lanes SET hash = {zeros} WHERE lane = 0"),
            format!("UPDATE audit_lanes SET seq = 0, hash = {empty}, mac = {empty}; DELETE FROM security_audit", empty = sql.bytes("")),
            "DELETE FROM audit_lanes".to_owned(),
            "UPDATE audit_checkpoints SET number = number + 10 WHERE number = 4".to_owned(),
            "DELETE FROM audit_checkpoints WHERE number = 2".to_owned(),
            "UPDATE audit_checkpoints SET kind = 'erased' WHERE number = 2".to_owned(),
            format!("UPDATE audit_checkpoints SET signature = {zeros} WHERE number = 3"),
            format!("UPDATE audit_checkpoints SET hash = {} WHERE number = 3", sql.bytes(&"00".repeat(32))),
            "UPDATE audit_checkpoints SET statement = '{\"heads\":[]}' WHERE number = 2".to_owned(),
            "INSERT INTO audit_checkpoints SELECT 5, kind, at, statement, hash, signature FROM audit_checkpoints WHERE number = 4".to_owned(),
        ] {
            fresh.sql(&tamper).await;
            assert!(!verdict(&fresh).await.good, "{tamper}");
            fresh.sql(&format!("{PUT_BACK}; DELETE FROM audit_checkpoints; INSERT INTO audit_checkpoints SELECT * FROM kept_points")).await;
        }
        assert!(verdict(&fresh).await.good);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trail_that_was_put_back_is_known_by_a_checkpoint_that_was_written_down() {
    on_both(|fresh, _| async move {
        let mut checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        trail(&fresh, 8, 1).await;
        fresh.sql(&format!("{KEEP}; CREATE TABLE kept_points AS SELECT * FROM audit_checkpoints")).await;
        trail(&fresh, 8, 1).await;
        checkpoints.state().await.unwrap().unwrap();
        let good = verdict(&fresh).await;
        let anchor: Anchor = good.last.unwrap().to_string().parse().unwrap();
        assert!(verify(&fresh.opened.system, 2, Some(&anchor), |_| ()).await.unwrap().good);
        fresh
            .sql(&format!(
                "{PUT_BACK}; DELETE FROM audit_checkpoints; INSERT INTO audit_checkpoints SELECT * FROM kept_points"
            ))
            .await;
        assert!(verdict(&fresh).await.good, "within the database all fits together");
        let verdict = verify(&fresh.opened.system, 2, Some(&anchor), |_| ()).await.unwrap();
        assert_eq!(verdict.findings.iter().map(|finding| finding.what).collect::<Vec<_>>(), ["anchor"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn retention_and_erasure_are_accepted_and_nothing_beyond_them() {
    on_both(|fresh, _| async move {
        let mut checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        trail(&fresh, 40, 2).await;
        checkpoints.state().await.unwrap().unwrap();
        let middle = SystemClock::new();
        let before = durward_proto::Clock::now(&*middle);
        trail(&fresh, 20, 2).await;
        assert_eq!(prune(&fresh.opened.system, Timestamp::from_seconds(0)).await.unwrap(), 0);
        assert_eq!(prune(&fresh.opened.system, before).await.unwrap(), 80);
        let pruned = verdict(&fresh).await;
        assert!(pruned.good && pruned.rows == 40 && pruned.pruned == 80, "{pruned:?}");

        let mut write = fresh.opened.gate.write().await.unwrap();
        erase_person(&mut write, UserId(3));
        write.commit(Audit::new("account_deleted").actor(UserId(3))).await.unwrap();
        let erased = verdict(&fresh).await;
        assert!(erased.good && erased.erased > 0, "{erased:?}");
        assert_eq!(
            fresh.count("SELECT COUNT(*) FROM security_audit WHERE actor_user_id = 3 AND ip IS NOT NULL").await,
            0
        );

        fresh.sql("UPDATE security_audit SET ip = NULL, salt = NULL WHERE actor_user_id = 4").await;
        let verdict = verdict(&fresh).await;
        assert!(!verdict.good && verdict.findings.iter().all(|finding| finding.what == "erased"), "{verdict:?}");

        // Whatever is left can be cut off, and then goes on from where it was. What was tampered with stays.
        let far = before.plus(std::time::Duration::from_secs(86_400));
        prune(&fresh.opened.system, far).await.unwrap();
        let left = super::tests::verdict(&fresh).await;
        assert!(!left.good, "what was tampered with is not tidied away: {left:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lane_of_which_everything_was_cut_off_goes_on() {
    on_both(|fresh, _| async move {
        let mut checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        trail(&fresh, 10, 1).await;
        let far = Timestamp::from_seconds(4_000_000_000);
        assert_eq!(prune(&fresh.opened.system, far).await.unwrap(), 10);
        assert!(verdict(&fresh).await.good);
        trail(&fresh, 10, 1).await;
        checkpoints.state().await.unwrap().unwrap();
        let verdict = verdict(&fresh).await;
        assert!(verdict.good && verdict.rows == 10, "{verdict:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_from_before_there_were_chains_are_taken_in_once() {
    on_both(|fresh, _| async move {
        let chained = trail(&fresh, 12, 1);
        chained.await;
        let unchain = "UPDATE security_audit SET lane = NULL, seq = NULL, salt = NULL, commitment = NULL, hash = NULL, node = NULL; \
            UPDATE audit_lanes SET seq = 0, hash = (SELECT hash FROM audit_lanes WHERE lane = 63), mac = (SELECT mac FROM audit_lanes WHERE lane = 63)";
        fresh.sql(unchain).await;
        let before = verdict(&fresh).await;
        assert!(before.good && before.waiting == 12, "{before:?}");
        let starts = (0..2).map(|_| Checkpoints::start(fresh.opened.system.clone()));
        for started in futures_util::future::join_all(starts).await {
            started.unwrap();
        }
        let after = verdict(&fresh).await;
        assert!(after.good && after.rows == 12 && after.waiting == 0, "{after:?}");
        fresh.sql("UPDATE security_audit SET lane = NULL WHERE seq = 12").await;
        drop(Checkpoints::start(fresh.opened.system.clone()).await.unwrap());
        assert!(!verdict(&fresh).await.good, "what stands outside now was put there");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_master_key_is_said_plainly() {
    on_both(|fresh, _| async move {
        drop(Checkpoints::start(fresh.opened.system.clone()).await.unwrap());
        trail(&fresh, 8, 1).await;
        let mut options = fresh.options.clone();
        let keys =
            durward_store::AuditKeys::new(None, &durward_proto::Secret::new("another secret altogether, and longer"));
        options.audit.keys = Some(keys.unwrap());
        let opened = Opened::open(&options, SystemClock::new(), Arc::new(SystemRandom)).await.unwrap();
        let verdict = verify(&opened.system, 2, None, |_| ()).await.unwrap();
        let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].contains("was keys.master_key changed?"), "{findings:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_while_the_server_writes_prunes_and_erases_finds_nothing() {
    on_both(|fresh, _| async move {
        let mut checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        let writing = trail(&fresh, 400, 1);
        let tidying = async {
            for user in 0..5 {
                let mut write = fresh.opened.gate.write().await.unwrap();
                erase_person(&mut write, UserId(user));
                write.commit(Audit::new("account_deleted")).await.unwrap();
                checkpoints.state().await.unwrap();
                let now = durward_proto::Clock::now(&*SystemClock::new());
                prune(&fresh.opened.system, now).await.unwrap();
            }
        };
        let verifying = async {
            for _ in 0..15 {
                let verdict = verdict(&fresh).await;
                assert!(verdict.good, "{verdict:?}");
            }
        };
        tokio::join!(writing, tidying, verifying);
    })
    .await;
}

/// A lane that is empty when it is looked at may have its first row by the time that its head is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_while_a_lane_gets_its_first_row_finds_nothing() {
    on_both(|fresh, _| async move {
        let _checkpoints = Checkpoints::start(fresh.opened.system.clone()).await.unwrap();
        for _ in 0..40 {
            let verifying = async {
                for _ in 0..3 {
                    let verdict = verdict(&fresh).await;
                    assert!(verdict.good, "{verdict:?}");
                }
            };
            tokio::join!(verifying, trail(&fresh, 8, 1));
            let now = durward_proto::Clock::now(&*SystemClock::new());
            prune(&fresh.opened.system, now).await.unwrap();
            assert_eq!(verdict(&fresh).await.rows, 0);
        }
    })
    .await;
}

/// `DURWARD_TEST_AUDIT_ROWS` rows, 20,000 without it, verify clean; their export has each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it is told how long, and tells how long it took")]
async fn a_long_trail_verifies_clean() {
    let rows: i64 = std::env::var("DURWARD_TEST_AUDIT_ROWS").ok().map_or(20_000, |rows| rows.parse().unwrap());
    on_both(|fresh, backend| async move {
        drop(Checkpoints::start(fresh.opened.system.clone()).await.unwrap());
        trail(&fresh, rows / 1_000, 1_000).await;
        let start = std::time::Instant::now();
        let verdict = verdict(&fresh).await;
        println!("{backend:?}: {rows} rows verified in {:?}", start.elapsed());
        assert!(verdict.good && verdict.rows == u64::try_from(rows).unwrap(), "{verdict:?}");
        let mut lines = 0;
        let (system, all) = (fresh.opened.system.clone(), AuditFilter::default());
        let mut export = AuditExport::new(system, all, ExportFormat::Cef);
        while let Some(piece) = export.next().await.unwrap() {
            assert!(piece.ends_with('\n'));
            lines += i64::try_from(piece.lines().filter(|line| line.starts_with("CEF:0|durward|")).count()).unwrap();
        }
        assert_eq!(lines, rows);
        assert!(matches!(
            (backend, &fresh.options.target),
            (Backend::Sqlite, Target::Sqlite { .. }) | (Backend::Postgres, Target::Postgres(_))
        ));
    })
    .await;
}
