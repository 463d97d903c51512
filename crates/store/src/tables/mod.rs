//! One file per table: its rows, its statements, and who may run them.

/// Declares the modules and collects their statements, so that none can be forgotten.
macro_rules! tables {
    ($($module:ident)+) => {
        $(mod $module;)+

        /// Every statement that the program can run, by module.
        pub(crate) const ALL: &[&[crate::query::Statement]] = &[$($module::ALL),+];
    };
}

tables! {
    alerts
    audit_checkpoints
    audit_lanes
    backup_codes
    budgets
    ceremonies
    challenges
    conversations
    devices
    email_changes
    erasure
    export
    jobs
    figures
    habits
    login_attempts
    mail_outbox
    messages
    overview
    passkeys
    profiles
    recovery_tokens
    refresh_tokens
    retention
    revocation_events
    security_audit
    security_events
    sessions
    settings
    signing_keys
    system
    tickets
    trusted_devices
    two_factor
    users
    webhook_outbox
}

pub(crate) use budgets::Settling;
pub(crate) use revocation_events::COUNTER_BEHIND;

pub use alerts::{AlertRow, NewAlert, SeenEvent};
pub use audit_lanes::{AUDIT_LANES, HeadRow};
pub use budgets::{BudgetRule, Charge};
pub use ceremonies::{CeremonyBond, CeremonyPurpose};
pub use challenges::{ChallengePurpose, ChallengeRow, NewChallenge};
pub use conversations::ConversationRow;
pub use devices::{DeviceChange, DeviceRow, OwnDeviceRow, RegisteredRow, SeenDevice};
pub use email_changes::{EmailChangeRow, NewEmailChange};
pub use export::{Held, HeldPage};
pub use figures::{FigureRow, NewFigure};
pub use habits::RiskEvidence;
pub use jobs::TakenJob;
pub use login_attempts::{AttemptFilter, AttemptRow, NewAttempt, NewRisk};
pub use mail_outbox::{MailRow, NewMail, Waiting};
pub use messages::{MessageRow, NewMessage};
pub use overview::{LoginCountRow, PlaceCountRow};
pub use passkeys::{HeldPasskeyRow, NewPasskey, OfferedPasskeyRow, PasskeyRow};
pub use profiles::ProfileOutlineRow;
pub(crate) use profiles::{Profiles, gather_profiles};
pub use recovery_tokens::{NewRecoveryToken, RecoveryPurpose, RecoveryRow};
pub use refresh_tokens::RefreshRow;
pub use retention::Expired;
pub use revocation_events::{EventKind, EventRow, NewEvent};
pub use security_audit::{AuditExtent, AuditFilter};
pub use security_events::SecurityEventRow;
pub use sessions::{AnySessionRow, LiveRow, NewSession, SessionRow};
pub use signing_keys::{KeyRow, NewKey};
pub use tickets::{NewTicket, TicketRow};
pub use trusted_devices::{NewTrust, TrustRow};
pub use two_factor::{FactorsRow, TotpRow};
pub use users::{CredentialRow, NewUser, UserFilter, UserRow};
pub use webhook_outbox::WebhookRow;

/// Where a page begins: after this row (key-set paging).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The row's time, by which the list is ordered.
    pub at: durward_proto::Timestamp,
    /// The row's id, which decides between rows of one time.
    pub id: uuid::Uuid,
}

impl After {
    /// Before everything in a list that goes back in time.
    fn newest() -> Self {
        // The year 9999: beyond any row, and within what both databases can keep.
        Self { at: durward_proto::Timestamp::from_seconds(253_370_764_800), id: uuid::Uuid::max() }
    }

    /// Before everything in a list that goes forward in time.
    fn oldest() -> Self {
        Self { at: durward_proto::Timestamp::from_seconds(0), id: uuid::Uuid::nil() }
    }
}
