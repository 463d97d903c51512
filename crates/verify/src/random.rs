//! The real source of randomness.

use std::cell::RefCell;

use aws_lc_rs::rand;
use durward_proto::Random;
use zeroize::Zeroize;

/// So many bytes are taken from the generator at once: its own work for each call is that of some hundred bytes.
const POOL: usize = 512;
/// Whoever wants more asks the generator itself.
const SMALL: usize = 32;

/// The random number generator of the cryptographic library, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// Fills the buffer. A failure of the generator is not survivable: whoever asked would go on with bytes
    /// that can be guessed. The process ends, as the library itself does when it cannot seed itself.
    fn fill(&self, buffer: &mut [u8]) {
        // While a thread ends there is no pool any more.
        if buffer.len() > SMALL || THREAD.try_with(|pool| pool.borrow_mut().take(buffer)).is_err() {
            generate(buffer);
        }
    }
}

thread_local! {
    static THREAD: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL], left: 0 }) };
}

/// Bytes that nobody has got yet.
struct Pool {
    bytes: [u8; POOL],
    left: usize,
}

impl Pool {
    /// Gives bytes out, each of them once, and keeps nothing of them.
    fn take(&mut self, buffer: &mut [u8]) {
        if self.left < buffer.len() {
            generate(&mut self.bytes);
            self.left = POOL;
        }
        let rest = self.left.saturating_sub(buffer.len());
        if let Some(given) = self.bytes.get_mut(rest..self.left) {
            buffer.copy_from_slice(given);
            given.zeroize();
            self.left = rest;
        } else {
            generate(buffer);
        }
    }
}

fn generate(buffer: &mut [u8]) {
    if rand::fill(buffer).is_err() {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let first: [u8; 32] = durward_proto::random::bytes(&SystemRandom);
        let second: [u8; 32] = durward_proto::random::bytes(&SystemRandom);
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }

    #[test]
    fn nothing_is_given_out_twice() {
        let mut seen = std::collections::HashSet::new();
        for length in 0..2_000 {
            let mut bytes = vec![0; 8 + length % 40];
            SystemRandom.fill(&mut bytes);
            // Also a part of what others got would be seen.
            for eight in bytes.chunks_exact(8) {
                assert!(seen.insert(eight.to_vec()));
            }
        }
    }

    #[test]
    fn what_was_given_out_is_not_kept() {
        let mut pool = Pool { bytes: [0; POOL], left: 0 };
        let mut bytes = [0; 32];
        pool.take(&mut bytes);
        assert_ne!(bytes, [0; 32]);
        assert_eq!(pool.left, POOL - 32);
        assert!(pool.bytes[POOL - 32..].iter().all(|byte| *byte == 0));
        assert!(pool.bytes[..POOL - 32].iter().any(|byte| *byte != 0));
    }
}
