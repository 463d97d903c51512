//! `POST /api/v1/auth/login` and `/auth/jwt/login`.
