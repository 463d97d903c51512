//! Whoever showed what it takes, before they are let in: from where they come, with what, and how risky that is.

use durward_proto::{Code, DeviceId, Problem, UserId};
use durward_store::{DeviceRow, Gate, UserRow, Write};
use serde_json::json;

use crate::budgets::Paid;
use crate::client::Client;
use crate::fault::Fault;
use crate::login::Tried;
use crate::mail::MailKind;
use crate::place::Place;
use crate::risk::assess::{Shown, assess, learn};
use crate::risk::{Assessment, Decision, Habits};
use crate::service::Core;

/// What is known of a login that showed what it needs.
#[derive(Debug)]
pub(crate) struct Arrival {
    user: UserId,
    /// Where it comes from, as far as that is known.
    pub(crate) place: Option<Place>,
    /// The user's device that it comes from, where it is one.
    pub(crate) device: Option<DeviceRow>,
    /// How risky it is, where that was judged.
    pub(crate) risk: Option<Assessment>,
    /// What is usual for the user, where that was read to judge it.
    habits: Option<Habits>,
}

impl Arrival {
    pub(crate) fn device_id(&self) -> Option<DeviceId> {
        self.device.as_ref().map(|device| device.id)
    }

    /// Whether a second factor is to be shown, on whatever device.
    pub(crate) fn steps_up(&self) -> bool {
        self.is(Decision::SecondFactor)
    }

    fn is(&self, decision: Decision) -> bool {
        self.risk.as_ref().is_some_and(|risk| risk.decision == decision)
    }

    /// There is no second factor to ask for: what can be done is to tell the user.
    pub(crate) fn cannot_step_up(&mut self) {
        if let Some(risk) = self.risk.as_mut().filter(|risk| risk.decision == Decision::SecondFactor) {
            risk.decision = Decision::Notice;
        }
    }
}

impl Core {
    /// Looks at where somebody comes from who is about to come in, within the transaction that decides it and holds the
    /// account. Their risk is not judged: it was when they began, or there is nothing to judge.
    ///
    /// # Errors
    /// `place_denied`; 503 when the database is away.
    pub(crate) async fn arrives(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        client: &Client,
    ) -> Result<Arrival, Fault> {
        let place = self.place_of(client);
        self.check_access(&user.role, client, place.as_ref())?;
        let device = write.hold_device(user.id, &client.identity()).await?;
        Ok(Arrival { user: user.id, place, device, risk: None, habits: None })
    }

    /// The same, and judges their risk.
    ///
    /// # Errors
    /// As [`Self::arrives`].
    pub(crate) async fn arrives_judged(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        client: &Client,
        shown: Shown,
    ) -> Result<Arrival, Fault> {
        let mut arrival = self.arrives(write, user, client).await?;
        let (device, place) = (arrival.device.as_ref(), arrival.place.as_ref());
        if let Some((risk, habits)) = assess(self, write, user.id, client, device, place, shown).await? {
            arrival.risk = Some(risk);
            arrival.habits = Some(habits);
        }
        Ok(arrival)
    }

    /// Learns what is usual from a login that is let in, within its transaction.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn learns(
        &self,
        write: &mut Write<Gate>,
        arrival: &Arrival,
        client: &Client,
    ) -> Result<(), Fault> {
        let habits = arrival.habits.clone();
        learn(self, write, arrival.user, client, habits, arrival.place.as_ref(), arrival.device.is_none()).await
    }

    /// Refuses a login whose risk is too high, where it is: writes it down, tells the user, and commits. Gives back the
    /// transaction and the try of a login that is not refused.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn refuse_risky(
        &self,
        mut write: Write<Gate>,
        user: &UserRow,
        tried: &Tried<'_>,
        arrival: &Arrival,
        paid: &Paid,
        client: &Client,
    ) -> Result<Result<Write<Gate>, Fault>, Fault> {
        let Some(risk) = arrival.risk.as_ref().filter(|_| arrival.is(Decision::Deny)) else { return Ok(Ok(write)) };
        let reasons: Vec<String> = risk.names().into_iter().map(str::to_owned).collect();
        let detail = json!({ "method": tried.method, "score": risk.score, "signals": reasons });
        self.note_attempt(&mut write, tried, Code::LoginDenied.as_str(), client).await?;
        let notice = MailKind::LoginDenied {
            device: client.user_agent.clone(),
            ip: client.ip.to_string(),
            place: arrival.place.as_ref().and_then(Place::text),
            reasons,
            at: self.clock.now(),
        };
        self.notify(&mut write, user, notice, client).await?;
        paid.commit(write, client.audit("login_denied").subject(user.id).detail(detail)).await?;
        self.ring_post();
        let detail = "Too much speaks against this login. A mailed link to reset the password makes this device known, or \
                      ask the operator.";
        Ok(Err(Fault::of(Problem::new(Code::LoginDenied).detail(detail))))
    }
}
