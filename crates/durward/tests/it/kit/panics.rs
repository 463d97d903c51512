//! Panics of the program, which is in this process: there must be none, whoever catches them.

use std::panic::{self, Location};
use std::sync::{Mutex, Once, PoisonError};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Begins to write down where the program panics. A test that fails panics as well, and does not count.
pub fn watch() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(is_of_a_test) {
                SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
            }
            before(info);
        }));
    });
}

/// All so far.
pub fn seen() -> Vec<String> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn is_of_a_test(location: &Location<'_>) -> bool {
    location.file().contains("crates/durward/tests/") || location.file().ends_with("crates/store/src/testing.rs")
}
