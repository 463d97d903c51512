//! Settings that are one of a few words.

use std::fmt;

use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::nearest::nearest;
use crate::config::value::Value;

macro_rules! choice {
    ($($(#[$doc:meta])* pub enum $Name:ident { $($(#[$word_doc:meta])* $Word:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Name { $($(#[$word_doc])* $Word,)+ }

        impl $Name {
            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$Word => $text,)+ }
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Value for $Name {
            fn expected() -> String {
                one_of(&[$($text),+])
            }

            fn parse(raw: &Raw) -> Result<Self, String> {
                let text = raw.text()?.trim();
                $(if text.eq_ignore_ascii_case($text) { return Ok(Self::$Word); })+
                Err(format!("not known; did you mean `{}`?", nearest(text, [$($text),+]).unwrap_or_default()))
            }

            fn shown(&self) -> Json {
                Json::from(self.as_str())
            }
        }
    )+};
}

choice! {
    /// How much is at stake.
    pub enum Environment {
        /// A developer's machine.
        Development = "development",
        /// A test run.
        Test = "test",
        /// Before production, held to the same rules.
        Staging = "staging",
        /// The real thing.
        Production = "production",
    }

    /// What `serve` does about a schema that is behind.
    pub enum Migrate {
        /// Brings it up to date.
        Apply = "apply",
        /// Refuses to start.
        Check = "check",
    }

    /// How access tokens are signed.
    pub enum Algorithm {
        /// HMAC with SHA-256 (RFC 7518 section 3.2).
        Hs256 = "HS256",
        /// Ed25519 (RFC 8037 section 3.1).
        EdDsa = "EdDSA",
        /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
        Es256 = "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
        Rs256 = "RS256",
    }

    /// What computes Argon2id.
    pub enum Argon2Library {
        /// Half as long, with what the processor has.
        Argon2Rust = "argon2-rust",
        /// Of the RustCrypto project.
        Argon2 = "argon2",
    }

    /// Of whom a second factor is demanded.
    pub enum SecondFactorPolicy {
        /// Of those who set one up.
        Optional = "optional",
        /// Of everybody.
        Required = "required",
        /// Of those with certain roles, and those who set one up.
        RequiredForRoles = "required_for_roles",
    }

    /// A second factor.
    pub enum FactorMethod {
        /// RFC 6238.
        Totp = "totp",
        /// Kept on paper.
        BackupCode = "backup_code",
        /// WebAuthn.
        Passkey = "passkey",
    }

    /// What becomes of logins from addresses of which no country is known.
    pub enum UnknownCountry {
        /// They are allowed.
        Allow = "allow",
        /// They are refused.
        Deny = "deny",
    }

    /// The form of log lines.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }

    /// Who answers in the chat.
    pub enum Answering {
        /// Says what it was told.
        Echo = "echo",
        /// A server that speaks as Ollama does.
        Ollama = "ollama",
        /// A server that speaks as OpenAI's does.
        Openai = "openai",
    }
}

impl Environment {
    /// Staging and production: where weak secrets and plain http are refused.
    pub const fn is_strict(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [only] => format!("`{only}`"),
        words => format!("one of `{}`", words.join("`, `")),
    }
}
