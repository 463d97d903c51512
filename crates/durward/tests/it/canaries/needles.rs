//! What must not be found, in every shape that it could have.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

/// A piece that is shorter could be found by chance.
const SHORTEST: usize = 12;

#[derive(Default)]
pub(super) struct Needles {
    /// May be found nowhere.
    secrets: Vec<Needle>,
    /// May be found in the answer that issues them, and nowhere else.
    tokens: Vec<Needle>,
}

struct Needle {
    name: String,
    shapes: Vec<Vec<u8>>,
}

impl Needles {
    /// A secret or a password.
    pub(super) fn secret(&mut self, secret: &str) {
        self.secrets.push(Needle { name: secret.to_owned(), shapes: shapes(secret.as_bytes()) });
    }

    /// A token that the program issued: of a JWT the signature, without which the rest is worth nothing.
    pub(super) fn token(&mut self, name: &str, token: &str) {
        let secret = token.rsplit(['.', ':']).next().unwrap();
        assert!(secret.len() > SHORTEST, "{name}: {token}");
        let mut all = shapes(secret.as_bytes());
        if let Ok(bytes) = URL_SAFE_NO_PAD.decode(secret) {
            all.extend(shapes(&bytes));
        }
        self.tokens.push(Needle { name: name.to_owned(), shapes: all });
    }

    pub(super) fn are_enough(&self) {
        assert!(self.secrets.len() >= 12 && self.tokens.len() >= 15, "{} {}", self.secrets.len(), self.tokens.len());
    }

    /// None of them is here.
    pub(super) fn absent(&self, place: &str, hay: &[u8]) {
        look(self.secrets.iter().chain(&self.tokens), place, hay);
    }

    /// None but tokens is here.
    pub(super) fn no_secret(&self, place: &str, hay: &[u8]) {
        look(self.secrets.iter(), place, hay);
    }
}

/// Looks for all of them in one pass, by how they begin.
fn look<'a>(needles: impl Iterator<Item = &'a Needle>, place: &str, hay: &[u8]) {
    let mut beginnings: HashMap<&[u8], Vec<(&str, &[u8])>> = HashMap::new();
    for Needle { name, shapes } in needles {
        for shape in shapes {
            beginnings.entry(&shape[..SHORTEST]).or_default().push((name, shape));
        }
    }
    for (at, window) in hay.windows(SHORTEST).enumerate() {
        let candidates = beginnings.get(window).into_iter().flatten();
        if let Some((name, _)) = candidates.copied().find(|(_, shape)| hay[at..].starts_with(shape)) {
            let around = &hay[at.saturating_sub(300)..(at + 200).min(hay.len())];
            panic!("{name} is in {place}: {}", String::from_utf8_lossy(around));
        }
    }
}

/// As it is, escaped, in hexadecimal, as the numbers of its bytes, and in base64 at each of the three places where it can
/// begin.
fn shapes(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let escaped = percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    let mut all = vec![bytes.to_vec()];
    all.extend([hex.to_uppercase(), hex, numbers.join(", "), escaped].map(String::into_bytes));
    for (before, start) in [0, 2, 3].into_iter().enumerate() {
        let shifted = [&b"\0\0"[..before], bytes].concat();
        for base64 in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            // What stands at the ends depends on the neighbours.
            all.push(base64.as_bytes()[start..base64.len() - 1].to_vec());
        }
    }
    all.retain(|shape| shape.len() >= SHORTEST);
    all.sort();
    all.dedup();
    all
}

#[test]
fn every_shape_is_found() {
    let mut needles = Needles::default();
    needles.secret("a secret, of some length");
    let found = |hay: String| std::panic::catch_unwind(|| needles.absent("the hay", hay.as_bytes())).is_err();
    for around in ["", "x", "xy", "xyz"] {
        let hay = format!("{around}a secret, of some length{around}");
        let hex = hay.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        for hay in [STANDARD_NO_PAD.encode(&hay), format!("{:?}", hay.as_bytes()), hex.to_uppercase(), hex, hay] {
            assert!(found(hay.clone()), "{hay}");
        }
    }
    assert!(found(percent_encode(b"a secret, of some length", NON_ALPHANUMERIC).to_string()));
    assert!(!found("a secret, of another length".to_owned()));
}
