use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::*;
use crate::kit::{self, Kit, NOW, headers, session};
use crate::permit::{Admin, Denied};
use crate::{Claims, Redeemed};

async fn refusal(kit: &Kit, token: &str) -> Refusal {
    kit.verifier.token(token).await.expect_err("a token was let in")
}

async fn of_header(header: &str) -> Refusal {
    let payload = serde_json::to_string(&kit::claims()).unwrap();
    refusal(&Kit::new(), &kit::signed(header, &payload)).await
}

#[tokio::test]
async fn a_good_token_says_who_it_is() {
    let kit = Kit::new();
    let verified = kit.of_claims(&kit::claims()).await.unwrap();
    assert_eq!((verified.user_id(), verified.session_id()), (UserId(7), session()));
    assert_eq!((verified.email(), verified.role().as_str()), ("ann@example.com", "user"));
    assert_eq!((verified.scopes(), verified.amr()), (&["chat".to_owned()][..], &["pwd".to_owned()][..]));
    assert_eq!(verified.expires_at(), Timestamp::from_seconds(NOW + 3_600));
    assert_eq!(verified.auth_time(), Timestamp::from_seconds(NOW));
    assert_eq!(verified.token_id(), Some(kit::claims().jti));
    assert_eq!(kit.liveness().loads.load(Ordering::SeqCst), 0, "memory was enough");
}

#[tokio::test]
async fn a_hit_does_not_wait_for_anything() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let map = headers(&[("authorization", &format!("Bearer {}", token.expose()))]);
    let mut future = Box::pin(kit.verifier.rest(&map));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(matches!(future.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(_))));
}

