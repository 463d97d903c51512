//! The configuration: one typed structure, read once.
//!
//! Defaults, then `durward.toml`, then the environment with its files ([`load`]). A value that cannot be read is
//! a load error; a value that can be read but must not be used where much is at stake is a problem
//! ([`Config::problems`]). Both are told all at once, and neither ever shows a secret.

mod alias;
mod candidate;
mod choice;
mod colour;
mod cookie_domain;
mod country;
mod database;
mod database_url;
mod environment;
mod file;
mod filter;
mod kept;
mod known_secrets;
mod list;
mod load;
mod mail;
mod nearest;
mod origin;
mod otlp_headers;
mod page_url;
mod percent;
mod problem;
mod ratio;
mod reader;
mod reference;
mod refuse;
mod roles;
mod rp_id;
mod section;
mod sections;
mod show;
mod source;
mod time_span;
mod upstream_url;
mod value;
mod webhook_url;

#[cfg(test)]
mod tests;

pub use choice::{
    Algorithm, Answering, Argon2Library, Environment, FactorMethod, LogFormat, Migrate, SecondFactorPolicy,
    UnknownCountry,
};
pub use colour::Colour;
pub use cookie_domain::CookieDomain;
pub use country::Country;
pub use database::{DatabaseUrl, PgParts};
pub use durward_store::Target as DatabaseTarget;
pub use filter::LogFilter;
pub use load::{Inputs, Loaded, Purpose};
pub use mail::{MailTls, MailUrl, Mailbox};
pub use origin::{Origin, PublicUrl};
pub use otlp_headers::OtlpHeaders;
pub use page_url::PageUrl;
pub use problem::{ConfigErrors, Problem};
pub use ratio::Ratio;
pub use reader::Held;
pub use reference::reference;
pub use roles::Roles;
pub use sections::{
    Access, Alerts, Breaker, Chat, Cookies, Cors, Csrf, Database, GeoIp, Keys, Limits, Log, Mail, Metrics, Node, Pages,
    Passkeys, Password, Registration, Retention, Risk, Root, SecondFactor, Server, Session, Settings, Telemetry,
    Tokens, WebSocket,
};
pub use show::{shown_as_json, shown_as_text};
pub use source::Source;
pub use upstream_url::UpstreamUrl;
pub use value::{Percent, Strength};
pub use webhook_url::WebhookUrl;

use reader::Reader;
use section::{Row, Section};

/// Makes the whole from its tables, so that none can be in the structure and not in the reader or the reference.
macro_rules! config {
    ($($(#[doc = $doc:literal])+ $field:ident: $Table:ident,)+) => {
        /// Everything that can be set. The root's own values are in [`Config::root`] and reached through [`std::ops::Deref`]:
        /// `config.environment`, `config.data_dir`.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $( $(#[doc = $doc])+ pub $field: $Table, )+
        }

        impl Config {
            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                $( let $field = $Table::read(reader); )+
                Some(Self { $( $field: $field?, )+ })
            }
        }

        /// The tables in order: name, words, rows.
        fn tables() -> Vec<(&'static str, &'static [&'static str], Vec<Row>)> {
            vec![$( ($Table::NAME, $Table::ABOUT, $Table::rows()), )+]
        }
    };
}

config! {
    /// What belongs to no table.
    root: Root,
    /// Where the server listens, and how the world sees it.
    server: Server,
    /// This node, where there may be more than one.
    node: Node,
    /// The database.
    database: Database,
    /// Access tokens and refresh tokens.
    tokens: Tokens,
    /// The signing keys in the database.
    keys: Keys,
    /// Protection against requests that other sites provoke.
    csrf: Csrf,
    /// Which other sites may call the API from a browser.
    cors: Cors,
    /// How long a login lasts.
    session: Session,
    /// The cookies that the server sets.
    cookies: Cookies,
    /// The WebSocket chat.
    websocket: WebSocket,
    /// Second factors.
    second_factor: SecondFactor,
    /// Passkeys.
    passkeys: Passkeys,
    /// The mail server.
    mail: Mail,
    /// Who may make an account.
    registration: Registration,
    /// The roles that an operator defined.
    roles: Roles,
    /// How passwords are hashed and judged.
    password: Password,
    /// How often somebody may guess wrong.
    limits: Limits,
    /// Where addresses are.
    geoip: GeoIp,
    /// From where logins are allowed.
    access: Access,
    /// How risky a login is.
    risk: Risk,
    /// The circuit breakers.
    breaker: Breaker,
    /// Metrics for Prometheus.
    metrics: Metrics,
    /// Traces for OpenTelemetry.
    telemetry: Telemetry,
    /// What the server writes to standard error.
    log: Log,
    /// The settings that each user has.
    settings: Settings,
    /// The pages that people use.
    pages: Pages,
    /// The chat's answering side.
    chat: Chat,
    /// How long what is kept.
    retention: Retention,
    /// What operators are alerted to, and how.
    alerts: Alerts,
}

impl std::ops::Deref for Config {
    type Target = Root;
    fn deref(&self) -> &Root {
        &self.root
    }
}

/// All rows, the root's first.
fn rows() -> Vec<Row> {
    tables().into_iter().flat_map(|(_, _, rows)| rows).collect()
}
