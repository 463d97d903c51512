//! The caller's settings.

use durward_proto::wire::auth::User;
use durward_verify::{Refusal, Verified};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::fault::Fault;
use crate::service::Core;

impl Core {
    /// Every setting with its value.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn settings(&self, who: &Verified) -> Result<Map<String, Value>, Fault> {
        let kept = self.store.own(who).read().await?.settings().await?;
        Ok(self.settings.with_defaults(kept))
    }

    /// Changes the settings that `changes` names.
    ///
    /// # Errors
    /// `validation_failed` for unknown keys and wrong types; 503 when the database is away.
    pub async fn change_settings(
        &self,
        who: &Verified,
        changes: Map<String, Value>,
        client: &Client,
    ) -> Result<Map<String, Value>, Fault> {
        self.settings.check(&changes).map_err(Fault::fields)?;
        let mut write = self.store.own(who).write().await?;
        // The account first, as everybody does who changes more than one thing that hangs on it.
        write.hold_user().await?.ok_or(Refusal::Revoked)?;
        for (key, value) in &changes {
            write.put_setting(key, value, self.clock.now()).await?;
        }
        let kept = write.settings().await?;
        let names: Vec<&String> = changes.keys().collect();
        let audit = client.audit("settings_changed").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id()).detail(serde_json::json!({ "keys": names }))).await?;
        Ok(self.settings.with_defaults(kept))
    }

    /// The JSON Schema of the settings.
    pub fn settings_schema(&self) -> &Value {
        self.settings.schema()
    }

    /// The model that answers this user in the chat.
    pub(crate) async fn chat_model(&self, who: &Verified) -> Result<String, Fault> {
        let settings = self.settings(who).await?;
        Ok(settings.get("chat_model").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Who the caller is, as the roster knows them.
    pub fn user<'v>(&self, who: &'v Verified) -> &'v User {
        who.user()
    }
}
