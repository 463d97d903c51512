use super::*;
use crate::{NewEmailChange, NewRecoveryToken, RecoveryPurpose};

both! {
    async fn of_many_that_take_a_mailed_token_one_gets_it(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        keep(&fresh, ann, RecoveryPurpose::ResetPassword, [1; 32]).await;
        let gate = fresh.opened.gate.clone();
        let taken = race(32, |_| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                let taken = write.take_recovery_token(&[1; 32], RecoveryPurpose::ResetPassword, NOW).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                taken
            }
        }).await;
        let taken: Vec<_> = taken.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].user_id, taken[0].email_key.as_str()), (ann, "ann@example.com"));
    }

    async fn a_mailed_token_ends_by_a_newer_one_by_time_and_for_another_purpose(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let (reset, verify) = (RecoveryPurpose::ResetPassword, RecoveryPurpose::VerifyEmail);
        keep(&fresh, ann, reset, [1; 32]).await;
        keep(&fresh, ann, verify, [2; 32]).await;
        keep(&fresh, ann, reset, [3; 32]).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(write.recovery_token(&[1; 32], reset, NOW).await.unwrap().is_none(), "a newer one is there");
        assert!(write.take_recovery_token(&[3; 32], verify, NOW).await.unwrap().is_none(), "it is for something else");
        assert!(write.take_recovery_token(&[3; 32], reset, NOW.plus(HOUR)).await.unwrap().is_none(), "it is too old");
        assert!(write.recovery_token(&[3; 32], reset, NOW).await.unwrap().is_some());
        write.forget_recovery_tokens(ann).await.unwrap();
        for (hash, purpose) in [([3; 32], reset), ([2; 32], verify)] {
            assert!(write.take_recovery_token(&hash, purpose, NOW).await.unwrap().is_none());
        }
    }

    async fn a_change_of_address_is_confirmed_once_by_each(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let mut write = fresh.opened.gate.write().await.unwrap();
        let new = NewEmailChange {
            user_id: ann,
            new_email: "Lee@example.com",
            old_token_hash: &[1; 32],
            new_token_hash: &[2; 32],
            now: NOW,
            expires_at: NOW.plus(HOUR),
        };
        write.put_email_change(&new).await.unwrap();
        assert_eq!(write.wanted_email(ann, NOW).await.unwrap().as_deref(), Some("Lee@example.com"));
        assert!(!write.renew_email_change(ann, "other@example.com", &[3; 32], NOW).await.unwrap());
        assert!(write.renew_email_change(ann, "Lee@example.com", &[3; 32], NOW).await.unwrap());
        assert!(write.confirm_email_change(&[2; 32], NOW).await.unwrap().is_none(), "it has another token by now");
        assert!(write.confirm_email_change(&[3; 32], NOW.plus(HOUR)).await.unwrap().is_none(), "it is too late");
        assert_eq!(write.email_change_owner(&[3; 32], NOW).await.unwrap(), Some(ann));
        let first = write.confirm_email_change(&[3; 32], NOW).await.unwrap().unwrap();
        assert_eq!((first.user_id, first.old_confirmed, first.new_confirmed), (ann, false, true));
        assert!(write.confirm_email_change(&[3; 32], NOW).await.unwrap().is_none(), "once");
        assert!(!write.renew_email_change(ann, "Lee@example.com", &[4; 32], NOW).await.unwrap(), "it has confirmed");
        let second = write.confirm_email_change(&[1; 32], NOW).await.unwrap().unwrap();
        assert_eq!((second.old_confirmed, second.new_confirmed), (true, true));
        let lee: Email = second.new_email.parse().unwrap();
        assert!(write.change_email(ann, &lee, NOW).await.unwrap());
        let moved = write.credential_by_email("lee@example.com").await.unwrap().unwrap().user;
        assert_eq!((moved.id, moved.email.as_str(), moved.email_verified), (ann, "Lee@example.com", true));
        assert!(write.credential_by_email("ann@example.com").await.unwrap().is_none());
    }

    async fn an_address_that_somebody_has_is_not_given_again(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        user(&fresh, "bob@example.com").await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        let taken: Email = "BOB@example.com".parse().unwrap();
        assert!(!write.change_email(ann, &taken, NOW).await.unwrap());
        let spelled: Email = "Ann@Example.com".parse().unwrap();
        assert!(write.change_email(ann, &spelled, NOW).await.unwrap(), "one's own in another spelling");
    }

    async fn what_a_confirmation_makes_of_an_account(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let unverified = "UPDATE users SET status = 'pending', email_verified = FALSE";
        for (activates, verified, status) in
            [(false, false, AccountStatus::Pending), (true, false, AccountStatus::Active), (true, true, AccountStatus::Pending)]
        {
            fresh.sql(unverified).await;
            if verified {
                // It waits for something else.
                fresh.sql("UPDATE users SET email_verified = TRUE").await;
            }
            let mut write = fresh.opened.gate.write().await.unwrap();
            let row = write.verify_email(ann, "ann@example.com", activates, NOW).await.unwrap().unwrap();
            assert_eq!((row.email_verified, row.status), (true, status));
            drop(write);
            let mut write = fresh.opened.gate.write().await.unwrap();
            let row = write.reset_password(ann, "ann@example.com", "$new", activates, NOW).await.unwrap().unwrap();
            assert_eq!((row.email_verified, row.status), (true, status));
            assert!(write.reset_password(ann, "lee@example.com", "$new", activates, NOW).await.unwrap().is_none());
            assert!(write.verify_email(ann, "lee@example.com", activates, NOW).await.unwrap().is_none());
        }
        fresh.sql("UPDATE users SET status = 'suspended'").await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(write.reset_password(ann, "ann@example.com", "$new", true, NOW).await.unwrap().is_none());
    }
}

async fn keep(fresh: &Fresh, user_id: UserId, purpose: RecoveryPurpose, hash: [u8; 32]) {
    let mut write = fresh.opened.gate.write().await.unwrap();
    let new = NewRecoveryToken {
        hash: &hash,
        user_id,
        purpose,
        email_key: "ann@example.com",
        now: NOW,
        expires_at: NOW.plus(HOUR),
    };
    write.put_recovery_token(&new).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
}
