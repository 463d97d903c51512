//! Where there can be passkeys, and where there are none.

use durward_store::testing::Backend;
use serde_json::json;

use super::{BEGIN, FINISH, begin, log_in, owner, register};
use crate::kit::{App, Authenticator, PASSWORD, Site, email, on_both};

/// Whatever needs passkeys says that there are none, and the password works without.
async fn are_none(app: &App) {
    let ann = app.user("ann").await;
    let credential = json!({});
    let finish = json!({ "ceremony_id": "0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10", "credential": credential });
    ann.post_empty("/api/v1/passkeys/register/begin").await.refused(403, "method_unavailable");
    ann.post("/api/v1/passkeys/register/finish", finish.clone()).await.refused(403, "method_unavailable");
    ann.post_empty("/api/v1/auth/reauthenticate/passkey").await.is(409);
    app.visitor().post_empty(BEGIN).await.refused(403, "method_unavailable");
    app.visitor().post(FINISH, finish).await.refused(403, "method_unavailable");
    assert_eq!(ann.get("/api/v1/passkeys").await.is(200).json()["items"], json!([]));
    app.visitor().get("/.well-known/webauthn").await.refused(404, "not_found");
}

on_both! {
    with &[("DURWARD_SERVER__PUBLIC_URL", "http://127.0.0.1:8000")];

    /// An address is no domain.
    async fn on_an_address(app) {
        are_none(&app).await;
    }
}

mod turned_off {
    use super::*;

    on_both! {
        with &[("DURWARD_SECOND_FACTOR__METHODS", "totp,backup_code")];

        /// By configuration.
        async fn by_configuration(app) {
            are_none(&app).await;
        }
    }
}

mod related {
    use super::*;

    on_both! {
        with &[
            ("DURWARD_SERVER__PUBLIC_URL", "https://auth.example.com"),
            ("DURWARD_PASSKEYS__RP_ID", "example.com"),
            ("DURWARD_PASSKEYS__RELATED_ORIGINS", "https://example.net,https://shop.example.org:8443"),
            ("DURWARD_SECOND_FACTOR__ISSUER", "Example & Co"),
        ];

        /// A domain above the host, and pages of other sites that may use its passkeys.
        async fn origins(app) {
            let answer = app.visitor().without_origin().get("/.well-known/webauthn").await.is(200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.json(), json!({ "origins": ["https://example.net", "https://shop.example.org:8443"] }));
            app.register("ann").await;
            let (ann, _) = app.bearer("ann").await;
            let mut key = Authenticator::new();
            let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
            assert_eq!(options["publicKey"]["rp"], json!({ "id": "example.com", "name": "Example & Co" }));
            register(&app, &ann, &mut key).await.is(201);
            for (origin, status) in [
                ("https://auth.example.com", 200),
                ("https://example.net", 200),
                ("https://shop.example.org:8443", 200),
                ("https://example.com", 401),
                ("https://shop.example.org", 401),
                ("https://www.example.net", 401),
                ("http://example.net", 401),
            ] {
                let options = begin(&app).await;
                let credential = key.get(origin, &options);
                let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential, "transport": "bearer" });
                let answer = app.app_client().post(FINISH, body).await;
                assert_eq!(answer.status, status, "{origin}");
            }
        }
    }
}

on_both! {
    /// Nobody's passkeys are asked for where an operator took the method away later: the password is enough for those
    /// who have nothing else.
    async fn what_is_there_by_default(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        app.visitor().get("/.well-known/webauthn").await.refused(404, "not_found");
        log_in(&app, &mut key).await.is(200);
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        assert_eq!(app.visitor().post("/api/v1/auth/login", body).await.is(200).json()["methods"][0], "passkey");
        ann.get("/api/v1/2fa").await.is(200);
    }
}

/// The doctor says where passkeys cannot work, and that the server does all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_doctor_says() {
    let table = [
        ("http://localhost:8000", "", "ok", "for localhost"),
        ("http://192.0.2.7:8000", "", "degraded", "an address"),
        ("http://[2001:db8::1]:8000", "", "degraded", "an address"),
        ("http://auth.example.com", "", "degraded", "plain http"),
        ("https://auth.example.com", "", "ok", "for auth.example.com"),
        ("http://192.0.2.7:8000", "totp", "ok", "turned off"),
    ];
    let site = Site::migrated(Backend::Sqlite).await;
    for (url, methods, status, says) in table {
        let mut args = vec![("DURWARD_SERVER__PUBLIC_URL", url)];
        args.extend((!methods.is_empty()).then_some(("DURWARD_SECOND_FACTOR__METHODS", methods)));
        let output = site.run_with(&["doctor", "--json"], &args).await.code(0);
        let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let found = report["checks"].as_array().unwrap().iter().find(|finding| finding["id"] == "passkeys").unwrap();
        assert_eq!(found["status"], status, "{url}: {found}");
        assert!(found["found"].as_str().unwrap().contains(says), "{url}: {found}");
        assert_eq!(found["cure"].is_string(), status == "degraded", "{url}: {found}");
    }
}
