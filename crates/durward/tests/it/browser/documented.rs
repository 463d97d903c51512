//! The scripts of `docs/passkeys.md`, as they are printed.

use durward_store::testing::Backend;
use serde_json::{Value, json};

use super::page::Page;
use crate::kit::{PASSWORD, email};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_documentation_says_works() {
    let text = include_str!("../../../../../docs/passkeys.md");
    let script = text.split_once("```js\n").unwrap().1.split_once("```").unwrap().0;
    let page = Page::start(Backend::Sqlite).await;
    page.run(script).await;
    let form = json!({ "email": email("ann"), "password": PASSWORD });
    page.run(&format!("api('POST', '/auth/register', {form})")).await;
    page.run(&format!("api('POST', '/auth/login', {form})")).await;
    let passkey = page.run("registerPasskey('Laptop')").await;
    assert_eq!((&passkey["name"], passkey["backup_codes"].as_array().unwrap().len()), (&"Laptop".into(), 10));
    assert_eq!(page.run("showAgain()").await["status"], "authenticated");
    assert_eq!(page.run("api('POST', '/auth/logout')").await, Value::Null);
    assert_eq!(page.run("logIn()").await["user"]["email"], email("ann"));
    assert_eq!(page.run("api('POST', '/auth/logout')").await, Value::Null);
    let conditional = "(async () => await PublicKeyCredential.isConditionalMediationAvailable()
        && logIn({ mediation: 'conditional' }))()";
    assert_eq!(page.run(conditional).await["user"]["email"], email("ann"));
    assert_eq!(page.run("api('POST', '/auth/logout')").await, Value::Null);
    let told = page.run(&format!("api('POST', '/auth/login', {form}).then(verify)")).await;
    assert_eq!(told["user"]["email"], email("ann"));
}
