//! Where a token is looked for.

use super::*;

on_both! {
    /// The first place that has a credential decides alone.
    async fn the_first_place_decides(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let (client, _) = app.bearer("bob").await;
        let bobs = token_of(&client);
        let name = |answer: Answer| answer.is(200).json()["user"]["full_name"].as_str().unwrap().to_owned();
        assert_eq!(name(ann.get(PROFILE).await), "ann");
        assert_eq!(name(ann.copy().with_bearer(bobs).get(PROFILE).await), "bob");
        for scheme in ["bearer", "BEARER", "bEaReR"] {
            assert_eq!(name(ann.copy().with("authorization", &format!("{scheme} {bobs}")).get(PROFILE).await), "bob");
        }
        // A bad header is not helped by a good cookie.
        for bad in ["x", "a.b.c", &format!("{bobs}=")] {
            is_refused(ann.copy().with_bearer(bad).get(PROFILE).await, "token_malformed", bad);
        }
        for header in
            ["Basic YW5uOng=", "Bearer", "Bearer ", bobs, &format!("Token {bobs}"), &format!("Bearer {bobs} x")]
        {
            ann.copy().with("authorization", header).get(PROFILE).await.refused(401, "token_malformed");
        }
        ann.set_cookie("access_token", "nonsense");
        is_refused(ann.get(PROFILE).await, "token_malformed", "a bad cookie");
        assert_eq!(name(bob.get(PROFILE).await), "bob");
    }

    /// Two headers, and one cookie twice with different values, are no way to say who one is.
    async fn two_credentials_are_ambiguous(app) {
        let ann = app.user("ann").await;
        let token = ann.cookie("access_token").unwrap();
        let good = format!("Bearer {token}");
        for (first, second) in [(&*good, &*good), (&*good, "Bearer x"), ("Basic x", &*good)] {
            let twice = app.visitor().with("authorization", first).with_another("authorization", second);
            twice.get(PROFILE).await.refused(400, "ambiguous_credentials");
        }
        for (cookies, status) in [
            (format!("access_token={token}; access_token=other"), 400),
            (format!("access_token=other; access_token={token}"), 400),
            (format!("access_token={token}; x=y; access_token="), 400),
            (format!("access_token={token}; access_token={token}"), 200),
            (format!("xaccess_token=other; access_token={token}; access_tokenx=other"), 200),
        ] {
            let answer = app.visitor().with("cookie", &cookies).get(PROFILE).await.is(status);
            if status == 400 {
                answer.refused(400, "ambiguous_credentials");
            }
        }
        let two_headers =
            app.visitor().with("cookie", &format!("access_token={token}")).with_another("cookie", "access_token=x");
        two_headers.get(PROFILE).await.refused(400, "ambiguous_credentials");
    }

    /// What counts for a WebSocket means nothing on an ordinary request.
    async fn a_url_carries_no_token(app) {
        let ann = app.user("ann").await;
        let token = ann.cookie("access_token").unwrap();
        for query in [format!("?token={token}"), format!("?access_token={token}"), format!("?ticket={token}")] {
            let answer = app.visitor().get(&format!("{PROFILE}{query}")).await.refused(401, "token_missing");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"durward\""), "RFC 6750 section 3.1");
            let status = app.visitor().get(&format!("/api/v1/auth/status{query}")).await.is(200).json();
            assert_eq!(status["authenticated"], false);
        }
        let protocol = app.visitor().with("sec-websocket-protocol", &format!("bearer, {token}"));
        protocol.get(PROFILE).await.refused(401, "token_missing");
        app.visitor().with("x-access-token", &token).get(PROFILE).await.refused(401, "token_missing");
        ann.get(&format!("{PROFILE}?token=nonsense")).await.is(200);
        let body = json!({ "access_token": token, "token": token });
        app.visitor().put("/api/v1/settings", body).await.refused(401, "token_missing");
    }
}
