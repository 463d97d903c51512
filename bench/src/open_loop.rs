//! Load in an open loop: requests are due at a fixed rate, whatever the server does, as those of people are. How long an
//! answer took is counted from the moment at which its request was due, so that a server that stalls is charged for all who
//! waited meanwhile, and not for the one that it kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use durward_proto::Clock;
use http::Request;
use http_body_util::Full;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::latency::Latencies;
use crate::load::{Client, Load, Refused, all_refused};

/// How often it is looked what is due: tokio's own timers know only whole milliseconds.
const PACE: Duration = Duration::from_micros(100);

/// Sends `request` so many times in a second, for some seconds, over `connections` kept connections. What is due while all of
/// them wait for an answer is sent as soon as one is free.
pub(crate) async fn run(
    address: SocketAddr,
    request: &Request<Full<Bytes>>,
    rate: f64,
    connections: usize,
    seconds: u64,
    clock: &Arc<impl Clock + 'static>,
) -> Outcome<Load> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(address).await?);
    }
    let count = (rate * seconds as f64).round().max(1.0) as usize;
    let start = clock.monotonic();
    let (due, next, latencies) =
        (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(Latencies::new()?));
    let pacer = tokio::task::spawn_blocking({
        let (clock, due) = (clock.clone(), due.clone());
        move || {
            let mut given = 0;
            while given < count {
                let until_now = ((clock.monotonic() - start).as_secs_f64() * rate) as usize + 1;
                due.add_permits(until_now.min(count) - given);
                given = until_now.min(count);
                std::thread::sleep(PACE);
            }
            // And one for each connection, by which it learns that there is no more.
            due.add_permits(connections);
        }
    });
    let mut tasks = JoinSet::new();
    for mut client in clients {
        let (clock, request) = (clock.clone(), request.clone());
        let (due, next, latencies) = (due.clone(), next.clone(), latencies.clone());
        tasks.spawn(async move {
            let mut refused = Refused::new();
            loop {
                due.acquire().await?.forget();
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Outcome::Ok(refused);
                }
                let (status, _) = client.send(request.clone()).await?;
                let was_due = start + Duration::from_secs_f64(number as f64 / rate);
                latencies.record(clock.monotonic().saturating_sub(was_due));
                if status != 200 {
                    *refused.entry(status).or_default() += 1;
                }
            }
        });
    }
    let refused = all_refused(tasks).await?;
    pacer.await?;
    Ok(Load { latencies, took: clock.monotonic() - start, refused })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use durward_proto::SystemClock;
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers at once, but for one answer, which takes so long.
    async fn stalls_once(stall: Duration) -> SocketAddr {
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = move || {
            let is_the_one = asked.fetch_add(1, Ordering::Relaxed) == 100;
            async move {
                if is_the_one {
                    tokio::time::sleep(stall).await;
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, Router::new().route("/", get(answer))).into_future());
        address
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_waits_behind_a_stall_is_counted_by_the_open_loop_alone() {
        let (stall, clock) = (Duration::from_millis(500), SystemClock::new());
        let address = stalls_once(stall).await;
        let request = crate::load::get(address, "/", None).unwrap();
        // One connection, 500 requests a second: a quarter of them is due during the stall.
        let open = run(address, &request, 500.0, 1, 2, &clock).await.unwrap().all_good().unwrap();
        assert_eq!(open.count(), 1_000);
        assert!(open.percentile(90.0) > 100.0, "{}", open.percentile(90.0));

        let address = stalls_once(stall).await;
        let request = crate::load::get(address, "/", None).unwrap();
        let closed = crate::load::run(address, vec![request], 2, &clock).await.unwrap().all_good().unwrap();
        assert!(closed.count() > 200);
        assert!(closed.percentile(90.0) < 100.0, "{}", closed.percentile(90.0));
    }
}
