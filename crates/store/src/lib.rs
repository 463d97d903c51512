//! durward store