#[tokio::test]
async fn any_header_that_says_the_same_is_read() {
    let kid = kit::ring().signing_kid().to_owned();
    let payload = serde_json::to_string(&kit::claims()).unwrap();
    for header in [
        format!(r#"{{"kid":"{kid}","typ":"at+jwt","alg":"HS256"}}"#),
        format!(r#"{{ "typ" : "application/at+jwt", "alg":"HS256", "kid":"{kid}", "more": [1] }}"#),
    ] {
        assert!(Kit::new().verifier.token(&kit::signed(&header, &payload)).await.is_ok(), "{header}");
    }
}

#[tokio::test]
async fn what_a_header_may_not_say() {
    let kid = kit::ring().signing_kid().to_owned();
    let header = |alg: &str, typ: &str, more: &str| format!(r#"{{"alg":{alg},"typ":{typ},"kid":"{kid}"{more}}}"#);
    let (alg, typ) = (r#""HS256""#, r#""at+jwt""#);
    for other in [r#""none""#, r#""None""#, r#""""#, r#""HS384""#, r#""RS256""#, r#""EdDSA""#, r#""hs256""#] {
        assert_eq!(of_header(&header(other, typ, "")).await, Refusal::Signature, "{other}");
    }
    for other in [r#""JWT""#, r#""jwt""#, r#""rt+jwt""#, r#""""#, r#""AT+JWT""#] {
        assert_eq!(of_header(&header(alg, other, "")).await, Refusal::WrongType, "{other}");
    }
    assert_eq!(of_header(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)).await, Refusal::WrongType);
    for more in [
        r#","crit":["exp"]"#,
        r#","crit":[]"#,
        r#","jku":"https://x""#,
        r#","jwk":{"kty":"oct","k":"AA"}"#,
        r#","x5u":"x""#,
        r#","x5c":[]"#,
        r#","b64":false"#,
        r#","alg":"HS256""#,
        r#","more":1,"more":1"#,
    ] {
        assert!(matches!(of_header(&header(alg, typ, more)).await, Refusal::Malformed(_)), "{more}");
    }
    assert!(matches!(of_header(&header("null", typ, "")).await, Refusal::Malformed(_)));
    assert!(matches!(of_header(&header(alg, "1", "")).await, Refusal::Malformed(_)));
    for other in [r#"{"alg":"HS256","typ":"at+jwt","kid":"other"}"#, r#"{"alg":"HS256","typ":"at+jwt"}"#] {
        assert_eq!(of_header(other).await, Refusal::Signature, "{other}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_three_parts_of_strict_base64url() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let token = token.expose();
    let (signing, mac) = token.rsplit_once('.').unwrap();
    let (header, payload) = signing.split_once('.').unwrap();
    let not_tokens = [
        String::new(),
        "x".into(),
        "..".into(),
        "a.b".into(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x"),
        format!("{token}="),
        format!("{token} "),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{header}.{payload}=.{mac}"),
        format!("{header}.{payload}?.{mac}"),
        kit::signed_segments(&format!("{header}.{payload}=")),
        kit::signed_segments(&format!("{header}.{}\n{}", payload.split_at(8).0, payload.split_at(8).1)),
        kit::signed_segments(&format!("{header}=.{payload}")),
        kit::signed_segments(&format!("{header}.")),
        kit::signed_segments(&format!(".{payload}")),
        "a".repeat(9_000),
        kit::signed(&kit::good_header(), &format!("{}{}", " ".repeat(8_000), "{}")),
    ];
    for bad in not_tokens {
        assert!(matches!(refusal(&kit, &bad).await, Refusal::Malformed(_)), "{bad:?}");
    }
    for bad in [format!("{signing}."), format!("{signing}.AAAA"), format!("{signing}.{mac}{mac}AA")] {
        let refused = refusal(&kit, &bad).await;
        assert!(matches!(refused, Refusal::Signature | Refusal::Malformed(_)), "{bad:?}");
    }
    // The last character of 32 bytes in base64url has two bits that must be zero.
    let last = mac.chars().last().unwrap();
    let next = char::from(u8::try_from(u32::from(last)).unwrap() + 1);
    let spelled_otherwise = format!("{signing}.{}{next}", mac.strip_suffix(last).unwrap());
    assert!(matches!(refusal(&kit, &spelled_otherwise).await, Refusal::Malformed(_)), "{last} {next}");
}

#[tokio::test]
async fn a_large_payload_is_read_too() {
    let kit = Kit::new();
    let large = kit.of_changed(|claims| claims.insert("more".into(), json!("x".repeat(4_000))).map_or((), drop)).await;
    assert!(large.is_ok());
}

#[tokio::test]
async fn the_signature_comes_before_the_claims() {
    let kit = Kit::new();
    let foreign = KeyRing::hs256(&durward_proto::Secret::new("another secret that has more than 32 bytes")).unwrap();
    let token = foreign.sign(&kit::claims()).unwrap();
    assert_eq!(refusal(&kit, token.expose()).await, Refusal::Signature);
    let unreadable = kit::signed(&kit::good_header(), "{");
    let garbage = [unreadable.rsplit_once('.').unwrap().0, token.expose().rsplit_once('.').unwrap().1].join(".");
    assert_eq!(refusal(&kit, &garbage).await, Refusal::Signature);
    assert!(matches!(refusal(&kit, &kit::signed(&kit::good_header(), "{")).await, Refusal::Malformed(_)));
}

#[tokio::test]
async fn times() {
    let with = async |change: fn(&mut Claims)| {
        let mut claims = kit::claims();
        change(&mut claims);
        Kit::new().of_claims(&claims).await.map(drop)
    };
    assert_eq!(with(|c| c.exp = NOW).await, Err(Refusal::Expired), "no leeway");
    assert_eq!(with(|c| c.exp = NOW - 1).await, Err(Refusal::Expired));
    assert_eq!(with(|c| c.exp = i64::MIN).await, Err(Refusal::Expired));
    assert_eq!(with(|c| c.exp = NOW + 1).await, Ok(()));
    assert_eq!(with(|c| c.exp = i64::MAX).await, Ok(()));
    assert_eq!(with(|c| c.nbf = NOW + 30).await, Ok(()));
    assert_eq!(with(|c| c.nbf = NOW + 31).await, Err(Refusal::NotYetValid));
    assert_eq!(with(|c| c.iat = NOW + 30).await, Ok(()));
    assert_eq!(with(|c| c.iat = NOW + 31).await, Err(Refusal::NotYetValid));
    assert_eq!(with(|c| c.iat = i64::MAX).await, Err(Refusal::NotYetValid));
    assert_eq!(with(|c| (c.exp, c.nbf) = (NOW, NOW + 31)).await, Err(Refusal::Expired));
}

#[tokio::test]
async fn a_token_ends_while_it_is_in_use() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    kit.pass(Duration::from_millis(3_599_999));
    assert!(kit.verifier.token(token.expose()).await.is_ok());
    kit.pass(Duration::from_millis(1));
    assert_eq!(refusal(&kit, token.expose()).await, Refusal::Expired);
}

#[tokio::test]
async fn issuer_and_audience() {
    for (name, value) in [("iss", "https://auth.example/"), ("iss", ""), ("aud", "other"), ("aud", "durward ")] {
        let refused = Kit::new().of_changed(|claims| claims.insert(name.into(), json!(value)).map_or((), drop)).await;
        assert_eq!(refused.unwrap_err(), Refusal::WrongAudience, "{name} {value}");
    }
    let list = Kit::new().of_changed(|claims| claims.insert("aud".into(), json!(["durward"])).map_or((), drop)).await;
    assert!(matches!(list, Err(Refusal::Malformed(_))));
}

#[tokio::test]
async fn a_session_that_has_ended_or_never_was() {
    let kit = Kit::new();
    kit.liveness().end(session(), durward_proto::Code::TokenRevoked);
    assert_eq!(kit.of_claims(&kit::claims()).await.unwrap_err(), Refusal::Revoked);
    assert_eq!(kit.liveness().loads.load(Ordering::SeqCst), 1, "the truth was asked");

    let another_user = Kit::new();
    let mut claims = kit::claims();
    (claims.sub, claims.id) = ("8".into(), 8);
    assert_eq!(another_user.of_claims(&claims).await.unwrap_err(), Refusal::Revoked);

    let over = Kit::new();
    over.liveness().open(session(), LiveSession { expires_at: Timestamp::from_seconds(NOW), ..kit::live() });
    assert_eq!(over.of_claims(&kit::claims()).await.unwrap_err(), Refusal::Revoked);
}

#[tokio::test]
async fn the_truth_is_asked_when_memory_does_not_know_and_an_outage_is_not_a_no() {
    let kit = Kit::new();
    kit.liveness().forget(session());
    assert!(kit.of_claims(&kit::claims()).await.is_ok());
    assert_eq!(kit.liveness().loads.load(Ordering::SeqCst), 1);
    kit.liveness().away.store(true, Ordering::SeqCst);
    let refused = kit.of_claims(&kit::claims()).await.unwrap_err();
    assert_eq!((refused, refused.code().status()), (Refusal::Unavailable, 503));
}

#[tokio::test]
async fn what_counts_is_what_holds_now() {
    let kit = Kit::new();
    let mut claims = kit::claims();
    claims.role = "admin".into();
    assert_eq!(kit.of_claims(&claims).await.unwrap().permit::<Admin>().unwrap_err(), Denied);
    kit.liveness().open(session(), kit::live_as(|user| user.role = Role::admin()));
    let admin = kit.of_claims(&kit::claims()).await.unwrap();
    assert_eq!(admin.permit::<Admin>().unwrap().holder(), UserId(7));
    for status in [AccountStatus::Pending, AccountStatus::Suspended, AccountStatus::Deactivated] {
        kit.liveness().open(session(), kit::live_as(|user| user.status = status));
        assert_eq!(kit.of_claims(&kit::claims()).await.unwrap_err(), Refusal::AccountInactive, "{status}");
    }
}

#[tokio::test]
async fn a_proof_does_not_outlive_its_session() {
    let kit = Kit::new();
    let end = Timestamp::from_seconds(NOW + 60);
    kit.liveness().open(session(), LiveSession { expires_at: end, ..kit::live() });
    assert_eq!(kit.of_claims(&kit::claims()).await.unwrap().expires_at(), end);
}

#[tokio::test]
async fn the_first_use_of_a_new_generation_settles_it_once() {
    let kit = Kit::new();
    let of = |generation| Claims { generation, ..kit::claims() };
    for generation in [None, Some(0), Some(1), Some(2), Some(2), Some(1), Some(3)] {
        assert!(kit.of_claims(&of(generation)).await.is_ok());
    }
    assert_eq!(*kit.liveness().settled.lock().unwrap(), [(session(), 2), (session(), 3)]);

    kit.liveness().away.store(true, Ordering::SeqCst);
    assert_eq!(kit.of_claims(&of(Some(4))).await.unwrap_err(), Refusal::Unavailable, "the grace is still open");
    assert!(kit.of_claims(&of(Some(3))).await.is_ok());
    kit.liveness().away.store(false, Ordering::SeqCst);
    assert!(kit.of_claims(&of(Some(4))).await.is_ok());
    assert_eq!(kit.liveness().settled.lock().unwrap().last(), Some(&(session(), 4)));
}

#[tokio::test]
async fn a_refused_token_settles_nothing() {
    let kit = Kit::new();
    kit.liveness().open(session(), kit::live_as(|user| user.status = AccountStatus::Suspended));
    let refused = kit.of_claims(&Claims { generation: Some(2), ..kit::claims() }).await;
    assert_eq!(refused.unwrap_err(), Refusal::AccountInactive);
    assert!(kit.liveness().settled.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_request_carries_it_in_header_or_cookie() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let bearer = format!("Bearer {}", token.expose());
    let cookie = format!("a=b; __Host-access_token={}", token.expose());
    let by_header = kit.verifier.rest(&headers(&[("authorization", &bearer)])).await.unwrap();
    assert_eq!(by_header.source(), Source::Header);
    let by_cookie = kit.verifier.rest(&headers(&[("cookie", &cookie)])).await.unwrap();
    assert_eq!(by_cookie.source(), Source::Cookie);
    let bad_first = headers(&[("authorization", "Bearer x.y.z"), ("cookie", &cookie)]);
    assert!(matches!(kit.verifier.rest(&bad_first).await, Err(Refusal::Malformed(_))), "no fallback");
    assert_eq!(kit.verifier.rest(&headers(&[])).await.unwrap_err(), Refusal::Missing);
    let two = headers(&[("authorization", &bearer), ("authorization", &bearer)]);
    assert_eq!(kit.verifier.rest(&two).await.unwrap_err(), Refusal::Ambiguous);
}

#[tokio::test]
async fn a_trace_tells_every_step_and_never_the_token() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let map = headers(&[("authorization", &format!("Bearer {}", token.expose()))]);
    let mut trace = Trace::default();
    kit.verifier.rest_traced(&map, &mut trace).await.unwrap();
    let steps: Vec<_> = trace.steps.iter().map(|step| (step.name, step.result.as_str())).collect();
    assert_eq!(
        steps,
        [
            ("carried", "ok"),
            ("structure", "ok"),
            ("key", "ok"),
            ("signature", "ok"),
            ("claims", "ok"),
            ("time", "ok"),
            ("audience", "ok"),
            ("liveness", "memory"),
        ]
    );
    assert_eq!((trace.source, trace.kid.as_deref()), (Some(Source::Header), Some(kit.verifier.keys().signing_kid())));
    assert_eq!(trace.claims, serde_json::to_value(kit::claims()).unwrap());
    let text = serde_json::to_string(&trace).unwrap();
    let signature = token.expose().rsplit('.').next().unwrap();
    assert!(text.contains("\"HS256\"") && !text.contains(signature) && !text.contains(token.expose()));

    kit.liveness().forget(session());
    let mut trace = Trace::default();
    kit.verifier.rest_traced(&map, &mut trace).await.unwrap();
    assert_eq!(trace.steps.last().unwrap().result, "database");

    let mut trace = Trace::default();
    let foreign = map.clone();
    let stranger = Kit::with(KeyRing::hs256(&durward_proto::Secret::new("y".repeat(32))).unwrap());
    assert_eq!(stranger.verifier.rest_traced(&foreign, &mut trace).await.unwrap_err(), Refusal::Signature);
    let last = trace.steps.last().unwrap();
    assert_eq!((last.name, trace.steps.len(), &trace.claims), ("key", 3, &Value::Null));
    assert!(last.result.starts_with("token_signature: "));
}

fn ticket(kit: &Kit, name: &str, origin: Option<&str>, expires_at: i64) {
    ticket_of(kit, name, None, origin, expires_at);
}

fn ticket_of(kit: &Kit, name: &str, kid: Option<&str>, origin: Option<&str>, expires_at: i64) {
    let redeemed = Redeemed {
        session: session(),
        kid: kid.map(str::to_owned),
        expires_at: Timestamp::from_seconds(expires_at),
        auth_time: Timestamp::from_seconds(NOW - 5),
        amr: vec!["pwd".into(), "otp".into()],
    };
    kit.liveness().tickets.lock().unwrap().insert(name.into(), (origin.map(str::to_owned), redeemed));
}

#[tokio::test]
async fn a_ticket_opens_one_socket_for_its_origin() {
    let kit = Kit::new();
    let origin = Some("https://app.example");
    let open = async |query, origin| kit.verifier.socket(&headers(&[]), Some(query), origin, false).await;
    ticket(&kit, "t1", origin, NOW + 600);
    let lease = open("ticket=t1", origin).await.unwrap();
    assert_eq!((lease.verified().user_id(), lease.verified().source()), (UserId(7), Source::Ticket));
    assert_eq!((lease.verified().token_id(), lease.verified().amr().len()), (None, 2));
    assert_eq!(lease.expires_at(), Timestamp::from_seconds(NOW + 600));
    assert_eq!(open("ticket=t1", origin).await.unwrap_err(), Refusal::Expired, "once");

    ticket(&kit, "t2", origin, NOW + 600);
    assert_eq!(open("ticket=t2", Some("https://evil.example")).await.unwrap_err(), Refusal::Expired);
    ticket(&kit, "t3", origin, NOW);
    assert_eq!(open("ticket=t3", origin).await.unwrap_err(), Refusal::Expired);
    ticket(&kit, "t4", origin, NOW + 600);
    kit.liveness().away.store(true, Ordering::SeqCst);
    assert_eq!(open("ticket=t4", origin).await.unwrap_err(), Refusal::Unavailable);
    kit.liveness().away.store(false, Ordering::SeqCst);
    kit.liveness().end(session(), durward_proto::Code::TokenRevoked);
    assert_eq!(open("ticket=t4", origin).await.unwrap_err(), Refusal::Revoked);
    let long = format!("ticket={}", "t".repeat(9_000));
    assert!(matches!(open(&long, origin).await, Err(Refusal::Malformed(_))));
}

#[tokio::test]
async fn a_ticket_is_worth_as_much_as_the_key_behind_it() {
    let kit = Kit::new();
    let proof = kit.of_claims(&kit::claims()).await.unwrap();
    let kid = kit.verifier.kid(&proof).unwrap().unwrap();
    assert_eq!(kid, kit.verifier.keys().signing_kid());
    let open = async |query| kit.verifier.socket(&headers(&[]), Some(query), None, false).await;
    for name in ["t1", "t2"] {
        ticket_of(&kit, name, Some(&kid), None, NOW + 600);
    }
    ticket_of(&kit, "unknown", Some("no key of ours"), None, NOW + 600);
    assert_eq!(kit.verifier.kid(open("ticket=t1").await.unwrap().verified()).unwrap(), Some(kid));
    assert_eq!(open("ticket=unknown").await.unwrap_err(), Refusal::Signature);
    kit.verifier.take_keys(KeyRing::hs256(&durward_proto::Secret::new("z".repeat(32))).unwrap());
    assert_eq!(open("ticket=t2").await.unwrap_err(), Refusal::Signature);
    assert_eq!(open("ticket=t2").await.unwrap_err(), Refusal::Expired, "it is used up all the same");
    assert_eq!(kit.verifier.kid(&proof).unwrap_err(), Refusal::Signature, "nothing is given for it any more");

    // One that does not say, as a version before this one gave it.
    ticket(&kit, "t3", None, NOW + 600);
    assert_eq!(kit.verifier.kid(open("ticket=t3").await.unwrap().verified()).unwrap(), None);
}

#[tokio::test]
async fn a_socket_takes_the_token_where_it_may() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let protocol = format!("bearer, {}", token.expose());
    let query = format!("token={}", token.expose());
    let by_protocol = kit.verifier.socket(&headers(&[("sec-websocket-protocol", &protocol)]), None, None, false).await;
    assert_eq!(by_protocol.unwrap().verified().source(), Source::SubProtocol);
    let by_url = kit.verifier.socket(&headers(&[]), Some(&query), None, true).await;
    assert_eq!(by_url.unwrap().verified().source(), Source::Url);
    let closed = kit.verifier.socket(&headers(&[]), Some(&query), None, false).await;
    assert_eq!(closed.unwrap_err(), Refusal::Missing);
}
