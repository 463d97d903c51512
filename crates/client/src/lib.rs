//! durward client
