//! Public test vectors, sent to the running program.
