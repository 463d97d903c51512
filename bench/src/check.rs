//! A token check in process, the session in the roster, against the bare primitive over the bytes that are signed: for
//! each algorithm.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{Clock, SystemClock};
use durward_verify::Algorithm;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use crate::figure::{Aim, Figure};
use crate::inside::{SECRET, core, log_in};
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How many checks, then how many of the bare thing, in turns.
const BATCH: u32 = 1_000;

/// Measures it for every algorithm.
pub(crate) fn measure(effort: Effort, clock: &Arc<SystemClock>) -> Outcome<Vec<Figure>> {
    [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256]
        .into_iter()
        .map(|algorithm| measure_one(effort, clock, algorithm))
        .collect()
}

/// Measures it with the real roster over a real database.
fn measure_one(effort: Effort, clock: &Arc<SystemClock>, algorithm: Algorithm) -> Outcome<Figure> {
    let scratch = Scratch::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let core = runtime.block_on(core(&scratch, clock, algorithm))?;
    // Memory answers only while revocations are followed; on a thread of its own, which mostly sleeps.
    runtime.spawn(runtime.block_on(core.clone().follow_events())?);
    let token = runtime.block_on(log_in(&core))?;
    if !core.verifier().keys().spells(token.expose()) {
        return Err("the server's own tokens take the long way through the check".into());
    }
    let _inside = runtime.enter();

    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose()))?);
    // The first check loads the session; from then on memory answers.
    runtime.block_on(core.verifier().rest(&headers)).map_err(|refusal| refusal.detail())?;
    let check = || match core.verifier().rest(black_box(&headers)).now_or_never() {
        Some(Ok(verified)) => drop(black_box(verified)),
        Some(Err(_)) | None => std::process::abort(),
    };

    let allocations = allocation_counter::measure(check).count_total;
    let (signed, signature) = token.expose().rsplit_once('.').ok_or("not a token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    let primitive = Primitive::of(algorithm, &core.verifier().keys().jwks())?;
    let bare = || primitive.run(black_box(signed.as_bytes()), black_box(&signature));

    // A signature with a public key takes so long that a tenth of the checks are enough.
    let turns = if algorithm.is_symmetric() { 60 } else { 6 };
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds * 3 {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..turns {
            ours += time(clock, check);
            theirs += time(clock, bare);
        }
        let each = |took: Duration| took.as_nanos() as f64 / f64::from(BATCH * turns);
        rounds.push((each(ours), each(theirs)));
    }
    Ok(Figure {
        what: format!(
            "token check in process, roster hit, {algorithm}, {} bytes, {allocations} allocations",
            token.expose().len()
        ),
        unit: "ns",
        against: primitive.name(),
        rounds,
        aim: Aim::RatioAtMost(1.5),
    })
}

/// The bare thing, on the same bytes with the same key.
enum Primitive {
    Hmac(Box<hmac::Key>),
    Public(&'static str, ParsedPublicKey),
}

impl Primitive {
    fn of(algorithm: Algorithm, jwks: &Value) -> Outcome<Self> {
        let part = |name: &str| -> Outcome<Vec<u8>> {
            let text = jwks.pointer(&format!("/keys/0/{name}")).and_then(Value::as_str).ok_or("no such key")?;
            Ok(URL_SAFE_NO_PAD.decode(text)?)
        };
        let bad = |_| "the key set has a key that is none";
        Ok(match algorithm {
            Algorithm::Hs256 => Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()))),
            Algorithm::EdDsa => Self::Public(
                "bare Ed25519 verification over the signed bytes",
                ParsedPublicKey::new(&ED25519, part("x")?).map_err(bad)?,
            ),
            Algorithm::Es256 => Self::Public(
                "bare ECDSA P-256 verification over the signed bytes",
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [vec![4], part("x")?, part("y")?].concat())
                    .map_err(bad)?,
            ),
            Algorithm::Rs256 => {
                let (n, e) = (part("n")?, part("e")?);
                let key = RsaPublicKeyComponents { n: &n, e: &e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
                let key = key.map_err(|_| "the key set has a key that is none")?;
                Self::Public("bare RSA-3072 verification over the signed bytes", key)
            }
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "bare HMAC-SHA256 over the signed bytes",
            Self::Public(name, _) => name,
        }
    }

    fn run(&self, signed: &[u8], signature: &[u8]) {
        match self {
            Self::Hmac(key) => {
                black_box(hmac::sign(key, signed));
            }
            Self::Public(_, key) => {
                if black_box(key.verify_sig(signed, signature)).is_err() {
                    std::process::abort();
                }
            }
        }
    }
}

fn time(clock: &Arc<SystemClock>, work: impl Fn()) -> Duration {
    let start = clock.monotonic();
    for _ in 0..BATCH {
        work();
    }
    clock.monotonic() - start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_measured_on_its_own_bytes() {
        let clock = SystemClock::new();
        let names = [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256].map(|algorithm| {
            let scratch = Scratch::new().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let core = runtime.block_on(core(&scratch, &clock, algorithm)).unwrap();
            let token = runtime.block_on(log_in(&core)).unwrap();
            assert!(core.verifier().keys().spells(token.expose()), "{algorithm}");
            let (signed, signature) = token.expose().rsplit_once('.').unwrap();
            let primitive = Primitive::of(algorithm, &core.verifier().keys().jwks()).unwrap();
            // It would end the process if the signature did not hold.
            primitive.run(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap());
            primitive.name().split_whitespace().nth(1).unwrap().to_owned()
        });
        assert_eq!(names, ["HMAC-SHA256", "Ed25519", "ECDSA", "RSA-3072"]);
    }
}
