//! durward http
