//! What the tests of this crate share: clocks that are held, a liveness in memory, and good tokens.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use durward_proto::ids::UuidId;
use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Clock, Code, Role, Secret, SessionId, Timestamp, TokenId, UserId};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Claims, KeyRing, LastUse, LiveSession, Liveness, Redeemed, Refusal, Rules, Unavailable, Verifier};

pub(crate) const SECRET: &str = "a secret of the tests, of more than 32 bytes";
pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const AUDIENCE: &str = "durward";
/// 2026-11-21T00:00:00Z.
pub(crate) const NOW: i64 = 1_795_219_200;

/// A clock that goes only when it is told to. Wall and monotonic go together.
pub(crate) struct HeldClock(AtomicI64);

impl HeldClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW * 1_000_000)))
    }

    fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.load(Ordering::SeqCst)).unwrap())
    }
}

/// A clock that goes with tokio's, which a test can pause: for what sleeps.
pub(crate) struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(tokio::time::Instant::now()))
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(NOW).plus(self.0.elapsed())
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A liveness whose truth and whose memory are maps.
#[derive(Default)]
pub(crate) struct InMemory {
    pub(crate) memory: Mutex<HashMap<SessionId, Arc<LiveSession>>>,
    pub(crate) truth: Mutex<HashMap<SessionId, Arc<LiveSession>>>,
    pub(crate) tickets: Mutex<HashMap<String, (Option<String>, Redeemed)>>,
    watched: Mutex<HashMap<SessionId, watch::Sender<Option<Code>>>>,
    pub(crate) settled: Mutex<Vec<(SessionId, u32)>>,
    pub(crate) loads: AtomicUsize,
    pub(crate) away: AtomicBool,
}

impl InMemory {
    /// A session that memory and truth know.
    pub(crate) fn open(&self, session: SessionId, live: LiveSession) {
        let live = Arc::new(live);
        self.memory.lock().unwrap().insert(session, Arc::clone(&live));
        self.truth.lock().unwrap().insert(session, live);
    }

    pub(crate) fn forget(&self, session: SessionId) {
        self.memory.lock().unwrap().remove(&session);
    }

    /// The session ends for good, and its sockets hear why.
    pub(crate) fn end(&self, session: SessionId, code: Code) {
        self.forget(session);
        self.truth.lock().unwrap().remove(&session);
        self.tell(session, code);
    }

    /// Only the word that the session has ended.
    pub(crate) fn tell(&self, session: SessionId, code: Code) {
        if let Some(sender) = self.watched.lock().unwrap().get(&session) {
            sender.send_replace(Some(code));
        }
    }

    /// Nobody is left who could tell of an end.
    pub(crate) fn drop_senders(&self) {
        self.watched.lock().unwrap().clear();
    }

    fn reach(&self) -> Result<(), Unavailable> {
        if self.away.load(Ordering::SeqCst) { Err(Unavailable) } else { Ok(()) }
    }
}

impl Liveness for InMemory {
    fn recall(&self, session: SessionId, _: Timestamp) -> Option<Arc<LiveSession>> {
        self.memory.lock().unwrap().get(&session).cloned()
    }

    fn load(&self, session: SessionId) -> impl Future<Output = Result<Option<Arc<LiveSession>>, Unavailable>> + Send {
        self.loads.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::task::yield_now().await;
            self.reach()?;
            Ok(self.truth.lock().unwrap().get(&session).cloned())
        }
    }

    async fn settle(&self, session: SessionId, generation: u32) -> Result<(), Unavailable> {
        tokio::task::yield_now().await;
        self.reach()?;
        self.settled.lock().unwrap().push((session, generation));
        Ok(())
    }

    async fn redeem(&self, ticket: &str, origin: Option<&str>) -> Result<Option<Redeemed>, Unavailable> {
        self.reach()?;
        let taken = self.tickets.lock().unwrap().remove(ticket);
        Ok(taken.filter(|(bound, _)| bound.as_deref() == origin).map(|(_, redeemed)| redeemed))
    }

    fn watch(&self, session: SessionId) -> watch::Receiver<Option<Code>> {
        self.watched.lock().unwrap().entry(session).or_insert_with(|| watch::channel(None).0).subscribe()
    }
}

