//! durward core
