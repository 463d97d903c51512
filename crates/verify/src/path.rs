//! The path itself: from a request to the proof of who asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Clock, Role, SessionId, Timestamp, TokenId, UserId};
use http::HeaderMap;

use crate::base64url;
use crate::carried::{self, Carried, Source, Surface};
use crate::claims::{self, Methods, Ours};
use crate::jws;
use crate::keys::{CheckingKey, KeyMark, KeyRing, Swap};
use crate::lease::Lease;
use crate::liveness::{LiveSession, Liveness};
use crate::refusal::Refusal;
use crate::trace::{Steps, Trace};

/// How far `nbf` and `iat` may lie in the future: clocks differ. For `exp` there is no such kindness.
const LEEWAY: Duration = Duration::from_secs(30);

/// What a token must say about where it comes from and whom it is for, and where a browser keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The `iss` that must stand in a token.
    pub issuer: String,
    /// The `aud` that must stand in a token, as a single string.
    pub audience: String,
    /// The name of the access token's cookie, with its prefix.
    pub access_cookie: String,
}

/// Checks tokens. The only maker of [`Verified`] and [`Lease`].
pub struct Verifier<L> {
    keys: Swap,
    rules: Rules,
    ours: Ours,
    liveness: Arc<L>,
    clock: Arc<dyn Clock>,
}

impl<L: Liveness> Verifier<L> {
    /// A verifier.
    pub fn new(keys: KeyRing, rules: Rules, liveness: Arc<L>, clock: Arc<dyn Clock>) -> Self {
        let ours = Ours::new(&rules.issuer, &rules.audience);
        Self { keys: Swap::new(keys), rules, ours, liveness, clock }
    }

