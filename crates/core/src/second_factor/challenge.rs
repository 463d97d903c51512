//! Challenges: what somebody gets who showed the password and has to show a second factor. A row, and no session, cookie
//! or access token yet. It is bound to the client that showed the password.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::wire::auth::Transport;
use durward_proto::wire::factor::{Method, TotpSetup};
use durward_proto::wire::passkey::PasskeyRequest;
use durward_proto::{Code, Problem, Secret, Timestamp, UserId, random};
use durward_store::{ChallengePurpose, ChallengeRow, Gate, NewChallenge, UserRow, Write};
use zeroize::Zeroizing;

use crate::budgets::address_key;
use crate::client::Client;
use crate::factors::PasswordPassed;
use crate::factors::mail_code::MailCode;
use crate::factors::totp::{TotpSecret, qr_svg};
use crate::fault::Fault;
use crate::issue::sha256;
use crate::mail::{Mail, MailKind};
use crate::second_factor::key_of;
use crate::service::Core;

/// How long a challenge can be answered.
const LIFE: Duration = Duration::from_secs(300);
/// How many answers it allows.
pub(super) const TRIES: u32 = 5;

/// What a login gives out that is not enough yet.
#[derive(Debug)]
pub struct Challenge {
    /// What to come back with.
    pub token: Secret,
    /// Whether a second factor has to be set up first: `setup` says with what.
    pub enrols: bool,
    /// What can be shown, what the user prefers first.
    pub methods: Vec<Method>,
    /// How long.
    pub expires_in: Duration,
    /// What to ask the authenticator for, where `methods` has passkeys.
    pub passkey: Option<PasskeyRequest>,
    /// The secret to put into an authenticator app.
    pub setup: Option<TotpSetup>,
}

/// Proof that a challenge was taken, which nobody else can take again: its user showed the password. Made here alone.
pub(crate) struct Taken {
    user: UserRow,
    amr: Vec<String>,
    pub(super) purpose: ChallengePurpose,
    pub(super) transport: Transport,
    /// The sealed secret to set up.
    pub(super) setup: Option<Vec<u8>>,
    /// What is kept of the code that was mailed.
    pub(crate) mail_code: Option<Vec<u8>>,
}

impl Taken {
    pub(crate) fn user(&self) -> &UserRow {
        &self.user
    }

    /// The account has a second factor from now on.
    pub(super) fn enrolled(&mut self) {
        self.user.tfa_enabled = true;
    }

    pub(crate) fn into_parts(self) -> (UserRow, Vec<String>) {
        (self.user, self.amr)
    }
}

/// Gives a challenge to somebody who showed the password, within the transaction that holds the account. `methods` are
/// what they can show; with none they have to set up TOTP.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn give(
    core: &Core,
    write: &mut Write<Gate>,
    passed: &PasswordPassed,
    methods: Vec<Method>,
    transport: Transport,
    client: &Client,
) -> Result<Challenge, Fault> {
    let user = passed.user();
    let (token, ip, amr) = (new_token(core), client.ip.to_string(), passed.amr().join(" "));
    let secret = methods.is_empty().then(|| TotpSecret::new(&*core.random));
    let setup_sealed = secret.as_ref().map(|secret| secret.seal(core, user.id)).transpose()?;
    let challenge = NewChallenge {
        purpose: if secret.is_some() { ChallengePurpose::Enrol } else { ChallengePurpose::Verify },
        setup_sealed: setup_sealed.as_deref(),
        ..new(core, &token, user, transport, (&ip, &amr), client)
    };
    write.insert_challenge(&challenge).await?;
    let passkey = if methods.contains(&Method::Passkey) {
        Some(core.begin_passkey_second_factor(write, user, &challenge.token_hash).await?)
    } else {
        None
    };
    Ok(Challenge {
        token,
        enrols: secret.is_some(),
        methods: if secret.is_some() { vec![Method::Totp] } else { methods },
        expires_in: LIFE,
        passkey,
        setup: secret.map(|secret| shown(core, &secret, user)).transpose()?,
    })
}

/// Mails a code to somebody who showed the password and has no second factor, within the transaction that holds the
/// account, and gives the challenge that it answers. For where [`Core::has_post`]; after the commit, ring.
///
/// # Errors
/// `rate_limited` when too many were asked for; 503 when the database is away.
pub(crate) async fn give_mailed(
    core: &Core,
    write: &mut Write<Gate>,
    passed: &PasswordPassed,
    transport: Transport,
    client: &Client,
) -> Result<Challenge, Fault> {
    let user = passed.user();
    core.may_mail_code(write, &key_of(&user.email)).await?;
    let (token, ip, amr) = (new_token(core), client.ip.to_string(), passed.amr().join(" "));
    let (challenge, code) = (new(core, &token, user, transport, (&ip, &amr), client), MailCode::new(core));
    let mail_code_hash = Some(code.mark(core, &challenge.token_hash));
    write.insert_challenge(&NewChallenge { mail_code_hash, ..challenge }).await?;
    let kind = MailKind::LoginCode {
        code: code.into_text(),
        device: client.user_agent.clone(),
        ip: client.ip.to_string(),
        at: core.clock.now(),
    };
    let mail = Mail {
        to: user.email.clone(),
        name: user.full_name.clone(),
        language: client.language.clone(),
        user: Some(user.id),
        kind,
        expires_in: LIFE,
    };
    core.post(write, mail).await?;
    Ok(Challenge {
        token,
        enrols: false,
        methods: vec![Method::EmailCode],
        expires_in: LIFE,
        passkey: None,
        setup: None,
    })
}

