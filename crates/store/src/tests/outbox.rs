use durward_proto::MailId;

use super::*;
use crate::{Expired, NewMail, Waiting};

const LEASE: Duration = Duration::from_secs(15);

both! {
    async fn of_many_that_lease_each_gets_another(fresh: Fresh) {
        for _ in 0..10 {
            put(&fresh, NOW).await;
        }
        let gate = fresh.opened.gate.clone();
        let leased = race(32, |_| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                let row = write.lease_mail(NOW, LEASE).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                row
            }
        }).await;
        let mut ids: Vec<_> = leased.into_iter().flatten().map(|row| row.id).collect();
        ids.sort();
        ids.dedup();
        // A statement passes over what another is just taking, and may find nothing more; none is taken twice.
        let rest = lease_all(&fresh, NOW).await;
        assert!(rest.iter().all(|id| !ids.contains(id)), "one was leased twice");
        assert_eq!(ids.len() + rest.len(), 10);
        assert_eq!(lease_all(&fresh, NOW.plus(LEASE).minus(Duration::from_micros(1))).await, []);
        assert_eq!(lease_all(&fresh, NOW.plus(LEASE)).await.len(), 10, "a lease that was not renewed ends");
    }

    async fn only_the_lease_of_now_counts(fresh: Fresh) {
        let id = put(&fresh, NOW).await;
        let gate = &fresh.opened.gate;
        let mut write = gate.write().await.unwrap();
        assert_eq!(write.lease_mail(NOW, LEASE).await.unwrap().unwrap().tries, 1);
        assert!(write.lease_mail(NOW, LEASE).await.unwrap().is_none());
        assert!(write.extend_mail_lease(id, 1, NOW.plus(HOUR)).await.unwrap());
        let row = write.lease_mail(NOW.plus(HOUR), LEASE).await.unwrap().unwrap();
        assert_eq!((row.tries, row.sealed.as_slice(), row.expires_at), (2, &b"sealed"[..], NOW.plus(HOUR * 2)));
        // Whoever had it before has nothing to say any more.
        assert!(!write.extend_mail_lease(id, 1, NOW.plus(HOUR)).await.unwrap());
        assert!(!write.postpone_mail(id, 1, NOW, "late").await.unwrap());
        assert!(!write.put_mail_back(id, 1, NOW).await.unwrap());
        assert!(!write.give_mail_up(id, 1, NOW, "late").await.unwrap());
        // But what was sent was sent.
        assert!(write.take_mail_out(id).await.unwrap());
        assert!(!write.take_mail_out(id).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
    }

    async fn the_one_that_is_due_for_the_longest_comes_first(fresh: Fresh) {
        let (second, first) = (put(&fresh, NOW.plus(HOUR)).await, put(&fresh, NOW).await);
        let gate = &fresh.opened.gate;
        let waiting = gate.read().await.unwrap().waiting_mails().await.unwrap();
        assert_eq!(waiting, Waiting { rows: 2, oldest: Some(NOW), next: Some(NOW) });
        let later = NOW.plus(HOUR * 2);
        let mut write = gate.write().await.unwrap();
        assert_eq!(write.lease_mail(NOW, LEASE).await.unwrap().unwrap().id, first);
        assert!(write.lease_mail(NOW, LEASE).await.unwrap().is_none(), "the other one is not due");
        assert!(write.postpone_mail(first, 1, later, "not now").await.unwrap());
        assert_eq!(write.lease_mail(later, LEASE).await.unwrap().unwrap().id, second);
        assert!(write.put_mail_back(second, 1, later).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        let both = "SELECT COUNT(*) FROM mail_outbox WHERE (tries = 1 AND last_error = 'not now') OR tries = 0";
        assert_eq!(fresh.count(both).await, 2, "what was put back was not tried");
    }

    async fn of_what_is_given_up_the_reason_is_kept_for_a_while(fresh: Fresh) {
        let id = put(&fresh, NOW).await;
        let gate = &fresh.opened.gate;
        let mut write = gate.write().await.unwrap();
        write.lease_mail(NOW, LEASE).await.unwrap().unwrap();
        assert!(write.give_mail_up(id, 1, NOW, "550").await.unwrap());
        assert!(write.lease_mail(NOW.plus(HOUR), LEASE).await.unwrap().is_none());
        assert!(!write.take_mail_out(id).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        let wiped = "SELECT COUNT(*) FROM mail_outbox WHERE sealed IS NULL AND last_error = '550'";
        assert_eq!(fresh.count(wiped).await, 1);
        let waiting = gate.read().await.unwrap().waiting_mails().await.unwrap();
        assert_eq!(waiting, Waiting { rows: 0, oldest: None, next: None });
        for (before, left) in [(NOW, 1), (NOW.plus(HOUR), 0)] {
            let mut write = fresh.opened.system.write().await.unwrap();
            write.remove_expired(Expired::Mails, before, 10).await.unwrap();
            write.commit_unaudited("a test").await.unwrap();
            assert_eq!(fresh.count(wiped).await, left);
        }
    }

    async fn a_mail_goes_with_the_account(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.insert_mail(&NewMail { user_id: Some(ann.id), ..new(NOW) }).await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        let mut write = fresh.opened.system.write().await.unwrap();
        write.erase_traces(ann.id, "ann@example.com", "account:x").await.unwrap();
        write.commit_unaudited("a test").await.unwrap();
        assert_eq!(fresh.count("SELECT COUNT(*) FROM mail_outbox").await, 0);
    }
}

fn new(now: Timestamp) -> NewMail<'static> {
    let id = MailId::new(now, &SystemRandom);
    NewMail { id, kind: "reset_password", user_id: None, sealed: b"sealed", now, expires_at: now.plus(HOUR * 2) }
}

async fn put(fresh: &Fresh, now: Timestamp) -> MailId {
    let mail = new(now);
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_mail(&mail).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    mail.id
}

async fn lease_all(fresh: &Fresh, now: Timestamp) -> Vec<MailId> {
    let mut write = fresh.opened.gate.write().await.unwrap();
    let mut ids = Vec::new();
    while let Some(row) = write.lease_mail(now, LEASE).await.unwrap() {
        ids.push(row.id);
    }
    write.commit_unaudited("a test").await.unwrap();
    ids
}
