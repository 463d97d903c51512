//! A thousand guesses at one instant, on two nodes, on every path that can guess.

#![allow(clippy::print_stdout, reason = "the figures are what one wants to see")]

use std::net::SocketAddr;

use super::*;
use crate::kit::Node;

/// As many as fit, but for the account's ten: nothing else is in the way.
const SETTINGS: [(&str, &str); 4] = [
    ("DURWARD_LIMITS__ADDRESS_FAILURES", "100000"),
    // A thousand at once wait long for the database of a small machine.
    ("DURWARD_BREAKER__CALL_TIMEOUT", "60s"),
    ("DURWARD_LIMITS__PAIR_FAILURES", "100000"),
    ("DURWARD_LIMITS__FIRST_DELAY", "5m"),
];
const GUESSES: usize = 1_000;
/// Each challenge allows five answers.
const CHALLENGES: usize = 40;

/// One of the ways to guess.
enum Way {
    Json(SocketAddr),
    Form(SocketAddr),
    Code(SocketAddr, String),
    Again(Actor),
    AgainByCode(Actor),
    Change(Actor),
    Disable(Actor),
}

impl Way {
    async fn guess(self, app: (SocketAddr, String), number: usize) -> Answer {
        let client = |address| Actor::new(address, &app.1).without_origin();
        let word = format!("guess number {number}");
        match self {
            Self::Json(address) => login(&client(address), &email("ann"), &word).await,
            Self::Form(address) => {
                let form = [("username", "ANN@example.com"), ("password", word.as_str())];
                client(address).post_form("/api/v1/auth/jwt/login", &form).await
            }
            Self::Code(address, challenge) => {
                let body = json!({ "challenge_token": challenge, "method": "totp", "code": "000000" });
                client(address).post("/api/v1/auth/2fa/verify", body).await
            }
            Self::Again(ann) => ann.post("/api/v1/auth/reauthenticate", json!({ "password": word })).await,
            Self::AgainByCode(ann) => {
                ann.post("/api/v1/auth/reauthenticate", json!({ "method": "totp", "code": "000000" })).await
            }
            Self::Change(ann) => {
                let body = json!({ "current_password": word, "new_password": "four quiet herons at dusk" });
                ann.post("/api/v1/password/change", body).await
            }
            Self::Disable(ann) => ann.post("/api/v1/2fa/totp/disable", json!({ "password": word })).await,
        }
    }
}

/// Ann with TOTP, an app of hers, and her challenges.
async fn ann(app: &App) -> (Actor, Vec<String>) {
    app.register("ann").await;
    let (client, _) = app.bearer("ann").await;
    let setup = client.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
    let secret = durward_core::factors::totp::TotpSecret::from_base32(setup["secret"].as_str().unwrap()).unwrap();
    let code = secret.code_at(durward_proto::Clock::now(&*app.clock));
    client.post("/api/v1/2fa/totp/enable", json!({ "code": code.expose() })).await.is(200);
    let mut challenges = Vec::new();
    for _ in 0..CHALLENGES {
        let answer = login(&app.app_client(), &email("ann"), PASSWORD).await.is(200).json();
        challenges.push(answer["challenge_token"].as_str().unwrap().to_owned());
    }
    (client, challenges)
}

/// All at one instant: how many were looked at, how many were told to wait, and how many found no place.
async fn release(app: &App, ways: Vec<Way>) -> (usize, usize, usize) {
    let barrier = Arc::new(Barrier::new(ways.len()));
    let tasks: Vec<_> = ways
        .into_iter()
        .enumerate()
        .map(|(number, way)| {
            let (barrier, app) = (barrier.clone(), (app.address, app.origin.clone()));
            tokio::spawn(async move {
                barrier.wait().await;
                way.guess(app, number).await
            })
        })
        .collect();
    let (mut looked_at, mut waits, mut no_place) = (0, 0, 0);
    for task in tasks {
        let answer = task.await.unwrap();
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        match (answer.status.as_u16(), code.as_str()) {
            (401, "invalid_credentials" | "invalid_second_factor") => looked_at += 1,
            (429, "too_many_attempts") => waits += 1,
            (503, "overloaded" | "unavailable" | "verification_unavailable") | (401, "challenge_invalid") => {
                no_place += 1
            }
            other => panic!("{other:?}: {}", answer.text()),
        }
    }
    (looked_at, waits, no_place)
}

