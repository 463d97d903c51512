//! Why a credential was refused.

use durward_proto::Code;

/// Why a credential was refused. Each has one [`Code`] on the wire and a sentence that says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.detail())]
pub enum Refusal {
    /// None came.
    Missing,
    /// It is not a well-formed access token; the text says in which way.
    Malformed(&'static str),
    /// The signature does not hold, or there is no such key.
    Signature,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// A token of another kind (`typ`).
    WrongType,
    /// Made by another issuer or for another audience.
    WrongAudience,
    /// The session has ended, or there never was one.
    Revoked,
    /// The account is not active.
    AccountInactive,
    /// More than one credential, and they differ.
    Ambiguous,
    /// Whether the session is alive cannot be found out now.
    Unavailable,
}

impl Refusal {
    /// The stable code: the `code` of an answer, the reason of a WebSocket's close.
    pub fn code(self) -> Code {
        match self {
            Self::Missing => Code::TokenMissing,
            Self::Malformed(_) => Code::TokenMalformed,
            Self::Signature => Code::TokenSignature,
            Self::Expired => Code::TokenExpired,
            Self::NotYetValid => Code::TokenNotYetValid,
            Self::WrongType => Code::TokenWrongType,
            Self::WrongAudience => Code::TokenWrongAudience,
            Self::Revoked => Code::TokenRevoked,
            Self::AccountInactive => Code::AccountInactive,
            Self::Ambiguous => Code::AmbiguousCredentials,
            Self::Unavailable => Code::VerificationUnavailable,
        }
    }

    /// A sentence for people. It never holds anything that came with the request.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Missing => "no token came with the request",
            Self::Malformed(how) => how,
            Self::Signature => "the signature does not hold, or it was made with a key that is not known here",
            Self::Expired => "the token's time is over",
            Self::NotYetValid => "the token's time has not begun; are the clocks right?",
            Self::WrongType => "this is not an access token: `typ` is not `at+jwt`",
            Self::WrongAudience => "the token was made by another server or for another one",
            Self::Revoked => "the session has ended",
            Self::AccountInactive => "the account is not active",
            Self::Ambiguous => "more than one credential came with the request, and they differ",
            Self::Unavailable => "whether the session is alive cannot be found out at the moment",
        }
    }
}
