//! The secret that is made and kept.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Barrier};

use durward_proto::Random;

use super::Machine;
use crate::config::{Purpose, Source};

/// Random enough for a test: each thread has its own.
struct Seeded(std::sync::Mutex<u64>);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for byte in bytes {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (*state >> 56) as u8;
        }
    }
}

fn seeded(seed: u64) -> Seeded {
    Seeded(std::sync::Mutex::new(seed))
}

#[test]
fn a_secret_is_made_once() {
    let machine = Machine::dev();
    let mut loaded = machine.load().unwrap();
    assert_eq!(loaded.config.tokens.secret, None);
    loaded.make_secrets(&seeded(1)).unwrap();
    let secret = loaded.config.tokens.secret.clone().unwrap();
    assert!(secret.expose().len() >= 32);
    let path = machine.path("data").join("tokens.secret");
    assert_eq!(*loaded.source("tokens.secret"), Source::Kept(path.clone()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(machine.path("data")).unwrap().permissions().mode() & 0o777, 0o700);

    let mut again = machine.load().unwrap();
    again.make_secrets(&seeded(2)).unwrap();
    assert_eq!(again.config.tokens.secret, Some(secret));
    assert_eq!(std::fs::read_dir(machine.path("data")).unwrap().count(), 1, "something was left lying about");
}

#[test]
fn of_many_that_make_it_at_once_all_have_the_same() {
    for round in 0..20 {
        let machine = Arc::new(Machine::dev());
        let barrier = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let (machine, barrier) = (Arc::clone(&machine), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    let mut loaded = machine.load().unwrap();
                    barrier.wait();
                    loaded.make_secrets(&seeded(round * 100 + thread)).unwrap();
                    loaded.config.tokens.secret.unwrap().expose().to_owned()
                })
            })
            .collect();
        let secrets: std::collections::BTreeSet<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(secrets.len(), 1);
    }
}

#[test]
fn the_master_key_is_made_when_it_is_needed() {
    let machine = Machine::dev().var("DURWARD_TOKENS__ALGORITHM", "EdDSA");
    let mut loaded = machine.load().unwrap();
    loaded.make_secrets(&seeded(1)).unwrap();
    let master = loaded.config.keys.master_key.clone().unwrap();
    assert!(master.expose().len() >= 32 && Some(&master) != loaded.config.tokens.secret.as_ref());
    let path = machine.path("data").join("keys.master_key");
    assert_eq!(*loaded.source("keys.master_key"), Source::Kept(path.clone()));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // It is found again, also by who would not make one.
    let mut again = Machine::dev();
    again.inputs.environment = machine.inputs.environment.clone();
    assert_eq!(again.var("DURWARD_TOKENS__ALGORITHM", "HS256").config().keys.master_key, Some(master));

    let production = Machine::good().var("DURWARD_TOKENS__ALGORITHM", "EdDSA");
    let mut loaded = production.load().unwrap();
    loaded.make_secrets(&seeded(1)).unwrap();
    assert_eq!(loaded.config.keys.master_key, None);
    assert_eq!(loaded.problems(), [], "whether one is needed is seen in the database");
}

#[test]
fn none_is_made_where_it_must_be_given_or_is() {
    let mut loaded = Machine::new(Purpose::Serve).load().unwrap();
    loaded.make_secrets(&seeded(1)).unwrap();
    assert_eq!(loaded.config.tokens.secret, None);

    let machine = Machine::dev().var("JWT_SECRET_KEY", "given");
    let mut loaded = machine.load().unwrap();
    loaded.make_secrets(&seeded(1)).unwrap();
    assert_eq!(loaded.config.tokens.secret.unwrap().expose(), "given");
    assert!(!machine.path("data").exists());
}

#[test]
fn a_broken_one_is_said() {
    let machine = Machine::dev();
    std::fs::create_dir(machine.path("data")).unwrap();
    std::fs::write(machine.path("data").join("tokens.secret"), "canary").unwrap();
    let problem = machine.problem();
    assert!(problem.id == "secrets" && !problem.to_string().contains("canary"), "{problem}");

    let machine = Machine::dev().file("data", "a file, not a directory");
    assert_eq!(machine.problems(), [], "a check of its own finds that");
    assert_eq!(machine.load().unwrap().make_secrets(&seeded(1)).unwrap_err().id, "secrets");
}
