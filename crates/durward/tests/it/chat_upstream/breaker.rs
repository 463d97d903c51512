//! The breaker around the answering side: what opens it, and what closes it again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use durward_store::testing::Backend;
use tokio::sync::Notify;

use super::*;

on_backends! {
    /// Three failures open the breaker; then nobody is asked, until one question finds out whether the server is back.
    async fn the_breaker_opens_and_one_question_closes_it(backend) {
        let upstream = Upstream::start(Plan::new(500)).await;
        let many = [
            ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_USER", "100"),
            ("DURWARD_WEBSOCKET__MAX_CONNECTIONS_PER_SESSION", "100"),
        ];
        let app = app(backend, "ollama", &upstream.url, &many).await;
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for failures in 1..=3 {
            socket.send(say("hello")).await;
            assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
            assert_eq!(breaker(&app, "chat").1, failures);
        }
        assert_eq!(breaker(&app, "chat").0, "open");
        // Whoever were asked now would have to wait for a minute.
        upstream.set(Plan::new(200).silent());
        for _ in 0..5 {
            let start = Instant::now();
            socket.send(say("hello")).await;
            let (started, _, error) = answered(&mut socket).await;
            assert_eq!((error["code"].as_str(), &error["message_id"]), (Some("unavailable"), &started["message_id"]));
            assert!((1..=10).contains(&error["retry_after"].as_u64().unwrap()), "{error}");
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
            assert_eq!(kept(&ann, &started).await, [("user".to_owned(), "hello".to_owned())]);
        }
        assert_eq!(upstream.count(), 3);

        // The probe fails: open again.
        upstream.set(Plan::new(500));
        app.clock.advance(Duration::from_secs(10));
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        assert_eq!((upstream.count(), breaker(&app, "chat")), (4, ("open".to_owned(), 4)));

        // Of 64 who ask at once, one does.
        let release = Arc::new(Notify::new());
        upstream.set(Plan::new(200).wait(&release).send(stream("ollama", &["back"])));
        let mut sockets = Vec::new();
        for _ in 0..64 {
            sockets.push(ready(&ann).await);
        }
        app.clock.advance(Duration::from_secs(10));
        let (told, mut tell) = tokio::sync::mpsc::channel(64);
        for mut socket in sockets {
            let told = told.clone();
            tokio::spawn(async move {
                socket.send(say("hello")).await;
                let end = answered(&mut socket).await.2;
                told.send((end, socket)).await.unwrap();
            });
        }
        let mut refused = Vec::new();
        for _ in 0..63 {
            let (error, socket) = tell.recv().await.unwrap();
            assert_eq!(error["code"], "unavailable", "{error}");
            refused.push(socket);
        }
        assert_eq!((upstream.count(), breaker(&app, "chat").0), (5, "half_open".to_owned()));
        release.notify_one();
        assert_eq!(tell.recv().await.unwrap().0["content"], "back");
        assert_eq!((upstream.count(), breaker(&app, "chat")), (5, ("closed".to_owned(), 0)));

        upstream.set(Plan::pieces(&stream("ollama", &["as ever"])));
        for socket in &mut refused[..5] {
            socket.send(say("hello")).await;
            assert_eq!(answered(socket).await.2["content"], "as ever", "the sockets have stayed");
        }
        others_are_untouched(&app);
    }

    /// A server that begins each answer and breaks each off is no good either.
    async fn answers_that_break_off_open_the_breaker(backend) {
        let upstream = Upstream::start(Plan::new(200).send(part("openai", "well")).cut()).await;
        let app = app(backend, "openai", &upstream.url, &[]).await;
        let mut socket = ready(&app.user("ann").await).await;
        for _ in 0..3 {
            socket.send(say("hello")).await;
            let (_, whole, error) = answered(&mut socket).await;
            assert_eq!((whole.as_str(), error["code"].as_str()), ("well", Some("unavailable")));
        }
        assert_eq!(breaker(&app, "chat"), ("open".to_owned(), 3));
    }

    /// A probe that gets no answer loses its turn after the time that a model may take to begin; which is a minute unless
    /// one says otherwise.
    async fn a_probe_has_a_deadline(backend) {
        let upstream = Upstream::start(Plan::new(503)).await;
        let app = app(backend, "ollama", &upstream.url, &[("DURWARD_CHAT__FIRST_BYTE_TIMEOUT", "3s")]).await;
        let ann = app.user("ann").await;
        let mut socket = ready(&ann).await;
        for _ in 0..3 {
            socket.send(say("hello")).await;
            answered(&mut socket).await;
        }
        upstream.set(Plan::new(200).stall());
        app.clock.advance(Duration::from_secs(10));
        let start = Instant::now();
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["code"], "unavailable");
        let took = start.elapsed();
        assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(30), "{took:?}");
        assert_eq!(breaker(&app, "chat"), ("open".to_owned(), 4));

        // A client that goes away while it is the probe makes room for the next.
        app.clock.advance(Duration::from_secs(10));
        let mut gone = ready(&ann).await;
        gone.send(say("hello")).await;
        upstream.open(1).await;
        drop(gone);
        upstream.open(0).await;
        assert_eq!(breaker(&app, "chat").0, "half_open");
        upstream.set(Plan::pieces(&stream("ollama", &["back"])));
        socket.send(say("hello")).await;
        assert_eq!(answered(&mut socket).await.2["content"], "back");
    }
}
