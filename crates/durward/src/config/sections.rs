//! Every setting: `durward.toml`'s tables with their rows. The doc comments are what `docs/config.md` says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use durward_proto::Secret;
use ipnet::IpNet;

use crate::config::choice::{
    Algorithm, Answering, Argon2Library, Environment, FactorMethod, LogFormat, Migrate, SecondFactorPolicy,
    UnknownCountry,
};
use crate::config::colour::Colour;
use crate::config::cookie_domain::CookieDomain;
use crate::config::country::Country;
use crate::config::database::DatabaseUrl;
use crate::config::filter::LogFilter;
use crate::config::mail::{MailUrl, Mailbox};
use crate::config::origin::{Origin, PublicUrl};
use crate::config::otlp_headers::OtlpHeaders;
use crate::config::page_url::PageUrl;
use crate::config::ratio::Ratio;
use crate::config::section::Fallback::{Computed, Nothing, Text};
use crate::config::section::section;
use crate::config::upstream_url::UpstreamUrl;
use crate::config::value::{Percent, Strength};
use crate::config::webhook_url::WebhookUrl;

section! {
    /// What belongs to no table. In the file these stand before the first table.
    pub struct Root as "" {
        /// How much is at stake. Staging and production refuse to start with weak secrets or a plain http URL,
        /// and their cookies are always `Secure`. `durward dev` refuses both.
        environment: Environment = Computed("`production`; `development` for `durward dev`"),
        /// The directory for what the server keeps itself: the SQLite database and the secret it made in
        /// development. A relative path starts at the working directory.
        data_dir: PathBuf = Text("./data"),
        /// Whether answers carry the security headers (`Content-Security-Policy`, `X-Frame-Options`, ...). Turn it
        /// off only where a proxy sets them.
        security_headers: bool = Text("true"),
    }
}

section! {
    /// Where the server listens, and how the world sees it.
    pub struct Server as "server" {
        /// The address and port that are listened on. Port 0 takes any free port. `API_PORT` sets the port alone.
        listen: SocketAddr = Text("127.0.0.1:8000"),
        /// The origin under which browsers reach the server: scheme, host and port, without a path. `DOMAIN` sets the host:
        /// `https` unless it is this machine.
        public_url: PublicUrl = Computed("`http://localhost:` and the port of `server.listen`"),
        /// How many connections are open at once, WebSockets included; others wait until one ends. Each takes a file descriptor:
        /// where the process may have fewer (`ulimit -Hn`, `LimitNOFILE` in systemd), there are as many fewer connections.
        max_connections: u32 = Text("20000"),
        /// The proxies whose `X-Forwarded-For` is believed: addresses or networks (`10.0.0.0/8`).
        trusted_proxies: Vec<IpNet> = Nothing,
    }
}

section! {
    /// This node, where there may be more than one.
    pub struct Node as "node" {
        /// How it is called in the audit trail.
        name: String = Computed("the host's name"),
    }
}

section! {
    /// The database.
    pub struct Database as "database" {
        /// SQLite or PostgreSQL, written as other programs write it; see "Database URLs" below. The variables
        /// `POSTGRES_HOST`, `_PORT`, `_USER`, `_PASSWORD` and `_DB` set one part each.
        url: DatabaseUrl = Computed("`sqlite://<data_dir>/durward.db`"),
        /// Whether `serve` brings the schema up to date (`apply`) or refuses to start when it is behind (`check`).
        migrate: Migrate = Text("apply"),
        /// How many connections are held open at most.
        max_connections: u32 = Text("10"),
    }
}

