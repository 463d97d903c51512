//! What is wrong with the signing keys, and what mends it.

use durward_store::StoreError;
use durward_verify::{Algorithm, BadKey};

/// Why keys cannot be read or changed. It never holds any part of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The configuration's secret, or an algorithm, is of no use.
    #[error("{0}")]
    Bad(#[from] BadKey),
    /// There is no secret to begin with.
    #[error("tokens.secret is missing")]
    NoSecret,
    /// The master key is too short.
    #[error("keys.master_key has {bytes} bytes")]
    ShortMaster {
        /// How many it has.
        bytes: usize,
    },
    /// A private part has to be sealed or opened.
    #[error("keys.master_key is not set, and {needed_for} needs it")]
    NoMaster {
        /// What needs it.
        needed_for: String,
    },
    /// A sealed part does not open.
    #[error(
        "the private part of key {kid} cannot be opened: keys.master_key is another than it was sealed under, or the row was changed"
    )]
    Sealed {
        /// The key.
        kid: String,
    },
    /// A part was sealed that is no such key.
    #[error("what is sealed as key {kid} is not that key: the row was changed")]
    Changed {
        /// The key.
        kid: String,
    },
    /// Nothing is called that.
    #[error("there is no key {kid}; `durward keys list` shows those that are there")]
    Unknown {
        /// What was asked for.
        kid: String,
    },
    /// It was retired before.
    #[error("key {kid} is retired already")]
    Retired {
        /// The key.
        kid: String,
    },
    /// Nothing would be left to sign with.
    #[error("key {kid} is the only {algorithm} key that can sign; run `durward keys rotate` first")]
    Last {
        /// The key.
        kid: String,
        /// Its algorithm.
        algorithm: Algorithm,
    },
    /// A key that would not sign.
    #[error("a key for {asked} would not sign, because tokens.algorithm says {chosen}")]
    Chosen {
        /// The algorithm that was asked for.
        asked: Algorithm,
        /// The one of the configuration.
        chosen: Algorithm,
    },
    /// The database did not answer or did not take it.
    #[error("{0}")]
    Store(String),
}

impl From<StoreError> for KeyFault {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl KeyFault {
    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Bad(_) => "look at tokens.secret and tokens.algorithm",
            Self::NoSecret => {
                "set tokens.secret (JWT_SECRET_KEY); for what `durward dev` runs, set ENVIRONMENT=development"
            }
            Self::ShortMaster { .. } => {
                "set keys.master_key (DURWARD_KEYS__MASTER_KEY, or DURWARD_KEYS__MASTER_KEY_FILE) to at least 32 bytes: `openssl rand -base64 32`"
            }
            Self::NoMaster { .. } => {
                "set keys.master_key (DURWARD_KEYS__MASTER_KEY, or DURWARD_KEYS__MASTER_KEY_FILE) on every node: the one that the keys in the database are sealed under, or where there are none a new one: `openssl rand -base64 32`"
            }
            Self::Sealed { .. } | Self::Changed { .. } => {
                "set keys.master_key to the one that the key was made under; where that is lost, or the row was changed, `durward keys retire KID` gives the key up: its tokens are refused, and browsers and apps refresh theirs"
            }
            Self::Unknown { .. } | Self::Retired { .. } => "`durward keys list` shows the keys",
            Self::Last { .. } => "`durward keys rotate`, then retire it",
            Self::Chosen { .. } => {
                "change tokens.algorithm and restart the nodes: the first makes a key; or remove tokens.algorithm, then the newest key signs whatever its algorithm is"
            }
            Self::Store(_) => "look whether the database answers: `durward doctor`",
        }
    }
}