pub(crate) fn session() -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001))
}

pub(crate) fn user() -> User {
    User {
        id: UserId(7),
        email: "ann@example.com".into(),
        full_name: None,
        role: Role::user(),
        status: AccountStatus::Active,
        email_verified: true,
        tfa_enabled: false,
        created_at: Timestamp::from_seconds(NOW),
        updated_at: Timestamp::from_seconds(NOW),
    }
}

pub(crate) fn live() -> LiveSession {
    live_as(|_| ())
}

/// A live session of a user who differs in something.
pub(crate) fn live_as(change: impl FnOnce(&mut User)) -> LiveSession {
    let mut user = user();
    change(&mut user);
    LiveSession {
        user: Arc::new(user),
        scopes: ["chat".to_owned()].into(),
        expires_at: Timestamp::from_seconds(NOW + 7 * 86_400),
        settled: AtomicU32::new(1),
        last_use: LastUse::default(),
    }
}

pub(crate) fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: "7".into(),
        id: 7,
        email: "ann@example.com".into(),
        role: "user".into(),
        scope: "chat".into(),
        sid: session(),
        jti: TokenId::from_uuid(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0002)),
        iat: NOW,
        nbf: NOW,
        exp: NOW + 3_600,
        amr: vec!["pwd".into()],
        auth_time: NOW,
        generation: Some(1),
    }
}

pub(crate) fn ring() -> KeyRing {
    KeyRing::hs256(&Secret::new(SECRET)).unwrap()
}

/// A verifier, the clock it goes by, and a session of user 7 that is alive.
pub(crate) struct Kit {
    pub(crate) verifier: Verifier<InMemory>,
    clock: Arc<HeldClock>,
}

impl Kit {
    pub(crate) fn new() -> Self {
        Self::with(ring())
    }

    pub(crate) fn with(keys: KeyRing) -> Self {
        let clock = HeldClock::new();
        Self { verifier: verifier(keys, clock.clone()), clock }
    }

    pub(crate) fn pass(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub(crate) fn liveness(&self) -> &InMemory {
        self.verifier.liveness()
    }

    /// The code and the refusal for a token of these claims.
    pub(crate) async fn of_claims(&self, claims: &Claims) -> Result<crate::Verified, Refusal> {
        self.verifier.token(self.verifier.keys().sign(claims).unwrap().expose()).await
    }

    /// The same for a good token whose claims were changed as JSON.
    pub(crate) async fn of_changed(
        &self,
        change: impl FnOnce(&mut serde_json::Map<String, Value>),
    ) -> Result<crate::Verified, Refusal> {
        let mut value = serde_json::to_value(claims()).unwrap();
        change(value.as_object_mut().unwrap());
        self.verifier.token(&signed(&good_header(), &value.to_string())).await
    }
}

pub(crate) fn verifier(keys: KeyRing, clock: Arc<dyn Clock>) -> Verifier<InMemory> {
    let liveness = Arc::new(InMemory::default());
    liveness.open(session(), live());
    let rules = Rules { issuer: ISSUER.into(), audience: AUDIENCE.into(), access_cookie: "__Host-access_token".into() };
    Verifier::new(keys, rules, liveness, clock)
}

/// The header that the ring of [`SECRET`] writes.
pub(crate) fn good_header() -> String {
    format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, ring().signing_kid())
}

/// A token of any header and any payload, correctly signed with [`SECRET`].
pub(crate) fn signed(header: &str, payload: &str) -> String {
    let signing = format!("{}.{}", crate::base64url::encode(header), crate::base64url::encode(payload));
    signed_segments(&signing)
}

/// A token of two segments as they are, correctly signed with [`SECRET`].
pub(crate) fn signed_segments(signing: &str) -> String {
    use aws_lc_rs::hmac;
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("{signing}.{}", crate::base64url::encode(hmac::sign(&key, signing.as_bytes())))
}

pub(crate) fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}
