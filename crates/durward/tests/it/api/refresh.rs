//! `POST /api/v1/auth/refresh`.
