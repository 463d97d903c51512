use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{EventKind, NewEvent};

both! {
    async fn events_come_without_a_gap_in_the_order_of_commits(fresh: Fresh) {
        let gate = fresh.opened.gate.clone();
        let done = Arc::new(AtomicBool::new(false));
        // A node that reads on from the last number it has applied must see every event, exactly once.
        let reader = tokio::spawn({
            let (gate, done) = (gate.clone(), done.clone());
            async move {
                let (mut last, mut seen) = (0, Vec::new());
                loop {
                    let finished = done.load(Ordering::SeqCst);
                    let events = gate.read().await.unwrap().events_after(last, 7).await.unwrap();
                    last = events.last().map_or(last, |event| event.seq);
                    if finished && events.is_empty() {
                        return seen;
                    }
                    seen.extend(events.into_iter().map(|event| event.seq));
                }
            }
        });
        let appended = race(8, |number| {
            let gate = gate.clone();
            async move {
                let mut mine = Vec::new();
                for round in 0..40_usize {
                    let mut write = gate.write().await.unwrap();
                    let seq = write.append_event(&event(number, None)).await.unwrap();
                    tokio::time::sleep(Duration::from_micros((number * 37 + round * 53) as u64 % 700)).await;
                    // Some are undone; their numbers must be used again.
                    if (number + round) % 5 == 0 {
                        drop(write);
                    } else {
                        write.commit_unaudited("a test").await.unwrap();
                        mine.push(seq);
                    }
                }
                mine
            }
        }).await;
        done.store(true, Ordering::SeqCst);
        let mut all: Vec<i64> = appended.into_iter().flatten().collect();
        all.sort_unstable();
        let count = i64::try_from(all.len()).unwrap();
        assert_eq!(all, (1..=count).collect::<Vec<_>>());
        assert_eq!(reader.await.unwrap(), all);
        assert_eq!(gate.read().await.unwrap().latest_event().await.unwrap(), count);
    }

    async fn an_event_is_what_was_put_in(fresh: Fresh) {
        assert_eq!(fresh.opened.gate.read().await.unwrap().latest_event().await.unwrap(), 0);
        let id = SessionId::new(NOW, &SystemRandom);
        let mut write = fresh.opened.system.write().await.unwrap();
        assert_eq!(write.append_event(&event(1, Some(id))).await.unwrap(), 1);
        assert_eq!(write.append_event(&NewEvent { kind: EventKind::User, ..event(2, None) }).await.unwrap(), 2);
        write.commit_unaudited("a test").await.unwrap();
        let events = fresh.opened.gate.read().await.unwrap().events_after(0, 10).await.unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].kind, events[0].user_id, events[0].session_id), (EventKind::Session, UserId(1), Some(id)));
        assert_eq!((events[1].kind, events[1].session_id, events[1].at), (EventKind::User, None, NOW));
        assert_eq!(events[1].reason, "logout");
        assert!(fresh.opened.gate.read().await.unwrap().events_after(2, 10).await.unwrap().is_empty());
    }
}

fn event(user: usize, session_id: Option<SessionId>) -> NewEvent<'static> {
    let user_id = UserId(i64::try_from(user).unwrap());
    NewEvent { kind: EventKind::Session, user_id, session_id, reason: "logout", now: NOW }
}