section! {
    /// Access tokens and refresh tokens.
    pub struct Tokens as "tokens" {
        /// The key that signs access tokens, as text; its bytes are the HMAC key, so any JWT library can check a
        /// token with it. At least 32 bytes: `openssl rand -base64 32`.
        secret: Option<Secret> =
            Computed("none; in development and test one is made and kept in `data_dir`"),
        /// How access tokens are signed (RFC 7518 section 3.1). For another than HS256 the first node that starts makes a
        /// key in the database, for which `keys.master_key` is needed. While this is not set the newest key signs, whatever
        /// its algorithm is. See `docs/keys.md`.
        algorithm: Algorithm = Text("HS256"),
        /// How long an access token holds.
        access_ttl: Duration = Text("60m"),
        /// How long a refresh token holds, unless it is used before.
        refresh_ttl: Duration = Text("7d"),
        /// The `iss` of every token.
        issuer: String = Computed("`server.public_url`"),
        /// The `aud` of every token.
        audience: String = Text("durward"),
    }
}

section! {
    /// The signing keys in the database, which `durward keys` looks after.
    pub struct Keys as "keys" {
        /// What their private parts are sealed under, the same on every node. At least 32 bytes: `openssl rand -base64 32`.
        /// Needed when there are keys in the database, or when `tokens.algorithm` is another than HS256.
        master_key: Option<Secret> =
            Computed("none; in development and test one is made and kept in `data_dir`"),
    }
}

section! {
    /// Protection against requests that other sites provoke.
    pub struct Csrf as "csrf" {
        /// The key that signs CSRF tokens; another one than `tokens.secret`. At least 32 bytes.
        secret: Option<Secret> = Computed("derived from `tokens.secret`"),
    }
}

section! {
    /// Which other sites may call the API from a browser.
    pub struct Cors as "cors" {
        /// Whole origins such as `https://app.example.com`, each as a browser sends it: no path, no slash at the
        /// end, no wildcard.
        allowed_origins: Vec<Origin> = Nothing,
    }
}

section! {
    /// How long a login lasts.
    pub struct Session as "session" {
        /// A session ends when it was not used for this long; `off` for never. `SESSION_TIMEOUT_MINUTES` of 0 is
        /// `off` too.
        idle_timeout: Option<Duration> = Nothing,
        /// A session ends this long after its login, used or not.
        absolute_timeout: Duration = Text("30d"),
        /// How old what a node knows of the revocations of others may be. Beyond that it asks the database for every
        /// request, and answers 503 when that is away as well.
        max_staleness: Duration = Text("5s"),
        /// How long after that WebSockets are closed with 1013, because nobody knows whether their sessions are alive.
        staleness_grace: Duration = Text("5s"),
    }
}

section! {
    /// The cookies that the server sets.
    pub struct Cookies as "cookies" {
        /// The `Domain` of the cookies: `.example.com` shares them with every sub-domain. Without it they belong
        /// to the public URL's host alone.
        domain: Option<CookieDomain> = Nothing,
        /// Whether scripts can read the access token's cookie (it is `HttpOnly` otherwise).
        access_token_readable: bool = Text("false"),
        /// Whether secure cookies carry `__Host-` or `__Secure-` before their names.
        prefix: bool = Text("true"),
    }
}

section! {
    /// The WebSocket chat.
    pub struct WebSocket as "websocket" {
        /// Whether `?token=` in a WebSocket's URL is looked at. URLs end up in logs of proxies; prefer tickets.
        token_in_url: bool = Computed("`false`; `true` for `durward dev`"),
        /// How many sockets one user may hold open on one node.
        max_connections_per_user: u32 = Text("20"),
        /// How many sockets one session may hold open on one node.
        max_connections_per_session: u32 = Text("20"),
        /// How many sockets one client (an IPv4 address, an IPv6 /64) may hold open on one node. Many people behind one
        /// address count as one client; set `server.trusted_proxies` where a proxy is in front.
        max_connections_per_address: u32 = Text("1000"),
        /// How many messages one socket may send in a minute; up to 20 of them at once.
        max_messages_per_minute: u32 = Text("120"),
    }
}

section! {
    /// Who may make an account.
    pub struct Registration as "registration" {
        /// Whether anybody may register.
        open: bool = Text("true"),
        /// Whether an address has to be confirmed by a mail before the account is active.
        verify_email: bool = Computed("`true` where `mail.url` is set"),
        /// Whether an operator has to activate each new account.
        approve: bool = Text("false"),
    }
}

