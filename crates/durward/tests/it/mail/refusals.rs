//! A server that says no.

use durward_store::testing::backends;

use super::{done, health, healthy, plain, post, waiting};
use crate::kit::smtp::Smtp;

/// One that refuses recipients is there: others get their mails, and nothing is tried twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipients_that_do_not_exist() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let app = plain(backend, &server).await;
        for number in 0..5 {
            post(&app, &format!("refused-canary{number}@example.com")).await;
        }
        post(&app, "spam-canary@example.com").await;
        post(&app, "ann@example.com").await;
        server.mails_to("ann@example.com", 1).await;
        done(&app).await;
        assert_eq!(server.received().len(), 1);
        assert_eq!(health(&app, "breaker_mail").await, "ok");
        let given_up = "FROM mail_outbox WHERE failed_at IS NOT NULL AND sealed IS NULL AND tries = 1";
        let because = |words: &str| format!("SELECT COUNT(*) {given_up} AND last_error LIKE '{words}'");
        assert_eq!(app.database.count(&because("the recipient: 550 5.1.1 % no such user")).await, 5);
        assert_eq!(app.database.count(&because("handing in the mail: 554 5.7.1 this looks like %")).await, 1);
        for word in ["canary", "token"] {
            assert_eq!(app.database.count(&because(&format!("%{word}%"))).await, 0, "{word}");
        }
    }
}

/// One that is not ready yet is asked again, after one second and after five.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn come_back_later() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let app = plain(backend, &server).await;
        post(&app, "busy-ann@example.com").await;
        let start = tokio::time::Instant::now();
        server.mails_to("busy-ann@example.com", 1).await;
        assert!(start.elapsed().as_secs() >= 5, "it was asked again too soon: {:?}", start.elapsed());
        done(&app).await;
        assert_eq!(server.received().len(), 1);
        assert_eq!(health(&app, "breaker_mail").await, "ok");
    }
}

/// It took the mail and nobody heard of it: it is sent again, and the reader's program can see that it is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_drops_before_the_last_word() {
    for backend in backends() {
        let server = Smtp::start(&[]).await;
        let app = plain(backend, &server).await;
        post(&app, "dropped-ann@example.com").await;
        let mails = server.mails_to("dropped-ann@example.com", 2).await;
        assert_eq!(mails.iter().map(|mail| mail.acknowledged).collect::<Vec<_>>(), [false, true]);
        assert_eq!((mails[0].id(), &mails[0].text), (mails[1].id(), &mails[1].text));
        assert_eq!(mails[0].headers["Date"], mails[1].headers["Date"]);
        done(&app).await;
        assert_eq!(server.received().len(), 2);
    }
}

/// Nothing can be sent until somebody changes a setting: mails wait, and the server is not asked for each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_the_server_does_not_want() {
    for backend in backends() {
        let server = Smtp::start(&["--refuse-sender"]).await;
        let app = plain(backend, &server).await;
        for number in 0..6 {
            post(&app, &format!("reader{number}@example.com")).await;
        }
        healthy(&app, "breaker_mail", "degraded").await;
        assert_eq!(waiting(&app).await, 6);
        assert_eq!(server.received().len(), 0);
        let postponed = "SELECT COUNT(*) FROM mail_outbox WHERE last_error LIKE 'the sender: 550 5.7.1 %'";
        assert!(app.database.count(postponed).await >= 3);
    }
}
