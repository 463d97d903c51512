//! Logout.

use durward_proto::Secret;
use durward_verify::Verified;

use crate::client::Client;
use crate::fault::Fault;
use crate::refresh_token::RefreshToken;
use crate::revoke::Cause;
use crate::service::Core;

impl Core {
    /// Ends the session of whoever is known by an access token or, when that has expired, by the refresh token.
    /// Ends all sessions of the user when it shall be everywhere. Nobody known: nothing to do, and no error.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn logout(
        &self,
        who: Option<&Verified>,
        refresh: Option<&Secret>,
        everywhere: bool,
        client: &Client,
    ) -> Result<(), Fault> {
        let mut sessions = Vec::new();
        if let Some(who) = who {
            sessions.push((who.user_id(), who.session_id()));
        }
        if let Some(token) = refresh.and_then(RefreshToken::parse) {
            let row = self.gate.read().await?.refresh_by_hash(&token.hash()).await?;
            // A token that was rotated away is no proof any more: an old copy must not log its user out.
            if let Some(row) = row.filter(|row| !row.session_ended && row.rotated_at.is_none()) {
                sessions.push((row.user_id, row.session_id));
            }
        }
        sessions.dedup();
        for (user, session) in sessions {
            let audit = client.audit("logout").actor(user);
            if everywhere {
                self.revoker.all(user, None, Cause::LogoutEverywhere, audit).await?;
            } else {
                self.revoker.session(user, session, Cause::Logout, audit).await?;
            }
        }
        Ok(())
    }
}