    /// Who sends this request? When memory knows the session, nothing is waited for.
    pub fn rest<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> impl Future<Output = Result<Verified, Refusal>> + Send + use<'a, L> {
        self.request(headers, Steps::none())
    }

    /// The same, and writes down how it went.
    pub fn rest_traced<'a>(
        &'a self,
        headers: &'a HeaderMap,
        trace: &'a mut Trace,
    ) -> impl Future<Output = Result<Verified, Refusal>> + Send + use<'a, L> {
        self.request(headers, Steps::into(trace, &*self.clock))
    }

    /// Who opens this WebSocket? `origin` is the handshake's: a ticket counts only for the origin that got it.
    pub async fn socket(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        origin: Option<&str>,
        token_in_url: bool,
    ) -> Result<Lease, Refusal> {
        let mut steps = Steps::none();
        let carried = carried::find(headers, query, &self.rules.access_cookie, Surface::Socket { token_in_url })?;
        let claimed = match carried.source {
            Source::Ticket => self.redeem(&carried, origin).await?,
            _ => self.examine(carried.token.as_bytes(), carried.source, &mut steps)?,
        };
        // To watch comes before to ask: an end that comes between the two is then seen.
        let ends = self.liveness.watch(claimed.session);
        let live = self.admit(&claimed, &mut steps).await?;
        Ok(Lease::open(Verified::of(claimed, live), ends, self.keys.watch(), Arc::clone(&self.clock)))
    }

    /// Who is this token about? For tokens that come by another way than a request's headers: a message on a
    /// socket, a service that asks. Its source counts as [`Source::Header`].
    pub async fn token(&self, token: &str) -> Result<Verified, Refusal> {
        let mut steps = Steps::none();
        let claimed = self.examine(token.as_bytes(), Source::Header, &mut steps)?;
        let live = self.admit(&claimed, &mut steps).await?;
        Ok(Verified::of(claimed, live))
    }

    /// The keys that tokens are checked with at this moment.
    pub fn keys(&self) -> KeyRing {
        self.keys.ring()
    }

    /// Takes other keys instead. Checks that have begun end with those they began with; leases whose token's key is gone
    /// end.
    pub fn take_keys(&self, keys: KeyRing) {
        self.keys.put(keys);
    }

    /// The `kid` of the key behind a proof; none for one that does not say.
    ///
    /// # Errors
    /// [`Refusal::Signature`] when the key is not in force any more.
    pub fn kid(&self, of: &Verified) -> Result<Option<String>, Refusal> {
        let Some(mark) = of.key() else { return Ok(None) };
        let keys = self.keys.load();
        let key = keys.by_mark(mark).ok_or(Refusal::Signature)?;
        Ok(Some(key.kid().to_owned()))
    }

    /// Who knows which sessions are alive.
    pub fn liveness(&self) -> &Arc<L> {
        &self.liveness
    }

    async fn request<'a>(&'a self, headers: &'a HeaderMap, mut steps: Steps<'a>) -> Result<Verified, Refusal> {
        let carried = carried::in_rest(headers, &self.rules.access_cookie);
        steps.end("carried", &carried);
        let (source, token) = carried?;
        steps.note(|trace| trace.source = Some(source));
        let claimed = self.examine(token, source, &mut steps)?;
        let live = self.admit(&claimed, &mut steps).await?;
        Ok(Verified::of(claimed, live))
    }

    /// All that can be said about a token without asking anybody.
    #[inline]
    fn examine(&self, token: &[u8], source: Source, steps: &mut Steps<'_>) -> Result<Claimed, Refusal> {
        let keys = self.keys.load();
        let own = keys.recognise(token);
        let parts = own.map_or_else(|| jws::split(token), |key| jws::split_behind(key.header().len(), token));
        if parts.is_err() {
            steps.end("structure", &parts);
        }
        let parts = parts?;
        base64url::decode_both(parts.payload, parts.signature, |both| {
            let Ok((payload, signature)) = both else {
                let bad = Refusal::Malformed("the payload or the signature is not base64url");
                steps.end("structure", &Err::<(), _>(bad));
                return Err(bad);
            };
            steps.end("structure", &Ok(()));

            let key = own.map_or_else(|| keys.by_header(parts.header), Ok);
            steps.end("key", &key);
            let key = key?;
            steps.note(|trace| (trace.algorithm, trace.kid) = (Some(key.algorithm()), Some(key.kid().to_owned())));

            let holds = if key.holds(parts.signed, signature) { Ok(()) } else { Err(Refusal::Signature) };
            steps.end("signature", &holds);
            holds?;

            let claims = claims::read(payload, &self.ours);
            steps.end("claims", &claims);
            let claims = claims?;
            steps.note(|trace| {
                trace.claims = claims::read_all(payload)
                    .map(|all| serde_json::to_value(all).unwrap_or_default())
                    .unwrap_or_default();
            });

            let now = self.clock.ticked_now();
            let in_time = in_time(&claims, now);
            steps.end("time", &in_time);
            in_time?;

            let ours = if claims.is_ours { Ok(()) } else { Err(Refusal::WrongAudience) };
            steps.end("audience", &ours);
            ours?;

            Ok(Claimed {
                checked_at: now,
                key: Some(key.mark()),
                session: claims.sid,
                user: Some(UserId(claims.id)),
                source,
                expires_at: Timestamp::from_seconds(claims.exp),
                auth_time: Timestamp::from_seconds(claims.auth_time),
                methods: claims.amr,
                token_id: Some(claims.jti),
                generation: claims.generation,
            })
        })
    }

    /// A ticket stands for the token that paid for it, and is worth nothing once that token's key is retired. One that is not known any more counts as expired: a
    /// ticket lives for seconds, and the cure is to get another one.
    async fn redeem(&self, carried: &Carried<'_>, origin: Option<&str>) -> Result<Claimed, Refusal> {
        if carried.token.len() > jws::MAX_TOKEN {
            return Err(Refusal::Malformed("a ticket is at most 8 KiB long"));
        }
        let redeemed = self.liveness.redeem(&carried.token, origin).await.map_err(|_| Refusal::Unavailable)?;
        let now = self.clock.now();
        let ticket = redeemed.filter(|ticket| ticket.expires_at > now).ok_or(Refusal::Expired)?;
        let keys = self.keys.load();
        let key = ticket.kid.map(|kid| keys.by_kid(&kid).map(CheckingKey::mark).ok_or(Refusal::Signature));
        Ok(Claimed {
            checked_at: now,
            key: key.transpose()?,
            session: ticket.session,
            user: None,
            source: carried.source,
            expires_at: ticket.expires_at,
            auth_time: ticket.auth_time,
            methods: ticket.amr.into(),
            token_id: None,
            generation: None,
        })
    }

    /// The last step, the same for every credential: is the session alive, and may its user come in?
    #[inline]
    async fn admit(&self, claimed: &Claimed, steps: &mut Steps<'_>) -> Result<Arc<LiveSession>, Refusal> {
        match self.known(claimed) {
            Some(live) => {
                steps.end_with("liveness", "memory", &Ok(()));
                Ok(live)
            }
            // What waits for the database lives in a box of its own: else every check would move the room for it around.
            None => Box::pin(self.inquire(claimed, steps)).await,
        }
    }

    /// The session, where memory knows it and nothing speaks against it.
    #[inline]
    fn known(&self, claimed: &Claimed) -> Option<Arc<LiveSession>> {
        let live = self.liveness.recall(claimed.session, claimed.checked_at)?;
        let is_good = alive(&live, claimed.user, claimed.checked_at).is_ok() && !is_new(&live, claimed);
        is_good.then_some(live)
    }

    /// The same for every other one: with the word of the source of truth, or the reason why not.
    async fn inquire(&self, claimed: &Claimed, steps: &mut Steps<'_>) -> Result<Arc<LiveSession>, Refusal> {
        let (live, from) = match self.liveness.recall(claimed.session, claimed.checked_at) {
            Some(live) => (Ok(Some(live)), "memory"),
            None => (self.liveness.load(claimed.session).await, "database"),
        };
        let live = match live {
            Ok(Some(live)) => alive(&live, claimed.user, claimed.checked_at).map(|()| live),
            Ok(None) => Err(Refusal::Revoked),
            Err(_) => Err(Refusal::Unavailable),
        };
        let live = match (live, claimed.generation) {
            (Ok(live), Some(generation)) if is_new(&live, claimed) => {
                self.settle(live, claimed.session, generation).await
            }
            (live, _) => live,
        };
        steps.end_with("liveness", from, &live);
        live
    }

    /// The first token of a new generation. It is let in only after the grace of the one before has ended.
    #[cold]
    async fn settle(
        &self,
        live: Arc<LiveSession>,
        session: SessionId,
        generation: u32,
    ) -> Result<Arc<LiveSession>, Refusal> {
        self.liveness.settle(session, generation).await.map_err(|_| Refusal::Unavailable)?;
        live.settled.fetch_max(generation, Ordering::AcqRel);
        Ok(live)
    }
}

