use durward_proto::wire::profile::ProfileChange;
use serde_json::json;

use super::*;
use crate::{StoreError, UserFilter};

both! {
    async fn an_account_is_what_was_put_in(fresh: Fresh) {
        let ann = user(&fresh, "Ann@Example.com").await;
        assert_eq!((ann.email.as_str(), ann.full_name.as_deref()), ("Ann@Example.com", Some("Ann Lee")));
        assert_eq!((ann.created_at, ann.updated_at, ann.email_verified, ann.tfa_enabled), (NOW, NOW, true, false));
        let mut read = fresh.opened.gate.read().await.unwrap();
        let by_email = read.credential_by_email("ann@example.com").await.unwrap().unwrap();
        let by_id = read.credential_by_id(ann.id).await.unwrap().unwrap();
        assert_eq!((&by_email.user, by_email.password_hash.as_str()), (&ann, "$argon2id$first"));
        assert_eq!((by_id.user, by_id.password_hash), (ann, "$argon2id$first".to_owned()));
        assert!(read.credential_by_email("Ann@Example.com").await.unwrap().is_none(), "only the key finds it");
        assert!(read.credential_by_id(UserId(999)).await.unwrap().is_none());
        assert!(!format!("{by_email:?}").contains("argon2"));
    }

    async fn of_many_registrations_one_wins(fresh: Fresh) {
        let spellings = ["ann@example.com", "Ann@Example.com", "ANN@EXAMPLE.COM"];
        let gate = fresh.opened.gate.clone();
        let made = race(64, |number| {
            let gate = gate.clone();
            async move {
                let email: Email = spellings[number % 3].parse().unwrap();
                let mut write = gate.write().await.unwrap();
                let made = write.insert_user(&new_user(&email)).await.unwrap();
                write.commit(Audit::new("registered")).await.unwrap();
                made
            }
        }).await;
        assert_eq!(made.iter().flatten().count(), 1);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM users").await, 1);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM user_profiles").await, 1);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM security_audit").await, 64);
    }

    async fn what_is_not_committed_is_not_there(fresh: Fresh) {
        let email: Email = "ann@example.com".parse().unwrap();
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.insert_user(&new_user(&email)).await.unwrap().unwrap();
        assert!(write.credential_by_email("ann@example.com").await.unwrap().is_some(), "a write reads itself");
        assert!(fresh.opened.gate.read().await.unwrap().credential_by_email("ann@example.com").await.unwrap().is_none());
        drop(write);
        user(&fresh, "ann@example.com").await;
    }

    async fn a_password_is_replaced_once(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let gate = fresh.opened.gate.clone();
        let replaced = race(16, |number| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                let won = write.replace_password(ann, "$argon2id$first", &format!("$new{number}"), NOW).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                won
            }
        }).await;
        assert_eq!(replaced.iter().filter(|won| **won).count(), 1);
    }

    async fn an_account_is_held_only_as_it_was_checked(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(!write.hold_account(ann, "$argon2id$other", "$argon2id$other").await.unwrap());
        assert!(write.hold_account(ann, "$argon2id$first", "$argon2id$first").await.unwrap());
        assert!(write.hold_account(ann, "$argon2id$first", "$argon2id$stronger").await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        let mut write = fresh.opened.system.write().await.unwrap();
        assert!(write.set_status(ann, AccountStatus::Suspended, NOW).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(!write.hold_account(ann, "$argon2id$stronger", "$argon2id$stronger").await.unwrap());
    }

    async fn users_are_found_page_by_page(fresh: Fresh) {
        for name in ["ann", "bob", "a_n", "a%n", "a!n"] {
            user(&fresh, &format!("{name}@example.com")).await;
        }
        let mut read = fresh.opened.system.read().await.unwrap();
        let all = read.users(&UserFilter::default(), None, 100).await.unwrap();
        assert_eq!(all.len(), 5);
        let page = read.users(&UserFilter::default(), Some(all[1].id), 2).await.unwrap();
        assert_eq!(page, all[2..4]);
        for (query, hits) in [("ANN@", 1), ("a_n", 1), ("a%n", 1), ("a!n", 1), ("example", 5), ("LEE", 5), ("zoe", 0)] {
            assert_eq!(read.users(&UserFilter { query: Some(query), ..UserFilter::default() }, None, 100).await.unwrap().len(), hits, "{query}");
        }
        assert_eq!(read.user_by_email("bob@example.com").await.unwrap().unwrap(), all[1]);
        assert!(read.user_by_email("zoe@example.com").await.unwrap().is_none());
    }

    async fn an_operator_changes_an_account(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let later = NOW.plus(HOUR);
        let mut write = fresh.opened.system.write().await.unwrap();
        assert!(write.set_role(ann, &Role::admin(), later).await.unwrap());
        assert!(write.set_status(ann, AccountStatus::Suspended, later).await.unwrap());
        assert!(write.set_password(ann, "$argon2id$second", later).await.unwrap());
        for missing in [
            write.set_role(UserId(99), &Role::admin(), later).await,
            write.set_status(UserId(99), AccountStatus::Active, later).await,
            write.set_password(UserId(99), "x", later).await,
            write.erase_user(UserId(99), "nobody@example.com", &[]).await,
        ] {
            assert!(!missing.unwrap());
        }
        write.commit(Audit::new("changed").actor(ann).subject(ann).detail(json!({"role": "admin"}))).await.unwrap();
        let row = fresh.opened.gate.read().await.unwrap().credential_by_id(ann).await.unwrap().unwrap();
        assert_eq!((row.user.role, row.user.status), (Role::admin(), AccountStatus::Suspended));
        assert_eq!((row.password_hash.as_str(), row.user.updated_at), ("$argon2id$second", later));
    }

    async fn a_profile_changes_where_it_is_named(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let mine = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let later = NOW.plus(HOUR);
        let goals = json!({"zebra": [1, 2.5, null], "apple": "ü\n"}).as_object().unwrap().clone();
        let mut write = mine.write().await.unwrap();
        let change = ProfileChange {
            full_name: Some(Some("Ann B.".into())),
            mission_statement: Some(Some("help".into())),
            personal_goals: Some(Some(goals.clone())),
            ..ProfileChange::default()
        };
        write.change_profile(&change, later).await.unwrap();
        let clear = ProfileChange { mission_statement: Some(None), ..ProfileChange::default() };
        write.change_profile(&clear, later).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let (account, profile) = mine.read().await.unwrap().profile().await.unwrap().unwrap();
        assert_eq!((account.full_name.as_deref(), account.updated_at), (Some("Ann B."), later));
        assert_eq!((profile.mission_statement, profile.work_style_preferences.len()), (None, 0));
        assert_eq!(profile.personal_goals, goals);
        let other = own(&fresh, bob, session(&fresh, bob, NOW).await);
        let (account, profile) = other.read().await.unwrap().profile().await.unwrap().unwrap();
        assert_eq!((account.full_name.as_deref(), account.updated_at), (Some("Ann Lee"), NOW));
        assert!(profile.personal_goals.is_empty());
        assert_eq!(other.read().await.unwrap().user().await.unwrap().unwrap().id, bob);
    }

    async fn settings_are_the_users_own(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let mine = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let mut write = mine.write().await.unwrap();
        for value in [json!("dark"), json!("light")] {
            write.put_setting("theme", &value, NOW).await.unwrap();
        }
        write.put_setting("agent_settings", &json!({"b": 1, "a": [true, null]}), NOW).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let settings = mine.read().await.unwrap().settings().await.unwrap();
        assert_eq!(settings, [
            ("agent_settings".to_owned(), json!({"b": 1, "a": [true, null]})),
            ("theme".to_owned(), json!("light")),
        ]);
        let other = own(&fresh, bob, session(&fresh, bob, NOW).await);
        assert!(other.read().await.unwrap().settings().await.unwrap().is_empty());
    }

    async fn whose_account_is_gone_is_said_so_without_values(fresh: Fresh) {
        let mut write = fresh.opened.gate.write().await.unwrap();
        let id = SessionId::new(NOW, &SystemRandom);
        let error = match write.insert_session(&new_session(id, UserId(424_242), NOW)).await {
            Err(error) => error,
            // SQLite says it at the commit.
            Ok(()) => write.commit_unaudited("a test").await.unwrap_err(),
        };
        // SQLite does not say which foreign key.
        assert!(matches!(&error, StoreError::Gone { .. }), "{error:?}");
        assert!(!error.to_string().contains("424242") && !error.is_unavailable());
    }

    async fn a_nul_character_is_no_crash(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mine = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let mut write = mine.write().await.unwrap();
        if let Err(error) = write.put_setting("theme", &json!("canary\0"), NOW).await {
            assert_eq!(error, StoreError::Conflict { constraint: "nul_character".into() });
        }
    }
}
