//! `POST` and `DELETE /api/v1/auth/logout`.