impl<L> fmt::Debug for Verifier<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys.ring()).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// What a credential says, once its signature and its time hold.
struct Claimed {
    checked_at: Timestamp,
    /// For a ticket, that of the token that paid for it. None where it does not say.
    key: Option<KeyMark>,
    session: SessionId,
    /// A ticket does not say.
    user: Option<UserId>,
    source: Source,
    expires_at: Timestamp,
    auth_time: Timestamp,
    methods: Methods,
    token_id: Option<TokenId>,
    generation: Option<u32>,
}

/// RFC 7519 sections 4.1.4 to 4.1.6.
fn in_time(claims: &claims::Needed, now: Timestamp) -> Result<(), Refusal> {
    if Timestamp::from_seconds(claims.exp) <= now {
        return Err(Refusal::Expired);
    }
    let latest = now.plus(LEEWAY);
    let begun = |at| Timestamp::from_seconds(at) <= latest;
    if begun(claims.nbf) && begun(claims.iat) { Ok(()) } else { Err(Refusal::NotYetValid) }
}

/// Whether a token is the first of its session's newest generation that comes here.
fn is_new(live: &LiveSession, claimed: &Claimed) -> bool {
    claimed.generation.is_some_and(|generation| generation > live.settled.load(Ordering::Acquire))
}

fn alive(live: &LiveSession, user: Option<UserId>, now: Timestamp) -> Result<(), Refusal> {
    if user.is_some_and(|user| user != live.user.id) || live.expires_at <= now {
        return Err(Refusal::Revoked);
    }
    if live.user.status == AccountStatus::Active { Ok(()) } else { Err(Refusal::AccountInactive) }
}

/// The proof of who asks, at the moment of the asking. Only a [`Verifier`] makes one, and none can be copied.
///
/// ```
/// use durward_verify::Verified;
/// fn who(proof: Verified) -> durward_proto::UserId {
///     proof.user_id()
/// }
/// ```
///
/// A second one cannot be had from the first:
///
/// ```compile_fail,E0599
/// use durward_verify::Verified;
/// fn two(proof: Verified) -> (Verified, Verified) {
///     (proof.clone(), proof)
/// }
/// ```
///
/// Nor can one be made from its parts, not even from those of another:
///
/// ```compile_fail,E0451
/// use durward_verify::Verified;
/// fn other(proof: Verified, session_id: durward_proto::SessionId) -> Verified {
///     Verified { session_id, ..proof }
/// }
/// ```
///
/// ```compile_fail,E0277
/// use durward_verify::Verified;
/// fn nobody() -> Verified {
///     fn make<T: Default>() -> T { T::default() }
///     make()
/// }
/// ```
pub struct Verified {
    live: Arc<LiveSession>,
    session_id: SessionId,
    source: Source,
    expires_at: Timestamp,
    auth_time: Timestamp,
    methods: Methods,
    token_id: Option<TokenId>,
    key: Option<KeyMark>,
}

impl Verified {
    fn of(claimed: Claimed, live: Arc<LiveSession>) -> Self {
        Self {
            session_id: claimed.session,
            source: claimed.source,
            expires_at: claimed.expires_at.min(live.expires_at),
            auth_time: claimed.auth_time,
            methods: claimed.methods,
            token_id: claimed.token_id,
            key: claimed.key,
            live,
        }
    }

    /// The user.
    pub fn user_id(&self) -> UserId {
        self.live.user.id
    }

    /// The session.
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// The user as they are now.
    pub fn user(&self) -> &User {
        &self.live.user
    }

    /// The user's e-mail address now, whatever the token says.
    pub fn email(&self) -> &str {
        &self.live.user.email
    }

    /// The user's role now, whatever the token says.
    pub fn role(&self) -> &Role {
        &self.live.user.role
    }

    /// The user's scopes now, whatever the token says.
    pub fn scopes(&self) -> &[String] {
        &self.live.scopes
    }

    /// Where the credential was found.
    pub fn source(&self) -> Source {
        self.source
    }

    /// When this ends: with the credential, or with the session if that is sooner.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// When the user authenticated.
    pub fn auth_time(&self) -> Timestamp {
        self.auth_time
    }

    /// How the user authenticated (RFC 8176).
    pub fn amr(&self) -> &[String] {
        self.methods.as_slice()
    }

    /// The token's own id; a ticket has none.
    pub fn token_id(&self) -> Option<TokenId> {
        self.token_id
    }

    /// The key that the token was signed with, also the one that paid for a ticket.
    pub(crate) fn key(&self) -> Option<KeyMark> {
        self.key
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("user_id", &self.live.user.id)
            .field("session_id", &self.session_id)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
