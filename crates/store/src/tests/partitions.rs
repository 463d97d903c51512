//! The login trail's months on PostgreSQL: they hold what there was, are there before they are needed, and go when they are
//! over, whoever else is at it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use durward_proto::{Clock, SystemClock};
use sqlx::{AssertSqlSafe, Connection};

use super::migrations::Role;
use super::*;
use crate::testing::{Backend, backends, empty, fresh, fresh_with};
use crate::{Expired, NewAttempt, Opened};

/// A clock that is set by hand.
pub(super) struct Standing(AtomicI64);

impl Standing {
    pub(super) fn at(at: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(at.micros())))
    }

    fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::Relaxed);
    }
}

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn on_postgres() -> bool {
    backends().contains(&Backend::Postgres)
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A database in which it is that time, and the program has just been started.
async fn started(at: &str) -> (Fresh, Arc<Standing>) {
    let clock = Standing::at(time(at));
    let fresh = fresh_with(Backend::Postgres, clock.clone(), Arc::new(SystemRandom)).await;
    // Those of the machine's time, which the template was made at.
    assert_eq!(fresh.opened.system.drop_trail_months(time("9000-01-01T00:00:00Z")).await.unwrap().len(), 13);
    fresh.opened.system.migrate().await.unwrap();
    (fresh, clock)
}

async fn attempt(opened: &Opened, at: &str) {
    let mut write = opened.gate.write().await.unwrap();
    let new = NewAttempt {
        user_id: None,
        email_key: "ann@example.com",
        method: "password",
        succeeded: false,
        reason: "invalid_credentials",
        ip: None,
        user_agent: None,
        request_id: None,
        device: None,
        session: None,
        country: None,
        place: None,
        risk: None,
        now: time(at),
    };
    write.insert_attempt(&new).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
}

/// How many rows there are in a partition, or in all of them. None where there is no such table.
async fn rows(fresh: &Fresh, partition: &str) -> Option<i64> {
    let table = format!("device_login_attempts{partition}");
    let mut conn = fresh.postgres().await;
    let is_there: bool =
        sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(&table).fetch_one(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    if is_there { Some(fresh.count(&format!("SELECT COUNT(*) FROM {table}")).await) } else { None }
}

/// How many rows retention deletes one by one.
async fn deleted(opened: &Opened, before: &str) -> u64 {
    let mut write = opened.system.write().await.unwrap();
    let gone = write.remove_expired(Expired::Attempts, time(before), 100).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    gone
}

async fn healthy(opened: &Opened) {
    assert_eq!(opened.system.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn the_step_keeps_the_rows_and_whose_they_are() {
    if !on_postgres() {
        return;
    }
    let fresh = empty(Backend::Postgres).await;
    for _ in 0..4 {
        let mut write = fresh.opened.system.write().await.unwrap();
        write.apply_next().await.unwrap().unwrap();
        write.commit_unaudited("a test").await.unwrap();
    }
    let role = Role::make(
        &fresh,
        "GRANT USAGE ON SCHEMA public TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE; \
         CREATE USER ROLE_owner; GRANT CREATE, USAGE ON SCHEMA public TO ROLE_owner; \
         ALTER TABLE device_login_attempts OWNER TO ROLE_owner",
    )
    .await;
    fresh
        .sql(
            "ALTER TABLE device_login_attempts ADD COLUMN theirs TEXT NOT NULL DEFAULT 'x'; \
             INSERT INTO device_login_attempts (id, at, email_key, method, succeeded, reason) \
             SELECT gen_random_uuid(), now() - n * interval '1 hour', 'ann@example.com', 'password', TRUE, 'ok' \
             FROM generate_series(1, 3000) AS n; \
             INSERT INTO device_login_attempts (id, at, email_key, method, succeeded, reason) \
             VALUES (gen_random_uuid(), '2222-02-02', 'ann@example.com', 'password', TRUE, 'ok')",
        )
        .await;
    let sum = "SELECT SUM(hashtext(a.id::text || a.at || a.reason || a.theirs)) FROM device_login_attempts a";
    let before = fresh.count(sum).await;
    fresh.opened.system.migrate().await.unwrap();
    assert_eq!(fresh.count(sum).await, before, "every row is there, as it was");
    assert_eq!(rows(&fresh, "").await, Some(3_001));
    assert_eq!(rows(&fresh, "_rest").await, Some(1), "the one from a clock that was ahead");
    let partitions = "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'device_login_attempts'::regclass";
    assert_eq!(fresh.count(partitions).await, 14, "the old table, the rest, and twelve months to come");
    let strange = "SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'device\\_login\\_attempts%' AND relkind IN ('r', 'p') \
                   AND pg_get_userbyid(relowner) NOT LIKE '%\\_role\\_owner'";
    assert_eq!(fresh.count(strange).await, 0, "all of it is the owner's");
    assert_eq!(rows(&fresh, "_before").await, None);
    healthy(&fresh.opened).await;
    healthy(&role.opened).await;
    attempt(&role.opened, "2026-01-02T03:04:05Z").await;
    fresh
        .sql(&format!(
            "REASSIGN OWNED BY {0}_owner TO postgres; DROP OWNED BY {0}_owner; DROP ROLE {0}_owner",
            role.name
        ))
        .await;
    role.remove(&fresh).await;
}

#[tokio::test]
async fn the_step_on_an_empty_table_leaves_nothing_of_it() {
    if !on_postgres() {
        return;
    }
    let fresh = empty(Backend::Postgres).await;
    fresh.opened.system.migrate().await.unwrap();
    let partitions = "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'device_login_attempts'::regclass";
    assert_eq!(fresh.count(partitions).await, 14, "thirteen months and the rest");
    assert_eq!(rows(&fresh, "_before").await, None);
    healthy(&fresh.opened).await;
}

#[tokio::test]
async fn a_row_finds_its_month_and_is_never_without_a_place() {
    if !on_postgres() {
        return;
    }
    let (fresh, _) = started("2031-01-31T23:59:59.999999Z").await;
    for at in ["2031-01-01T00:00:00Z", "2031-01-31T23:59:59.999999Z", "2031-02-01T00:00:00Z", "2032-01-31T23:59:59Z"] {
        attempt(&fresh.opened, at).await;
    }
    for at in ["1999-12-31T23:59:59Z", "2030-12-31T23:59:59.999999Z", "2032-02-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        attempt(&fresh.opened, at).await;
    }
    for (partition, count) in [("_2031_01", 2), ("_2031_02", 1), ("_2032_01", 1), ("_rest", 4), ("", 8)] {
        assert_eq!(rows(&fresh, partition).await, Some(count), "{partition}");
    }
}

/// Of many at once each month is made by one, and by one only; no one fails. Meanwhile logins are noted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_make_and_drop_months_at_once_do_it_once() {
    if !on_postgres() {
        return;
    }
    let (fresh, _) = started("2031-03-15T00:00:00Z").await;
    let options = fresh.options.clone();
    for (round, now) in ["2032-03-15T00:00:00Z", "2033-03-15T00:00:00Z", "2034-03-15T00:00:00Z"].into_iter().enumerate()
    {
        let done = race(6, |number| {
            let options = options.clone();
            async move {
                // Each with connections of its own, as another process has them.
                let node = Opened::open(&options, Standing::at(time(now)), Arc::new(SystemRandom)).await.unwrap();
                if number == 5 {
                    for _ in 0..20 {
                        attempt(&node, now).await;
                    }
                    return (Vec::new(), Vec::new());
                }
                let made = node.system.make_trail_months().await.unwrap();
                let before = time(now).minus(Duration::from_secs(365 * 86_400));
                (made, node.system.drop_trail_months(before).await.unwrap())
            }
        })
        .await;
        let (made, dropped): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        let (made, dropped) = (made.concat(), dropped.concat());
        // Twelve new ones in each round, since one of the year before is that year's last.
        assert_eq!((made.len(), made.iter().collect::<BTreeSet<_>>().len()), (12, 12), "round {round}: {made:?}");
        assert_eq!(dropped.len(), dropped.iter().collect::<BTreeSet<_>>().len(), "round {round}: {dropped:?}");
        assert!(
            fresh
                .opened
                .system
                .drop_trail_months(time(now).minus(Duration::from_secs(365 * 86_400)))
                .await
                .unwrap()
                .len()
                < 13
        );
        healthy(&fresh.opened).await;
    }
    assert_eq!(rows(&fresh, "_2031_03").await, None, "dropped");
    assert_eq!(rows(&fresh, "_2034_03").await, Some(20));
    assert_eq!(rows(&fresh, "").await, Some(40), "those of the last two rounds are younger than a year");
}

/// What is over goes to the very moment: months as a whole, and what is over of a month that is not, row by row.
#[tokio::test]
async fn months_that_are_over_are_dropped_and_the_rest_is_deleted() {
    if !on_postgres() {
        return;
    }
    let (fresh, clock) = started("2031-01-10T00:00:00Z").await;
    for at in [
        "2030-05-05T00:00:00Z",
        "2031-01-01T00:00:00Z",
        "2031-01-31T23:59:59.999999Z",
        "2031-02-01T00:00:00Z",
        "2031-02-13T23:59:59.999999Z",
        "2031-02-14T00:00:00Z",
        "2031-03-01T00:00:00Z",
    ] {
        attempt(&fresh.opened, at).await;
    }
    let system = &fresh.opened.system;
    clock.set(time("2031-05-15T00:00:00Z"));
    let none = system.drop_trail_months(time("2031-01-31T23:59:59.999999Z")).await.unwrap();
    assert_eq!(none, [""; 0], "its last moment is not over");
    let limit = "2031-02-14T00:00:00Z";
    assert_eq!(system.drop_trail_months(time(limit)).await.unwrap(), ["device_login_attempts_2031_01"]);
    assert_eq!(system.drop_trail_months(time(limit)).await.unwrap(), [""; 0]);
    assert_eq!(rows(&fresh, "").await, Some(5));
    assert_eq!(deleted(&fresh.opened, limit).await, 3, "the rest's, and two of a month that is not over");
    assert_eq!(fresh.count("SELECT COUNT(*) FROM device_login_attempts WHERE at < '2031-02-14'").await, 0);
    assert_eq!(rows(&fresh, "").await, Some(2));
    healthy(&fresh.opened).await;
    // Also the first partition, that the step made of what was there before.
    fresh
        .sql(
            "ALTER TABLE device_login_attempts DETACH PARTITION device_login_attempts_2031_02; \
             ALTER TABLE device_login_attempts ATTACH PARTITION device_login_attempts_2031_02 \
             FOR VALUES FROM (MINVALUE) TO ('2031-03-01 00:00:00+00')",
        )
        .await;
    assert_eq!(
        system.drop_trail_months(time("2031-03-01T00:00:00Z")).await.unwrap(),
        ["device_login_attempts_2031_02"]
    );
    assert_eq!(rows(&fresh, "").await, Some(1));
}

/// Rows came for a month before it was made: they are moved into it. More than can be moved in a moment stay, and go one by
/// one when they are over.
#[tokio::test]
async fn what_is_in_the_rest_moves_into_its_month() {
    if !on_postgres() {
        return;
    }
    let (fresh, clock) = started("2031-01-10T00:00:00Z").await;
    for at in ["2032-03-01T00:00:00Z", "2032-03-31T23:59:59.999999Z", "2032-04-01T00:00:00Z", "2040-01-01T00:00:00Z"] {
        attempt(&fresh.opened, at).await;
    }
    fresh
        .sql(
            "INSERT INTO device_login_attempts (id, at, email_key, method, succeeded, reason) \
             SELECT gen_random_uuid(), '2032-05-01'::timestamptz + n * interval '1 second', 'ann@example.com', 'password', \
             TRUE, 'ok' FROM generate_series(1, 20001) AS n",
        )
        .await;
    assert_eq!(rows(&fresh, "_rest").await, Some(20_005));
    clock.set(time("2032-03-15T00:00:00Z"));
    let made = fresh.opened.system.make_trail_months().await.unwrap();
    assert_eq!(made.len(), 12, "all but one: {made:?}");
    assert_eq!(rows(&fresh, "_2032_03").await, Some(2));
    assert_eq!(rows(&fresh, "_2032_04").await, Some(1));
    assert_eq!(rows(&fresh, "_2032_05").await, None, "too many to be moved at once");
    assert_eq!(rows(&fresh, "_rest").await, Some(20_002));
    healthy(&fresh.opened).await;
    fresh.sql("DELETE FROM device_login_attempts WHERE at = '2032-05-01 00:00:01+00'").await;
    assert_eq!(fresh.opened.system.make_trail_months().await.unwrap(), ["device_login_attempts_2032_05"]);
    assert_eq!(rows(&fresh, "_2032_05").await, Some(20_000));
    assert_eq!(rows(&fresh, "_rest").await, Some(1), "what no month is there for yet");
}

/// Somebody reads, for as long as a backup takes: months are neither made nor dropped, logins wait for a moment at most, and
/// it is done the next time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_that_is_not_had_is_left_for_the_next_time() {
    if !on_postgres() {
        return;
    }
    let (fresh, clock) = started("2031-01-10T00:00:00Z").await;
    let mut backup = fresh.postgres().await;
    let read = "BEGIN; SELECT COUNT(*) FROM device_login_attempts";
    sqlx::raw_sql(AssertSqlSafe(read)).execute(&mut backup).await.unwrap();
    clock.set(time("2031-03-10T00:00:00Z"));
    let watch = SystemClock::new();
    let begun = watch.monotonic();
    let system = fresh.opened.system.clone();
    let change = tokio::spawn(async move {
        let made = system.make_trail_months().await.unwrap();
        (made, system.drop_trail_months(time("2031-03-01T00:00:00Z")).await.unwrap())
    });
    let mut longest = Duration::ZERO;
    while !change.is_finished() {
        let before = watch.monotonic();
        attempt(&fresh.opened, "2031-03-10T00:00:00Z").await;
        longest = longest.max(watch.monotonic().saturating_sub(before));
    }
    assert_eq!(change.await.unwrap(), (Vec::new(), Vec::new()));
    let took = watch.monotonic().saturating_sub(begun);
    assert!(took > Duration::from_millis(900), "four times a quarter of a second: {took:?}");
    assert!(longest < Duration::from_millis(2_000), "{longest:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut backup).await.unwrap();
    assert_eq!(fresh.opened.system.make_trail_months().await.unwrap().len(), 2);
    let dropped = fresh.opened.system.drop_trail_months(time("2031-03-01T00:00:00Z")).await.unwrap();
    assert_eq!(dropped, ["device_login_attempts_2031_01", "device_login_attempts_2031_02"]);
}

/// A role with grants alone: everything works, nothing is made or dropped, and the owner's `migrate` makes a year of months.
#[tokio::test]
async fn a_role_that_owns_nothing_does_without() {
    if !on_postgres() {
        return;
    }
    let (fresh, clock) = started("2031-01-10T00:00:00Z").await;
    let grants = "GRANT USAGE ON SCHEMA public TO ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE";
    let role = Role::make(&fresh, grants).await;
    // What is made later carries no grants, and needs none.
    clock.set(time("2031-02-10T00:00:00Z"));
    assert_eq!(fresh.opened.system.migrate().await.unwrap(), [""; 0]);
    assert_eq!(rows(&fresh, "_2032_02").await, Some(0));
    for at in ["2031-01-01T00:00:00Z", "2032-02-02T00:00:00Z", "2050-01-01T00:00:00Z"] {
        attempt(&role.opened, at).await;
    }
    assert_eq!(rows(&fresh, "_2032_02").await, Some(1));
    assert_eq!(rows(&fresh, "_rest").await, Some(1));
    healthy(&role.opened).await;
    let far = time("2049-01-01T00:00:00Z");
    let as_role = Opened::open(
        &{
            let mut options = fresh.options.clone();
            let crate::Target::Postgres(target) = &mut options.target else { panic!("it is PostgreSQL") };
            target.user = role.name.clone();
            target.password = Some(durward_proto::Secret::new("role-password"));
            options
        },
        Standing::at(far),
        Arc::new(SystemRandom),
    )
    .await
    .unwrap();
    assert_eq!(as_role.system.make_trail_months().await.unwrap(), [""; 0]);
    assert_eq!(as_role.system.drop_trail_months(far).await.unwrap(), [""; 0]);
    assert_eq!(as_role.system.migrate().await.unwrap(), [""; 0]);
    assert_eq!(deleted(&as_role, "2049-01-01T00:00:00Z").await, 2);
    assert_eq!(rows(&fresh, "").await, Some(1));
    healthy(&as_role).await;
    as_role.close().await;
    role.remove(&fresh).await;
}

/// A month that was taken off hides its rows from everybody they concern; the cure that is named brings them back.
#[tokio::test]
async fn a_month_that_was_detached_is_named_with_its_cure() {
    if !on_postgres() {
        return;
    }
    let (fresh, _) = started("2031-12-10T00:00:00Z").await;
    attempt(&fresh.opened, "2031-12-31T00:00:00Z").await;
    for partition in ["device_login_attempts_2031_12", "device_login_attempts_rest"] {
        fresh.sql(&format!("ALTER TABLE device_login_attempts DETACH PARTITION {partition}")).await;
        let faults = fresh.opened.system.check_schema().await.unwrap();
        let [fault] = faults.as_slice() else { panic!("{faults:#?}") };
        assert_eq!(fault.object, format!("partition {partition}"));
        assert!(!fault.statements.is_empty());
        // It is not made anew over it, and nothing fails.
        assert_eq!(fresh.opened.system.make_trail_months().await.unwrap(), [""; 0]);
        let cure = fault.cure.split(';').next().unwrap();
        fresh.sql(cure).await;
        healthy(&fresh.opened).await;
    }
    assert_eq!(rows(&fresh, "_2031_12").await, Some(1));
    fresh
        .sql(
            "DROP INDEX device_login_attempts_by_user; \
             CREATE INDEX device_login_attempts_by_user ON ONLY device_login_attempts (user_id, at, id); \
             ALTER TABLE device_login_attempts DROP CONSTRAINT device_login_attempts_pk; \
             ALTER TABLE ONLY device_login_attempts ADD CONSTRAINT device_login_attempts_pk PRIMARY KEY (at, id)",
        )
        .await;
    let faults = fresh.opened.system.check_schema().await.unwrap();
    let objects: Vec<&str> = faults.iter().map(|fault| fault.object.as_str()).collect();
    assert_eq!(objects, ["index device_login_attempts_by_user", "index device_login_attempts_pk"]);
    for fault in faults {
        assert!(fault.detail.contains("device_login_attempts_2031_12"), "{}", fault.detail);
        fresh.sql(&fault.cure).await;
    }
    healthy(&fresh.opened).await;
}

/// What is made by hand is let be: a table of theirs, a partition with another range, a name that only looks like one.
#[tokio::test]
async fn partitions_of_an_operators_own_are_let_be() {
    if !on_postgres() {
        return;
    }
    let (fresh, clock) = started("2031-12-10T00:00:00Z").await;
    fresh
        .sql(
            "CREATE TABLE device_login_attempts_archive (id INTEGER); CREATE TABLE device_login_attempts_2031_13 (id INTEGER); \
             CREATE TABLE theirs PARTITION OF device_login_attempts FOR VALUES FROM ('2033-01-10') TO ('2033-02-05')",
        )
        .await;
    clock.set(time("2032-12-10T00:00:00Z"));
    let made = fresh.opened.system.make_trail_months().await.unwrap();
    assert_eq!(made.len(), 10, "not where a range is taken already: {made:?}");
    assert!(!made.iter().any(|name| name.ends_with("_2033_01") || name.ends_with("_2033_02")), "{made:?}");
    healthy(&fresh.opened).await;
    assert_eq!(
        fresh.opened.system.drop_trail_months(time("2033-03-01T00:00:00Z")).await.unwrap().last().unwrap(),
        "theirs"
    );
}

#[tokio::test]
async fn on_sqlite_there_is_nothing_to_do() {
    let fresh = fresh(Backend::Sqlite).await;
    assert_eq!(fresh.opened.system.make_trail_months().await.unwrap(), [""; 0]);
    assert_eq!(fresh.opened.system.drop_trail_months(NOW).await.unwrap(), [""; 0]);
}
