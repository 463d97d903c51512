//! Thirty ways to break a database or a configuration, each found by its own check.
