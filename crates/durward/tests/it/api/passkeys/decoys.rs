//! Whether there is an account is not said.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{BEGIN, FINISH, answer_to, owner};
use crate::kit::{App, email, on_both};

async fn asked(app: &App, email: &str) -> Value {
    app.visitor().post(BEGIN, json!({ "email": email })).await.is(200).json()
}

/// Everything of the options but what is new each time.
fn shape(options: &Value) -> Value {
    let mut shape = options.clone();
    shape["ceremony_id"] = Value::Null;
    shape["publicKey"]["challenge"] = Value::Null;
    for allowed in shape["publicKey"]["allowCredentials"].as_array_mut().unwrap() {
        allowed["id"] = Value::Null;
    }
    shape
}

on_both! {
    /// An unknown address, one without passkeys and one with a passkey give answers of one shape.
    async fn of_one_shape(app) {
        owner(&app, "ann").await;
        app.register("bob").await;
        let known = asked(&app, &email("ann")).await;
        let mut ids = BTreeSet::new();
        for other in [email("bob"), email("nobody"), "not an address".to_owned(), String::new()] {
            let options = asked(&app, &other).await;
            assert_eq!(shape(&options), shape(&known), "{other}");
            let id = options["publicKey"]["allowCredentials"][0]["id"].clone();
            assert_eq!(asked(&app, &other).await["publicKey"]["allowCredentials"][0]["id"], id, "always the same");
            assert!(URL_SAFE_NO_PAD.decode(id.as_str().unwrap()).unwrap().len() >= 16);
            ids.insert(id.as_str().unwrap().to_owned());
        }
        assert_eq!(ids.len(), 3, "one for each address, and one for all that are none");
        assert_eq!(asked(&app, "NoBody@example.com").await["publicKey"]["allowCredentials"],
            asked(&app, &email("nobody")).await["publicKey"]["allowCredentials"]);
        let node = app.beside().await;
        let there = app.visitor().at(node.address).post(BEGIN, json!({ "email": email("nobody") })).await.is(200).json();
        assert_eq!(there["publicKey"]["allowCredentials"], asked(&app, &email("nobody")).await["publicKey"]["allowCredentials"]);
    }

    /// What was asked of nobody, nobody can answer.
    async fn nobody_answers(app) {
        let (_, mut key, _) = owner(&app, "ann").await;
        let mut options = asked(&app, &email("nobody")).await;
        options["publicKey"]["allowCredentials"] = json!([]);
        let credential = key.get(&app.origin, &options);
        app.app_client().post(FINISH, answer_to(&options, credential)).await.refused(401, "invalid_passkey");
    }
}