section! {
    /// How passwords are hashed (Argon2id, RFC 9106) and judged.
    pub struct Password as "password" {
        /// Memory of one hash, in KiB.
        memory_kib: u32 = Text("19456"),
        /// Passes over the memory.
        iterations: u32 = Text("2"),
        /// Lanes of one hash.
        parallelism: u32 = Text("1"),
        /// How many hashes are computed at once; each takes `memory_kib`. They are computed where nobody else wants the
        /// processor, and half as many more at once where others take all of it.
        max_concurrent: u32 = Computed("the number of cores"),
        /// Which library computes the hashes. They come to the same: `argon2-rust` takes about half as long, because it uses
        /// what the processor has (AVX-512, AVX2, NEON) and huge pages; `argon2`, of the RustCrypto project, has been
        /// around for longer. Where both do not agree at the start, `argon2` is used.
        library: Argon2Library = Text("argon2-rust"),
        /// The estimated strength below which a new password is refused: zxcvbn's score, 0 (anything) to 4.
        min_strength: Strength = Text("2"),
    }
}

section! {
    /// Second factors.
    pub struct SecondFactor as "second_factor" {
        /// Of whom one is demanded: `optional` of those who set one up, `required` of everybody, `required_for_roles` of
        /// those in `second_factor.roles` as well. Who has none yet sets up TOTP in the course of the login.
        policy: SecondFactorPolicy = Text("optional"),
        /// The roles of `required_for_roles`.
        roles: Vec<String> = Text("admin"),
        /// What may be used: `totp`, `backup_code`, `passkey`.
        methods: Vec<FactorMethod> = Text("totp,backup_code,passkey"),
        /// The name under which authenticator apps and passkeys show this site.
        issuer: String = Text("durward"),
        /// How long a device that is told to need not show the second factor again; `off` for never.
        trust_device: Option<Duration> = Text("30d"),
    }
}

section! {
    /// Passkeys (WebAuthn).
    pub struct Passkeys as "passkeys" {
        /// The domain that passkeys belong to: the public URL's host, which it is unless this is set, or a domain above
        /// it. Another one makes all passkeys useless that are there.
        rp_id: Option<String> = Nothing,
        /// Further origins whose pages may use these passkeys, with `/.well-known/webauthn` served for them (WebAuthn
        /// level 3, section 5.11).
        related_origins: Vec<Origin> = Nothing,
    }
}

section! {
    /// The mail server, for confirmations, password resets and notices. Without one none of them works; in development they
    /// are written to the log. See `docs/mail.md`.
    pub struct Mail as "mail" {
        /// `smtp://user:password@host:587` (STARTTLS) or `smtps://host:465`. `?tls=` is `required` (the default),
        /// `opportunistic` or `none`.
        url: Option<MailUrl> = Nothing,
        /// The sender: `name@example.com` or `Name <name@example.com>`.
        from: Option<Mailbox> = Computed("`no-reply@` and the public URL's host, where `mail.url` is set"),
        /// A file with further authorities (PEM) that may have signed the mail server's certificate. Those of the system are
        /// trusted too.
        ca_file: Option<PathBuf> = Nothing,
        /// How long connecting to the mail server may take.
        connect_timeout: Duration = Text("10s"),
        /// How long handing in one mail may take, from the first packet to the server's last word. Some servers let
        /// strangers wait for their greeting. Also the time that a probe of the circuit breaker has.
        timeout: Duration = Text("2m"),
        /// The language of mails to people whose browser asks for none that there is.
        language: String = Text("en"),
        /// A directory with templates that take the place of the built-in ones, or add languages. It is read at the start.
        templates: Option<PathBuf> = Nothing,
        /// The page on which a new password is chosen. Links in mails lead there with `#token=…` behind it.
        reset_page: PageUrl = Computed("`/reset-password` under the public URL"),
        /// The page on which an address is verified.
        verify_page: PageUrl = Computed("`/verify-email` under the public URL"),
        /// The page on which a change of the address is confirmed.
        confirm_page: PageUrl = Computed("`/confirm-email` under the public URL"),
    }
}

