//! [`Core`]: all services behind one handle, wired once at start.

use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, Random, Secret};
use durward_store::{GateStore, Store};
use durward_verify::{Breaker, KeyRing, Rules, Verifier};

use crate::access::AccessRules;
use crate::breakers::{self, Breakers};
use crate::budgets::{Budgets, Limits};
use crate::bus::{Bus, Patience};
use crate::chat::Answerer;
use crate::csrf::Csrf;
use crate::factors::SecondFactorRules;
use crate::factors::password::Hasher;
use crate::fault::Fault;
use crate::figures::Figures;
use crate::keys::SigningKeys;
use crate::leases::Leases;
use crate::mail::{Mailing, Outbox, Post};
use crate::passkeys::{PasskeySettings, Passkeys};
use crate::place::Places;
use crate::recover::RecoveryRules;
use crate::revoke::Revoker;
use crate::risk::{RiskRules, Surge};
use crate::roles::Roles;
use crate::roster::{Roster, RosterSettings};
use crate::sealing::Sealer;
use crate::settings_schema::SettingsSchema;
use crate::sockets::{SocketLimits, SocketRules};
use crate::strength::Meter;

/// What an operator decides about accounts and sessions.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How long an access token holds.
    pub access_ttl: Duration,
    /// How long a refresh token holds.
    pub refresh_ttl: Duration,
    /// When a session ends at the latest.
    pub session_absolute: Duration,
    /// After how long without a request or refresh a session ends; never when it is not set.
    pub session_idle: Option<Duration>,
    /// Whether people may register by themselves.
    pub registration_open: bool,
    /// Whether an operator has to approve of them.
    pub registration_approve: bool,
    /// Which roles there are, and what they may do.
    pub roles: Arc<Roles>,
    /// The lowest estimated strength of a password, 0 to 4 on zxcvbn's scale.
    pub password_min_strength: u8,
    /// Of whom a second factor is demanded, and which there are.
    pub second_factor: SecondFactorRules,
    /// Who has to confirm their address, where mailed links lead, and how many mails may be asked for.
    pub recovery: RecoveryRules,
    /// From where logins are allowed.
    pub access: AccessRules,
    /// How their risk is judged.
    pub risk: RiskRules,
    /// How many sockets may be open.
    pub sockets: SocketRules,
    /// How old an answer from memory may be while the other nodes' revocations cannot be read.
    pub max_staleness: Duration,
    /// How long after that sockets are closed.
    pub staleness_grace: Duration,
    /// How many sessions the roster keeps in memory.
    pub roster_capacity: usize,
}

