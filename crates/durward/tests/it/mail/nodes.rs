//! Several nodes on one database.

use std::collections::BTreeSet;

use durward_store::testing::{Backend, backends};

use super::{done, plain, post};
use crate::kit::smtp::Smtp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_is_sent_by_one_of_them() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let server = Smtp::start(&["--work", "0.05"]).await;
    let app = plain(Backend::Postgres, &server).await;
    let others = [app.beside().await, app.beside().await];
    for number in 0..150 {
        post(&app, &format!("reader{number}@example.com")).await;
        others[number % 2].core.ring_post();
    }
    done(&app).await;
    let received = server.received();
    let readers: BTreeSet<_> = received.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!((received.len(), readers.len()), (150, 150));
}
