//! What people show to prove who they are, and when it is enough.

pub(crate) mod backup;
pub(crate) mod mail_code;
pub mod password;
mod rules;
pub mod totp;

use durward_proto::{AccountStatus, Code, Timestamp, UserId};
use durward_store::UserRow;

pub use rules::{Demand, SecondFactorRules};

use crate::fault::Fault;
use crate::passkeys::PasskeyShown;
use crate::second_factor::{Taken, Waived};
use backup::BackupShown;
use mail_code::MailCodeShown;
use password::PasswordShown;
use totp::TotpShown;

/// Proof that a user showed enough factors. Only this module makes one, and only this opens a session.
///
/// ```compile_fail
/// fn forge(user: durward_store::UserRow, at: durward_proto::Timestamp) -> durward_core::factors::Authenticated {
///     durward_core::factors::Authenticated { user, amr: vec![], at }
/// }
/// ```
///
/// Having one is allowed, making one is not:
/// ```
/// fn keep(proof: durward_core::factors::Authenticated) -> durward_core::factors::Authenticated {
///     proof
/// }
/// ```
#[derive(Debug)]
pub struct Authenticated {
    user: UserRow,
    amr: Vec<String>,
    at: Timestamp,
}

impl Authenticated {
    /// Who it is.
    pub(crate) fn user(&self) -> &UserRow {
        &self.user
    }

    pub(crate) fn into_parts(self) -> (UserRow, Vec<String>, Timestamp) {
        (self.user, self.amr, self.at)
    }
}

/// Proof that somebody showed the password of an account that may come in. It opens nothing by itself: with it goes
/// either the reason why no second factor is needed, or a second factor.
#[derive(Debug)]
pub(crate) struct PasswordPassed {
    user: UserRow,
    amr: Vec<String>,
}

impl PasswordPassed {
    pub(crate) fn user(&self) -> &UserRow {
        &self.user
    }

    /// What was shown so far.
    pub(crate) fn amr(&self) -> &[String] {
        &self.amr
    }
}

/// Proof that a second factor was shown.
pub(crate) enum SecondShown {
    Totp(TotpShown),
    Backup(BackupShown),
    Passkey(PasskeyShown),
    MailCode(MailCodeShown),
}

impl SecondShown {
    pub(crate) fn user_id(&self) -> UserId {
        match self {
            Self::Totp(shown) => shown.user_id(),
            Self::Backup(shown) => shown.user_id(),
            Self::Passkey(shown) => shown.user().id,
            Self::MailCode(shown) => shown.user_id(),
        }
    }

    /// The RFC 8176 words for it.
    pub(crate) fn amr(&self) -> Vec<&'static str> {
        match self {
            // A backup code is a password for one time, too, and so is one that was mailed.
            Self::Totp(_) | Self::Backup(_) | Self::MailCode(_) => vec!["otp"],
            Self::Passkey(shown) if shown.verified() => vec![shown.key_kind(), "user"],
            Self::Passkey(shown) => vec![shown.key_kind()],
        }
    }
}

/// The password was right; whether the account may come in.
///
/// # Errors
/// `account_pending`, `account_suspended` or `account_deactivated`: only who has the right password learns of it.
pub(crate) fn by_password(shown: PasswordShown) -> Result<PasswordPassed, Fault> {
    let user = shown.into_user();
    may_come_in(&user)?;
    Ok(PasswordPassed { user, amr: vec!["pwd".to_owned()] })
}

/// Goes on where the password had been shown and a challenge was given for it; whether the account may still come in.
///
/// # Errors
/// As [`by_password`].
pub(crate) fn resumed(taken: Taken) -> Result<PasswordPassed, Fault> {
    let (user, amr) = taken.into_parts();
    may_come_in(&user)?;
    Ok(PasswordPassed { user, amr })
}

/// The password alone is enough, where the second factor is waived.
///
/// # Errors
/// When it was waived for somebody else, which is a fault of the program.
pub(crate) fn alone(passed: PasswordPassed, waived: &Waived, now: Timestamp) -> Result<Authenticated, Fault> {
    same(passed.user.id, waived.user_id())?;
    Ok(Authenticated { user: passed.user, amr: passed.amr, at: now })
}

/// The password and a second factor are enough.
///
/// # Errors
/// When they are of two users, which is a fault of the program.
pub(crate) fn with_second(passed: PasswordPassed, shown: &SecondShown, now: Timestamp) -> Result<Authenticated, Fault> {
    same(passed.user.id, shown.user_id())?;
    let amr = union(&passed.amr, &shown.amr());
    Ok(Authenticated { user: passed.user, amr, at: now })
}

/// A passkey is enough alone, when its authenticator made sure that it was its user: something they have, and something
/// they know or are.
///
/// # Errors
/// As [`by_password`]; `invalid_passkey` when the authenticator made sure of nothing.
pub(crate) fn by_passkey(shown: PasskeyShown, now: Timestamp) -> Result<Authenticated, Fault> {
    if !shown.verified() {
        return Err(Fault::new(Code::InvalidPasskey).because("the authenticator did not verify its user"));
    }
    may_come_in(shown.user())?;
    let amr = [shown.key_kind(), "user", "mfa"].map(str::to_owned).to_vec();
    Ok(Authenticated { user: shown.into_user(), amr, at: now })
}

/// What was shown before and what was shown now: each word once, and `mfa` (RFC 8176 section 2) when that is more than
/// one kind of thing.
pub(crate) fn union(before: &[String], now: &[&str]) -> Vec<String> {
    let mut all: Vec<&str> = before.iter().map(String::as_str).chain(now.iter().copied()).collect();
    all.retain(|word| *word != "mfa");
    let mut words: Vec<String> = Vec::with_capacity(all.len() + 1);
    for word in all {
        if !words.iter().any(|other| other == word) {
            words.push(word.to_owned());
        }
    }
    let kinds = ["pwd", "otp", "swk", "hwk", "user"].iter().filter(|kind| words.iter().any(|word| word == *kind));
    if kinds.count() > 1 {
        words.push("mfa".to_owned());
    }
    words
}

fn may_come_in(user: &UserRow) -> Result<(), Fault> {
    let code = match user.status {
        AccountStatus::Active => return Ok(()),
        AccountStatus::Pending => Code::AccountPending,
        AccountStatus::Suspended => Code::AccountSuspended,
        AccountStatus::Deactivated => Code::AccountDeactivated,
    };
    Err(Fault::new(code))
}

fn same(a: UserId, b: UserId) -> Result<(), Fault> {
    if a == b { Ok(()) } else { Err(Fault::unavailable("two factors of two users")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_in_the_words_of_rfc_8176() {
        // (before, now, together)
        let table: [(&[&str], &[&str], &str); 8] = [
            (&[], &["pwd"], "pwd"),
            (&["pwd"], &["otp"], "pwd otp mfa"),
            (&["pwd"], &["hwk"], "pwd hwk mfa"),
            (&["pwd"], &["swk", "user"], "pwd swk user mfa"),
            (&["pwd", "otp", "mfa"], &["pwd"], "pwd otp mfa"),
            (&["pwd", "otp", "mfa"], &["hwk", "user"], "pwd otp hwk user mfa"),
            (&["hwk", "user", "mfa"], &["hwk", "user"], "hwk user mfa"),
            (&["pwd"], &["pwd"], "pwd"),
        ];
        for (before, now, together) in table {
            let before: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(union(&before, now).join(" "), together);
        }
    }
}
