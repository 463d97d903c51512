//! Mails that arrive.

use std::collections::BTreeSet;

use durward_store::testing::backends;
use serde_json::json;

use super::{done, plain, post};
use crate::kit::email;
use crate::kit::smtp::Smtp;

/// From the request to the new password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_new_password() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let app = plain(backend, &server).await;
        app.register("ann").await;
        let german = app.visitor().with("accept-language", "de-AT,de;q=0.9,en;q=0.5");
        german.post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);

        let mail = server.mails_to(&email("ann"), 1).await.remove(0);
        let header = |name: &str| mail.headers.get(name).map_or("", String::as_str);
        assert_eq!(mail.from, "no-reply@auth.example.com");
        assert_eq!(header("From"), "Durward <no-reply@auth.example.com>");
        assert_eq!(header("To"), email("ann"));
        assert_eq!(header("Subject"), "Neues Passwort für durward");
        assert_eq!((header("Auto-Submitted"), header("Content-Language")), ("auto-generated", "de"));
        assert!(header("Message-ID").ends_with("@auth.example.com>") && !header("Date").is_empty(), "{mail:?}");
        assert_eq!(mail.types, ["multipart/alternative", "text/plain", "text/html"]);
        assert!(mail.text.starts_with("Guten Tag ann,"), "{}", mail.text);
        assert!(mail.html.contains("<html lang=\"de\">"), "{}", mail.html);

        let (_, rest) = mail.text.split_once("/reset-password#token=").unwrap();
        let token: String = rest.chars().take_while(|c| !c.is_whitespace()).collect();
        let body = json!({ "token": token, "new_password": "a kettle of other fish" });
        app.visitor().post("/api/v1/password/reset", body).await.is(204);
        let body = json!({ "email": email("ann"), "password": "a kettle of other fish" });
        app.visitor().post("/api/v1/auth/login", body).await.is(200);
    }
}

/// Whether or not there is an account, nobody can tell; but only the account's owner gets a mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mail_to_an_address_that_is_not_known() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let app = plain(backend, &server).await;
        app.register("ann").await;
        for name in ["nobody", "ann"] {
            app.visitor().post("/api/v1/password/forgot", json!({ "email": email(name) })).await.is(202);
        }
        server.mails_to(&email("ann"), 1).await;
        done(&app).await;
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_arrive_once_each() {
    for backend in backends() {
        let server = Smtp::start(&["--work", "0.01"]).await;
        let app = plain(backend, &server).await;
        for number in 0..60 {
            post(&app, &format!("reader{number}@example.com")).await;
        }
        done(&app).await;
        let received = server.received();
        let readers: BTreeSet<_> = received.iter().map(|mail| mail.to.as_str()).collect();
        let ids: BTreeSet<_> = received.iter().map(|mail| mail.id()).collect();
        assert_eq!((received.len(), readers.len(), ids.len()), (60, 60, 60));
    }
}

/// Letters beyond ASCII before the `@` need a server that takes them (RFC 6531).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_beyond_ascii() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let app = plain(backend, &server).await;
        post(&app, "jürgen@example.com").await;
        server.mails_to("jürgen@example.com", 1).await;
        done(&app).await;
    }
}
