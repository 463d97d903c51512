//! Checks of the program itself, as it is configured.

use std::time::Duration;

use durward_core::Core;
use durward_core::csrf::CSRF_TTL;
use durward_core::factors::password::Trial;
use durward_proto::ids::TokenId;
use durward_proto::{Secret, SessionId, Timestamp};
use durward_verify::{Claims, Refusal};

use super::{Outcome, Subject};
use crate::checks::golden_path::Step;

/// A hash that is quicker than this is too easy for an attacker.
const TOO_QUICK: Duration = Duration::from_millis(5);
/// One that is slower makes people wait.
const TOO_SLOW: Duration = Duration::from_secs(1);

/// The keys in the database can be read, and a token is signed and checked with the one in force.
pub(super) async fn keys(subject: &Subject) -> Outcome {
    let in_database = match subject.keys().await {
        Ok((keys, _)) => keys.check().await,
        Err(fault) => Err(fault),
    };
    match in_database {
        Ok(()) => signature(subject).await,
        // The node goes on with the keys that it can read. Were it to be taken for failing, one key that was made with
        // another master key than the nodes have would take them all out of service.
        Err(fault) if subject.is_running() => {
            Outcome::Worth { found: fault.to_string(), cure: fault.cure().to_owned() }
        }
        Err(fault) => broken(&fault.to_string(), fault.cure()),
    }
}

/// A token for a session that does not exist: its signature must hold, so that only the session is missed; with one
/// bit changed it must not.
async fn signature(subject: &Subject) -> Outcome {
    let core = match subject.core().await {
        Ok(core) => core,
        Err(error) => return broken(&error.to_string(), "look at tokens.* in the configuration"),
    };
    let signed = match core.verifier().keys().sign(&claims(&core, subject)) {
        Ok(signed) => signed,
        Err(error) => return broken(&error.to_string(), "`durward keys list` shows the keys"),
    };
    let good = core.verifier().token(signed.expose()).await.err();
    let tampered = core.verifier().token(tamper(&signed).expose()).await.err();
    match (good, tampered) {
        (Some(Refusal::Revoked), Some(Refusal::Signature)) => {
            let keys = core.verifier().keys();
            let others = keys.checking().len().saturating_sub(1);
            Outcome::Good(format!("{} signs, kid {}; {others} more check", keys.algorithm(), keys.signing_kid()))
        }
        (good, tampered) => broken(
            &format!("a fresh token gave {good:?} and a tampered one {tampered:?}"),
            "look whether the clock runs and the database answers; if both do, report this",
        ),
    }
}

fn claims(core: &Core, subject: &Subject) -> Claims {
    let now = subject.clock().now();
    let rules = core.rules();
    Claims {
        iss: rules.issuer.clone(),
        aud: rules.audience.clone(),
        sub: "1".to_owned(),
        id: 1,
        email: "check@durward.invalid".to_owned(),
        role: "user".to_owned(),
        scope: "user".to_owned(),
        sid: SessionId::new(now, &**core.random()),
        jti: TokenId::new(now, &**core.random()),
        iat: now.seconds(),
        nbf: now.seconds(),
        exp: now.seconds() + 60,
        amr: vec!["pwd".to_owned()],
        auth_time: now.seconds(),
        generation: None,
    }
}

/// The same token with the first character of its signature changed.
fn tamper(token: &Secret) -> Secret {
    let (rest, signature) = token.expose().rsplit_once('.').unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    Secret::new(format!("{rest}.{first}{}", signature.get(1..).unwrap_or_default()))
}

pub(super) async fn password_hash(subject: &Subject) -> Outcome {
    let core = match subject.core().await {
        Ok(core) => core,
        Err(error) => return broken(&error.to_string(), "look at password.* in the configuration"),
    };
    // A start does not compute another one: the first is computed while the database is looked at.
    let trial = if subject.is_running() { core.hasher().try_out().await } else { core.hasher().first().await.cloned() };
    let Trial { took, holds, .. } = match trial {
        Ok(trial) => trial,
        Err(fault) => return broken(&fault.problem().detail, "look at password.* in the configuration"),
    };
    if !holds {
        return broken("a hash did not verify", "report this");
    }
    let found = format!("{} ms for one hash", took.as_millis());
    if took > TOO_SLOW {
        let cure = "lower password.memory_kib or password.iterations, or give the machine more cores".to_owned();
        return Outcome::Worth { found, cure };
    }
    let production = subject.config().environment.is_strict();
    if production && took < TOO_QUICK {
        let cure =
            "raise password.memory_kib (19456 is the least that OWASP recommends) or password.iterations".to_owned();
        return Outcome::Worth { found, cure };
    }
    Outcome::Good(found)
}

pub(super) async fn csrf(subject: &Subject) -> Outcome {
    let core = match subject.core().await {
        Ok(core) => core,
        Err(error) => return broken(&error.to_string(), "look at csrf.secret in the configuration"),
    };
    let now: Timestamp = subject.clock().now();
    let token = core.csrf().issue("check", now, &**core.random());
    let accepted = core.csrf().check(&token, "check", now).is_ok();
    let elsewhere = core.csrf().check(&token, "another", now).is_ok();
    let late = core.csrf().check(&token, "check", now.plus(CSRF_TTL)).is_ok();
    if accepted && !elsewhere && !late {
        Outcome::Good("made, accepted, refused elsewhere and when late".to_owned())
    } else {
        broken(&format!("accepted: {accepted}, elsewhere: {elsewhere}, late: {late}"), "report this")
    }
}

pub(super) async fn golden_path(subject: &Subject) -> Outcome {
    let walk = match subject.walk().await {
        Ok(walk) => walk,
        Err(error) => return broken(&error.to_string(), "look whether a port on 127.0.0.1 can be listened on"),
    };
    let steps = Box::pin(walk.walk(|step| subject.step(step))).await;
    let total: Duration = steps.iter().map(|step| step.took).sum();
    let faults: Vec<String> = steps.iter().filter_map(told).collect();
    if faults.is_empty() {
        return Outcome::Good(format!("{} steps in {} ms", steps.len(), total.as_millis()));
    }
    broken(&faults.join("; "), "the step's own words say what failed; `durward doctor` and the log say more")
}

fn told(step: &Step) -> Option<String> {
    step.fault.as_ref().map(|fault| format!("{}: {fault}", step.name))
}

fn broken(found: &str, cure: &str) -> Outcome {
    Outcome::Bad { found: found.to_owned(), cure: cure.to_owned() }
}
