//! A page of the program in a browser, and what an app's script does there.

use durward_store::testing::Backend;
use serde_json::{Value, json};

use crate::kit::{Actor, Answer, Browser, PASSWORD, Process, Site, email};

pub const FINISH: &str = "/api/v1/auth/passkey/login/finish";

/// What an app brings: calls with the CSRF token, and the two ceremonies.
const APP: &str = r#"
    globalThis.call = async (method, path, body) => {
        const csrf = document.cookie.split("; ").find((cookie) => cookie.startsWith("csrf_token="));
        const headers = { ...(body && { "content-type": "application/json" }), ...(csrf && { "x-csrf-token": csrf.slice(11) }) };
        const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
        const text = await answer.text();
        return { status: answer.status, body: text ? JSON.parse(text) : null };
    };
    globalThis.create = async (asked) => {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.publicKey);
        return (await navigator.credentials.create({ publicKey })).toJSON();
    };
    globalThis.get = async (asked, how) => {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.publicKey);
        return (await navigator.credentials.get({ publicKey, ...how })).toJSON();
    };
    true
"#;

/// The program, and a browser on one of its pages.
pub struct Page {
    pub browser: Browser,
    pub program: Process,
    _site: Site,
}

/// What the program answered to a script.
#[derive(Debug)]
pub struct Told {
    pub status: u64,
    pub body: Value,
}

impl Page {
    pub async fn start(backend: Backend) -> Self {
        let site = Site::migrated(backend).await;
        let (program, browser) = tokio::join!(site.serve(), Browser::start());
        let page = Self { browser, program, _site: site };
        page.open(&page.program.origin).await;
        page
    }

    /// Opens a page of this origin, which is the program's or another one's.
    pub async fn open(&self, origin: &str) {
        self.browser.open(&format!("{origin}/docs")).await;
        assert_eq!(self.browser.run(APP).await, Ok(Value::Bool(true)));
    }

    /// Runs a script that must not throw.
    pub async fn run(&self, script: &str) -> Value {
        self.browser.run(script).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// A call as a script makes it.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Told {
        let told = self.run(&format!("call({}, {}, {body})", json!(method), json!(path))).await;
        Told { status: told["status"].as_u64().unwrap(), body: told["body"].clone() }
    }

    /// Registers an account and logs in with its password, as a browser.
    pub async fn account(&self, name: &str) {
        let form = json!({ "email": email(name), "password": PASSWORD });
        self.call("POST", "/api/v1/auth/register", form.clone()).await.is(201);
        self.call("POST", "/api/v1/auth/login", form).await.is(200);
    }

    /// Registers a passkey of whoever is logged in.
    pub async fn register_passkey(&self) -> Value {
        let told = self.run(
            "(async () => {
                const asked = (await call('POST', '/api/v1/passkeys/register/begin')).body;
                const credential = await create(asked);
                const body = { ceremony_id: asked.ceremony_id, credential, name: 'Browser' };
                return call('POST', '/api/v1/passkeys/register/finish', body);
            })()",
        );
        let told = told.await;
        assert_eq!(told["status"], 201, "{told}");
        told["body"].clone()
    }

    /// What to log in with, for `finish`: the ceremony and what the authenticator answers on the page that is open.
    pub async fn assertion(&self) -> Value {
        self.assertion_where("{}").await
    }

    /// The same with more options for `navigator.credentials.get`.
    pub async fn assertion_where(&self, how: &str) -> Value {
        let asked = self.visitor().post_empty("/api/v1/auth/passkey/login/begin").await.is(200).json();
        let credential = self.run(&format!("get({asked}, {how})")).await;
        json!({ "ceremony_id": asked["ceremony_id"], "credential": credential, "transport": "bearer" })
    }

    /// Sends an assertion to the program, from wherever it was made.
    pub async fn finish(&self, assertion: &Value) -> Answer {
        self.program.app_client().post(FINISH, assertion.clone()).await
    }

    pub fn visitor(&self) -> Actor {
        self.program.visitor()
    }
}

impl Told {
    #[track_caller]
    pub fn is(self, status: u64) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}
