use std::sync::atomic::Ordering;

use durward_proto::Secret;
use durward_proto::ids::UuidId;

use super::*;
use crate::kit::{self, InMemory, NOW, TokioClock, session};
use crate::{Claims, KeyRing, SigningKey, Verifier};

async fn lease(verifier: &Verifier<InMemory>, claims: &Claims) -> Lease {
    let token = verifier.keys().sign(claims).unwrap();
    let headers = kit::headers(&[("authorization", &format!("Bearer {}", token.expose()))]);
    verifier.socket(&headers, None, None, false).await.unwrap()
}

fn verifier() -> Verifier<InMemory> {
    kit::verifier(kit::ring(), TokioClock::new())
}

async fn proof(verifier: &Verifier<InMemory>, claims: &Claims) -> Verified {
    verifier.token(verifier.keys().sign(claims).unwrap().expose()).await.unwrap()
}

/// How long `ended` takes at most, in seconds of the paused clock.
async fn ends_within(lease: &mut Lease, seconds: u64) -> Option<Code> {
    tokio::time::timeout(Duration::from_secs(seconds), lease.ended()).await.ok()
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_its_expiry_and_not_before() {
    let verifier = verifier();
    let mut lease = lease(&verifier, &kit::claims()).await;
    assert_eq!(ends_within(&mut lease, 3_599).await, None);
    assert_eq!(ends_within(&mut lease, 2).await, Some(Code::TokenExpired));
    assert_eq!(ends_within(&mut lease, 1).await, Some(Code::TokenExpired), "and stays ended");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_carries_it_on() {
    let verifier = verifier();
    let mut lease = lease(&verifier, &kit::claims()).await;
    assert_eq!(ends_within(&mut lease, 3_000).await, None);
    let newer = Claims { exp: NOW + 7_200, ..kit::claims() };
    lease.renew(proof(&verifier, &newer).await).unwrap();
    assert_eq!(lease.expires_at(), Timestamp::from_seconds(NOW + 7_200));
    assert_eq!(ends_within(&mut lease, 4_199).await, None);
    assert_eq!(ends_within(&mut lease, 2).await, Some(Code::TokenExpired));
}

#[tokio::test(start_paused = true)]
async fn only_its_own_session_renews_it() {
    let verifier = verifier();
    let other = SessionId::from_uuid(uuid::Uuid::from_u128(9));
    verifier.liveness().open(other, kit::live());
    let mut lease = lease(&verifier, &kit::claims()).await;
    let foreign = proof(&verifier, &Claims { sid: other, exp: NOW + 7_200, ..kit::claims() }).await;
    assert!(matches!(lease.renew(foreign), Err(Refusal::Malformed(_))));

    verifier.liveness().open(session(), kit::live_as(|user| user.id = durward_proto::UserId(8)));
    let stranger = proof(&verifier, &Claims { sub: "8".into(), id: 8, ..kit::claims() }).await;
    assert!(matches!(lease.renew(stranger), Err(Refusal::Malformed(_))));
    assert_eq!(lease.expires_at(), Timestamp::from_seconds(NOW + 3_600), "it stays as it was");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_session_ends_it_with_its_reason() {
    for code in [Code::TokenRevoked, Code::AccountInactive] {
        let verifier = verifier();
        let mut lease = lease(&verifier, &kit::claims()).await;
        let liveness = Arc::clone(verifier.liveness());
        let waiting = tokio::spawn(async move { lease.ended().await });
        tokio::time::sleep(Duration::from_secs(60)).await;
        liveness.end(session(), code);
        assert_eq!(waiting.await.unwrap(), code);
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_while_nobody_listened_is_not_missed() {
    let verifier = verifier();
    let mut lease = lease(&verifier, &kit::claims()).await;
    verifier.liveness().end(session(), Code::AccountInactive);
    verifier.liveness().drop_senders();
    assert_eq!(ends_within(&mut lease, 1).await, Some(Code::AccountInactive));
}

#[tokio::test(start_paused = true)]
async fn silence_for_ever_is_an_end() {
    let verifier = verifier();
    let mut lease = lease(&verifier, &kit::claims()).await;
    verifier.liveness().drop_senders();
    assert_eq!(ends_within(&mut lease, 1).await, Some(Code::TokenRevoked));
}

#[tokio::test(start_paused = true)]
async fn an_end_between_the_question_and_the_lease_is_seen() {
    // The liveness that ends the session while it is being asked: memory does not know it, and the answer of
    // the truth takes a turn of the scheduler, in which the end comes.
    let verifier = Arc::new(verifier());
    verifier.liveness().forget(session());
    let token = verifier.keys().sign(&kit::claims()).unwrap();
    let headers = kit::headers(&[("authorization", &format!("Bearer {}", token.expose()))]);
    let opening = tokio::spawn({
        let verifier = Arc::clone(&verifier);
        async move { verifier.socket(&headers, None, None, false).await }
    });
    while verifier.liveness().loads.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // Only the word goes out: the truth still gives its old answer, as a read that began before would.
    verifier.liveness().tell(session(), Code::TokenRevoked);
    let mut lease = opening.await.unwrap().unwrap();
    assert_eq!(ends_within(&mut lease, 1).await, Some(Code::TokenRevoked));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_key_of_its_token_is_retired() {
    let verifier = verifier();
    let first = SigningKey::hs256(&Secret::new(kit::SECRET)).unwrap().checking();
    let second = || SigningKey::hs256(&Secret::new("another secret of the tests, long enough")).unwrap();
    let (mut stays, mut renewed) = (lease(&verifier, &kit::claims()).await, lease(&verifier, &kit::claims()).await);

    verifier.take_keys(KeyRing::new(second(), vec![first]).unwrap());
    assert_eq!(ends_within(&mut stays, 1).await, None, "the keys overlap");
    renewed.renew(proof(&verifier, &kit::claims()).await).unwrap();

    let waiting = tokio::spawn(async move { ends_within(&mut stays, 1).await });
    tokio::task::yield_now().await;
    verifier.take_keys(KeyRing::new(second(), Vec::new()).unwrap());
    assert_eq!(waiting.await.unwrap(), Some(Code::TokenSignature));
    assert_eq!(ends_within(&mut renewed, 1).await, None, "its token is of the other key now");
}

#[tokio::test(start_paused = true)]
async fn so_does_one_that_a_ticket_opened() {
    let verifier = verifier();
    let first = SigningKey::hs256(&Secret::new(kit::SECRET)).unwrap().checking();
    let second = || SigningKey::hs256(&Secret::new("another secret of the tests, long enough")).unwrap();
    let ticket = |kid: &str| {
        let redeemed = crate::Redeemed {
            session: session(),
            kid: Some(kid.to_owned()),
            expires_at: Timestamp::from_seconds(NOW + 600),
            auth_time: Timestamp::from_seconds(NOW),
            amr: Vec::new(),
        };
        verifier.liveness().tickets.lock().unwrap().insert(kid.to_owned(), (None, redeemed));
        (kit::headers(&[]), format!("ticket={kid}"))
    };
    verifier.take_keys(KeyRing::new(second(), vec![first.clone()]).unwrap());
    let [(none, old), (_, new)] = [ticket(first.kid()), ticket(second().checking().kid())];
    let mut old = verifier.socket(&none, Some(&old), None, false).await.unwrap();
    let mut new = verifier.socket(&none, Some(&new), None, false).await.unwrap();
    assert_eq!(ends_within(&mut old, 1).await, None, "the keys overlap");

    let waiting = tokio::spawn(async move { ends_within(&mut old, 1).await });
    tokio::task::yield_now().await;
    verifier.take_keys(KeyRing::new(second(), Vec::new()).unwrap());
    assert_eq!(waiting.await.unwrap(), Some(Code::TokenSignature));
    assert_eq!(ends_within(&mut new, 1).await, None, "its key is in force");
}
