use super::*;
use crate::After;
use durward_proto::ids::UuidId;

both! {
    async fn a_session_is_what_was_put_in(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await;
        let id = session(&fresh, ann.id, NOW).await;
        let mut read = fresh.opened.gate.read().await.unwrap();
        let live = read.live_session(id).await.unwrap().unwrap();
        assert_eq!(&live.user, &ann);
        assert_eq!((live.auth_time, live.last_seen_at, live.ended_at), (NOW, NOW, None));
        assert_eq!((live.amr.as_str(), live.transport, live.settled_generation), ("pwd otp", Transport::Bearer, 1));
        assert!(read.live_session(SessionId::new(NOW, &SystemRandom)).await.unwrap().is_none());
    }

    async fn the_settled_generation_only_rises(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        for (given, kept) in [(3, 3), (2, 3), (3, 3), (4, 4)] {
            let mut write = fresh.opened.gate.write().await.unwrap();
            write.settle_generation(id, given).await.unwrap();
            write.commit_unaudited("a test").await.unwrap();
            let live = fresh.opened.gate.read().await.unwrap().live_session(id).await.unwrap().unwrap();
            assert_eq!(live.settled_generation, kept);
        }
    }

    async fn a_touch_is_never_earlier(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        write.touch_session(id, NOW.plus(HOUR)).await.unwrap();
        write.touch_session(id, NOW).await.unwrap();
        assert_eq!(write.live_session(id).await.unwrap().unwrap().last_seen_at, NOW.plus(HOUR));
    }

    async fn a_session_ends_once(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let id = session(&fresh, ann, NOW).await;
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert!(!write.end_session(bob, id, NOW, "logout").await.unwrap(), "it is Ann's");
        assert!(write.end_session(ann, id, NOW, "logout").await.unwrap());
        assert!(!write.end_session(ann, id, NOW.plus(HOUR), "logout").await.unwrap());
        assert_eq!(write.live_session(id).await.unwrap().unwrap().ended_at, Some(NOW));
    }

    async fn all_sessions_end_but_one(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let (first, second, third) =
            (session(&fresh, ann, NOW).await, session(&fresh, ann, NOW).await, session(&fresh, ann, NOW).await);
        let bobs = session(&fresh, bob, NOW).await;
        let mut write = own(&fresh, ann, second).write().await.unwrap();
        let mut ended = write.end_other_sessions(NOW, "user").await.unwrap();
        ended.sort();
        let mut others = vec![first, third];
        others.sort();
        assert_eq!(ended, others);
        write.commit(Audit::new("sessions_ended").actor(ann).session(second)).await.unwrap();
        let mut write = fresh.opened.gate.write().await.unwrap();
        assert_eq!(write.end_sessions(ann, Some(second), NOW, "x").await.unwrap(), []);
        assert_eq!(write.end_sessions(ann, None, NOW, "x").await.unwrap(), [second]);
        assert_eq!(write.live_session(bobs).await.unwrap().unwrap().ended_at, None);
        drop(write);
        let mut write = fresh.opened.system.write().await.unwrap();
        assert_eq!(write.end_sessions(bob, NOW, "suspended").await.unwrap(), [bobs]);
    }

    async fn the_list_is_ones_own_live_sessions(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        session(&fresh, bob, NOW).await;
        let mut ids = Vec::new();
        for number in 0..7 {
            // Two of each time, so that the id has to decide.
            ids.push((NOW.plus(Duration::from_micros(number / 2)), session(&fresh, ann, NOW.plus(Duration::from_micros(number / 2))).await));
        }
        ids.sort_by_key(|(at, id)| std::cmp::Reverse((*at, id.uuid())));
        let (_, ended) = ids.remove(3);
        let mine = own(&fresh, ann, ids[0].1);
        let mut write = mine.write().await.unwrap();
        assert!(write.end_session(ended, NOW, "user").await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        let mut read = mine.read().await.unwrap();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = read.sessions(after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(After { at: last.created_at, id: last.id.uuid() });
            seen.extend(page.into_iter().map(|row| (row.created_at, row.id)));
        }
        assert_eq!(seen, ids);
    }

    async fn anothers_session_is_not_found(fresh: Fresh) {
        let ann = user(&fresh, "ann@example.com").await.id;
        let bob = user(&fresh, "bob@example.com").await.id;
        let bobs = session(&fresh, bob, NOW).await;
        let mine = own(&fresh, ann, session(&fresh, ann, NOW).await);
        let mut write = mine.write().await.unwrap();
        assert!(!write.end_session(bobs, NOW, "user").await.unwrap());
        assert_eq!(write.end_other_sessions(NOW, "user").await.unwrap(), []);
        assert_eq!(write.sessions(None, 100).await.unwrap().len(), 1);
    }
}
