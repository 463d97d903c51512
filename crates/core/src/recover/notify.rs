//! Notices: what a user should know of that they may not have done themself.

use durward_store::{Gate, UserRow, Write};

use crate::client::Client;
use crate::fault::Fault;
use crate::issue::Opened;
use crate::mail::{Mail, MailKind, NOTICE_LIFE};
use crate::place::Place;
use crate::risk::{Arrival, Decision};
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

    /// Posts a notice of a session that was just opened, where it is unlike the user's others. Says whether it did: most
    /// logins need nobody to look for mails.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn notice_login(
        &self,
        write: &mut Write<Gate>,
        opened: &Opened,
        arrival: &Arrival,
        client: &Client,
    ) -> Result<bool, Fault> {
        let unusual = arrival.risk.as_ref().filter(|risk| risk.decision >= Decision::Notice);
        // Where nothing but the device is new, the notice of new devices says all there is.
        let Some(risk) = unusual.filter(|risk| risk.names() != ["new_device"]) else {
            return self.notice_new_device(write, opened, client).await;
        };
        let mail = Mail {
            to: opened.user.email.clone(),
            name: opened.user.full_name.clone(),
            language: client.language.clone(),
            user: Some(opened.user.id),
            kind: MailKind::UnusualLogin {
                device: client.user_agent.clone(),
                ip: client.ip.to_string(),
                place: arrival.place.as_ref().and_then(Place::text),
                reasons: risk.names().into_iter().map(str::to_owned).collect(),
                at: self.clock.now(),
            },
            expires_in: NOTICE_LIFE,
        };
        self.post(write, mail).await?;
        Ok(true)
    }

    /// Posts a notice of a session that was just opened on a device that is new beside others. A client that sent no
    /// cookie is taken for one of them by its address and by what it calls itself.
    ///
    /// # Errors
    /// 503 when the database is away.
    async fn notice_new_device(
        &self,
        write: &mut Write<Gate>,
        opened: &Opened,
        client: &Client,
    ) -> Result<bool, Fault> {
        let user = &opened.user;
        let Some(registered) = opened.registered.as_ref().filter(|device| device.is_new) else { return Ok(false) };
        let ip = client.ip.to_string();
        let alike = (ip.as_str(), client.user_agent.as_deref().unwrap_or_default());
        let alike = client.device.is_none().then_some(alike);
        if !write.is_unlike_other_devices(user.id, registered.id, alike).await? {
            return Ok(false);
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
        self.post(write, mail).await?;
        Ok(true)
    }
}
