//! The real source of randomness.

use aws_lc_rs::rand;
use durward_proto::Random;

/// The random number generator of the cryptographic library, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// Fills the buffer. A failure of the generator is not survivable: whoever asked would go on with bytes
    /// that can be guessed. The process ends, as the library itself does when it cannot seed itself.
    fn fill(&self, buffer: &mut [u8]) {
        if rand::fill(buffer).is_err() {
            std::process::abort();
        }
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
}
