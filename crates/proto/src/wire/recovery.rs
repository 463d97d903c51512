//! What goes by mail: forgotten passwords, and addresses that have to be confirmed.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// `POST /api/v1/password/forgot` and `POST /api/v1/email/verify/resend`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailRequest {
    /// The account's address.
    pub email: String,
}

/// 202: the same whether the address is known or not.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct MailAccepted {
    /// Always `accepted`: if there is such an account, a mail is on its way.
    pub status: &'static str,
}

/// `POST /api/v1/password/reset`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// From the mail.
    pub token: Secret,
    /// 8 to 1,024 bytes of UTF-8.
    pub new_password: Secret,
}

/// `POST /api/v1/email/verify` and `POST /api/v1/email/change/confirm`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailedToken {
    /// From the mail.
    pub token: Secret,
}

/// `POST /api/v1/email/change`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    /// The address as it shall be.
    pub new_email: String,
}

/// `POST /api/v1/email/change/confirm`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct EmailChangeAnswer {
    /// `changed`, or `waiting` while the other address has not confirmed it.
    pub status: &'static str,
}
