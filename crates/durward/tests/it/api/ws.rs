//! `GET /api/v1/ws/chat` and the tickets.
