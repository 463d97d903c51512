//! `one_time_tickets`: opens one WebSocket, once. Kept as hashes; taking one deletes it.

use durward_proto::ids::UuidId;
use durward_proto::{SessionId, Timestamp};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::Write;

/// A ticket that was taken.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TicketRow {
    /// The session that asked for it.
    #[sqlx(try_from = "Db<SessionId>")]
    pub session_id: SessionId,
    /// The origin that asked for it.
    pub origin: Option<String>,
    /// When what it opens ends at the latest.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub lease_expires_at: Timestamp,
    /// The `kid` of the key behind the token that asked for it; none in a row of a version that kept none.
    pub kid: Option<String>,
}

/// A ticket to keep.
#[derive(Debug)]
pub struct NewTicket<'a> {
    /// SHA-256 of the ticket.
    pub hash: &'a [u8; 32],
    /// The session that asks for it.
    pub session_id: SessionId,
    /// The origin that asks for it.
    pub origin: Option<&'a str>,
    /// When it is made.
    pub now: Timestamp,
    /// How long it can be taken.
    pub expires_at: Timestamp,
    /// When what it opens ends at the latest.
    pub lease_expires_at: Timestamp,
    /// The `kid` of the key behind the token that asks for it.
    pub kid: Option<&'a str>,
}

queries! {
    /// Keeps a ticket's hash.
    INSERT = "INSERT INTO one_time_tickets (ticket_hash, session_id, origin, created_at, expires_at, \
        lease_expires_at, kid) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Takes it.
    TAKE = "DELETE FROM one_time_tickets WHERE ticket_hash = $1 AND expires_at > $2 \
        RETURNING session_id, origin, lease_expires_at, kid";
}

impl Write<Gate> {
    /// Keeps a ticket's hash.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_ticket(&mut self, ticket: &NewTicket<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(ticket.hash.as_slice())
            .bind(ticket.session_id.uuid())
            .bind(ticket.origin)
            .bind(Db(ticket.now))
            .bind(Db(ticket.expires_at))
            .bind(Db(ticket.lease_expires_at))
            .bind(ticket.kid)
            .execute(c)
            .await
            .map(drop))
    }

    /// Takes a ticket. `None` when it is not known, was taken before, or has expired.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn take_ticket(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<Option<TicketRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(TAKE)).bind(hash.as_slice()).bind(Db(now)).fetch_optional(c).await)
    }
}
