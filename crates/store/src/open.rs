//! Connecting: which database, how many connections, and what each is set to.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, Random, Secret};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;

use crate::audit::AuditOptions;
use crate::connections::Connections;
use crate::error::StoreError;
use crate::meters::Meters;
use crate::scope::{GateStore, Store, SystemStore, capabilities};
use crate::sqlite::Files;
use crate::tables::{self, Profiles};

/// How the database is reached.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Which one.
    pub target: Target,
    /// At most so many connections (SQLite: readers, beside the one that writes). At least 1.
    pub max_connections: u32,
    /// How long anybody waits for a connection, a lock or a statement. 5 s is usual.
    pub acquire_timeout: Duration,
    /// How the audit trail is written.
    pub audit: AuditOptions,
}

/// Which database.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file on this machine. Made, with mode 0600, when it is not there.
    Sqlite {
        /// Where.
        path: PathBuf,
    },
    /// A server.
    Postgres(PgTarget),
}

/// Where a PostgreSQL server is.
#[derive(Debug, Clone)]
pub struct PgTarget {
    /// A name, an address, or the absolute path of the socket's directory.
    pub host: String,
    /// 5432 is usual.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: Option<Secret>,
    /// The database's name.
    pub database: String,
    /// As libpq's `sslmode`.
    pub sslmode: SslMode,
    /// A PEM file with the authorities to trust. With `require` it makes the certificate be checked, as in libpq.
    pub ssl_root_cert: Option<PathBuf>,
    /// How this program is called in `pg_stat_activity`.
    pub application_name: String,
}

/// libpq's six values of `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS only where the server insists.
    Allow,
    /// TLS where the server can.
    #[default]
    Prefer,
    /// TLS, from anybody.
    Require,
    /// TLS, from somebody with a certificate that is trusted.
    VerifyCa,
    /// TLS, from the host that was asked for.
    VerifyFull,
}

impl SslMode {
    /// libpq's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    fn driver(self) -> PgSslMode {
        match self {
            Self::Disable | Self::Allow => PgSslMode::Disable,
            Self::Prefer => PgSslMode::Prefer,
            Self::Require => PgSslMode::Require,
            Self::VerifyCa => PgSslMode::VerifyCa,
            Self::VerifyFull => PgSslMode::VerifyFull,
        }
    }
}

/// Text that is none of the six.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sslmode is one of disable, allow, prefer, require, verify-ca and verify-full")]
pub struct UnknownSslMode;

impl FromStr for SslMode {
    type Err = UnknownSslMode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or(UnknownSslMode)
    }
}

/// The two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// An open database, as three capabilities. All are cheap to clone; each goes to those who may have it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// For the handlers: rows only together with a proof.
    pub store: Store,
    /// For the login flows.
    pub gate: GateStore,
    /// For jobs, checks and migrations.
    pub system: SystemStore,
}

/// What all scopes share.
pub(crate) struct Shared {
    pub(crate) pools: Pools,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) limit: Duration,
    /// Counts the commits with events in them, for the bells of this process.
    pub(crate) rung: watch::Sender<u64>,
    pub(crate) meters: Meters,
    pub(crate) audit: AuditOptions,
    /// Who wants to read their profile.
    pub(crate) profiles: Arc<Profiles>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn backend(&self) -> Backend {
        match self.pools {
            Pools::Sqlite(_) => Backend::Sqlite,
            Pools::Postgres(_) => Backend::Postgres,
        }
    }
}

/// The connections.
#[derive(Debug)]
pub(crate) enum Pools {
    Sqlite(Files),
    Postgres(Arc<Connections>),
}