section! {
    /// How often somebody may guess wrong.
    pub struct Limits as "limits" {
        /// Wrong answers for one account, from anywhere, within the window; and as many again on each device that the account
        /// has logged in with before, whatever others do.
        account_failures: u32 = Text("10"),
        /// Wrong answers from one client (an IPv4 address, an IPv6 /64) within the window.
        address_failures: u32 = Text("100"),
        /// After this long the counting starts anew.
        window: Duration = Text("15m"),
        /// Wrong answers from one client for one account within `limits.pair_window`, which is longer: it slows down
        /// who guesses with patience.
        pair_failures: u32 = Computed("twice `limits.account_failures`"),
        /// After this long the counting of one client at one account starts anew.
        pair_window: Duration = Text("24h"),
        /// The first delay once the limit is reached; it doubles with each further wrong answer.
        first_delay: Duration = Text("1s"),
        /// How many mails may be asked for to one address within an hour, by whomever; who asks for more is not told.
        mails_per_address: u32 = Text("5"),
        /// How many mails one client may ask for within an hour. Many people behind one address count as one client.
        mails_per_client: u32 = Text("100"),
    }
}

section! {
    /// Where addresses are, by databases in MaxMind's format (`.mmdb`). Without them no place is known, and everything else
    /// works. See `docs/places.md`.
    pub struct GeoIp as "geoip" {
        /// The file with cities or countries: GeoLite2-City, GeoIP2-City, DB-IP's and the like. It is read again when it
        /// changes.
        database: Option<PathBuf> = Nothing,
        /// The file with networks (autonomous systems): GeoLite2-ASN and the like.
        asn_database: Option<PathBuf> = Nothing,
    }
}

section! {
    /// From where logins are allowed. See `docs/places.md`.
    pub struct Access as "access" {
        /// Logins from other countries than these are refused. Codes of ISO 3166-1: `DE,AT`.
        allow_countries: Vec<Country> = Nothing,
        /// Logins from these countries are refused.
        deny_countries: Vec<Country> = Nothing,
        /// Logins from these networks are allowed, from whatever country; without a list of countries from these alone.
        allow_networks: Vec<IpNet> = Nothing,
        /// Logins from these networks are refused.
        deny_networks: Vec<IpNet> = Nothing,
        /// The roles for which none of this holds.
        exempt_roles: Vec<String> = Nothing,
        /// The networks for which none of this holds: this machine itself, unless it is set.
        exempt_networks: Vec<IpNet> = Text("127.0.0.0/8,::1"),
        /// What becomes of logins from addresses of which no country is known, where there is a list of countries.
        unknown_country: UnknownCountry = Computed("`deny` where `access.allow_countries` is set, else `allow`"),
    }
}

section! {
    /// How risky a login is. Each signal has a weight: what it makes the score by itself at full strength, 0 (it does not
    /// count) to 100. See `docs/risk.md`.
    pub struct Risk as "risk" {
        /// Whether logins are judged, and what is usual for users is remembered.
        enabled: bool = Text("true"),
        /// From which score on the user is told of the login; 0 for never.
        notice: Percent = Text("30"),
        /// From which score on a second factor is asked for; 0 for never. Who has none gets a code by mail; where no mail can
        /// be sent the user is told.
        second_factor: Percent = Computed("`50`; `0` in development and test"),
        /// From which score on the login is refused; 0 for never.
        deny: Percent = Computed("`92`; `0` in development and test"),
        /// How fast people travel at most, in kilometres an hour.
        travel_speed: u32 = Text("900"),
        /// Networks that are suspect: those of anonymising services, for example.
        suspect_networks: Vec<IpNet> = Nothing,
        /// The user has not logged in with this device.
        new_device: Percent = Text("45"),
        /// The device's headers are others than last time.
        fingerprint_changed: Percent = Text("10"),
        /// Many answers on this device were wrong lately.
        device_reputation: Percent = Text("30"),
        /// The user is not usually in this country.
        new_country: Percent = Text("45"),
        /// The user is not usually in this part of the world, whichever country it is.
        new_area: Percent = Text("25"),
        /// The user does not usually come from this network.
        new_network: Percent = Text("30"),
        /// The last login was too far away for a journey.
        impossible_travel: Percent = Text("60"),
        /// The user does not usually log in at this hour.
        unusual_hour: Percent = Text("15"),
        /// There were wrong answers for this account, from devices that are not the user's.
        account_failures: Percent = Text("45"),
        /// There were wrong answers from this client, for whatever account.
        address_failures: Percent = Text("40"),
        /// There are many more wrong answers everywhere than usual.
        global_failures: Percent = Text("15"),
        /// The address is in `risk.suspect_networks`.
        listed_address: Percent = Text("50"),
    }
}

