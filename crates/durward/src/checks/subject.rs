//! What the checks look at: the configuration, and the program that is made from it piece by piece, each piece when the
//! first check asks for it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use durward_core::factors::password::Hasher;
use durward_core::{Core, KeyFault, SigningKeys};
use durward_proto::{Clock, Random};
use durward_store::Opened;
use durward_verify::KeyRing;
use tokio::sync::OnceCell;

use super::golden_path::{Step, Walk};
use crate::config::{Config, Loaded, Migrate};
use crate::wire;

/// A piece of the program could not be made; the words say why.
#[derive(Debug, Clone)]
pub(crate) struct NotMade(String);

impl fmt::Display for NotMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for NotMade {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

type Piece<T> = OnceCell<Result<T, NotMade>>;
type Watch = Box<dyn FnMut(&Step) + Send>;

/// What the checks look at.
pub(crate) struct Subject {
    loaded: Arc<Loaded>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Whether the migrations may be applied: at a start, never in the doctor.
    may_migrate: bool,
    /// Whether a check has failed.
    held_back: AtomicBool,
    is_running: bool,
    opened: Piece<Opened>,
    prepared: Piece<()>,
    keys: OnceCell<Result<(SigningKeys, KeyRing), KeyFault>>,
    hasher: OnceLock<Result<Arc<Hasher>, NotMade>>,
    core: Piece<Arc<Core>>,
    walk: Piece<Walk>,
    steps: Mutex<Option<Watch>>,
}

impl Subject {
    /// For a start or the doctor: everything is made when it is asked for.
    pub(crate) fn new(loaded: Arc<Loaded>, clock: Arc<dyn Clock>, random: Arc<dyn Random>, starting: bool) -> Self {
        let may_migrate = starting && loaded.config.database.migrate == Migrate::Apply;
        Self {
            loaded,
            clock,
            random,
            may_migrate,
            held_back: AtomicBool::new(false),
            is_running: false,
            opened: OnceCell::new(),
            prepared: OnceCell::new(),
            keys: OnceCell::new(),
            hasher: OnceLock::new(),
            core: OnceCell::new(),
            walk: OnceCell::new(),
            steps: Mutex::new(None),
        }
    }

    /// For a program that runs: it is looked at as it is.
    pub(crate) fn running(loaded: Arc<Loaded>, opened: Opened, core: Arc<Core>, walk: Walk) -> Self {
        Self {
            clock: core.clock().clone(),
            random: core.random().clone(),
            loaded,
            may_migrate: false,
            held_back: AtomicBool::new(false),
            is_running: true,
            opened: OnceCell::new_with(Some(Ok(opened))),
            prepared: OnceCell::new(),
            keys: OnceCell::new_with(Some(Ok((core.signing_keys().clone(), core.verifier().keys())))),
            hasher: Ok(core.hasher().clone()).into(),
            core: OnceCell::new_with(Some(Ok(core))),
            walk: OnceCell::new_with(Some(Ok(walk))),
            steps: Mutex::new(None),
        }
    }

    /// Tells each step of the Golden Path to `watch`.
    pub(crate) fn watch_steps(&self, watch: impl FnMut(&Step) + Send + 'static) {
        *self.steps.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(watch));
    }

    pub(crate) fn step(&self, step: &Step) {
        if let Some(watch) = self.steps.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            watch(step);
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// The configuration, with where each value came from.
    pub(crate) fn loaded(&self) -> &Arc<Loaded> {
        &self.loaded
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }

    /// The open database.
    pub(crate) async fn store(&self) -> Result<Opened, NotMade> {
        let open = async {
            let options = wire::store_options(self.config());
            Ok(Opened::open(&options, self.clock.clone(), self.random.clone()).await?)
        };
        self.opened.get_or_init(|| open).await.clone()
    }

    /// A check has failed: a start that will be refused must leave the database as it is, because the program that ran
    /// before may have to run again.
    pub(crate) fn hold_back(&self) {
        self.held_back.store(true, Ordering::Relaxed);
    }

    /// Whether the migrations would be applied, had no check failed.
    pub(crate) fn is_held_back(&self) -> bool {
        self.may_migrate && self.held_back.load(Ordering::Relaxed)
    }

    /// The open database, brought up to date where that is allowed.
    pub(crate) async fn prepared(&self) -> Result<Opened, NotMade> {
        let opened = self.store().await?;
        // Boxed, here and below: what opens a database and brings it up to date is large, and everything that might have to
        // would carry it along.
        let migrate = async {
            if self.may_migrate && !self.is_held_back() {
                Box::pin(opened.system.migrate()).await?;
            }
            Ok(())
        };
        Box::pin(self.prepared.get_or_init(|| migrate)).await.clone()?;
        Ok(opened)
    }

    /// The signing keys, and those in force when they were first asked for.
    pub(crate) async fn keys(&self) -> Result<(SigningKeys, KeyRing), KeyFault> {
        let read = async {
            let opened = self.prepared().await.map_err(|error| KeyFault::Store(error.to_string()))?;
            let keys = wire::signing_keys(&self.loaded, &opened, self.clock.clone(), self.random.clone())?;
            let ring = keys.start().await?;
            Ok((keys, ring))
        };
        Box::pin(self.keys.get_or_init(|| read)).await.clone()
    }

    /// The hashing threads. Their first hash is computed beside whatever is done meanwhile.
    pub(crate) fn hasher(&self) -> Result<Arc<Hasher>, NotMade> {
        let start = || match Hasher::start(wire::hash_settings(self.config()), self.random.clone()) {
            Ok(hasher) => Ok(Arc::new(hasher)),
            Err(fault) => Err(NotMade(fault.cause().unwrap_or("the hashing threads cannot be started").to_owned())),
        };
        self.hasher.get_or_init(start).clone()
    }

    /// Whether this is a program that serves, and not one that is about to.
    pub(crate) fn is_running(&self) -> bool {
        self.is_running
    }

    /// The services.
    pub(crate) async fn core(&self) -> Result<Arc<Core>, NotMade> {
        let make = async {
            let opened = self.prepared().await?;
            let keys = self.keys().await?;
            let (clock, random) = (self.clock.clone(), self.random.clone());
            wire::core(self.config(), &opened, keys, self.hasher()?, clock, random).map_err(NotMade)
        };
        Box::pin(self.core.get_or_init(|| make)).await.clone()
    }

    /// The way to the program over the wire. Where it does not serve yet, it is served on a port of this machine for as
    /// long as the walk needs it.
    pub(crate) async fn walk(&self) -> Result<Walk, NotMade> {
        let make = async {
            let (opened, core) = (self.prepared().await?, self.core().await?);
            wire::serve_for_checks(self.loaded(), &opened, &core).await.map_err(NotMade)
        };
        Box::pin(self.walk.get_or_init(|| make)).await.clone()
    }
}
