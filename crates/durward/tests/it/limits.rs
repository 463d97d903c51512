//! How much guessing is allowed.