section! {
    /// The circuit breakers around everything remote.
    pub struct Breaker as "breaker" {
        /// Failures in a row that open a breaker.
        failure_threshold: u32 = Text("3"),
        /// Successful probes in a row that close it again.
        success_threshold: u32 = Text("1"),
        /// How long it stays open before a probe is let through.
        recovery_timeout: Duration = Text("10s"),
        /// A call that takes longer counts as failed.
        call_timeout: Duration = Text("5s"),
        /// Whether the recovery time doubles each time a probe fails.
        exponential_backoff: bool = Text("false"),
    }
}

section! {
    /// Metrics for Prometheus.
    pub struct Metrics as "metrics" {
        /// A listener of their own, so that the public one does not show them. Without it they are at `/metrics`
        /// of the main listener.
        listen: Option<SocketAddr> = Nothing,
    }
}

section! {
    /// Traces, exported by OpenTelemetry's protocol (OTLP over HTTP, protobuf). See `docs/monitoring.md`.
    pub struct Telemetry as "telemetry" {
        /// The collector, for example `http://localhost:4318`: what stands before `/v1/traces`. Without one nothing is exported.
        otlp_endpoint: Option<UpstreamUrl> = Nothing,
        /// Headers that go with each export, such as a key: `authorization=Bearer%20…,x-team=blue`, values percent-encoded.
        otlp_headers: Option<OtlpHeaders> = Nothing,
        /// A file with further authorities (PEM) that may have signed the collector's certificate. Those of the system are
        /// trusted too.
        ca_file: Option<PathBuf> = Nothing,
        /// The name under which the traces appear (`service.name`).
        service_name: String = Text("durward"),
        /// The share of traces that is exported, 0 to 1. It is chosen by the trace's id, so that services which take the same
        /// share take the same traces. What comes with `traceparent` marked as not sampled is never exported.
        sampling_ratio: Ratio = Text("1"),
        /// How long spans are gathered before they are sent together.
        export_interval: Duration = Text("5s"),
        /// How long sending them may take.
        export_timeout: Duration = Text("10s"),
    }
}

section! {
    /// What the server writes to standard error.
    pub struct Log as "log" {
        /// `error`, `warn`, `info`, `debug` or `trace`, or by module: `info,durward_core=debug`.
        level: LogFilter = Text("info"),
        /// For people (`text`) or for machines (`json`).
        format: LogFormat = Text("text"),
        /// Whether the line for each request says which address it came from. The trail of logins does in any case.
        client_address: bool = Text("false"),
    }
}

section! {
    /// The settings that each user has.
    pub struct Settings as "settings" {
        /// A file with the JSON Schema of the users' settings; without it the built-in one.
        /// Each of its properties has a `default`; with a `title` and a `description` the account page can name it.
        /// `GET /api/v1/settings/schema` shows the schema in force.
        schema: Option<PathBuf> = Nothing,
    }
}

section! {
    /// The pages that people use: sign-in, account, chat and the operators' console. See `docs/pages.md`.
    pub struct Pages as "pages" {
        /// Whether they are served. Without them `/` leads to the documentation.
        enabled: bool = Text("true"),
        /// What the site is called.
        name: String = Text("durward"),
        /// A file with a logo, SVG or PNG. It is read at the start, as are the others.
        logo: Option<PathBuf> = Nothing,
        /// The colour of buttons and links.
        accent: Option<Colour> = Nothing,
        /// A file with a style sheet whose rules come after all others.
        stylesheet: Option<PathBuf> = Nothing,
        /// A directory with `<language>.json` files, which replace single texts or add a language.
        texts: Option<PathBuf> = Nothing,
        /// The language for people whose browser asks for none that there is.
        language: String = Text("en"),
        /// Where people go after signing in, unless they came from somewhere: a path, or an address on the public origin or on
        /// one of `cors.allowed_origins`.
        after_login: String = Text("/account"),
    }
}

