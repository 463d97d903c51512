//! The words that durward's server and every client share: ids, times, error codes and the shapes on the wire.
//!
//! Nothing here decides anything and nothing here does I/O. A change of a name in this crate is a change of
//! what the outside sees.

pub mod account;
pub mod code;
pub mod email;
pub mod ids;
pub mod problem;
pub mod random;
pub mod scope;
pub mod secret;
pub mod spans;
pub mod time;
pub mod wire;

pub use account::{AccountStatus, Role};
pub use code::Code;
pub use email::Email;
pub use ids::{
    AlertId, CeremonyId, ConversationId, DeviceId, EventId, MailId, MessageId, PasskeyId, SessionId, TokenId, TrustId,
    UserId, WebhookId,
};
pub use problem::Problem;
pub use random::Random;
pub use scope::Scope;
pub use secret::Secret;
pub use spans::SPANS;
pub use time::{Clock, SystemClock, TICK, Timestamp};