/// Two nodes, where the database can have two.
async fn nodes(app: &App) -> (Option<Node>, [SocketAddr; 2]) {
    let other = match app.database.options.target {
        durward_store::Target::Postgres(_) => Some(app.beside().await),
        durward_store::Target::Sqlite { .. } => None,
    };
    let address = other.as_ref().map_or(app.address, |node| node.address);
    (other, [app.address, address])
}

on_both! {
    with &SETTINGS;

    /// Of a thousand on all paths no more are looked at than the account's budget allows.
    async fn on_every_path(app) {
        let (client, challenges) = ann(&app).await;
        let (_other, at) = nodes(&app).await;
        let ways: Vec<Way> = (0..GUESSES).map(|number| {
            let (address, known) = (at[number % 2], client.copy().at(at[number % 2]));
            match number / 2 % 7 {
                0 => Way::Json(address),
                1 => Way::Form(address),
                2 => Way::Code(address, challenges[number % CHALLENGES].clone()),
                3 => Way::Again(known),
                4 => Way::AgainByCode(known),
                5 => Way::Change(known),
                _ => Way::Disable(known),
            }
        }).collect();
        let (looked_at, waits, no_place) = release(&app, ways).await;
        println!("{looked_at} were looked at, {waits} had to wait, {no_place} found no place");
        assert!((1..=10).contains(&looked_at), "{looked_at} were looked at, {waits} had to wait, {no_place} found no place");
        // What found no place left some of the budget; the whole of it is ten.
        let mut whole = looked_at;
        while login(&app.visitor(), &email("ann"), WRONG).await.status == 401 {
            whole += 1;
            assert!(whole <= 10, "{looked_at} at once, and more after that");
        }
        // What the trail says was looked at is the same.
        let noted = "SELECT COUNT(*) FROM device_login_attempts \
            WHERE reason IN ('invalid_credentials', 'invalid_second_factor')";
        assert_eq!(app.database.count(noted).await, i64::try_from(whole).unwrap());
        wait_of(login(&app.visitor(), &email("ann"), PASSWORD).await);
        client.get("/api/v1/profile").await.is(200);
    }

    /// The same on a device that the account knows: its own ten, and not one more, while others hold the account's.
    async fn on_a_known_device(app) {
        let ann = app.user("ann").await;
        let (_other, at) = nodes(&app).await;
        let device = ann.cookie("device_id").unwrap();
        let barrier = Arc::new(Barrier::new(GUESSES));
        let tasks: Vec<_> = (0..GUESSES).map(|number| {
            let (barrier, visitor) = (barrier.clone(), app.visitor().at(at[number % 2]));
            // Every other one comes from elsewhere.
            if number / 2 % 2 == 0 {
                visitor.set_cookie("device_id", &device);
            }
            tokio::spawn(async move {
                barrier.wait().await;
                (number / 2 % 2 == 0, login(&visitor, &email("ann"), &format!("guess number {number}")).await.status)
            })
        }).collect();
        let mut looked_at = [0, 0];
        for task in tasks {
            let (known, status) = task.await.unwrap();
            assert!([401, 429, 503].contains(&status.as_u16()), "{status}");
            looked_at[usize::from(known)] += usize::from(status == 401);
        }
        let [elsewhere, known] = looked_at;
        println!("{known} were looked at on the device, {elsewhere} from elsewhere");
        assert!((1..=10).contains(&known) && elsewhere <= 10, "{known} on the device, {elsewhere} from elsewhere");
    }
}
