use std::time::Duration;

use durward_core::alerts::Finding;
use durward_proto::{MailId, Role};
use durward_store::NewMail;
use durward_verify::SystemRandom;
use serde_json::json;

use super::{ALERTS, raised};
use crate::kit::{App, KEPT, email, on_both};
use crate::now::id_of;

const HOUR: Duration = Duration::from_secs(3_600);
const LOOK: Duration = Duration::from_secs(10);

async fn fail(app: &App, times: usize) {
    for _ in 0..times {
        let body = json!({ "email": email("nobody"), "password": "a guess" });
        app.visitor().post("/api/v1/auth/login", body).await;
    }
}

fn rule(name: &str, about: impl ToString) -> (String, String) {
    (name.to_owned(), about.to_string())
}

on_both! {
    with &[("DURWARD_ALERTS__LOGIN_FAILURES", "3"), ("DURWARD_ALERTS__RISK_DENIALS", "1")];

    /// From the threshold on, once an hour, whichever node looks.
    async fn logins_that_fail(app) {
        let root = app.admin("root").await;
        let root_id = id_of(&app, "root").await;
        let (one, other) = (app.alerts(), app.alerts());
        fail(&app, 2).await;
        one.look().await.unwrap();
        let admin = rule("new_admin", format!("user:{root_id}"));
        assert_eq!(raised(&root).await, std::slice::from_ref(&admin));
        fail(&app, 1).await;
        app.clock.advance(LOOK);
        let (first, second) = tokio::join!(one.look(), other.look());
        first.unwrap();
        second.unwrap();
        assert_eq!(raised(&root).await, [admin.clone(), rule("login_failures", "")]);
        app.clock.advance(LOOK);
        other.look().await.unwrap();
        assert_eq!(raised(&root).await.len(), 2, "it goes on");
        app.clock.advance(HOUR);
        let root = app.login("root").await;
        other.look().await.unwrap();
        assert_eq!(raised(&root).await.len(), 2, "it is over");
        fail(&app, 4).await;
        app.clock.advance(LOOK);
        one.look().await.unwrap();
        assert_eq!(raised(&root).await[2], rule("login_failures", ""), "it is back");
        let alert = &root.get(ALERTS).await.is(200).json()["items"][0];
        assert_eq!((&alert["severity"], &alert["detail"]["count"]), (&"warning".into(), &4.into()));
        assert_eq!(alert["summary"], "4 logins failed within 300 s.");

        app.database.sql("UPDATE device_login_attempts SET risk_decision = 'deny'").await;
        app.clock.advance(LOOK);
        one.look().await.unwrap();
        assert_eq!(raised(&root).await[3], rule("risk_denials", ""));
    }

    /// However somebody becomes an administrator: by an operator, or by hand in the database.
    async fn whoever_is_an_administrator(app) {
        let root = app.admin("root").await;
        let alerts = app.alerts();
        alerts.look().await.unwrap();
        app.user("ann").await.get(ALERTS).await.refused(403, "forbidden");
        app.register("bob").await;
        let (ann, bob) = (id_of(&app, "ann").await, id_of(&app, "bob").await);
        app.operator.set_role(ann, &Role::admin()).await.unwrap();
        app.operator.set_role(ann, &Role::user()).await.unwrap();
        app.database.sql(&format!("UPDATE users SET role = 'admin' WHERE id = {bob}")).await;
        app.clock.advance(LOOK);
        alerts.look().await.unwrap();
        app.clock.advance(LOOK);
        alerts.look().await.unwrap();
        let expected = [rule("new_admin", format!("user:{ann}")), rule("new_admin", format!("user:{bob}"))];
        assert_eq!(raised(&root).await[1..], expected, "also who was one for a moment");
    }

    /// A refresh token that came twice names its user, by number.
    async fn a_reused_refresh_token(app) {
        let root = app.admin("root").await;
        app.register("ann").await;
        let alerts = app.alerts();
        alerts.look().await.unwrap();
        let (_, refresh) = app.bearer("ann").await;
        let rotate = async |token: &str| {
            app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
        };
        let next = rotate(&refresh).await.is(200).json();
        rotate(next["refresh_token"].as_str().unwrap()).await.is(200);
        rotate(&refresh).await.refused(401, "refresh_reused");
        app.clock.advance(LOOK);
        alerts.look().await.unwrap();
        let ann = id_of(&app, "ann").await;
        assert_eq!(raised(&root).await[1..], [rule("refresh_reuse", format!("user:{ann}"))]);
        let page = root.get(ALERTS).await.text();
        assert!(!page.contains("ann@") && !page.contains("127.0.0.1"), "{page}");
        let page = root.get(&format!("{ALERTS}?limit=1")).await.is(200).json();
        assert_eq!(page["items"][0]["rule"], "refresh_reuse");
        let next = root.get(&format!("{ALERTS}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await.json();
        assert_eq!((&next["items"][0]["rule"], &next["next_cursor"]), (&"new_admin".into(), &serde_json::Value::Null));
    }

    /// A breaker that opens again and again, on this node; and the audit trail, when it was found broken.
    async fn breakers_and_the_trail(app) {
        let root = app.admin("root").await;
        let alerts = app.alerts();
        alerts.look().await.unwrap();
        let breaker = app.core.breakers().register("fragile");
        for opened in 1..=3 {
            assert_eq!(raised(&root).await.len(), 1, "{opened}");
            for _ in 0..3 {
                let _ = breaker.call(async { Err::<(), ()>(()) }, |()| true).await;
            }
            app.clock.advance(Duration::from_secs(11));
            alerts.look().await.unwrap();
        }
        assert_eq!(raised(&root).await[1..], [rule("breaker_openings", "breaker:fragile")]);
        let now = durward_proto::Clock::now(&*app.clock);
        let finding = Finding::audit_broken(2, "lane 3, row 17: changed", now);
        assert!(alerts.raise(&finding).await.unwrap());
        assert!(!alerts.raise(&finding).await.unwrap(), "once");
        let page = root.get(ALERTS).await.json();
        assert_eq!(page["items"][0]["severity"], "critical");
        assert!(page["items"][0]["summary"].as_str().unwrap().contains("lane 3, row 17"));
    }

    /// A mail that nobody sends.
    async fn mails_that_wait(app) {
        let now = durward_proto::Clock::now(&*app.clock);
        let mut write = app.database.opened.gate.write().await.unwrap();
        let id = MailId::new(now, &SystemRandom);
        let mail = NewMail { id, kind: "new_device", user_id: None, sealed: b"x", now, expires_at: now.plus(24 * HOUR) };
        write.insert_mail(&mail).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let alerts = app.alerts();
        for (minutes, count) in [(14, 0), (2, 1), (60, 2)] {
            app.clock.advance(Duration::from_secs(60 * minutes));
            alerts.look().await.unwrap();
            let stuck = app.database.count("SELECT COUNT(*) FROM alerts WHERE rule = 'mail_stuck'").await;
            assert_eq!(stuck, count, "after {minutes} more minutes");
        }
    }
}

on_both! {
    with &[KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"), ("DURWARD_ALERTS__MAIL_TO", "ops@example.com,boss@example.com")];

    /// Each of those who are to know gets one mail.
    async fn by_mail(app) {
        app.admin("root").await;
        app.alerts().look().await.unwrap();
        let root = id_of(&app, "root").await;
        for to in ["ops@example.com", "boss@example.com"] {
            let mail = app.mails.expect(to, "alert").await;
            assert!(mail.subject.contains("[warning]") && mail.subject.contains("new_admin"), "{}", mail.subject);
            assert!(mail.text.contains(&format!("User {root} is an administrator now.")), "{}", mail.text);
        }
        app.clock.advance(LOOK);
        app.alerts().look().await.unwrap();
        app.no_more_mails().await;
    }
}