section! {
    /// The chat's answering side.
    pub struct Chat as "chat" {
        /// Who answers: `echo` says what it was told; `ollama` and `openai` ask the server at `chat.url` as those two are
        /// asked. See `docs/chat.md`.
        answering: Answering = Text("echo"),
        /// The server that is asked, for example `http://localhost:11434` or `https://api.openai.com`: what stands before
        /// `/api/chat` or `/v1/chat/completions`.
        url: Option<UpstreamUrl> = Nothing,
        /// The key that is sent to it as `Authorization: Bearer`.
        api_key: Option<Secret> = Nothing,
        /// A file with further authorities (PEM) that may have signed its certificate. Those of the system are trusted too.
        ca_file: Option<PathBuf> = Nothing,
        /// How long connecting to it may take.
        connect_timeout: Duration = Text("5s"),
        /// How long it may take until the first byte of an answer comes, from the start; it may have to load a model. Also
        /// the time that a probe of the circuit breaker has.
        first_byte_timeout: Duration = Text("60s"),
        /// How long an answer may stop in its middle.
        idle_timeout: Duration = Text("30s"),
        /// How long a whole answer may take.
        answer_timeout: Duration = Text("10m"),
        /// The most bytes of an answer; what goes beyond is cut off. At most 262144.
        max_answer: u32 = Text("262144"),
    }
}

section! {
    /// How long what is kept; `off` for ever. See `docs/privacy.md`.
    pub struct Retention as "retention" {
        /// Login attempts.
        login_attempts: Option<Duration> = Text("90d"),
        /// The audit trail.
        audit: Option<Duration> = Text("730d"),
        /// Sessions after their end, so that the refusal of an old token can be explained.
        sessions: Duration = Text("30d"),
        /// Registered devices after their last use.
        devices: Option<Duration> = Text("400d"),
        /// Accounts whose address nobody confirmed, where `registration.verify_email` asks for it.
        unverified_accounts: Option<Duration> = Text("7d"),
        /// Alerts.
        alerts: Duration = Text("365d"),
        /// Figures for the operators' charts.
        figures: Duration = Text("30d"),
    }
}

section! {
    /// What operators are alerted to, and how. The log has every alert. See `docs/alerts.md`.
    pub struct Alerts as "alerts" {
        /// A URL that is told of each alert with a signed POST request, until it has taken it.
        webhook_url: Option<WebhookUrl> = Nothing,
        /// What these requests are signed with: 24 to 64 bytes, as text, or as base64 behind `whsec_`.
        webhook_secret: Option<Secret> = Nothing,
        /// How long one request may take. At most 60s.
        webhook_timeout: Duration = Text("10s"),
        /// A file with further authorities (PEM) that may have signed the webhook's certificate. Those of the system are
        /// trusted too.
        webhook_ca_file: Option<PathBuf> = Nothing,
        /// Who gets a mail for each alert, where mail is configured.
        mail_to: Vec<Mailbox> = Nothing,
        /// Within which time logins and openings of breakers are counted.
        window: Duration = Text("5m"),
        /// After what time something that goes on is worth another alert.
        repeat: Duration = Text("1h"),
        /// So many failed logins within the window, of all accounts together; `off` for no such alert.
        login_failures: Option<u32> = Text("200"),
        /// So many logins within the window that were denied for their risk.
        risk_denials: Option<u32> = Text("10"),
        /// A circuit breaker that opened so often within the window.
        breaker_openings: Option<u32> = Text("3"),
        /// A mail that has waited so long.
        mail_stuck: Option<Duration> = Text("15m"),
    }
}
