//! What is said of the wait is true, whatever budget is used up.

use super::*;

/// Waits as long as is said, but for a moment, and is refused; waits that moment, and is let in.
async fn wait_out(app: &App, who: impl Fn() -> Actor, name: &str) {
    let said = wait_of(login(&who(), &email(name), PASSWORD).await);
    // The test's clock runs as well: so much may have passed by the time of the next request.
    let moment = 5;
    app.clock.advance(Duration::from_secs(said - moment));
    let rest = wait_of(login(&who(), &email(name), PASSWORD).await);
    assert!((1..=moment).contains(&rest), "{rest} s after {said} s less {moment}");
    app.clock.advance(Duration::from_secs(rest));
    login(&who(), &email(name), PASSWORD).await.is(200);
}

macro_rules! used_up {
    ($($name:ident: $settings:expr, |$app:ident| $guess:block, $who:expr;)*) => {$(
        on_both! {
            with &$settings;

            /// One second before what was said it is too early; then it is not.
            async fn $name($app) {
                $app.register("ann").await;
                $guess
                wait_out(&$app, $who(&$app), "ann").await;
            }
        }
    )*};
}

async fn wrong(actor: &Actor, name: &str, times: u32) {
    for _ in 0..times {
        login(actor, &email(name), WRONG).await.refused(401, "invalid_credentials");
    }
}

fn anybody(app: &App) -> impl Fn() -> Actor {
    || app.visitor()
}

used_up! {
    the_accounts: [("DURWARD_LIMITS__ACCOUNT_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "50s")], |app| {
        wrong(&app.visitor(), "ann", 3).await;
    }, anybody;
    the_clients: [("DURWARD_LIMITS__ADDRESS_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "50s")], |app| {
        wrong(&app.visitor(), "nobody", 3).await;
    }, anybody;
    of_a_client_at_an_account: [("DURWARD_LIMITS__PAIR_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "50s")], |app| {
        wrong(&app.visitor(), "ann", 3).await;
    }, anybody;
    // Both are used up, one for longer: that one counts.
    of_two_at_once: [
        ("DURWARD_LIMITS__ADDRESS_FAILURES", "4"), ("DURWARD_LIMITS__ACCOUNT_FAILURES", "2"),
        ("DURWARD_LIMITS__FIRST_DELAY", "50s"),
    ], |app| {
        wrong(&app.visitor(), "ann", 2).await;
        app.clock.advance(Duration::from_secs(50));
        wrong(&app.visitor(), "ann", 1).await;
        wrong(&app.visitor(), "nobody", 1).await;
    }, anybody;
    // The window is over before the delay is.
    when_the_window_ends: [
        ("DURWARD_LIMITS__ACCOUNT_FAILURES", "1"), ("DURWARD_LIMITS__WINDOW", "90s"),
        ("DURWARD_LIMITS__FIRST_DELAY", "60s"),
    ], |app| {
        wrong(&app.visitor(), "ann", 1).await;
        app.clock.advance(Duration::from_secs(60));
        wrong(&app.visitor(), "ann", 1).await;
    }, anybody;
}

on_both! {
    with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "50s")];

    /// The same on a known device.
    async fn of_a_known_device(app) {
        let ann = app.user("ann").await;
        wrong(&ann, "ann", 3).await;
        wait_out(&app, || ann.copy(), "ann").await;
    }
}

on_both! {
    with &[
        ("DURWARD_LIMITS__PAIR_FAILURES", "4"), ("DURWARD_LIMITS__ACCOUNT_FAILURES", "2"),
        ("DURWARD_LIMITS__FIRST_DELAY", "1s"), ("DURWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ];

    /// Who keeps within the account's limits, hour after hour, is slowed down by their own, and nobody else is.
    async fn patience_does_not_pay(app) {
        app.register("ann").await;
        let from = |address: &str| app.visitor().with("x-forwarded-for", address);
        for _ in 0..2 {
            wrong(&from("192.0.2.1"), "ann", 2).await;
            app.clock.advance(Duration::from_secs(16 * 60));
        }
        let mut last = 0;
        for _ in 0..10 {
            wrong(&from("192.0.2.1"), "ann", 1).await;
            last = wait_of(login(&from("192.0.2.1"), &email("ann"), PASSWORD).await);
            app.clock.advance(Duration::from_secs(last));
        }
        assert!(last > 500, "{last} s");
        wrong(&from("192.0.2.1"), "ann", 1).await;
        app.clock.advance(Duration::from_secs(16 * 60));
        // The account's window is over, and the client's is not.
        assert!(wait_of(login(&from("192.0.2.1"), &email("ann"), PASSWORD).await) > 50);
        login(&from("192.0.2.2"), &email("ann"), PASSWORD).await.is(200);
        app.clock.advance(Duration::from_secs(24 * 3_600));
        wrong(&from("192.0.2.1"), "ann", 1).await;
        login(&from("192.0.2.1"), &email("ann"), PASSWORD).await.is(200);
    }

    /// Where the counts cannot be kept nobody is let guess: 503, whatever the answer would have been. Those who are logged
    /// in go on.
    async fn without_a_place_to_count(app) {
        let ann = app.user("ann").await;
        app.database.sql("ALTER TABLE guess_budgets RENAME TO guess_budgets_away").await;
        for (name, password) in [("ann", PASSWORD), ("ann", WRONG), ("nobody", WRONG)] {
            let answer = login(&app.visitor(), &email(name), password).await.refused(503, "unavailable");
            assert!(answer.header("retry-after").is_some());
        }
        ann.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.refused(503, "unavailable");
        ann.get("/api/v1/profile").await.is(200);
        ann.post_empty("/api/v1/auth/refresh").await.is(200);
        app.database.sql("ALTER TABLE guess_budgets_away RENAME TO guess_budgets").await;
        app.clock.advance(Duration::from_secs(60));
        login(&app.visitor(), &email("ann"), PASSWORD).await.is(200);
    }
}
