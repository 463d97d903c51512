//! The chain: what a row's hash is made of.

use durward_proto::ids::UuidId;
use durward_proto::{EventId, Random, SessionId, Timestamp, UserId};
use serde_json::Value;

use super::Audit;
use super::canonical::{Fields, canonical};
use crate::encode::Db;

/// Where a lane has got to: the number and the hash of its newest row. 0 and nothing before the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which lane.
    pub lane: i64,
    /// The number of its newest row.
    pub seq: i64,
    /// That row's hash.
    pub hash: Vec<u8>,
}

impl Head {
    /// Before the first row of a lane.
    pub fn before_all(lane: i64) -> Self {
        Self { lane, seq: 0, hash: Vec::new() }
    }

    /// Whether nothing was ever written to the lane.
    pub fn is_empty(&self) -> bool {
        self.seq == 0 && self.hash.is_empty()
    }
}

/// A row of the audit trail. A row from before there were chains has no lane, number or hash.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// Its id.
    #[sqlx(try_from = "Db<EventId>")]
    pub id: EventId,
    /// When it was done.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
    /// A stable word.
    pub event: String,
    /// Who did it.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub actor_user_id: Option<UserId>,
    /// To whom it was done.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub subject_user_id: Option<UserId>,
    /// In which session, or to which.
    #[sqlx(try_from = "Db<Option<SessionId>>")]
    pub session_id: Option<SessionId>,
    /// From where it was asked; gone when it was erased.
    pub ip: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What else is worth knowing: the text of a JSON object.
    pub detail: String,
    /// Which node wrote it.
    pub node: Option<String>,
    /// In which chain it stands.
    pub lane: Option<i64>,
    /// Its number there, from 1.
    pub seq: Option<i64>,
    /// What the commitment is salted with; gone when the address was erased.
    pub salt: Option<Vec<u8>>,
    /// A salted hash over what can be erased. It stands in for that in the row's hash.
    pub commitment: Option<Vec<u8>>,
    /// The row's hash, over the hash of the row before it.
    pub hash: Option<Vec<u8>>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A part of it is missing, has the wrong form, or was changed.
    #[error("it was changed, or does not follow from the row before it")]
    Hash,
    /// Its address or salt is not the one that it was written with.
    #[error("its address or its salt was changed")]
    Private,
    /// Its address was erased.
    #[error("its address and its salt were removed")]
    Erased,
}

impl AuditRow {
    /// The row that comes after a head.
    pub(crate) fn after(head: &Head, audit: &Audit, node: &str, now: Timestamp, random: &dyn Random) -> Self {
        let mut row = Self {
            id: EventId::new(now, random),
            at: now,
            event: audit.event.to_owned(),
            actor_user_id: audit.actor,
            subject_user_id: audit.subject,
            session_id: audit.session,
            ip: audit.ip.clone(),
            request_id: audit.request_id.clone(),
            detail: canonical(&audit.detail).to_string(),
            node: Some(node.to_owned()),
            lane: None,
            seq: None,
            salt: None,
            commitment: None,
            hash: None,
        };
        row.join(head, random);
        row
    }

    /// Takes a row that stands in no chain into one.
    pub(crate) fn join(&mut self, head: &Head, random: &dyn Random) {
        let salt = durward_proto::random::bytes::<16>(random);
        self.lane = Some(head.lane);
        self.seq = Some(head.seq + 1);
        self.commitment = Some(commitment(&salt, self.ip.as_deref()).to_vec());
        self.salt = Some(salt.to_vec());
        self.hash = self.computed(&head.hash).map(|hash| hash.to_vec());
    }

    /// The head that this row makes.
    pub fn head(&self) -> Head {
        Head {
            lane: self.lane.unwrap_or_default(),
            seq: self.seq.unwrap_or_default(),
            hash: self.hash.clone().unwrap_or_default(),
        }
    }

    /// Its detail, as JSON. `None` when it is not JSON.
    pub fn detail(&self) -> Option<Value> {
        serde_json::from_str(&self.detail).ok()
    }

    /// Whether the address in it is this user's own, so that it goes with the user.
    pub fn is_of(&self, user: UserId) -> bool {
        self.actor_user_id == Some(user) || (self.actor_user_id.is_none() && self.subject_user_id == Some(user))
    }

    /// Whether the row is as it was written, after a row with this hash. `canonical_text` where the database keeps JSON
    /// as it was written, so that its text has to be the only one there is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, previous: &[u8], canonical_text: bool) -> Result<(), Broken> {
        if self.hash.as_deref() != self.computed(previous).as_ref().map(<[u8; 32]>::as_slice) {
            return Err(Broken::Hash);
        }
        let written = self.detail().map(|detail| canonical(&detail).to_string());
        if canonical_text && written.is_none_or(|written| written != self.detail) {
            return Err(Broken::Hash);
        }
        match (&self.salt, &self.ip) {
            (None, None) => Err(Broken::Erased),
            (None, Some(_)) => Err(Broken::Private),
            (Some(salt), ip) if self.commitment.as_deref() == Some(&commitment(salt, ip.as_deref())[..]) => Ok(()),
            (Some(_), _) => Err(Broken::Private),
        }
    }

    fn computed(&self, previous: &[u8]) -> Option<[u8; 32]> {
        let detail = canonical(&self.detail()?).to_string();
        let user = |user: Option<UserId>| user.map(|id| id.0.to_be_bytes());
        let (actor, subject) = (user(self.actor_user_id), user(self.subject_user_id));
        let session = self.session_id.map(|session| *session.uuid().as_bytes());
        let fields = Fields::new("durward audit row v1")
            .number(self.lane?)
            .number(self.seq?)
            .bytes(previous)
            .bytes(self.id.uuid().as_bytes())
            .number(self.at.micros())
            .bytes(self.event.as_bytes())
            .optional(actor.as_ref().map(<[u8; 8]>::as_slice))
            .optional(subject.as_ref().map(<[u8; 8]>::as_slice))
            .optional(session.as_ref().map(<[u8; 16]>::as_slice))
            .optional(self.request_id.as_deref().map(str::as_bytes))
            .optional(self.node.as_deref().map(str::as_bytes))
            .bytes(detail.as_bytes())
            .bytes(self.commitment.as_deref()?);
        Some(fields.finish())
    }
}

fn commitment(salt: &[u8], ip: Option<&str>) -> [u8; 32] {
    Fields::new("durward audit private v1").bytes(salt).optional(ip.map(str::as_bytes)).finish()
}
