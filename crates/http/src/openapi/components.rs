//! What operations refer to: schemas, security schemes, tags.

use durward_proto::Problem;
use serde_json::{Map, Value, json};

use super::Schemas;

/// The subjects, in the order of the page.
pub(super) fn tags() -> Value {
    json!([
        {"name": "accounts", "description": "Registration and passwords."},
        {"name": "sessions", "description": "Logging in, going on, logging out."},
        {"name": "second factors", "description": "TOTP, backup codes, trusted devices, and the login that asks for one."},
        {"name": "passkeys", "description": "WebAuthn, as a second factor and alone."},
        {"name": "devices", "description": "What a user logs in with, and what happened around the account."},
        {"name": "profile", "description": "What a user tells, and prefers."},
        {"name": "chat", "description": "Conversations, over a WebSocket and afterwards."},
        {"name": "operators", "description": "For those who run the server."},
        {"name": "pages", "description": "What people use in a browser: HTML, and what it loads."},
        {"name": "documents", "description": "Keys and documentation."},
    ])
}

pub(super) fn all(mut schemas: Schemas) -> Value {
    schemas.given.subschema_for::<Problem>();
    let mut all: Map<String, Value> = schemas.taken.take_definitions(true).into_iter().collect();
    all.extend(schemas.given.take_definitions(true));
    all.sort_keys();
    json!({
        "schemas": all,
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The `access_token` of a login.",
            },
            "cookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": "access_token",
                "description": "Set by a login. Over https its name has the prefix `__Host-`, or `__Secure-` where cookies are shared \
                    with sub-domains. What changes something needs `X-CSRF-Token` besides.",
            },
        },
    })
}
