//! The caller's own things.

mod profile;
mod sessions;
mod settings;
