//! `GET /api/v1/auth/status`.
