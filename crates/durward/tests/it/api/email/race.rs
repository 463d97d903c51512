//! One token, used by many at the same moment.

use std::net::SocketAddr;

use durward_store::testing::Backend;

use super::*;
use crate::api::recovery::race::{at_once, lines};
use crate::kit::rounds;

/// In an ordinary run.
const ROUNDS: usize = 25;

/// Guesses are not what is tested here: 63 of 64 are wrong, and make the login that follows look risky.
const ROOMY: [(&str, &str); 5] = [
    KEPT,
    ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000"),
    ("DURWARD_LIMITS__MAILS_PER_ADDRESS", "1000000"),
    ("DURWARD_LIMITS__MAILS_PER_CLIENT", "1000000"),
    ("DURWARD_RISK__ENABLED", "false"),
];

/// One account each round: confirmed by one of 64, then moved by one of 64 with each of its two tokens.
async fn race(app: &App, addresses: &[SocketAddr]) {
    let mut lines = lines(addresses).await;
    for round in 0..rounds(ROUNDS) {
        let address = format!("ann{round}@example.com");
        app.visitor().post(REGISTER, form(&address)).await.is(202);
        let verify = token(&app.mails.expect(&address, "verify_email").await);
        let answers = at_once(&mut lines, VERIFY, |_| json!({ "token": verify })).await;
        assert_eq!(answers.iter().filter(|(_, answer)| answer.status == 204).count(), 1, "round {round}");

        let ann = app.visitor();
        ann.post("/api/v1/auth/login", json!({ "email": address, "password": PASSWORD })).await.is(200);
        let new = format!("lee{round}@example.com");
        ann.post(CHANGE, json!({ "new_email": new })).await.is(202);
        let old = token(&app.mails.expect(&address, "confirm_old_address").await);
        let young = token(&app.mails.expect(&new, "confirm_new_address").await);
        // Both at once: half of them with the one, half with the other.
        let body = |number: usize| json!({ "token": if number < 32 { &old } else { &young } });
        let answers = at_once(&mut lines, CONFIRM, body).await;
        let mut words: Vec<String> = answers
            .into_iter()
            .filter(|(_, answer)| answer.status == 200)
            .map(|(_, answer)| answer.json()["status"].as_str().unwrap().to_owned())
            .collect();
        words.sort();
        assert_eq!(words, ["changed", "waiting"], "round {round}");
        login(app, &new).await.is(200);
        for address in [&address, &new] {
            app.mails.expect(address, "email_changed").await;
        }
    }
    let expected = i64::try_from(rounds(ROUNDS)).unwrap();
    assert_eq!((audited(app, "email_verified").await, audited(app, "email_changed").await), (expected, expected));
    app.no_more_mails().await;
}

on_both! {
    with &ROOMY;

    /// 64 at once with one token, round after round, of each kind: one winner each.
    async fn of_64_confirmations_one_wins(app) {
        race(&app, &[app.address]).await;
    }

    /// Two accounts want one address at the same moment: one gets it.
    async fn two_accounts_want_one_address(app) {
        for round in 0..10 {
            let wanted = format!("wanted{round}@example.com");
            let mut last = Vec::new();
            for name in ["ann", "bob"] {
                let address = format!("{name}{round}@example.com");
                app.visitor().post(REGISTER, form(&address)).await.is(202);
                let verify = token(&app.mails.expect(&address, "verify_email").await);
                send_token(&app.visitor(), VERIFY, &verify).await.is(204);
                let user = app.visitor();
                user.post("/api/v1/auth/login", json!({ "email": address, "password": PASSWORD })).await.is(200);
                user.post(CHANGE, json!({ "new_email": wanted })).await.is(202);
                let old = token(&app.mails.expect(&address, "confirm_old_address").await);
                last.push(token(&app.mails.expect(&wanted, "confirm_new_address").await));
                send_token(&app.visitor(), CONFIRM, &old).await.is(200);
            }
            let (one, two) = (app.visitor(), app.visitor());
            let (one, two) = tokio::join!(send_token(&one, CONFIRM, &last[0]), send_token(&two, CONFIRM, &last[1]));
            let mut statuses = [one.status.as_u16(), two.status.as_u16()];
            statuses.sort();
            assert_eq!(statuses, [200, 422], "{} {}", one.text(), two.text());
            login(&app, &wanted).await.is(200);
        }
        assert_eq!(app.database.count("SELECT COUNT(*) FROM email_changes").await, 0);
    }
}

/// Two nodes race as one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_nodes_one_wins() {
    let app = App::with(Backend::Postgres, &ROOMY).await;
    let node = app.beside().await;
    race(&app, &[app.address, node.address]).await;
}
