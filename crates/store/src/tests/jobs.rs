use super::*;
use crate::TakenJob;

async fn take(fresh: &Fresh, at: Timestamp) -> Option<TakenJob> {
    let mut write = fresh.opened.system.write().await.unwrap();
    let taken = write.take_job("tidy", at, at.plus(HOUR)).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    taken
}

both! {
    async fn of_many_nodes_one_has_the_job(fresh: Fresh) {
        let system = fresh.opened.system.clone();
        let taken = race(8, |_| {
            let system = system.clone();
            async move {
                let mut write = system.write().await.unwrap();
                let taken = write.take_job("tidy", NOW, NOW.plus(HOUR)).await.unwrap();
                write.commit_unaudited("a test").await.unwrap();
                taken
            }
        })
        .await;
        let taken: Vec<TakenJob> = taken.into_iter().flatten().collect();
        assert_eq!((taken.len(), taken[0].done_until), (1, None));
        assert_eq!(take(&fresh, NOW.plus(HOUR / 2)).await, None, "it is held");
        let second = take(&fresh, NOW.plus(2 * HOUR)).await.expect("the lease ran out");
        let mut write = system.write().await.unwrap();
        assert!(!write.hold_job("tidy", taken[0].holder, NOW.plus(9 * HOUR)).await.unwrap(), "the first has lost it");
        assert!(!write.finish_job("tidy", taken[0].holder, NOW, NOW).await.unwrap());
        assert!(write.hold_job("tidy", second.holder, NOW.plus(4 * HOUR)).await.unwrap());
        assert!(write.finish_job("tidy", second.holder, NOW.plus(5 * HOUR), NOW.plus(3 * HOUR)).await.unwrap());
        write.commit_unaudited("a test").await.unwrap();
        assert_eq!(take(&fresh, NOW.plus(4 * HOUR)).await, None, "it is not due");
        let third = take(&fresh, NOW.plus(5 * HOUR)).await.expect("it is due again");
        assert_eq!(third.done_until, Some(NOW.plus(3 * HOUR)));
    }
}
