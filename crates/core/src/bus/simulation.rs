//! A node, a database and a bell in one thread with a made-up clock: every interleaving comes from a seed. The follower,
//! the freshness, the roster's memory and the leases are the real ones; the database answers late or not at all, and the
//! bell loses rings, delays them and mixes them up.
//!
//! What must hold: nobody is let in later than `max_staleness` after their session's end was committed, and no socket of
//! theirs lives longer than the grace after that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use durward_proto::ids::UuidId;
use durward_proto::{Clock, Code, SessionId, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use super::follower::{BATCH, Follower, Found, Patience, Todo};
use super::freshness::Freshness;
use crate::leases::Leases;
use crate::roster::memory::{Loaded, Memory};

const MAX_STALENESS: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(3);
/// A read that takes longer has failed, as the breaker has it.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
const STEPS: usize = 250;
const SESSIONS: u64 = 12;

/// What is broken on purpose, to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Broken {
    Nothing,
    /// Only what the bell rang for is applied.
    CatchUp,
    /// Memory is trusted however long nothing could be read.
    Staleness,
    /// What was read counts as known up to the end of the read.
    EndOfRead,
    /// Sockets stay, whatever is known.
    Sockets,
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn millis(&mut self, up_to: u64) -> Duration {
        Duration::from_millis(self.roll(up_to + 1))
    }
}

#[derive(Default)]
struct SimClock(AtomicU64);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(i64::try_from(self.0.load(Ordering::Relaxed)).unwrap())
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// The database: when each session ended, and the events in the order of their commits.
#[derive(Default)]
struct Database {
    ended: HashMap<SessionId, Duration>,
    events: Vec<SessionId>,
    away: bool,
    /// Questions about sessions that wait for the database.
    questions: Vec<Rc<RefCell<Question>>>,
}

/// One look at a session: the database looks at some time, and the answer arrives at a later one.
struct Question {
    session: SessionId,
    began: Duration,
    saw: Option<bool>,
    answer: Option<Result<bool, ()>>,
}

struct Answer(Rc<RefCell<Question>>);

impl Future for Answer {
    type Output = Result<Option<Loaded<()>>, ()>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.borrow().answer {
            None => Poll::Pending,
            Some(Ok(alive)) => Poll::Ready(Ok(alive.then_some(Loaded::Keep(())))),
            Some(Err(())) => Poll::Ready(Err(())),
        }
    }
}

/// A request or a handshake that waits for its answer.
struct Check {
    session: SessionId,
    began: Duration,
    lease: Option<watch::Receiver<Option<Code>>>,
    outcome: Pin<Box<dyn Future<Output = Result<Option<()>, ()>>>>,
}

/// The follower's read: after which number, since when, and what the database showed it.
struct Reading {
    after: usize,
    began: Duration,
    saw: Option<Vec<SessionId>>,
    rung: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    from_memory: u64,
    outages: u64,
    closed: u64,
    revoked: u64,
}

struct World {
    dice: Dice,
    broken: Broken,
    clock: Arc<SimClock>,
    database: Rc<RefCell<Database>>,
    follower: Follower,
    freshness: Arc<Freshness>,
    memory: Rc<Memory<()>>,
    leases: Leases,
    reading: Option<Reading>,
    rings: Vec<Duration>,
    rung: bool,
    checks: Vec<Check>,
    sockets: Vec<(SessionId, watch::Receiver<Option<Code>>)>,
    resumed_at: Duration,
    seen: Seen,
}

fn session(number: u64) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(u128::from(number)))
}

