//! Many live sessions without as many logins: rows as a login makes them, and tokens signed with the server's secret.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::wire::auth::Transport;
use durward_proto::{
    AccountStatus, Clock, Email, Random, Role, Secret, SessionId, SystemClock, Timestamp, TokenId, UserId,
};
use durward_store::{AuditKeys, AuditOptions, NewSession, NewUser, Opened, StoreOptions, Target};
use durward_verify::{Claims, KeyRing, SystemRandom};

use crate::Outcome;
use crate::load::email;

const SECRET: &str = "nobody else signs with this key, which only measures";
const ISSUER: &str = "https://durward.example";
const AUDIENCE: &str = "durward";
/// What [`Programs::durward`](crate::child::Programs::durward) must be told, so that the tokens hold.
pub(crate) const SETTINGS: [(&str, &str); 3] =
    [("DURWARD_TOKENS__SECRET", SECRET), ("DURWARD_TOKENS__ISSUER", ISSUER), ("DURWARD_TOKENS__AUDIENCE", AUDIENCE)];
/// How many sessions each user has.
const EACH: usize = 100;
/// How many rows one transaction makes.
const BATCH: usize = 20_000;

/// How the audit trail is written, as a node with these settings does it.
pub(crate) fn audit() -> AuditOptions {
    AuditOptions { keys: AuditKeys::new(None, &Secret::new(SECRET)).ok(), node: "bench".into() }
}

/// The sessions of a database. Session `n` belongs to user `n / 100`.
#[derive(Debug)]
pub(crate) struct Seed {
    ring: KeyRing,
    users: Vec<UserId>,
    made: Timestamp,
    pub(crate) sessions: usize,
}

impl Seed {
    /// Makes the database in `data`, with this many sessions, last used as long ago.
    pub(crate) async fn plant(data: &Path, sessions: usize, ago: Duration, clock: &Arc<SystemClock>) -> Outcome<Self> {
        let target = Target::Sqlite { path: data.join("durward.db") };
        let options =
            StoreOptions { target, max_connections: 2, acquire_timeout: Duration::from_secs(30), audit: audit() };
        let opened = Opened::open(&options, clock.clone(), Arc::new(SystemRandom)).await?;
        opened.system.migrate().await?;
        let made = clock.now().minus(ago);
        let mut seed = Self {
            ring: KeyRing::hs256(&Secret::new(SECRET))?,
            users: Vec::with_capacity(sessions / EACH),
            made,
            sessions,
        };
        let role: Role = "user".parse()?;
        let mut write = opened.gate.write().await?;
        for number in 0..sessions.div_ceil(EACH) {
            let email: Email = email(number).parse().map_err(|_| "not an address")?;
            let new = NewUser {
                email: &email,
                full_name: None,
                password_hash: "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGxvZ3MgaW4$bm9ib2R5IGxvZ3MgaW4gd2l0aCB0aGlzIQ",
                role: &role,
                status: AccountStatus::Active,
                email_verified: false,
                now: made,
            };
            seed.users.push(write.insert_user(&new).await?.ok_or("the address is taken")?.id);
        }
        write.commit_unaudited("rows to measure with").await?;
        for first in (0..sessions).step_by(BATCH) {
            let mut write = opened.gate.write().await?;
            for number in first..sessions.min(first + BATCH) {
                write.insert_session(&seed.row(number)).await?;
            }
            write.commit_unaudited("rows to measure with").await?;
        }
        Ok(seed)
    }

    fn row(&self, number: usize) -> NewSession<'static> {
        NewSession {
            id: self.id(number),
            user_id: self.user(number),
            now: self.made,
            expires_at: self.made.plus(Duration::from_secs(30 * 86_400)),
            auth_time: self.made,
            amr: "pwd",
            transport: Transport::Bearer,
            user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
            ip: Some("192.0.2.1"),
            device_hash: Some([7; 32]),
            device: None,
            place: None,
        }
    }

    fn user(&self, number: usize) -> UserId {
        self.users.get(number / EACH).copied().unwrap_or(UserId(0))
    }

    /// An id as a login makes it, a millisecond after the one before.
    fn id(&self, number: usize) -> SessionId {
        let age = u64::try_from(self.sessions - number).unwrap_or(0);
        SessionId::new(self.made.minus(Duration::from_millis(age)), &Scattered(number))
    }

    /// An access token of a session, as a login gives it.
    pub(crate) fn token(&self, number: usize) -> Outcome<String> {
        let user = self.user(number);
        let now = self.made.plus(Duration::from_secs(1)).seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_string(),
            id: user.0,
            email: email(number / EACH),
            role: "user".to_owned(),
            scope: "user".to_owned(),
            sid: self.id(number),
            jti: TokenId::new(self.made, &Scattered(number)),
            iat: now,
            nbf: now,
            exp: now + 86_400,
            amr: vec!["pwd".to_owned()],
            auth_time: now,
            generation: Some(1),
        };
        Ok(self.ring.sign(&claims)?.expose().to_owned())
    }
}

/// Bytes that look like chance and can be made again.
struct Scattered(usize);

impl Random for Scattered {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0 as u64;
        for byte in buffer {
            *byte = (scatter(&mut state) >> 56) as u8;
        }
    }
}

/// The next number of a sequence that looks like chance (Steele, Lea and Flood: splitmix64).
pub(crate) fn scatter(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
