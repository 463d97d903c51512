//! The names under which other programs' configurations have the same values.

/// A variable that sets a setting of ours.
pub(crate) struct Alias {
    /// The variable.
    pub(crate) name: &'static str,
    /// Our key.
    pub(crate) key: &'static str,
    /// What its text is.
    pub(crate) reads: Reads,
}

/// How an alias's text becomes the setting's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The setting's own text.
    Whole,
    /// A number of this unit of time.
    Counted(&'static str),
    /// One part of the setting.
    Part(&'static str),
}

/// All aliases.
pub(crate) const ALIASES: [Alias; 19] = [
    alias("ENVIRONMENT", "environment", Reads::Whole),
    alias("API_PORT", "server.listen", Reads::Part("port")),
    alias("DOMAIN", "server.public_url", Reads::Part("host")),
    alias("DATABASE_URL", "database.url", Reads::Whole),
    alias("POSTGRES_HOST", "database.url", Reads::Part("host")),
    alias("POSTGRES_PORT", "database.url", Reads::Part("port")),
    alias("POSTGRES_USER", "database.url", Reads::Part("user")),
    alias("POSTGRES_PASSWORD", "database.url", Reads::Part("password")),
    alias("POSTGRES_DB", "database.url", Reads::Part("database")),
    alias("JWT_SECRET_KEY", "tokens.secret", Reads::Whole),
    alias("ACCESS_TOKEN_EXPIRE_MINUTES", "tokens.access_ttl", Reads::Counted("m")),
    alias("REFRESH_TOKEN_EXPIRE_DAYS", "tokens.refresh_ttl", Reads::Counted("d")),
    alias("CSRF_SECRET_KEY", "csrf.secret", Reads::Whole),
    alias("CORS_ALLOWED_ORIGINS", "cors.allowed_origins", Reads::Whole),
    alias("SESSION_TIMEOUT_MINUTES", "session.idle_timeout", Reads::Counted("m")),
    alias("SECURITY_HEADERS_ENABLED", "security_headers", Reads::Whole),
    alias("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint", Reads::Whole),
    alias("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp_headers", Reads::Whole),
    alias("OTEL_SERVICE_NAME", "telemetry.service_name", Reads::Whole),
];

const fn alias(name: &'static str, key: &'static str, reads: Reads) -> Alias {
    Alias { name, key, reads }
}