impl Opened {
    /// Connects. Makes the SQLite file when it is not there, but no tables: see
    /// [`SystemStore::migrate`].
    ///
    /// # Errors
    /// `Unavailable` with the reason when the database cannot be reached or does not let us in.
    pub async fn open(
        options: &StoreOptions,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StoreError> {
        let pools = match &options.target {
            Target::Sqlite { path } => sqlite(path, options)?,
            Target::Postgres(target) => postgres(target, options, clock.clone()).await?,
        };
        let (rung, meters) = (watch::Sender::new(0), Meters::new(options.max_connections));
        let (audit, limit, profiles) = (options.audit.clone(), options.acquire_timeout, tables::gather_profiles());
        let shared = Arc::new(Shared { pools, clock, random, limit, rung, meters, audit, profiles });
        let (store, gate, system) = capabilities(shared);
        Ok(Self { store, gate, system })
    }

    /// Lets running statements end and closes all connections. What is asked for afterwards is `Unavailable`.
    pub async fn close(&self) {
        match &self.system.shared.pools {
            Pools::Sqlite(files) => files.close().await,
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

fn sqlite(path: &Path, options: &StoreOptions) -> Result<Pools, StoreError> {
    create_private(path)
        .map_err(|error| StoreError::Unavailable(format!("cannot open {}: {}", path.display(), error.kind())))?;
    Ok(Pools::Sqlite(Files::open(path, options.max_connections.max(1), options.acquire_timeout)?))
}

/// Makes the file readable for its owner alone, if it is not there. SQLite gives its `-wal` and `-shm` the
/// same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        std::fs::OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map(drop)
    }
    #[cfg(not(unix))]
    std::fs::OpenOptions::new().read(true).append(true).create(true).open(path).map(drop)
}

async fn postgres(target: &PgTarget, options: &StoreOptions, clock: Arc<dyn Clock>) -> Result<Pools, StoreError> {
    let limit = options.acquire_timeout;
    let connect = first_connection(target, limit).await?;
    Ok(Pools::Postgres(Connections::new(connect, options.max_connections.max(1), limit, clock)))
}

/// Connects once, so that a start says at once what is wrong with the address or the password.
async fn first_connection(target: &PgTarget, limit: Duration) -> Result<PgConnectOptions, StoreError> {
    let connect = connect_options(target, limit);
    match (reach(&connect, limit).await, target.sslmode) {
        (Ok(()), _) => Ok(connect),
        // libpq's `allow`: without TLS first, and with it where the server does not take that.
        (Err(_), SslMode::Allow) => {
            let with_tls = connect.ssl_mode(PgSslMode::Prefer);
            reach(&with_tls, limit).await.map(|()| with_tls)
        }
        (Err(error), _) => Err(error),
    }
}

async fn reach(connect: &PgConnectOptions, limit: Duration) -> Result<(), StoreError> {
    let place = format!("{}:{}", connect.get_host(), connect.get_port());
    let attempt = async { PgConnection::connect_with(connect).await?.close().await };
    match tokio::time::timeout(limit, attempt).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(match StoreError::from(error) {
            StoreError::Unavailable(why) => StoreError::Unavailable(format!("{place}: {why}")),
            other => other,
        }),
        Err(_) => Err(StoreError::Unavailable(format!("{place}: no answer within {limit:?}"))),
    }
}

fn connect_options(target: &PgTarget, limit: Duration) -> PgConnectOptions {
    let millis = |duration: Duration| duration.as_millis().max(1).to_string();
    let sslmode = match (target.sslmode, &target.ssl_root_cert) {
        (SslMode::Require, Some(_)) => SslMode::VerifyCa,
        (mode, _) => mode,
    };
    let mut connect = PgConnectOptions::new_without_pgpass()
        .host(&target.host)
        .port(target.port)
        .username(&target.user)
        // An empty one rather than none: the driver would take PGPASSWORD from the environment.
        .password(target.password.as_ref().map_or("", Secret::expose))
        .database(&target.database)
        .ssl_mode(sslmode.driver())
        .application_name(&target.application_name)
        .options([
            ("TimeZone", "UTC".to_owned()),
            ("statement_timeout", millis(limit)),
            ("lock_timeout", millis(limit)),
            ("idle_in_transaction_session_timeout", millis(limit.saturating_mul(6))),
        ])
        .disable_statement_logging();
    if let Some(cert) = &target.ssl_root_cert {
        connect = connect.ssl_root_cert(cert);
    }
    connect
}
