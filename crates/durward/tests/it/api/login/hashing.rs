//! What takes as long as a hash, and what happens meanwhile.

use std::time::{Duration, Instant};

use durward_store::testing::Backend;

use super::*;

on_both! {
    with &[
        ("DURWARD_PASSWORD__MEMORY_KIB", "19456"),
        ("DURWARD_PASSWORD__ITERATIONS", "4"),
        ("DURWARD_LIMITS__ACCOUNT_FAILURES", "1000"),
        ("DURWARD_LIMITS__ADDRESS_FAILURES", "1000"),
    ];

    /// A hash is computed for the unknown address too: the quickest answers of both take as long. Where the machine is
    /// busy with other things it takes more rounds until each has had its quickest; no number of rounds makes a hash quick.
    async fn an_unknown_address_takes_as_long(app) {
        app.register("ann").await;
        let addresses = ["ann@example.com", "nobody@example.com", "not an address"];
        let mut quickest = [Duration::MAX; 3];
        let alike = |quickest: &[Duration; 3]| {
            let [known, others @ ..] = quickest;
            others.iter().all(|unknown| (0.5..2.0).contains(&(unknown.as_secs_f64() / known.as_secs_f64())))
        };
        for round in 1.. {
            for (address, least) in addresses.iter().zip(&mut quickest) {
                let body = json!({ "email": address, "password": "not the password" });
                let start = now();
                app.visitor().post(LOGIN, body).await.is(401);
                *least = start.elapsed().min(*least);
            }
            if round >= 10 && alike(&quickest) {
                break;
            }
            assert!(round < 100, "{quickest:?}");
        }
    }
}

on_both! {
    with &[("DURWARD_PASSWORD__MEMORY_KIB", "19456"), ("DURWARD_PASSWORD__ITERATIONS", "8")];

    /// Two logins at once, where each would bring an old hash up to date, both succeed.
    async fn an_old_hash_is_replaced_beside_others(app) {
        app.register("ann").await;
        let weak = App::with(Backend::Sqlite, &[]).await;
        let hash = weak.core.hasher().hash(durward_proto::Secret::new(PASSWORD)).await.unwrap();
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        app.operator.set_password(id, &hash).await.unwrap();
        let logins: Vec<_> = (0..4)
            .map(|_| {
                let visitor = app.visitor();
                tokio::spawn(async move { visitor.post(LOGIN, form("ann")).await })
            })
            .collect();
        for login in logins {
            login.await.unwrap().is(200);
        }
        let old = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '%m=64,%'";
        assert_eq!(app.database.count(old).await, 0);
    }

    /// Whatever happens to the account while a password is being checked, no session outlives it.
    async fn an_account_that_changes_meanwhile(app) {
        let id = UserId(app.register("ann").await);
        let live = "SELECT COUNT(*) FROM user_sessions WHERE ended_at IS NULL";
        for change in ["suspension", "password"] {
            let visitor = app.visitor();
            let login = tokio::spawn(async move { visitor.post(LOGIN, form("ann")).await });
            tokio::time::sleep(Duration::from_millis(60)).await;
            if change == "password" {
                app.operator
                    .set_password(id, "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0$bm8gaGFzaCBhdCBhbGw")
                    .await
                    .unwrap();
            } else {
                app.operator.set_status(id, AccountStatus::Suspended).await.unwrap();
            }
            let answer = login.await.unwrap();
            assert_eq!(app.database.count(live).await, 0, "{change}: {}", answer.text());
            app.operator.set_status(id, AccountStatus::Active).await.unwrap();
        }
        app.visitor().post(LOGIN, form("ann")).await.refused(401, "invalid_credentials");
    }
}

#[allow(clippy::disallowed_methods, reason = "it measures the machine")]
fn now() -> Instant {
    Instant::now()
}
