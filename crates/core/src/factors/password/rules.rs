//! Which passwords are accepted: 8 to 1,024 bytes after NFKC, not common, not easy to guess (contract section 2,
//! NIST SP 800-63B section 5.1.1.2).

use durward_proto::problem::FieldError;
use durward_proto::wire::password::{PasswordFlaw, StrengthAnswer};
use durward_proto::{Code, Problem, Secret};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::Entropy;
use zxcvbn::feedback::Warning;

use crate::fault::Fault;

/// The fewest and the most bytes of a password.
const BYTES: std::ops::RangeInclusive<usize> = 8..=1_024;
/// How much of a password its strength is estimated from: an estimate of more costs seconds and finds nothing new.
const ESTIMATED: usize = 100;

/// The form in which a password is hashed: NFKC, so that two keyboards give the same bytes. Never trimmed or cut.
pub fn prepare(password: &Secret) -> Secret {
    Secret::new(password.expose().nfkc().collect::<String>())
}

/// The rules for new passwords.
#[derive(Debug, Clone, Copy)]
pub struct PasswordRules {
    /// The lowest acceptable score on zxcvbn's scale of 0 to 4.
    pub min_strength: u8,
}

impl PasswordRules {
    /// Checks a new password; `about` is what a guesser would try first: the user's name and address.
    ///
    /// # Errors
    /// `weak_password`, with the reason at `pointer`.
    pub fn check(&self, password: &Secret, about: &[&str], pointer: &str) -> Result<(), Fault> {
        let prepared = prepare(password);
        let bytes = prepared.expose().len();
        if bad_length(bytes).is_some() {
            return Err(weak(pointer, format!("a password has 8 to 1,024 bytes; this one has {bytes}")));
        }
        let estimate = estimate(&prepared, about);
        if self.is_enough(&estimate) {
            return Ok(());
        }
        let advice = estimate.feedback().map(|feedback| {
            let warning = feedback.warning().map(|warning| warning.to_string());
            warning.into_iter().chain(feedback.suggestions().iter().map(ToString::to_string)).collect::<Vec<_>>()
        });
        let advice =
            advice.filter(|advice| !advice.is_empty()).unwrap_or_else(|| vec!["Add another word or two.".to_owned()]);
        Err(weak(pointer, format!("this password is too easy to guess. {}", advice.join(" "))))
    }

    /// What [`PasswordRules::check`] would make of it, and how far it is from the other side. One that is too short or too
    /// long has its score as well.
    pub fn judge(&self, password: &Secret, about: &[&str]) -> StrengthAnswer {
        let prepared = prepare(password);
        let estimate = estimate(&prepared, about);
        let code =
            bad_length(prepared.expose().len()).or_else(|| (!self.is_enough(&estimate)).then(|| guessed(&estimate)));
        StrengthAnswer {
            score: estimate.score().into(),
            acceptable: code.is_none(),
            code,
            minimum_score: self.min_strength,
        }
    }

    fn is_enough(&self, estimate: &Entropy) -> bool {
        u8::from(estimate.score()) >= self.min_strength
    }
}

fn bad_length(bytes: usize) -> Option<PasswordFlaw> {
    let flaw = if bytes < *BYTES.start() { PasswordFlaw::TooShort } else { PasswordFlaw::TooLong };
    (!BYTES.contains(&bytes)).then_some(flaw)
}

/// Why it is easy to guess.
fn guessed(estimate: &Entropy) -> PasswordFlaw {
    match estimate.feedback().and_then(|feedback| feedback.warning()) {
        Some(Warning::ThisIsATop10Password | Warning::ThisIsATop100Password | Warning::ThisIsACommonPassword) => {
            PasswordFlaw::Common
        }
        _ => PasswordFlaw::Weak,
    }
}

/// Has the estimate's dictionaries read, which takes longer than most estimates do.
pub(super) fn warm_up() {
    zxcvbn::zxcvbn("warm up", &[]);
}

fn estimate(prepared: &Secret, about: &[&str]) -> Entropy {
    let start: String = prepared.expose().chars().take(ESTIMATED).collect();
    zxcvbn::zxcvbn(&start, about)
}

fn weak(pointer: &str, detail: String) -> Fault {
    Fault::of(Problem::new(Code::WeakPassword).detail(detail.clone()).errors(vec![FieldError::new(pointer, detail)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), Fault> {
        PasswordRules { min_strength: 2 }.check(&Secret::new(password), &["ann@example.com", "Ann Lee"], "/password")
    }

    #[test]
    fn common_short_long_and_personal_ones_are_refused() {
        let long = "x9".repeat(513);
        for password in ["", "short", "password", "12345678", "qwertyuiop", "ann@example.com", "aaaaaaaaaaaa", &long] {
            let fault = check(password).unwrap_err();
            assert_eq!(fault.code(), Code::WeakPassword, "{password}");
            assert_eq!(fault.problem().errors[0].pointer, "/password");
            assert!(password.is_empty() || password == "password" || !fault.problem().detail.contains(password));
        }
    }

    #[test]
    fn anything_else_is_accepted() {
        let most = "correct horse battery staple ".repeat(40);
        for password in
            ["correct horse battery staple", "  leading and trailing  ", "пароль-из-семи-слов", &most[..1_024]]
        {
            assert!(check(password).is_ok(), "{password}");
        }
    }

    #[test]
    fn the_meter_says_what_the_check_does() {
        let long = "x9 q".repeat(257);
        let about = ["ann@example.com", "Ann Lee"];
        let mut judged = std::collections::BTreeSet::new();
        for password in
            ["", "short", "password", "qwertyuiop", "Ann Lee 1", "sunday drive", "correct horse battery", &long]
        {
            let password = Secret::new(password);
            for min_strength in 0..=4 {
                let rules = PasswordRules { min_strength };
                let answer = rules.judge(&password, &about);
                assert_eq!(answer.acceptable, rules.check(&password, &about, "").is_ok(), "{answer:?}");
                assert_eq!((answer.acceptable, answer.minimum_score), (answer.code.is_none(), min_strength));
                judged.insert(format!("{:?}", answer.code));
            }
        }
        assert_eq!(judged.len(), 5, "each flaw, and none: {judged:?}");
    }

    #[test]
    fn two_keyboards_one_password() {
        assert_eq!(prepare(&Secret::new("cafe\u{301} ﬁ")), prepare(&Secret::new("café fi")));
    }
}
