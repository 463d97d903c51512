//! The stable codes a client can switch on, each with its HTTP status and its title.
//!
//! A code, once released, keeps its meaning. `docs/errors.md` is made from this table.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// Why a request was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it stands in an answer's `code`, or as the reason of a WebSocket's close.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// A short sentence for people, the same for every occurrence (RFC 9457 section 3.1.3).
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What it means and what to do, for the documentation.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc, " ",)+),)* }
            }
        }
    };
}

codes! {
    /// The body is not what its content type says, or is cut short. Send well-formed JSON or a well-formed form.
    BadBody = "bad_body", 400, "The body cannot be read";
    /// The request itself is malformed: a header or the query cannot be read.
    BadRequest = "bad_request", 400, "The request cannot be read";
    /// Two `Authorization` headers, or one cookie twice with different values. Send one credential.
    AmbiguousCredentials = "ambiguous_credentials", 400, "More than one credential";
    /// No token came with the request. Log in first.
    TokenMissing = "token_missing", 401, "Not logged in";
    /// The token is not a well-formed access token. Log in again.
    TokenMalformed = "token_malformed", 401, "The token is malformed";
    /// The signature does not hold, or no such key is known. Log in again.
    TokenSignature = "token_signature", 401, "The token's signature does not hold";
    /// The token's time is over. Refresh it, or log in again.
    TokenExpired = "token_expired", 401, "The token has expired";
    /// The token's time has not begun. Set the clocks right.
    TokenNotYetValid = "token_not_yet_valid", 401, "The token is not valid yet";
    /// A token of another kind. Send the access token.
    TokenWrongType = "token_wrong_type", 401, "Not an access token";
    /// The token was made by another server or for another one.
    TokenWrongAudience = "token_wrong_audience", 401, "The token is meant for another server";
    /// The session that the token belongs to has ended. Log in again.
    TokenRevoked = "token_revoked", 401, "The session has ended";
    /// The account was suspended, deactivated or deleted after the token was made.
    AccountInactive = "account_inactive", 401, "The account is not active";
    /// A refresh token came a second time: somebody has a copy of it. The session has ended. Log in again.
    RefreshReused = "refresh_reused", 401, "The refresh token was used before";
    /// The e-mail address or the password is wrong; which of them is not said.
    InvalidCredentials = "invalid_credentials", 401, "Wrong e-mail address or password";
    /// The second factor is wrong, or this code was used before. A challenge ends after five wrong answers.
    InvalidSecondFactor = "invalid_second_factor", 401, "Wrong second factor";
    /// The challenge is not known: it was answered, ended after five wrong answers or five minutes, or belongs to another
    /// client. Log in again.
    ChallengeInvalid = "challenge_invalid", 401, "The challenge is over";
    /// The passkey is not known here, or what the authenticator signed does not hold.
    InvalidPasskey = "invalid_passkey", 401, "The passkey was not accepted";
    /// The right password, but the account waits for an approval or for its e-mail address to be verified.
    AccountPending = "account_pending", 403, "The account is not active yet";
    /// The right password, but an operator suspended the account.
    AccountSuspended = "account_suspended", 403, "The account is suspended";
    /// The right password, but the account was closed.
    AccountDeactivated = "account_deactivated", 403, "The account is closed";
    /// The right password, but logins from this country or network are not allowed (`access.*`). Ask the operator.
    PlaceDenied = "place_denied", 403, "Not from this place";
    /// The right password, but too much speaks against its being the user who sent it. A mailed link to reset the password
    /// makes the device known; an operator can help, too.
    LoginDenied = "login_denied", 403, "This login was refused";
    /// Registration is closed by configuration (`registration.open`).
    RegistrationClosed = "registration_closed", 403, "Registration is closed";
    /// The CSRF token is missing or wrong; `reason` says how. Get one from `GET /api/v1/auth/csrf-token`
    /// and send it as `X-CSRF-Token` together with its cookie.
    CsrfFailed = "csrf_failed", 403, "The CSRF check failed";
    /// The page that sent this is not of this site. An operator adds its origin to `cors.allowed_origins`.
    OriginDenied = "origin_denied", 403, "This origin is not allowed";
    /// The account's role does not allow this.
    Forbidden = "forbidden", 403, "Not allowed";
    /// This needs an authentication younger than ten minutes. Show again who you are with
    /// `POST /api/v1/auth/reauthenticate`, or log in again.
    ReauthenticationRequired = "reauthentication_required", 403, "Please show again who you are first";
    /// This second factor is turned off by configuration (`second_factor.methods`), or cannot work here: passkeys need
    /// a public URL with a host name.
    MethodUnavailable = "method_unavailable", 403, "This method is not available";
    /// Nothing is here, or it belongs to somebody else.
    NotFound = "not_found", 404, "Not found";
    /// The path exists, but not with this method; `Allow` lists those it has.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// An account with this e-mail address exists. Log in, or reset the password.
    EmailTaken = "email_taken", 409, "This e-mail address is taken";
    /// A second factor is needed for this account, and this is the last one it has. Set another one up first.
    LastFactor = "last_factor", 409, "The last second factor cannot be removed";
    /// What this needs is not set up, or is set up already; `detail` says which.
    FactorState = "factor_state", 409, "Not possible as the account stands";
    /// The account is the last active one with the role `admin`: after this nobody could operate the server over the wire.
    /// Make somebody else an admin first.
    LastAdmin = "last_admin", 409, "The last administrator has to stay one";
    /// No mail can be sent: `mail.url` is not set.
    MailOff = "mail_unavailable", 409, "No mail can be sent here";
    /// Bodies are at most 64 KiB.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// Send `application/json` (or, for a login, `application/x-www-form-urlencoded`).
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported content type";
    /// The values are not allowed; `errors` names each.
    ValidationFailed = "validation_failed", 422, "Some values are not allowed";
    /// The password is too short, too long, common or easy to guess; `errors` says how to choose a better one.
    WeakPassword = "weak_password", 422, "The password is too weak";
    /// The token of a mailed link is not known: it was used, is too old, or a newer mail took its place. Ask for another mail.
    LinkInvalid = "link_invalid", 422, "The link does not work any more";
    /// Too many wrong answers for this account or from this client. Wait `retry_after` seconds.
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts";
    /// Too many requests. Wait `retry_after` seconds.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// This user or session has as many sockets open as it may.
    TooManyConnections = "too_many_connections", 429, "Too many connections";
    /// Whether the token holds cannot be found out now. It is not refused: try again in `retry_after` seconds.
    VerificationUnavailable = "verification_unavailable", 503, "Tokens cannot be checked at the moment";
    /// The server has more to do than it can. Try again in `retry_after` seconds.
    Overloaded = "overloaded", 503, "The server is overloaded";
    /// Something the server depends on is away. Try again in `retry_after` seconds.
    Unavailable = "unavailable", 503, "The service is not available at the moment";
    /// WebSocket only: a message that is not understood. The socket stays open.
    BadMessage = "bad_message", 400, "The message is not understood";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
