//! Registration.

use durward_proto::problem::FieldError;
use durward_proto::wire::auth::{Register, User};
use durward_proto::{AccountStatus, Code, Email, Problem, Role, Secret};
use durward_store::NewUser;

use crate::client::Client;
use crate::factors::password::{PasswordRules, prepare};
use crate::fault::Fault;
use crate::service::Core;

/// The most characters of a name.
const NAME: usize = 200;

/// What came of a registration.
#[derive(Debug)]
pub enum Registration {
    /// The account is there.
    Created(User),
}

impl Core {
    /// Opens an account.
    ///
    /// # Errors
    /// `registration_closed`, `validation_failed`, `weak_password`, `email_taken`; 503 `overloaded`, `unavailable`.
    pub async fn register(&self, form: Register, client: &Client) -> Result<Registration, Fault> {
        if !self.policy.registration_open {
            return Err(Fault::of(
                Problem::new(Code::RegistrationClosed).detail("Accounts are opened by an operator here."),
            ));
        }
        let email = parse_email(&form.email)?;
        let full_name = check_name(form.full_name.as_deref())?;
        let about: Vec<&str> = [Some(email.as_str()), full_name].into_iter().flatten().collect();
        self.check_new_password(&form.password, &about, "/password").await?;
        // Saves a hash where the answer is known; the insert below decides all the same.
        if self.gate.read().await?.credential_by_email(&email.key()).await?.is_some() {
            return Err(taken());
        }
        let password_hash = self.hasher.hash(prepare(&form.password)).await?;
        let status = if self.policy.registration_approve { AccountStatus::Pending } else { AccountStatus::Active };
        let new = NewUser {
            email: &email,
            full_name,
            password_hash: &password_hash,
            role: &Role::user(),
            status,
            email_verified: false,
            now: self.clock.now(),
        };
        let mut write = self.gate.write().await?;
        let user: User = write.insert_user(&new).await?.ok_or_else(taken)?.into();
        write.commit(client.audit("registered").actor(user.id).subject(user.id)).await?;
        metrics::counter!("durward_registrations_total").increment(1);
        Ok(Registration::Created(user))
    }

    /// Checks a new password, on a hashing thread: the estimate of a long one takes as long as half a hash, and must not
    /// hold up other requests either.
    pub(crate) async fn check_new_password(
        &self,
        password: &Secret,
        about: &[&str],
        pointer: &'static str,
    ) -> Result<(), Fault> {
        let rules = PasswordRules { min_strength: self.policy.password_min_strength };
        let (password, about) = (password.clone(), about.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        let check = move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            rules.check(&password, &about, pointer)
        };
        self.hasher.beside_requests(check).await?
    }
}

fn parse_email(text: &str) -> Result<Email, Fault> {
    text.parse().map_err(|error: durward_proto::email::BadEmail| Fault::field("/email", error.to_string()))
}

/// A name as it may stand in a mail or a page: 1 to 200 characters, none of them a control character.
pub(crate) fn check_name(name: Option<&str>) -> Result<Option<&str>, Fault> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    if name.chars().count() > NAME || name.chars().any(char::is_control) {
        let detail = "a name has at most 200 characters and no control characters";
        return Err(Fault::fields(vec![FieldError::new("/full_name", detail)]));
    }
    Ok(Some(name))
}

fn taken() -> Fault {
    Fault::of(Problem::new(Code::EmailTaken).detail("An account with this e-mail address exists. Log in instead."))
}
