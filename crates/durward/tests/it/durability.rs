//! What was acknowledged survives SIGKILL.
