//! Every mail there is, with what stands in it besides the words.

use durward_proto::{Secret, Timestamp};
use serde::{Deserialize, Serialize};

/// A mail's kind and values. Serialised it is what its template sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MailKind {
    /// The link that leads to a new password.
    ResetPassword {
        /// With the token.
        link: Secret,
    },
    /// The link that proves the mailbox.
    VerifyEmail {
        /// With the token.
        link: Secret,
    },
    /// Somebody tried to register with an address that has an account.
    AlreadyRegistered,
    /// To the address of now: is it to be changed?
    ConfirmOldAddress {
        /// With the token.
        link: Secret,
        /// The address that is to be.
        new_email: String,
    },
    /// To the address that is to be: does it belong to who asked?
    ConfirmNewAddress {
        /// With the token.
        link: Secret,
    },
    /// The address was changed. Goes to both.
    EmailChanged {
        /// The address that holds now.
        new_email: String,
    },
    /// A login from a device that was not seen before.
    NewDevice {
        /// What it calls itself: `User-Agent` as it came. Only what it is known for gets into the mail.
        device: Option<String>,
        /// Its address.
        ip: String,
        /// When.
        at: Timestamp,
    },
    /// A login that was let in, but is unlike the user's others.
    UnusualLogin {
        /// What its device calls itself, as in [`Self::NewDevice`].
        device: Option<String>,
        /// Its address.
        ip: String,
        /// Where that is, where it is known.
        place: Option<String>,
        /// The names of the signals that spoke against it, the weightiest first.
        reasons: Vec<String>,
        /// When.
        at: Timestamp,
    },
    /// A login with the right password that was refused, because too much spoke against it.
    LoginDenied {
        /// What its device calls itself, as in [`Self::NewDevice`].
        device: Option<String>,
        /// Its address.
        ip: String,
        /// Where that is, where it is known.
        place: Option<String>,
        /// The names of the signals that spoke against it, the weightiest first.
        reasons: Vec<String>,
        /// When.
        at: Timestamp,
    },
    /// The code that a login waits for.
    LoginCode {
        /// The code.
        code: Secret,
        /// What its device calls itself, as in [`Self::NewDevice`].
        device: Option<String>,
        /// Its address.
        ip: String,
        /// When.
        at: Timestamp,
    },
    /// A second factor was set up.
    NewFactor {
        /// Which.
        what: FactorWord,
        /// From this address; empty where an operator did it.
        ip: String,
        /// When.
        at: Timestamp,
    },
    /// A second factor was removed.
    FactorRemoved {
        /// Which.
        what: FactorWord,
        /// From this address; empty where an operator did it.
        ip: String,
        /// When.
        at: Timestamp,
    },
    /// The password was changed or reset.
    PasswordChanged {
        /// From this address; empty where an operator did it.
        ip: String,
        /// When.
        at: Timestamp,
    },
    /// A refresh token was used twice, which ended its session.
    SessionsEndedByReuse {
        /// When.
        at: Timestamp,
    },
    /// An operator removed all second factors.
    FactorsReset {
        /// When.
        at: Timestamp,
    },
    /// The account was deleted, with everything that belonged to it.
    AccountDeleted {
        /// From this address; empty where an operator did it.
        ip: String,
        /// When.
        at: Timestamp,
    },
    /// To an operator: something to look at.
    Alert {
        /// The rule's word.
        rule: String,
        /// `info`, `warning` or `critical`.
        severity: String,
        /// What happened, in a sentence or two.
        summary: String,
        /// When.
        at: Timestamp,
    },
}

/// A second factor, as mails call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorWord {
    /// Codes of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
    /// Backup codes.
    BackupCodes,
}

/// The words of all kinds, which are the names of their templates.
pub(crate) const KINDS: [&str; 17] = [
    "reset_password",
    "verify_email",
    "already_registered",
    "confirm_old_address",
    "confirm_new_address",
    "email_changed",
    "new_device",
    "new_factor",
    "factor_removed",
    "password_changed",
    "sessions_ended_by_reuse",
    "factors_reset",
    "account_deleted",
    "alert",
    "unusual_login",
    "login_denied",
    "login_code",
];

impl MailKind {
    /// Its stable word: in the outbox, in metrics, and the name of its templates.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::ResetPassword { .. } => "reset_password",
            Self::VerifyEmail { .. } => "verify_email",
            Self::AlreadyRegistered => "already_registered",
            Self::ConfirmOldAddress { .. } => "confirm_old_address",
            Self::ConfirmNewAddress { .. } => "confirm_new_address",
            Self::EmailChanged { .. } => "email_changed",
            Self::NewDevice { .. } => "new_device",
            Self::NewFactor { .. } => "new_factor",
            Self::FactorRemoved { .. } => "factor_removed",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SessionsEndedByReuse { .. } => "sessions_ended_by_reuse",
            Self::FactorsReset { .. } => "factors_reset",
            Self::AccountDeleted { .. } => "account_deleted",
            Self::Alert { .. } => "alert",
            Self::UnusualLogin { .. } => "unusual_login",
            Self::LoginDenied { .. } => "login_denied",
            Self::LoginCode { .. } => "login_code",
        }
    }

    /// One of each, to try templates with.
    pub(crate) fn samples() -> Vec<Self> {
        let link = || Secret::new("https://example.com/page#token=0123456789");
        let ip = || "192.0.2.7".to_owned();
        let (at, new_email) = (Timestamp::from_seconds(1_767_323_045), || "new@example.com".to_owned());
        let device = Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned());
        let reasons = || vec!["new_country".to_owned(), "new_device".to_owned()];
        let mut all = vec![
            Self::ResetPassword { link: link() },
            Self::VerifyEmail { link: link() },
            Self::AlreadyRegistered,
            Self::ConfirmOldAddress { link: link(), new_email: new_email() },
            Self::ConfirmNewAddress { link: link() },
            Self::EmailChanged { new_email: new_email() },
            Self::UnusualLogin {
                device: device.clone(),
                ip: ip(),
                place: Some("Berlin, DE".to_owned()),
                reasons: reasons(),
                at,
            },
            Self::UnusualLogin { device: None, ip: ip(), place: None, reasons: Vec::new(), at },
            Self::LoginDenied { device: device.clone(), ip: ip(), place: None, reasons: reasons(), at },
            Self::NewDevice { device, ip: ip(), at },
            Self::NewDevice { device: None, ip: ip(), at },
            Self::PasswordChanged { ip: ip(), at },
            Self::PasswordChanged { ip: String::new(), at },
            Self::SessionsEndedByReuse { at },
            Self::FactorsReset { at },
            Self::AccountDeleted { ip: ip(), at },
            Self::AccountDeleted { ip: String::new(), at },
            Self::Alert {
                rule: "new_admin".to_owned(),
                severity: "warning".to_owned(),
                summary: "User 12 is an administrator now.".to_owned(),
                at,
            },
            Self::LoginCode { code: Secret::new("0123 4567"), device: None, ip: ip(), at },
        ];
        for what in [FactorWord::Totp, FactorWord::Passkey, FactorWord::BackupCodes] {
            all.push(Self::NewFactor { what, ip: ip(), at });
            all.push(Self::FactorRemoved { what, ip: String::new(), at });
        }
        all
    }
}
