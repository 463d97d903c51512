use durward_proto::Clock;

use super::*;
use crate::{Backend, BudgetRule, Charge, Expired};

const RULE: BudgetRule =
    BudgetRule { limit: 3, window: Duration::from_secs(900), first_delay: Duration::from_secs(10) };

both! {
    async fn delays_double_after_the_limit(fresh: Fresh) {
        // Seconds since the start, and the wait that is answered; 0 for allowed.
        let story = [
            (0, 0), (0, 0), (0, 0), // the free ones
            (0, 10), (4, 6), (9, 1), (10, 0), // 10 s
            (10, 20), (29, 1), (30, 0), // 20 s
            (30, 40), (70, 0), (70, 80), (150, 0), (310, 0), (630, 0),
            (630, 270), (899, 1), // 640 s, or until the window has passed
            (900, 0), (900, 0), (900, 0), (900, 10), // the window has passed: anew
        ];
        for (at, wait) in story {
            assert_eq!(charge(&fresh, "k", at, &RULE).await, expected(wait), "at {at} s");
        }
        assert_eq!(charge(&fresh, "other", 900, &RULE).await, Charge::Allowed);
    }

    async fn a_delay_is_at_most_the_window(fresh: Fresh) {
        let rule = BudgetRule { limit: 1, window: Duration::from_secs(60), first_delay: Duration::from_secs(50) };
        assert_eq!(charge(&fresh, "k", 0, &rule).await, Charge::Allowed);
        assert_eq!(charge(&fresh, "k", 0, &rule).await, expected(50));
        assert_eq!(charge(&fresh, "k", 50, &rule).await, Charge::Allowed);
        assert_eq!(charge(&fresh, "k", 51, &rule).await, expected(9));
        assert_eq!(charge(&fresh, "k", 60, &rule).await, Charge::Allowed, "the window has passed");
    }

    async fn extreme_rules_do_not_overflow(fresh: Fresh) {
        let rules = [
            BudgetRule { limit: 0, window: Duration::ZERO, first_delay: Duration::ZERO },
            BudgetRule { limit: u32::MAX, window: Duration::MAX, first_delay: Duration::MAX },
            BudgetRule { limit: 1, window: Duration::MAX, first_delay: Duration::MAX },
            BudgetRule { limit: 1, window: Duration::MAX, first_delay: Duration::from_micros(1) },
        ];
        for (rule, key) in rules.iter().zip(["a", "b", "c", "d"]) {
            assert_eq!(charge(&fresh, key, 0, rule).await, Charge::Allowed);
        }
        // Each comes when the last delay has just passed: the delays double until they reach the window.
        let mut at = NOW;
        for _ in 0..80 {
            let mut write = fresh.opened.gate.write().await.unwrap();
            match write.charge(at, &[("d", rules[3])]).await.unwrap()[0] {
                Charge::Allowed => {}
                Charge::Refused { retry_after } => at = at.plus(retry_after),
            }
            write.commit_unaudited("a test").await.unwrap();
        }
        assert!(at.since(NOW) > Duration::from_secs(86_400), "{at}");
        fresh.sql("UPDATE guess_budgets SET failures = 9223372036854775000 WHERE key = 'b'").await;
        assert_eq!(charge(&fresh, "b", 1, &rules[1]).await, Charge::Allowed);
        assert!(matches!(charge(&fresh, "b", 1, &rules[1]).await, Charge::Refused { .. }));
    }

    async fn a_refund_takes_one_back_and_the_wait(fresh: Fresh) {
        for _ in 0..3 {
            charge(&fresh, "k", 0, &RULE).await;
        }
        assert_eq!(charge(&fresh, "k", 0, &RULE).await, expected(10));
        for _ in 0..5 {
            refund(&fresh, "k").await;
        }
        refund(&fresh, "unknown").await;
        assert_eq!(fresh.count("SELECT COUNT(*) FROM guess_budgets").await, 0);
        for wait in [0, 0, 0, 10] {
            assert_eq!(charge(&fresh, "k", 0, &RULE).await, expected(wait));
        }
    }

    async fn a_clock_set_back_locks_nobody_out(fresh: Fresh) {
        for _ in 0..3 {
            charge(&fresh, "k", 100_000, &RULE).await;
        }
        assert_eq!(charge(&fresh, "k", 0, &RULE).await, Charge::Allowed);
    }

    async fn what_is_over_is_removed_bit_by_bit(fresh: Fresh) {
        let day = BudgetRule { window: Duration::from_secs(86_400), ..RULE };
        for number in 0..7 {
            charge(&fresh, &format!("short {number}"), 0, &RULE).await;
        }
        charge(&fresh, "long", 0, &day).await;
        charge(&fresh, "late", 1, &RULE).await;
        assert_eq!(prune(&fresh, 899, 100).await, 0, "the window is not over");
        assert_eq!(prune(&fresh, 900, 5).await, 5);
        charge(&fresh, "short 6", 900, &RULE).await;
        assert_eq!(prune(&fresh, 900, 5).await, 1, "one has begun anew");
        assert_eq!(fresh.count("SELECT failures FROM guess_budgets WHERE key = 'short 6'").await, 1);
        assert_eq!(prune(&fresh, 901, 5).await, 1);
        assert_eq!(prune(&fresh, 86_399, 5).await, 1);
        assert_eq!(prune(&fresh, 86_400, 5).await, 1);
        assert_eq!(fresh.count("SELECT COUNT(*) FROM guess_budgets").await, 0);
    }

    async fn removing_takes_nothing_from_those_who_charge(fresh: Fresh) {
        for number in 0..20 {
            charge(&fresh, &format!("k{number}"), 0, &RULE).await;
        }
        let opened = fresh.opened.clone();
        let now = NOW.plus(Duration::from_secs(1_000));
        // 60 charges, three for each key, and 20 who remove at the same time. All take two keys in one transaction.
        race(80, |number| {
            let opened = opened.clone();
            async move {
                if number % 4 == 3 {
                    let mut write = opened.system.write().await.unwrap();
                    write.remove_expired(Expired::Budgets, now, 7).await.unwrap();
                    write.commit_unaudited("a test").await.unwrap();
                    return;
                }
                let (first, second) = (number % 20, (number + 1) % 20);
                let mut write = opened.gate.write().await.unwrap();
                for key in [first.min(second), first.max(second)] {
                    let rule = BudgetRule { limit: 100, ..RULE };
                    assert_eq!(write.charge(now, &[(&format!("k{key}"), rule)]).await.unwrap(), [Charge::Allowed]);
                }
                write.commit_unaudited("a test").await.unwrap();
            }
        }).await;
        prune(&fresh, 1_000, 100).await;
        assert_eq!(fresh.count("SELECT CAST(SUM(failures) AS BIGINT) FROM guess_budgets").await, 120, "none of the new ones is lost");
    }

    // Whoever gives back several and whoever charges them never wait for each other in a circle, in whatever order they say so.
    async fn those_who_settle_and_those_who_charge_keep_one_order(fresh: Fresh) {
        let opened = fresh.opened.clone();
        race(120, |number| {
            let opened = opened.clone();
            async move {
                let mut write = opened.gate.write().await.unwrap();
                match number % 3 {
                    0 => {
                        let rule = BudgetRule { limit: 1_000, ..RULE };
                        write.charge(NOW, &["a", "b", "c"].map(|key| (key, rule))).await.unwrap();
                    }
                    1 => ["c", "a", "b"].map(|key| write.refund(key)).into_iter().collect(),
                    _ => {
                        write.refund("b");
                        write.forget_budget("c");
                        write.forget_budget("a");
                        write.refund("a");
                    }
                }
                write.commit_unaudited("a test").await.unwrap();
            }
        }).await;
    }

    // Nobody waits for seconds among many rows, also while those that are over are removed.
    async fn among_many_rows(fresh: Fresh) {
        #[allow(clippy::disallowed_methods, reason = "a test is told how much it may do")]
        let given = std::env::var("DURWARD_TEST_BUDGET_ROWS").ok();
        let rows: u64 = given.map_or(20_000, |rows| rows.parse().unwrap());
        let clock = durward_proto::SystemClock::new();
        let backend = fresh.opened.gate.read().await.unwrap().backend();
        let series = match backend {
            Backend::Sqlite => format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n"),
            Backend::Postgres => format!("SELECT i FROM generate_series(1, {rows}) AS n(i)"),
        };
        let over = NOW.micros();
        fresh.sql(&format!("INSERT INTO guess_budgets (key, failures, window_started_at, ends_at, next_allowed_at, refused) \
            SELECT 'account:0123456789abcdef0123456789abcdef@address:' || i, 1, {over}, {over} + 900000000, 0, FALSE FROM ({series}) AS s")).await;
        let mut worst = Duration::ZERO;
        for number in 0..50 {
            worst = worst.max(timed(charge(&fresh, &format!("before {number}"), 0, &RULE)).await);
        }
        let began = clock.monotonic();
        let (mut gone, mut longest) = (0, Duration::ZERO);
        loop {
            let step = clock.monotonic();
            let removed = prune(&fresh, 901, 10_000).await;
            longest = longest.max(clock.monotonic() - step);
            gone += removed;
            worst = worst.max(timed(charge(&fresh, &format!("during {gone}"), 901, &RULE)).await);
            if removed < 10_000 {
                break;
            }
        }
        println!("{:?}: {rows} rows removed in {:?}, at most {longest:?} at a time; a charge took {worst:?} at most", backend, clock.monotonic() - began);
        assert_eq!(gone, rows + 50);
        assert!(longest < Duration::from_secs(10) && worst < Duration::from_secs(5), "{longest:?} {worst:?}");
    }

    async fn no_more_than_the_limit_get_through_at_once(fresh: Fresh) {
        let gate = fresh.opened.gate.clone();
        let rule = BudgetRule { limit: 10, ..RULE };
        let charges = race(200, |_| {
            let gate = gate.clone();
            async move {
                let mut write = gate.write().await.unwrap();
                let charge = write.charge(NOW, &[("k", rule)]).await.unwrap()[0];
                write.commit_unaudited("a test").await.unwrap();
                charge
            }
        }).await;
        assert_eq!(charges.iter().filter(|charge| **charge == Charge::Allowed).count(), 10);
        assert!(charges.iter().all(|charge| *charge == Charge::Allowed || *charge == expected(10)));
    }
}

fn expected(seconds: u64) -> Charge {
    match seconds {
        0 => Charge::Allowed,
        _ => Charge::Refused { retry_after: Duration::from_secs(seconds) },
    }
}

async fn charge(fresh: &Fresh, key: &str, seconds: u64, rule: &BudgetRule) -> Charge {
    let mut write = fresh.opened.gate.write().await.unwrap();
    let charge = write.charge(NOW.plus(Duration::from_secs(seconds)), &[(key, *rule)]).await.unwrap()[0];
    write.commit_unaudited("a test").await.unwrap();
    charge
}

async fn timed<T>(work: impl Future<Output = T>) -> Duration {
    let clock = durward_proto::SystemClock::new();
    let began = clock.monotonic();
    work.await;
    clock.monotonic() - began
}

async fn prune(fresh: &Fresh, seconds: u64, most: u32) -> u64 {
    let mut write = fresh.opened.system.write().await.unwrap();
    let gone = write.remove_expired(Expired::Budgets, NOW.plus(Duration::from_secs(seconds)), most).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    gone
}

async fn refund(fresh: &Fresh, key: &str) {
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.refund(key);
    write.commit_unaudited("a test").await.unwrap();
}
