use std::sync::atomic::AtomicU64;

use durward_proto::wire::auth::Transport;
use durward_proto::{Role, UserId};
use durward_store::testing::{Backend, Fresh, backends, fresh};
use durward_store::{NewSession, NewUser, UserRow};
use durward_verify::{BreakerRules, SystemRandom};
use futures_util::FutureExt;

use super::*;

/// A clock that stands still until it is moved.
#[derive(Default)]
struct HandClock(AtomicU64);

const BEGIN: Timestamp = Timestamp::from_seconds(1_767_323_045);

impl HandClock {
    fn forward(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        BEGIN.plus(self.monotonic())
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// A roster that knows of every revocation for an hour to come.
fn roster(fresh: &Fresh, clock: &Arc<HandClock>, idle: Option<Duration>) -> Roster {
    let freshness = Arc::new(Freshness::new(Duration::from_secs(3_600)));
    freshness.renew(clock.monotonic());
    Roster::new(
        fresh.opened.gate.clone(),
        Arc::new(Breaker::new("database", BreakerRules::default(), clock.clone())),
        Arc::default(),
        freshness,
        RosterSettings { capacity: 1_000_000, idle },
        Arc::default(),
        clock.clone(),
    )
}

fn row(user: i64) -> LiveRow {
    LiveRow {
        user: UserRow {
            id: UserId(user),
            email: format!("someone-{user}@example.com"),
            full_name: Some("Someone Somewhere".to_owned()),
            role: Role::user(),
            status: AccountStatus::Active,
            email_verified: true,
            tfa_enabled: false,
            created_at: BEGIN,
            updated_at: BEGIN,
        },
        expires_at: BEGIN.plus(Duration::from_secs(86_400)),
        ended_at: None,
        last_seen_at: BEGIN,
        settled_generation: 1,
        auth_time: BEGIN,
        amr: "pwd".to_owned(),
        transport: Transport::Bearer,
        outlasts_idling: false,
    }
}

/// What the allocator needs for as many allocations beside what was asked for: its own word, and to round up to 16 bytes.
const BESIDE: u64 = 16;

#[tokio::test]
async fn a_session_takes_few_bytes() {
    const SESSIONS: u64 = 100_000;
    const EACH: u64 = 100;
    let fresh = fresh(Backend::Sqlite).await;
    let clock = Arc::new(HandClock::default());
    let roster = roster(&fresh, &clock, None);
    let ids: Vec<_> = (0..SESSIONS).map(|_| SessionId::new(BEGIN, &SystemRandom)).collect();
    let load = |(number, session): (u64, &SessionId)| {
        let load = || async { Ok::<_, StoreError>(roster.entry(row(i64::try_from(number / EACH).unwrap()))) };
        assert!(roster.memory.get_or_load(*session, load).now_or_never().unwrap().unwrap().is_some());
    };
    let taken = allocation_counter::measure(|| (0..).zip(&ids).for_each(load));
    assert_eq!(roster.len() as u64, SESSIONS);
    let bytes =
        (u64::try_from(taken.bytes_current).unwrap() + u64::try_from(taken.count_current).unwrap() * BESIDE) / SESSIONS;
    assert!((80..180).contains(&bytes), "{bytes} bytes for each: {taken:?}");

    let hits = allocation_counter::measure(|| {
        for session in &ids {
            assert!(roster.recall(*session, clock.now()).is_some());
        }
    });
    assert_eq!(hits.count_total, 0, "a hit takes nothing from the heap");
}

/// Rows of one user's sessions.
async fn sessions(fresh: &Fresh, number: usize) -> Vec<SessionId> {
    let email = "ann@example.com".parse().unwrap();
    let role = Role::user();
    let new = NewUser {
        email: &email,
        full_name: None,
        password_hash: "none",
        role: &role,
        status: AccountStatus::Active,
        email_verified: true,
        now: BEGIN,
    };
    let mut write = fresh.opened.gate.write().await.unwrap();
    let user = write.insert_user(&new).await.unwrap().unwrap().id;
    let ids: Vec<_> = (0..number).map(|_| SessionId::new(BEGIN, &SystemRandom)).collect();
    for id in &ids {
        let new = NewSession {
            id: *id,
            user_id: user,
            now: BEGIN,
            expires_at: BEGIN.plus(Duration::from_secs(86_400)),
            auth_time: BEGIN,
            amr: "pwd",
            transport: Transport::Bearer,
            user_agent: None,
            ip: None,
            device_hash: None,
            device: None,
            place: None,
        };
        write.insert_session(&new).await.unwrap();
    }
    write.commit_unaudited("a test").await.unwrap();
    ids
}

async fn last_seen(fresh: &Fresh, session: SessionId) -> Timestamp {
    fresh.opened.gate.read().await.unwrap().live_session(session).await.unwrap().unwrap().last_seen_at
}

/// Waits until that session was last seen then, in the database.
async fn until_seen(fresh: &Fresh, session: SessionId, at: Timestamp) {
    let seen = async {
        while last_seen(fresh, session).await != at {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
}

#[tokio::test]
async fn whoever_was_seen_is_noted_many_at_once_and_none_waits_for_one_that_is_being_changed() {
    for backend in backends() {
        let fresh = fresh(backend).await;
        let clock = Arc::new(HandClock::default());
        let roster = roster(&fresh, &clock, None);
        let ids = sessions(&fresh, 300).await;
        for id in &ids {
            roster.load(*id).await.unwrap().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(last_seen(&fresh, ids[0]).await, BEGIN, "a minute has not passed");

        clock.forward(TOUCH_EVERY);
        let first = clock.now();
        for id in &ids {
            assert!(roster.recall(*id, first).is_some());
        }
        for id in &ids {
            until_seen(&fresh, *id, first).await;
        }

        // Somebody holds one of them, and will not let go before the others were noted.
        clock.forward(TOUCH_EVERY);
        let second = clock.now();
        let (held, others) = ids.split_first().unwrap();
        let mut holder = None;
        if backend == Backend::Postgres {
            let mut write = fresh.opened.gate.write().await.unwrap();
            write.settle_generation(*held, 2).await.unwrap();
            holder = Some(write);
        }
        for id in &ids {
            assert!(roster.recall(*id, second).is_some());
        }
        for id in others {
            until_seen(&fresh, *id, second).await;
        }
        if let Some(write) = holder {
            assert_eq!(last_seen(&fresh, *held).await, first);
            write.commit_unaudited("a test").await.unwrap();
        }
        clock.forward(TOUCH_EVERY);
        roster.recall(*held, clock.now()).unwrap();
        until_seen(&fresh, *held, clock.now()).await;
    }
}

#[tokio::test]
async fn what_there_is_no_room_to_note_is_noted_with_the_next_request() {
    let fresh = fresh(Backend::Sqlite).await;
    let clock = Arc::new(HandClock::default());
    let roster = roster(&fresh, &clock, None);
    let id = sessions(&fresh, 1).await[0];
    roster.load(id).await.unwrap().unwrap();
    clock.forward(TOUCH_EVERY);
    // Nothing is written before this task waits for something.
    while roster.touches.note(SessionId::new(BEGIN, &SystemRandom), BEGIN) {}
    let live = roster.recall(id, clock.now()).unwrap();
    assert_eq!(live.last_use.written.load(Ordering::Relaxed), BEGIN.micros());
    while !roster.touches.note(SessionId::new(BEGIN, &SystemRandom), BEGIN) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    roster.recall(id, clock.now()).unwrap();
    until_seen(&fresh, id, clock.now()).await;
}

#[tokio::test]
async fn an_idle_session_is_over_in_memory_and_in_the_database() {
    let fresh = fresh(Backend::Sqlite).await;
    let clock = Arc::new(HandClock::default());
    let roster = roster(&fresh, &clock, Some(Duration::from_secs(600)));
    let id = sessions(&fresh, 1).await[0];
    roster.load(id).await.unwrap().unwrap();
    clock.forward(Duration::from_secs(600));
    assert!(roster.recall(id, clock.now()).is_some());
    clock.forward(Duration::from_secs(601));
    assert!(roster.recall(id, clock.now()).is_none());
    assert!(roster.is_empty());
    until_seen(&fresh, id, BEGIN.plus(Duration::from_secs(600))).await;
    assert!(roster.load(id).await.unwrap().is_none());
}
