//! Secrets that are no secrets: printed in documents, or without any randomness.

/// Printed in public documents, where everybody who attacks a server looks first.
const SAMPLES: [&str; 12] = [
    // FastAPI, "OAuth2 with Password (and hashing), Bearer with JWT tokens".
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    // Flask, "Configuration Handling".
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    // RFC 7515 appendix A.1.
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    // RFC 7520 section 3.5.
    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    // jwt.io's debugger, now and before.
    "a-string-secret-at-least-256-bits-long",
    "your-256-bit-secret",
    // Supabase, self-hosting and local development.
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    // Spring Security tutorials.
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
    // NestJS, "Authentication".
    "DO NOT USE THIS VALUE. INSTEAD, CREATE A COMPLEX SECRET AND KEEP IT SAFE OUTSIDE OF THE SOURCE CODE.",
    // Ory's quickstarts.
    "PLEASE-CHANGE-ME-I-AM-VERY-INSECURE",
    "youReallyNeedToChangeThis",
];

/// What stands in samples in place of a secret; compared without case and punctuation.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "changethis",
    "changeit",
    "changeinproduction",
    "replaceme",
    "replacethis",
    "replacewith",
    "yoursecret",
    "yoursupersecret",
    "yourjwtsecret",
    "yoursecure",
    "djangoinsecure",
    "supersecretkey",
    "donotuse",
];

/// Why a text is no secret, if it is none.
pub(crate) fn weakness(secret: &str) -> Option<&'static str> {
    let bare: String = secret.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if SAMPLES.iter().any(|sample| sample.eq_ignore_ascii_case(secret.trim())) {
        Some("a value from a public document")
    } else if PLACEHOLDERS.iter().any(|placeholder| bare.contains(placeholder)) {
        Some("a placeholder that was meant to be replaced")
    } else if repeats(secret.as_bytes()) {
        Some("one short pattern, repeated")
    } else if secret.bytes().collect::<std::collections::BTreeSet<_>>().len() < 8 {
        Some("fewer than eight different characters")
    } else if counts(secret.as_bytes()) {
        Some("a sequence of neighbouring characters")
    } else {
        None
    }
}

/// Whether the whole is its own beginning over and over, twice at least.
fn repeats(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b))
}

/// Whether nearly every character is the one after, or before, the last.
fn counts(bytes: &[u8]) -> bool {
    let steps = |up: bool| {
        let pairs = bytes.iter().zip(bytes.iter().skip(1));
        pairs.filter(|(a, b)| if up { a.wrapping_add(1) == **b } else { b.wrapping_add(1) == **a }).count()
    };
    bytes.len() > 4 && steps(true).max(steps(false)) * 5 >= bytes.len() * 4
}
