//! What was asked for by mail, before anybody looked who that is.
//!
//! Whoever asks is answered at once, with the same statements and the same words whether the address is known or not. Who
//! sends the mails looks later.

use durward_proto::UserId;
use serde::{Deserialize, Serialize};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A link to set a new password with.
    ResetPassword,
    /// A link to confirm the account's address with.
    VerifyEmail,
    /// To be told that a registration came for an address that has an account.
    AlreadyRegistered,
    /// The new address's link of a change of address.
    ConfirmNewAddress,
}

impl RequestKind {
    /// As it stands in the outbox and in metrics: `reset_requested`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_requested",
            // A registration is one word, whether the address was known or not.
            Self::VerifyEmail | Self::AlreadyRegistered => "verify_requested",
            Self::ConfirmNewAddress => "new_address_requested",
        }
    }
}

/// One request, as it waits in the outbox: sealed, since it names an address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// What was asked for.
    pub kind: RequestKind,
    /// The key of the address.
    pub email_key: String,
    /// Who asked, where that is known: for a change of address.
    pub user: Option<UserId>,
    /// The language that the client asked for.
    pub language: Option<String>,
}
