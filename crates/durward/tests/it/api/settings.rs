//! `/api/v1/settings`.
