//! The caller's own things.

mod events;
mod profile;
mod sessions;
mod settings;
