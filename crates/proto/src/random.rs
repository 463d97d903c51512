//! Randomness comes in as an argument, so that tests can hold it.

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// An array of random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut buffer = [0u8; N];
    random.fill(&mut buffer);
    buffer
}
