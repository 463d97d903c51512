//! What was acknowledged survives SIGKILL, and nothing is left half done.

mod people;

use std::time::Duration;

use durward_proto::random;
use durward_store::testing::{Backend, backends};
use durward_verify::SystemRandom;

use self::people::{Person, Server};
use crate::kit::Site;

/// How often the program is killed at its work, on each database.
const ROUNDS: usize = 5;
/// How many people do things at once.
const PEOPLE: usize = 4;

/// Each query counts what must not be.
const HALF_DONE: [(&str, &str); 8] = [
    (
        "users without a profile",
        "SELECT COUNT(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM user_profiles p WHERE p.user_id = u.id)",
    ),
    (
        "users whose registration is not in the audit trail",
        "SELECT COUNT(*) FROM users u WHERE NOT EXISTS
         (SELECT 1 FROM security_audit a WHERE a.event = 'registered' AND a.subject_user_id = u.id)",
    ),
    (
        "registrations in the audit trail without their users",
        // The walk of the Golden Path wipes the user that it registers, and says so in the trail.
        "SELECT COUNT(*) FROM security_audit a WHERE a.event = 'registered' AND NOT EXISTS
         (SELECT 1 FROM users u WHERE a.subject_user_id = u.id) AND NOT EXISTS
         (SELECT 1 FROM security_audit w WHERE w.event = 'golden_path_walked' AND w.subject_user_id = a.subject_user_id)",
    ),
    (
        "living sessions without exactly one refresh token that can be used",
        "SELECT COUNT(*) FROM user_sessions s WHERE s.ended_at IS NULL AND 1 <>
         (SELECT COUNT(*) FROM refresh_tokens t WHERE t.session_id = s.id AND t.rotated_at IS NULL)",
    ),
    (
        "sessions that stand elsewhere than their newest refresh token",
        "SELECT COUNT(*) FROM user_sessions s WHERE s.generation <>
         (SELECT MAX(t.generation) FROM refresh_tokens t WHERE t.session_id = s.id)",
    ),
    (
        "rotated tokens without a successor",
        "SELECT COUNT(*) FROM refresh_tokens t WHERE t.rotated_at IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM refresh_tokens n WHERE n.session_id = t.session_id AND n.generation = t.generation + 1)",
    ),
    (
        "ended sessions of which the other nodes were not told",
        "SELECT COUNT(*) FROM user_sessions s WHERE s.ended_at IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM revocation_events e WHERE e.session_id = s.id)",
    ),
    (
        "revocations with a number that was not given out",
        "SELECT COUNT(*) FROM revocation_events WHERE seq > (SELECT last_seq FROM revocation_counter)",
    ),
];

/// At least so many milliseconds, and fewer than so many.
fn some_time(from: u64, to: u64) -> Duration {
    let bytes: [u8; 8] = random::bytes(&SystemRandom);
    Duration::from_millis(from + u64::from_le_bytes(bytes) % (to - from))
}

async fn nothing_is_half_done(site: &Site) {
    for (what, query) in HALF_DONE {
        assert_eq!(site.database.count(query).await, 0, "{what}");
    }
    site.run(&["doctor"]).await.code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    survives(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if backends().contains(&Backend::Postgres) {
        survives(Backend::Postgres).await;
    }
}

async fn survives(backend: Backend) {
    let site = Site::migrated(backend).await;
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut process = site.serve().await;
        let server = Server { address: process.address() };
        let people: Vec<_> =
            (0..PEOPLE).map(|number| tokio::spawn(people::live(server, format!("p{number}-{round}")))).collect();
        tokio::time::sleep(some_time(300, 900)).await;
        process.kill();
        let mut known: Vec<Person> = Vec::new();
        for person in people {
            known.extend(person.await.unwrap());
        }
        // A server that is killed may have served nobody yet; all rounds together have.
        acknowledged += known.iter().map(Person::acknowledged).sum::<usize>();

        let process = site.serve().await;
        let server = Server { address: process.address() };
        // First, because a lost answer can be asked for again for ten seconds only.
        for person in &mut known {
            person.their_newest_tokens_work(server).await;
        }
        for person in &known {
            person.what_was_said_holds(server).await;
        }
        for person in &known {
            person.older_tokens_stay_dead(server).await;
        }
        drop(process);
        nothing_is_half_done(&site).await;
    }
    assert!(acknowledged > 50, "{acknowledged} writes were acknowledged: too few to say anything");
}

/// The migrations are applied whole or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_starts() {
    for backend in backends() {
        let site = Site::empty(backend).await;
        for _ in 0..8 {
            let mut process = site.spawn();
            tokio::time::sleep(some_time(5, 150)).await;
            process.kill();
        }
        let process = site.serve().await;
        process.visitor().get("/api/v1/auth/csrf-token").await.is(200);
        drop(process);
        site.run(&["doctor"]).await.code(0);
        assert_eq!(site.database.count("SELECT COUNT(*) FROM schema_migrations").await, crate::kit::migrations());
    }
}
