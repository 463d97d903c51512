//! `/api/v1/profile`.
