//! `POST /api/v1/password/change`.