fn new_token(core: &Core) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::bytes::<32>(&*core.random))))
}

/// A challenge that asks for a second factor, with nothing else to it yet.
fn new<'a>(
    core: &Core,
    token: &Secret,
    user: &UserRow,
    transport: Transport,
    (ip, amr): (&'a str, &'a str),
    client: &Client,
) -> NewChallenge<'a> {
    let now = core.clock.now();
    NewChallenge {
        token_hash: hash_of(token),
        user_id: user.id,
        purpose: ChallengePurpose::Verify,
        transport,
        client_hash: client_hash(client),
        ip,
        amr,
        setup_sealed: None,
        mail_code_hash: None,
        now,
        expires_at: now.plus(LIFE),
    }
}

/// A secret in every form in which an authenticator app can take it.
pub(super) fn shown(core: &Core, secret: &TotpSecret, user: &UserRow) -> Result<TotpSetup, Fault> {
    let otpauth_uri = secret.uri(&core.policy.second_factor.issuer, &user.email);
    Ok(TotpSetup { secret: secret.base32(), qr_svg: qr_svg(&otpauth_uri)?, otpauth_uri })
}

/// The challenge that a client can answer.
///
/// # Errors
/// `challenge_invalid` when it is not known, has ended or belongs to another client, which costs it nothing; 503 when the
/// database is away.
pub(super) async fn of_client(core: &Core, hash: &[u8; 32], client: &Client) -> Result<ChallengeRow, Fault> {
    let row = core.gate.read().await?.challenge(hash, core.clock.now()).await?;
    row.filter(|row| belongs_to(row, client)).ok_or_else(over)
}

/// Takes it, within the transaction that opens the session, and holds the account. None when it is gone.
///
/// # Errors
/// 503 when the database is away.
pub(super) async fn take(
    write: &mut Write<Gate>,
    hash: &[u8; 32],
    user: UserId,
    now: Timestamp,
) -> Result<Option<Taken>, Fault> {
    // The account first: whatever ends challenges holds it before it does.
    let Some(user) = write.hold_user(user).await? else { return Ok(None) };
    let Some(row) = write.take_challenge(hash, now).await? else { return Ok(None) };
    Ok(Some(Taken {
        user,
        amr: row.amr.split_whitespace().map(str::to_owned).collect(),
        purpose: row.purpose,
        transport: row.transport,
        setup: row.setup_sealed,
        mail_code: row.mail_code_hash,
    }))
}

/// What is kept of a challenge's token.
pub(super) fn hash_of(token: &Secret) -> [u8; 32] {
    sha256(token.expose().as_bytes())
}

/// The one answer to a challenge that cannot be answered.
pub(super) fn over() -> Fault {
    let detail = "This challenge was answered, has ended, or belongs to another client. Please log in again.";
    Fault::of(Problem::new(Code::ChallengeInvalid).detail(detail))
}

fn belongs_to(row: &ChallengeRow, client: &Client) -> bool {
    row.client_hash == client_hash(client) && row.ip.parse().is_ok_and(|ip| is_near(ip, client.ip))
}

/// Whether two requests with these addresses can be of one client. Who can use both families may come with the other one
/// next time (RFC 8305).
fn is_near(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one.is_ipv4() != other.is_ipv4() || address_key(one) == address_key(other)
}

/// What tells a client from others: what it calls itself, and its device.
fn client_hash(client: &Client) -> [u8; 32] {
    let agent = client.user_agent.as_deref().unwrap_or_default();
    let device = client.device.as_ref().map(Secret::expose).unwrap_or_default();
    sha256(Zeroizing::new(format!("durward client v1 {} {agent} {device}", agent.len())).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_keeps_its_network_or_changes_the_family() {
        let near = |one: &str, other: &str| is_near(one.parse().unwrap(), other.parse().unwrap());
        for (one, other, outcome) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8:1:2::1", "2001:db8:1:2::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("192.0.2.7", "2001:db8:1:2::1", true),
            ("2001:db8:1:2::1", "192.0.2.7", true),
        ] {
            assert_eq!(near(one, other), outcome, "{one} {other}");
        }
    }

    #[test]
    fn the_device_and_the_name_tell_clients_apart() {
        let client = |agent: Option<&str>, device: Option<&str>| Client {
            ip: IpAddr::from([192, 0, 2, 7]),
            user_agent: agent.map(str::to_owned),
            language: None,
            request_id: String::new(),
            device: device.map(Secret::new),
            fingerprint: [0; 32],
        };
        let hashes = [
            client(None, None),
            client(Some("a"), None),
            client(None, Some("a")),
            client(Some("a"), Some("b")),
            client(Some("a b"), None),
            client(Some("a "), Some("b")),
        ]
        .map(|client| client_hash(&client));
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(hash), "{at}");
        }
    }
}
