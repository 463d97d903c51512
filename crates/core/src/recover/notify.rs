//! Notices: what a user should know of that they may not have done themself.

use durward_store::{Gate, UserRow, Write};

use crate::client::Client;
use crate::fault::Fault;
use crate::issue::{Opened, sha256};
use crate::mail::{Mail, MailKind, NOTICE_LIFE};
use crate::service::Core;

impl Core {
    /// Posts a notice to the user's address, within the transaction that did what it tells of. After the commit,
    /// [`Self::ring_post`] has it sent at once.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn notify<S>(
        &self,
        write: &mut Write<S>,
        user: &UserRow,
        kind: MailKind,
        client: &Client,
    ) -> Result<(), Fault> {
        let mail = Mail {
            to: user.email.clone(),
            name: user.full_name.clone(),
            language: client.language.clone(),
            user: Some(user.id),
            kind,
            expires_in: NOTICE_LIFE,
        };
        self.post(write, mail).await
    }

    /// Posts a notice of a session that was just opened, where the user had others, and none on this device. A client
    /// without the device's cookie is told by its address and by what it calls itself.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn notice_new_device(
        &self,
        write: &mut Write<Gate>,
        opened: &Opened,
        client: &Client,
    ) -> Result<(), Fault> {
        let (user, device) = (&opened.user, sha256(opened.device.expose().as_bytes()));
        let ip = client.ip.to_string();
        let alike = (ip.as_str(), client.user_agent.as_deref().unwrap_or_default());
        let alike = client.device.is_none().then_some(alike);
        if !write.is_new_device(user.id, opened.session_id, &device, alike).await? {
            return Ok(());
        }
        let device = client.user_agent.clone();
        let mail = Mail {
            to: user.email.clone(),
            name: user.full_name.clone(),
            language: client.language.clone(),
            user: Some(user.id),
            kind: MailKind::NewDevice { device, ip, at: self.clock.now() },
            expires_in: NOTICE_LIFE,
        };
        self.post(write, mail).await
    }
}
