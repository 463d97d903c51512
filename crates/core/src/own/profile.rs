//! The caller's profile.

use durward_proto::problem::FieldError;
use durward_proto::wire::profile::{ProfileAnswer, ProfileChange};
use durward_verify::{Refusal, Verified};

use crate::client::Client;
use crate::fault::Fault;
use crate::register::check_name;
use crate::service::Core;

/// The most bytes of one of the profile's texts.
const TEXT: usize = 16 * 1_024;

impl Core {
    /// Reads it.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn profile(&self, who: &Verified) -> Result<ProfileAnswer, Fault> {
        let found = self.store.own(who).profile().await?;
        // The session outlived the account by a moment.
        let (user, profile) = found.ok_or(Refusal::Revoked)?;
        Ok(ProfileAnswer { user: user.into(), profile })
    }

    /// Changes what the change names.
    ///
    /// # Errors
    /// `validation_failed`; 503 when the database is away.
    pub async fn change_profile(
        &self,
        who: &Verified,
        mut change: ProfileChange,
        client: &Client,
    ) -> Result<ProfileAnswer, Fault> {
        if let Some(name) = &change.full_name {
            change.full_name = Some(check_name(name.as_deref())?.map(str::to_owned));
        }
        check_texts(&change)?;
        let mut write = self.store.own(who).write().await?;
        write.change_profile(&change, self.clock.now()).await?;
        let (user, profile) = write.profile().await?.ok_or(Refusal::Revoked)?;
        let audit = client.audit("profile_changed").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id())).await?;
        self.forget_user(who).await?;
        Ok(ProfileAnswer { user: user.into(), profile })
    }

    /// What the roster knows of the caller is no longer true: their name stands in it.
    async fn forget_user(&self, who: &Verified) -> Result<(), Fault> {
        for session in self.gate.read().await?.session_ids(who.user_id()).await? {
            self.verifier.liveness().forget(session);
        }
        Ok(())
    }
}

fn check_texts(change: &ProfileChange) -> Result<(), Fault> {
    let texts = [
        ("/mission_statement", &change.mission_statement),
        ("/reflective_coach_summary", &change.reflective_coach_summary),
    ];
    let mut errors = Vec::new();
    for (pointer, text) in texts {
        let Some(Some(text)) = text else { continue };
        if text.len() > TEXT {
            errors.push(FieldError::new(pointer, "a text has at most 16 KiB"));
        }
        if text.contains('\0') {
            errors.push(FieldError::new(pointer, "the character U+0000 cannot be kept"));
        }
    }
    let objects = [
        ("/work_style_preferences", &change.work_style_preferences),
        ("/productivity_patterns", &change.productivity_patterns),
        ("/personal_goals", &change.personal_goals),
    ];
    for (pointer, object) in objects {
        if let Some(Some(object)) = object
            && crate::settings_schema::holds_nul(&serde_json::Value::Object(object.clone()))
        {
            errors.push(FieldError::new(pointer, "the character U+0000 cannot be kept"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Fault::fields(errors)) }
}