/// What [`Core`] is made of.
pub struct Parts {
    /// Scoped access to the data.
    pub store: Store,
    /// Access before anybody is known.
    pub gate: GateStore,
    /// The signing key and those that are still accepted, as [`SigningKeys::start`] gave them.
    pub keys: KeyRing,
    /// Where changes of them are read.
    pub signing_keys: SigningKeys,
    /// Whom tokens must name.
    pub rules: Rules,
    /// The secret behind CSRF tokens.
    pub csrf_secret: Secret,
    /// What secrets are sealed under that have to be read again: `keys.master_key`, where there is one.
    pub master_key: Option<Secret>,
    /// `tokens.secret`, which stands in for it.
    pub tokens_secret: Secret,
    /// Cost and parallelism of password hashes.
    pub hasher: Arc<Hasher>,
    /// How much guessing is allowed.
    pub limits: Limits,
    /// What an operator decides.
    pub policy: Policy,
    /// For whom passkeys are made.
    pub passkeys: PasskeySettings,
    /// Who knows where addresses are.
    pub places: Arc<dyn Places>,
    /// The types of the users' settings.
    pub settings: SettingsSchema,
    /// Who answers in the chat.
    pub answerer: Arc<dyn Answerer>,
    /// What mails are made with, and who takes them away.
    pub mailing: Mailing,
    /// The breakers around everything remote.
    pub breakers: Arc<Breakers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Everything that durward decides. Handlers hold this; the stores inside are not theirs to reach:
///
/// ```compile_fail
/// fn handler(core: &durward_core::Core) -> &durward_store::GateStore {
///     &core.gate
/// }
/// ```
///
/// What they may reach are the services:
/// ```
/// fn handler(core: &durward_core::Core) -> &durward_core::Csrf {
///     core.csrf()
/// }
/// ```
pub struct Core {
    pub(crate) store: Store,
    pub(crate) gate: GateStore,
    pub(crate) verifier: Verifier<Roster>,
    pub(crate) keys: SigningKeys,
    pub(crate) rules: Rules,
    pub(crate) csrf: Csrf,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) meter: Meter,
    pub(crate) budgets: Budgets,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) policy: Policy,
    pub(crate) passkeys: Passkeys,
    pub(crate) places: Arc<dyn Places>,
    pub(crate) surge: Surge,
    pub(crate) settings: SettingsSchema,
    pub(crate) answerer: Arc<dyn Answerer>,
    pub(crate) post: Post,
    pub(crate) revoker: Revoker,
    pub(crate) sockets: SocketLimits,
    pub(crate) breakers: Arc<Breakers>,
    /// Around the database, where tokens are checked and revocations are read.
    pub(crate) database: Arc<Breaker>,
    pub(crate) bus: Bus,
    pub(crate) figures: Figures,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Core {
    /// Wires the services. Starts the hashing threads and that of the password meter.
    ///
    /// # Errors
    /// When the hash parameters cannot be used or a thread cannot be started.
    pub fn new(parts: Parts) -> Result<Arc<Self>, Fault> {
        let leases = Arc::new(Leases::default());
        let settings = RosterSettings { capacity: parts.policy.roster_capacity, idle: parts.policy.session_idle };
        let patience = Patience { max_staleness: parts.policy.max_staleness, grace: parts.policy.staleness_grace };
        let bus = Bus::new(patience, parts.clock.clone());
        let database = parts.breakers.register(breakers::DATABASE);
        let roster = Arc::new(Roster::new(
            parts.gate.clone(),
            database.clone(),
            leases.clone(),
            bus.freshness.clone(),
            settings,
            parts.policy.roles.clone(),
            parts.clock.clone(),
        ));
        let sealer = Arc::new(Sealer::new(parts.master_key.as_ref(), &parts.tokens_secret)?);
        let outbox = Outbox::sealed_by(sealer.clone(), parts.clock.clone(), parts.random.clone());
        Ok(Arc::new(Self {
            verifier: Verifier::new(parts.keys, parts.rules.clone(), roster.clone(), parts.clock.clone()),
            keys: parts.signing_keys,
            rules: parts.rules,
            csrf: Csrf::new(&parts.csrf_secret),
            hasher: parts.hasher,
            meter: Meter::start()?,
            budgets: Budgets::new(parts.gate.clone(), parts.limits, parts.clock.clone()),
            revoker: Revoker::new(parts.gate.clone(), roster, leases, parts.clock.clone()),
            sockets: SocketLimits::new(parts.policy.sockets),
            store: parts.store,
            gate: parts.gate,
            sealer,
            post: Post::new(outbox, parts.mailing),
            policy: parts.policy,
            passkeys: Passkeys::new(parts.passkeys)?,
            places: parts.places,
            surge: Surge::default(),
            settings: parts.settings,
            answerer: parts.answerer,
            breakers: parts.breakers,
            database,
            bus,
            figures: Figures::new(parts.clock.now(), &*parts.random),
            clock: parts.clock,
            random: parts.random,
        }))
    }

    /// The one path on which tokens are checked.
    pub fn verifier(&self) -> &Verifier<Roster> {
        &self.verifier
    }

    /// Whom tokens must name.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The maker and checker of CSRF tokens.
    pub fn csrf(&self) -> &Csrf {
        &self.csrf
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The source of randomness.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }

    /// Counts the open sockets.
    pub fn sockets(&self) -> &SocketLimits {
        &self.sockets
    }

    /// How far this node has followed the revocations of others.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What this node counts for the operator's charts.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The breakers around everything remote.
    pub fn breakers(&self) -> &Arc<Breakers> {
        &self.breakers
    }

    /// The hashing threads, for the check of their parameters and speed.
    pub fn hasher(&self) -> &Arc<Hasher> {
        &self.hasher
    }
}
