//! `/api/v1/conversations`.
