//! A real browser, Chromium, driven over the DevTools protocol, with its virtual authenticator.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How long it may take to start, to load a page, or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian, Ubuntu and others put it.
const PROGRAMS: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable", "/usr/bin/google-chrome"];

/// A browser with one page and one authenticator, which is killed when this goes.
pub struct Browser {
    child: Child,
    devtools: Mutex<Devtools>,
    page: String,
    authenticator: String,
    _profile: tempfile::TempDir,
}

struct Devtools {
    socket: WebSocketStream<TcpStream>,
    last_id: u64,
}

impl Browser {
    /// With an authenticator that keeps its passkeys and makes sure of its user.
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let program = PROGRAMS.iter().find(|program| Path::new(program).exists());
        let program = program.expect("Chromium is installed; on Debian: apt-get install chromium");
        let child = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg("--remote-debugging-port=0")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let devtools = Mutex::new(Devtools::connect(profile.path()).await);
        let mut browser =
            Self { child, devtools, page: String::new(), authenticator: String::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await;
        browser.page = attached["sessionId"].as_str().unwrap().to_owned();
        browser.call("Page.enable", json!({})).await;
        // The server's own pages need no scripts, and their policy lets none run.
        browser.call("Page.setBypassCSP", json!({ "enabled": true })).await;
        browser.call("WebAuthn.enable", json!({})).await;
        let options = json!({
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": true,
        });
        let added = browser.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
        browser.authenticator = added["authenticatorId"].as_str().unwrap().to_owned();
        browser
    }

    /// Opens a page, and waits until it is there.
    pub async fn open(&self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
        let start = Instant::now();
        let there = format!("document.readyState === 'complete' && location.href.startsWith({})", json!(url));
        while self.run(&there).await != Ok(Value::Bool(true)) {
            assert!(start.elapsed() < PATIENCE, "{url} does not load");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs a script on the page, as after a click, and waits for its promise: what it gives, or what it throws.
    pub async fn run(&self, script: &str) -> Result<Value, String> {
        let asked = json!({ "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", asked).await;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(thrown["exception"]["description"].as_str().unwrap_or("something").to_owned()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// The passkeys that the authenticator has.
    pub async fn passkeys(&self) -> Vec<Value> {
        let answer = self.of_authenticator("WebAuthn.getCredentials", json!({})).await;
        answer["credentials"].as_array().unwrap().clone()
    }

    /// Takes all passkeys away from it and gives it these.
    pub async fn replace_passkeys(&self, passkeys: &[Value]) {
        self.of_authenticator("WebAuthn.clearCredentials", json!({})).await;
        for passkey in passkeys {
            self.of_authenticator("WebAuthn.addCredential", json!({ "credential": passkey })).await;
        }
    }

    /// Whether the authenticator can make sure of its user from now on.
    pub async fn verify_user(&self, verifies: bool) {
        self.of_authenticator("WebAuthn.setUserVerified", json!({ "isUserVerified": verifies })).await;
    }

    async fn of_authenticator(&self, method: &str, mut params: Value) -> Value {
        params["authenticatorId"] = self.authenticator.as_str().into();
        self.call(method, params).await
    }

    /// A command of the DevTools protocol, to the page once there is one.
    async fn call(&self, method: &str, params: Value) -> Value {
        let called = self.devtools.lock().await.call(method, params, &self.page).await;
        called.unwrap_or_else(|error: Value| panic!("{method}: {error}"))
    }
}

impl Devtools {
    async fn connect(profile: &Path) -> Self {
        let start = Instant::now();
        let (port, path) = loop {
            let told = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
            if let Some((port, path)) = told.split_once('\n')
                && path.starts_with('/')
            {
                break (port.parse::<u16>().unwrap(), path.trim().to_owned());
            }
            assert!(start.elapsed() < PATIENCE, "Chromium does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let request = format!("ws://127.0.0.1:{port}{path}").into_client_request().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Self { socket, last_id: 0 }
    }

    async fn call(&mut self, method: &str, params: Value, page: &str) -> Result<Value, Value> {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": params });
        if !page.is_empty() {
            command["sessionId"] = page.into();
        }
        self.socket.send(Message::text(command.to_string())).await.unwrap();
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.unwrap_or_else(|_| panic!("{method}: no answer in time")).unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let mut answer: Value = serde_json::from_str(text.as_str()).unwrap();
            if answer["id"] == self.last_id {
                return match answer.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(answer["result"].take()),
                };
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
