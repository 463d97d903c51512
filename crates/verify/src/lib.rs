//! durward verify
