//! Registration.

use durward_proto::problem::FieldError;
use durward_proto::wire::auth::{Register, User};
use durward_proto::{AccountStatus, Code, Email, Problem, Role, Secret};
use durward_store::NewUser;

use crate::client::Client;
use crate::factors::password::{PasswordRules, prepare};
use crate::fault::Fault;
use crate::mail::{Request, RequestKind};
use crate::service::Core;

/// The most characters of a name.
pub(crate) const NAME: usize = 200;

/// What came of a registration.
#[derive(Debug)]
pub enum Registration {
    /// The account is there.
    Created(User),
    /// A mail is on its way, whoever has the address.
    Mailed,
}

impl Core {
    /// Opens an account. Where addresses are confirmed, nobody learns from it whether this one is known.
    ///
    /// # Errors
    /// `registration_closed`, `validation_failed`, `weak_password`; `email_taken` or, where addresses are confirmed,
    /// `rate_limited`; 503 `overloaded`, `unavailable`.
    pub async fn register(&self, form: Register, client: &Client) -> Result<Registration, Fault> {
        if !self.policy.registration_open {
            return Err(Fault::of(
                Problem::new(Code::RegistrationClosed).detail("Accounts are opened by an operator here."),
            ));
        }
        let email = parse_email(&form.email, "/email")?;
        let full_name = check_name(form.full_name.as_deref())?;
        let about: Vec<&str> = [Some(email.as_str()), full_name].into_iter().flatten().collect();
        self.check_new_password(&form.password, &about, "/password").await?;
        let verify = self.policy.recovery.verify_email;
        // Saves a hash where the answer is known and may be told; the insert below decides all the same.
        if !verify && self.gate.read().await?.credential_by_email(&email.key()).await?.is_some() {
            return Err(taken());
        }
        let password_hash = self.hasher.hash(prepare(&form.password)).await?;
        let waits = verify || self.policy.registration_approve;
        let new = NewUser {
            email: &email,
            full_name,
            password_hash: &password_hash,
            role: &Role::user(),
            status: if waits { AccountStatus::Pending } else { AccountStatus::Active },
            email_verified: false,
            now: self.clock.now(),
        };
        if verify {
            return self.register_by_mail(&new, client).await;
        }
        let mut write = self.gate.write().await?;
        let user: User = write.insert_user(&new).await?.ok_or_else(taken)?.into();
        write.commit(client.audit("registered").actor(user.id).subject(user.id)).await?;
        metrics::counter!("durward_registrations_total").increment(1);
        Ok(Registration::Created(user))
    }

    /// Opens an account that waits for its address to be confirmed. Where the address is known, its owner is told by mail;
    /// the same statements are run and the same is answered, after a hash in both cases.
    async fn register_by_mail(&self, new: &NewUser<'_>, client: &Client) -> Result<Registration, Fault> {
        let email_key = new.email.key();
        let mut write = self.gate.write().await?;
        let made = write.insert_user(new).await?;
        let may_mail = self.may_mail(&mut write, &email_key, client).await?;
        let kind = if made.is_some() { RequestKind::Verify } else { RequestKind::Repeated };
        if may_mail {
            self.post_request(&mut write, Request::by_client(kind, email_key, client)).await?;
        }
        match &made {
            Some(user) => write.commit(client.audit("registered").actor(user.id).subject(user.id)).await?,
            None => write.commit(client.audit("registered_again")).await?,
        }
        self.ring_post();
        metrics::counter!("durward_registrations_total").increment(made.is_some().into());
        Ok(Registration::Mailed)
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

pub(crate) fn parse_email(text: &str, pointer: &'static str) -> Result<Email, Fault> {
    text.parse().map_err(|error: durward_proto::email::BadEmail| Fault::field(pointer, error.to_string()))
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