impl World {
    fn new(seed: u64, broken: Broken) -> Self {
        let max = if broken == Broken::Staleness { Duration::from_secs(1_000_000) } else { MAX_STALENESS };
        let (clock, freshness) = (Arc::new(SimClock::default()), Arc::new(Freshness::new(max)));
        freshness.renew(Duration::ZERO);
        let patience = Patience { max_staleness: MAX_STALENESS, grace: GRACE };
        Self {
            dice: Dice(seed),
            broken,
            database: Rc::default(),
            follower: Follower::starting(0, Duration::ZERO, patience),
            memory: Rc::new(Memory::new(100, freshness.clone(), clock.clone())),
            freshness,
            clock,
            leases: Leases::default(),
            reading: None,
            rings: Vec::new(),
            rung: false,
            checks: Vec::new(),
            sockets: Vec::new(),
            resumed_at: Duration::ZERO,
            seen: Seen::default(),
        }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn go_to(&self, at: Duration) {
        self.clock.0.fetch_max(u64::try_from(at.as_micros()).unwrap(), Ordering::Relaxed);
    }

    fn run(mut self) -> Result<Seen, String> {
        self.attend();
        for _ in 0..STEPS {
            self.step()?;
            self.attend();
            self.look_at_sockets()?;
        }
        self.settle()?;
        Ok(self.seen)
    }

    fn step(&mut self) -> Result<(), String> {
        match self.dice.roll(100) {
            0..25 => self.let_time_pass(),
            25..32 => self.revoke(),
            32..50 => return self.ask(false),
            50..56 => return self.ask(true),
            56..68 => self.answer_a_question(),
            68..82 => return self.poll_a_check(),
            82..95 => self.go_on_reading(),
            95..98 => {
                let away = &mut self.database.borrow_mut().away;
                *away = !*away;
                self.seen.outages += u64::from(*away);
            }
            98 => self.ring(),
            _ => {
                // The process is stopped for a while, and nothing in it runs.
                let pause = self.dice.millis(15_000);
                self.go_to(self.now() + pause);
                self.resumed_at = self.now();
            }
        }
        Ok(())
    }

    /// Time passes, but not over the follower's next appointment.
    fn let_time_pass(&mut self) {
        let mut at = self.now() + self.dice.millis(700);
        if let Todo::Wait { until } = self.follower.next(self.now()) {
            at = at.min(until.max(self.now()));
        }
        self.go_to(at);
        self.ring();
    }

    /// Rings that are due are heard, in any order.
    fn ring(&mut self) {
        let now = self.now();
        let before = self.rings.len();
        self.rings.retain(|at| *at > now);
        if self.rings.len() < before {
            self.rung = true;
            self.follower.rung();
        }
    }

    fn revoke(&mut self) {
        let (session, now) = (session(self.dice.roll(SESSIONS)), self.now());
        let mut database = self.database.borrow_mut();
        if database.away || database.ended.contains_key(&session) {
            return;
        }
        database.ended.insert(session, now);
        database.events.push(session);
        drop(database);
        self.seen.revoked += 1;
        if self.dice.roll(10) < 6 {
            let late = self.dice.millis(1_500);
            self.rings.push(now + late);
        }
    }

    /// Somebody asks, or opens a socket: first it is watched for the end, then memory is asked, then the database.
    fn ask(&mut self, socket: bool) -> Result<(), String> {
        let session = session(self.dice.roll(SESSIONS));
        let lease = socket.then(|| self.leases.watch(session));
        let began = self.now();
        if self.memory.get(session).is_some() {
            self.seen.from_memory += 1;
            return self.let_in(session, began, lease);
        }
        if self.checks.len() >= 8 {
            return Ok(());
        }
        let (memory, database, clock) = (self.memory.clone(), self.database.clone(), self.clock.clone());
        let outcome = Box::pin(async move {
            let load = || {
                let question = Question { session, began: clock.monotonic(), saw: None, answer: None };
                let question = Rc::new(RefCell::new(question));
                database.borrow_mut().questions.push(question.clone());
                Answer(question)
            };
            memory.get_or_load(session, load).await
        });
        self.checks.push(Check { session, began, lease, outcome });
        Ok(())
    }

    fn let_in(
        &mut self,
        session: SessionId,
        began: Duration,
        lease: Option<watch::Receiver<Option<Code>>>,
    ) -> Result<(), String> {
        if let Some(ended) = self.database.borrow().ended.get(&session)
            && began > *ended + MAX_STALENESS
        {
            return Err(format!("let in at {began:?}, although the session ended at {ended:?}"));
        }
        self.sockets.extend(lease.map(|lease| (session, lease)));
        Ok(())
    }

    fn answer_a_question(&mut self) {
        let now = self.now();
        let mut database = self.database.borrow_mut();
        if database.questions.is_empty() {
            return;
        }
        let at = self.dice.roll(database.questions.len() as u64) as usize;
        let question = database.questions[at].clone();
        let mut question = question.borrow_mut();
        if now.saturating_sub(question.began) > CALL_TIMEOUT || database.away && self.dice.roll(2) == 0 {
            question.answer = Some(Err(()));
        } else if let Some(alive) = question.saw {
            question.answer = Some(Ok(alive));
        } else if !database.away {
            question.saw = Some(!database.ended.contains_key(&question.session));
        }
        if question.answer.is_some() {
            database.questions.swap_remove(at);
        }
    }

    fn poll_a_check(&mut self) -> Result<(), String> {
        if self.checks.is_empty() {
            return Ok(());
        }
        let at = self.dice.roll(self.checks.len() as u64) as usize;
        let outcome = self.checks[at].outcome.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(outcome) = outcome else { return Ok(()) };
        let check = self.checks.swap_remove(at);
        match outcome {
            Ok(Some(())) => self.let_in(check.session, check.began, check.lease),
            Ok(None) | Err(()) => Ok(()),
        }
    }

    /// What the follower wants to be done is done at once.
    fn attend(&mut self) {
        loop {
            match self.follower.next(self.now()) {
                Todo::Read { after } => {
                    let rung = std::mem::take(&mut self.rung);
                    let after = usize::try_from(after).unwrap();
                    self.reading = Some(Reading { after, began: self.now(), saw: None, rung });
                }
                Todo::CloseSockets => {
                    if self.broken != Broken::Sockets {
                        self.seen.closed += self.leases.close_all(Code::VerificationUnavailable) as u64;
                    }
                }
                Todo::Wait { .. } => return,
            }
        }
    }

    fn go_on_reading(&mut self) {
        let now = self.now();
        let database = self.database.borrow();
        let Some(reading) = &mut self.reading else { return };
        if now.saturating_sub(reading.began) > CALL_TIMEOUT || database.away && self.dice.roll(2) == 0 {
            self.reading = None;
            self.follower.failed(now);
        } else if reading.saw.is_none() {
            if !database.away {
                reading.saw = Some(database.events.iter().skip(reading.after).take(BATCH as usize).copied().collect());
            }
        } else if let Some(Reading { after, saw: Some(saw), rung, .. }) = self.reading.take() {
            let newest = i64::try_from(database.events.len()).unwrap();
            drop(database);
            let found = Found {
                events: saw.len(),
                last: (!saw.is_empty()).then(|| i64::try_from(after + saw.len()).unwrap()),
                newest: saw.is_empty().then_some(newest),
            };
            for session in saw.into_iter().filter(|_| rung || self.broken != Broken::CatchUp) {
                self.memory.forget(session);
                self.leases.close(session, Code::TokenRevoked);
            }
            let known = self.follower.caught(now, found);
            assert!(!known.forget_all);
            self.freshness.renew(if self.broken == Broken::EndOfRead { now } else { known.as_of });
        }
    }

    fn look_at_sockets(&mut self) -> Result<(), String> {
        self.sockets.retain(|(_, lease)| lease.borrow().is_none());
        let (now, database) = (self.now(), self.database.borrow());
        for (session, _) in &self.sockets {
            let Some(ended) = database.ended.get(session) else { continue };
            if now > (*ended + MAX_STALENESS + GRACE).max(self.resumed_at + GRACE) {
                return Err(format!("at {now:?} a socket is open, although its session ended at {ended:?}"));
            }
        }
        Ok(())
    }

    /// Once the database is back, all is known soon.
    fn settle(&mut self) -> Result<(), String> {
        self.database.borrow_mut().away = false;
        let from = self.now();
        while self.now() < from + CALL_TIMEOUT + Duration::from_secs(1) {
            self.go_to(self.now() + Duration::from_millis(50));
            self.attend();
            self.go_on_reading();
            self.look_at_sockets()?;
        }
        let events = self.database.borrow().events.len();
        if usize::try_from(self.follower.applied()).unwrap() != events || !self.freshness.is_fresh(self.now()) {
            return Err(format!("{} of {events} revocations are known long after the end", self.follower.applied()));
        }
        let database = self.database.borrow();
        for number in 0..SESSIONS {
            if self.memory.get(session(number)).is_some() && database.ended.contains_key(&session(number)) {
                return Err("an ended session is remembered".to_owned());
            }
        }
        match self.sockets.iter().find(|(session, _)| database.ended.contains_key(session)) {
            Some(_) => Err("a socket of an ended session is open after everything was applied".to_owned()),
            None => Ok(()),
        }
    }
}

#[test]
fn nobody_is_let_in_later_than_the_staleness_allows() {
    let mut all = Seen::default();
    for seed in 0..10_000 {
        let seen = World::new(seed, Broken::Nothing).run().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        all.from_memory += seen.from_memory;
        all.outages += seen.outages;
        all.closed += seen.closed;
        all.revoked += seen.revoked;
    }
    // It went through what it is there for.
    assert!(all.from_memory > 5_000 && all.outages > 10_000 && all.closed > 1_000 && all.revoked > 30_000, "{all:?}");
}

#[test]
fn what_is_broken_is_found() {
    for broken in [Broken::CatchUp, Broken::Staleness, Broken::EndOfRead, Broken::Sockets] {
        let found = (0..2_000).find(|seed| World::new(*seed, broken).run().is_err());
        assert!(found.is_some(), "{broken:?} goes unnoticed");
    }
}
