//! What people ask for by naming an address. Whether there is an account is looked up by the worker, so that the answer
//! says nothing about it.

use durward_proto::UserId;
use durward_store::Audit;
use serde::{Deserialize, Serialize};

use crate::client::Client;

/// Somebody named an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What for.
    pub kind: RequestKind,
    /// The address as a key (`Email::key`).
    pub email_key: String,
    /// Who asked, where that is known: for a change of address.
    pub user: Option<UserId>,
    /// What languages whoever asked prefers (`Accept-Language`).
    pub language: Option<String>,
    /// The client's address; none where an operator asks.
    pub ip: Option<String>,
    /// The id of the client's request, for the trails.
    pub request_id: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A new password.
    Reset,
    /// Another mail to verify the address by.
    Verify,
    /// To be told that somebody registered with an address that has an account.
    Repeated,
    /// The new address's part of a change of address.
    NewAddress,
}

impl Request {
    /// As a client asks.
    pub(crate) fn by_client(kind: RequestKind, email_key: String, client: &Client) -> Self {
        Self {
            kind,
            email_key,
            user: None,
            language: client.language.clone(),
            ip: Some(client.ip.to_string()),
            request_id: Some(client.request_id.clone()),
        }
    }

    /// As an operator asks, at the command line.
    pub(crate) fn by_operator(kind: RequestKind, email_key: String) -> Self {
        Self { kind, email_key, user: None, language: None, ip: None, request_id: None }
    }

    /// The audit event `event`, seen from who asked.
    pub(crate) fn audit(&self, event: &'static str) -> Audit {
        Audit::new(event).client(self.ip.clone(), self.request_id.clone())
    }
}

impl RequestKind {
    const ALL: [Self; 4] = [Self::Reset, Self::Verify, Self::Repeated, Self::NewAddress];

    /// Its stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset_requested",
            Self::Verify => "verify_requested",
            Self::Repeated => "registered_again",
            Self::NewAddress => "new_address_named",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What is sealed of a request.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) email_key: String,
    pub(super) user: Option<UserId>,
    pub(super) language: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) request_id: Option<String>,
}
