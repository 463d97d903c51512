use durward_proto::ids::UuidId;

use super::*;
use crate::{After, AttemptFilter, NewAttempt, NewFigure, UserFilter};

fn attempt<'a>(
    user_id: Option<UserId>,
    email_key: &'a str,
    method: &'a str,
    reason: &'a str,
    now: Timestamp,
) -> NewAttempt<'a> {
    NewAttempt {
        user_id,
        email_key,
        method,
        succeeded: reason == "ok",
        reason,
        ip: Some("192.0.2.1"),
        user_agent: Some("curl/8"),
        request_id: Some("r-1"),
        device: None,
        session: None,
        country: None,
        place: None,
        risk: None,
        now,
    }
}

async fn admin(fresh: &Fresh, email: &str) -> UserId {
    let user = user(fresh, email).await.id;
    let mut write = fresh.opened.system.write().await.unwrap();
    write.set_role(user, &Role::admin(), NOW).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    user
}

both! {
    async fn of_admins_who_go_at_once_one_stays(fresh: Fresh) {
        let mut admins = Vec::new();
        for name in ["ann", "bob", "cleo", "dan", "eve", "fay"] {
            admins.push(admin(&fresh, &format!("{name}@example.com")).await);
        }
        let (admins, fresh) = (Arc::new(admins), Arc::new(fresh));
        let demoted = race(12, |number| {
            let (admins, fresh) = (admins.clone(), fresh.clone());
            async move {
                let user = admins[number % admins.len()];
                let mut write = fresh.opened.system.write().await.unwrap();
                if write.would_leave_no_admin(user).await.unwrap() {
                    return false;
                }
                write.hold_user(user).await.unwrap();
                match number {
                    0..6 => drop(write.set_role(user, &Role::user(), NOW).await.unwrap()),
                    _ => drop(write.set_status(user, AccountStatus::Suspended, NOW).await.unwrap()),
                }
                write.commit_unaudited("a test").await.unwrap();
                true
            }
        }).await;
        assert!(demoted.iter().any(|done| !done), "{demoted:?}");
        let all = fresh.opened.system.read().await.unwrap().users(&UserFilter::default(), None, 100).await.unwrap();
        let left: Vec<_> = all.iter().filter(|row| row.role.is_admin() && row.status == AccountStatus::Active).collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    async fn only_the_last_active_admin_has_to_stay(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mut write = fresh.opened.system.write().await.unwrap();
        assert!(!write.would_leave_no_admin(ann).await.unwrap(), "who is none can go");
        write.set_role(ann, &Role::admin(), NOW).await.unwrap();
        assert!(write.would_leave_no_admin(ann).await.unwrap());
        write.set_status(ann, AccountStatus::Suspended, NOW).await.unwrap();
        assert!(!write.would_leave_no_admin(ann).await.unwrap(), "she cannot operate anything any more");
    }

    async fn users_are_found_by_status_and_role(fresh: Fresh) {
        let (ann, bob) = (user(&fresh, "ann@example.com").await.id, admin(&fresh, "bob@example.com").await);
        let mut write = fresh.opened.system.write().await.unwrap();
        write.set_status(ann, AccountStatus::Pending, NOW).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let (admin, other) = (Role::admin(), "other".parse::<Role>().unwrap());
        let mut read = fresh.opened.system.read().await.unwrap();
        for (status, role, found) in [
            (None, None, &[ann, bob][..]),
            (Some(AccountStatus::Pending), None, &[ann]),
            (None, Some(&admin), &[bob]),
            (Some(AccountStatus::Pending), Some(&admin), &[]),
            (None, Some(&other), &[]),
        ] {
            let rows = read.users(&UserFilter { query: Some("example"), status, role }, None, 100).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), found, "{status:?} {role:?}");
        }
        assert_eq!(read.count_users().await.unwrap().len(), 2);
    }

    async fn attempts_are_found_by_all_that_is_asked_for(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let at = |minutes: u64| NOW.plus(Duration::from_secs(minutes * 60));
        let mut write = fresh.opened.gate.write().await.unwrap();
        for (minute, user, email, method, reason) in [
            (0, Some(ann), "ann@example.com", "password", "invalid_credentials"),
            (1, Some(ann), "ann@example.com", "password", "ok"),
            (1, None, "zoe@example.com", "password", "invalid_credentials"),
            (2, Some(ann), "ann@example.com", "totp", "ok"),
        ] {
            write.insert_attempt(&attempt(user, email, method, reason, at(minute))).await.unwrap();
        }
        write.commit_unaudited("a test").await.unwrap();
        let mut read = fresh.opened.system.read().await.unwrap();
        let none = AttemptFilter::default();
        for (filter, count) in [
            (none, 4),
            (AttemptFilter { user: Some(ann), ..none }, 3),
            (AttemptFilter { email_key: Some("zoe@example.com"), ..none }, 1),
            (AttemptFilter { method: Some("totp"), ..none }, 1),
            (AttemptFilter { reason: Some("ok"), ..none }, 2),
            (AttemptFilter { succeeded: Some(false), ..none }, 2),
            (AttemptFilter { succeeded: Some(true), user: Some(ann), method: Some("password"), ..none }, 1),
            (AttemptFilter { ip: Some("192.0.2.1"), ..none }, 4),
            (AttemptFilter { ip: Some("192.0.2.2"), ..none }, 0),
            (AttemptFilter { decision: Some("deny"), ..none }, 0),
            (AttemptFilter { since: Some(at(1)), ..none }, 3),
            (AttemptFilter { until: Some(at(1)), ..none }, 1),
            (AttemptFilter { since: Some(at(1)), until: Some(at(2)), ..none }, 2),
        ] {
            assert_eq!(read.attempts(&filter, None, 100).await.unwrap().len(), count, "{filter:?}");
        }
        // Page by page, newest first, none twice.
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = read.attempts(&none, after, 1).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(After { at: last.at, id: last.id.uuid() });
            seen.push((last.at, last.email_key.clone()));
        }
        assert_eq!(seen.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [at(2), at(1), at(1), at(0)]);
        assert_eq!(read.count_logins(at(1)).await.unwrap().iter().map(|row| row.attempts).sum::<i64>(), 3);
    }

    async fn sessions_of_everybody_are_listed_while_they_live(fresh: Fresh) {
        let (ann, bob) = (user(&fresh, "ann@example.com").await.id, user(&fresh, "bob@example.com").await.id);
        let first = session(&fresh, ann, NOW).await;
        let second = session(&fresh, bob, NOW.plus(HOUR)).await;
        let ended = session(&fresh, bob, NOW).await;
        let mut write = fresh.opened.system.write().await.unwrap();
        assert_eq!(write.session_owner(ended).await.unwrap(), Some(bob));
        assert!(write.end_session(bob, ended, NOW, "revoked").await.unwrap());
        assert_eq!(write.session_owner(ended).await.unwrap(), None);
        write.commit_unaudited("a test").await.unwrap();
        let mut read = fresh.opened.system.read().await.unwrap();
        let all = read.all_sessions(None, None, 100).await.unwrap();
        let ids: Vec<_> = all.iter().map(|row| (row.id, row.user_id, row.email.as_str())).collect();
        assert_eq!(ids, [(second, bob, "bob@example.com"), (first, ann, "ann@example.com")]);
        let after = After { at: all[0].created_at, id: all[0].id.uuid() };
        assert_eq!(read.all_sessions(None, Some(after), 100).await.unwrap(), all[1..]);
        assert_eq!(read.all_sessions(Some(ann), None, 100).await.unwrap(), all[1..]);
        assert_eq!(read.count_sessions(NOW).await.unwrap(), 2);
    }

    async fn figures_are_put_together_in_steps(fresh: Fresh) {
        let minute = |number: i64| Timestamp::from_seconds(1_767_323_040 + number * 60);
        let mut write = fresh.opened.gate.write().await.unwrap();
        let mut put = async |number: i64, node: &str, label: &str, value: i64, adds: bool| {
            write.put_figure(&NewFigure { at: minute(number), node, name: "logins", label, value, adds }).await.unwrap();
        };
        for (number, node, label, value) in
            [(0, "a", "ok", 3), (0, "b", "ok", 4), (1, "a", "ok", 5), (1, "b", "bad", 1), (4, "a", "ok", 2), (6, "a", "ok", 9)]
        {
            put(number, node, label, value, true).await;
        }
        // What is written twice is added, or replaced.
        put(4, "a", "ok", 5, true).await;
        put(1, "b", "bad", 6, false).await;
        write.commit_unaudited("a test").await.unwrap();
        let mut read = fresh.opened.system.read().await.unwrap();
        let rows = read.figures("logins", minute(0), minute(6), 3 * 60_000_000).await.unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (row.slot, row.label.as_str(), row.total, row.peak, row.most)).collect();
        assert_eq!(rows, [(0, "bad", 6, 6, 6), (0, "ok", 12, 7, 5), (1, "ok", 7, 7, 7)]);
        assert_eq!(read.figures("sockets", minute(0), minute(9), 60_000_000).await.unwrap(), []);
        assert_eq!(read.count_nodes(minute(0)).await.unwrap(), 0);
    }
}
