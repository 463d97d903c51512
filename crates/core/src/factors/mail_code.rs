//! Codes that are mailed: eight digits, for one login of a user who has no other second factor.

use durward_proto::{Secret, UserId, random};

use crate::issue::sha256;
use crate::second_factor::Taken;
use crate::service::Core;

/// How many digits a code has.
const DIGITS: u32 = 8;
/// How many codes there are.
const CODES: u64 = 10_u64.pow(DIGITS);

/// Proof that the code of a challenge was shown. Made here alone; who took the challenge took the code with it, so that
/// neither can be shown again.
pub(crate) struct MailCodeShown {
    user: UserId,
}

impl MailCodeShown {
    pub(crate) fn user_id(&self) -> UserId {
        self.user
    }
}

/// A code as it stands in the mail.
pub(crate) struct MailCode(Secret);

impl MailCode {
    /// A new one.
    pub(crate) fn new(core: &Core) -> Self {
        // 2^64 is so far above the number of codes that none is noticeably likelier than another.
        let number = u64::from_be_bytes(random::bytes(&*core.random)) % CODES;
        let digits = format!("{number:08}");
        let (first, second) = digits.split_at(digits.len() / 2);
        Self(Secret::new(format!("{first} {second}")))
    }

    /// For the mail.
    pub(crate) fn into_text(self) -> Secret {
        self.0
    }

    /// What is kept of it with the challenge that has this hash.
    pub(crate) fn mark(&self, core: &Core, challenge: &[u8; 32]) -> [u8; 32] {
        mark(core, challenge, self.0.expose())
    }
}

/// Checks the code of a challenge that was taken. None when it is wrong, or none was mailed for it.
pub(crate) fn show(core: &Core, taken: &Taken, challenge: &[u8; 32], code: &Secret) -> Option<MailCodeShown> {
    let right = taken.mail_code.as_deref()?;
    let given = mark(core, challenge, code.expose());
    aws_lc_rs::constant_time::verify_slices_are_equal(right, &given).ok()?;
    Some(MailCodeShown { user: taken.user().id })
}

/// A code's mark, however it was typed: with spaces or dashes or without. There are so few codes that a hash alone would
/// give them away to whoever reads the database, so it is made with a key.
fn mark(core: &Core, challenge: &[u8; 32], code: &str) -> [u8; 32] {
    let digits: String = code.chars().filter(|c| *c != ' ' && *c != '-').take(64).collect();
    let whose = sha256(challenge).iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"));
    core.sealer.mark("mailed code", &format!("{whose} {digits}"))
}
