//! What the tests are written with: an [`App`] on a fresh database, and actors who use it.

mod actor;
mod answer;
mod app;
mod authenticator;
mod browser;
mod clock;
mod cluster;
pub mod collector;
mod control;
pub mod jws;
mod line;
mod mails;
mod metrics;
pub mod mmdb;
pub mod panics;
pub mod process;
mod proxy;
pub mod raw;
mod site;
pub mod smtp;
mod socket;
pub mod upstream;

pub use actor::Actor;
pub use answer::Answer;
pub use app::{App, Node, SECRET, email};
pub use authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, Draft, PRESENT, VERIFIED};
pub use browser::Browser;
pub use clock::TestClock;
pub use cluster::Cluster;
pub use control::Control;
pub use line::Line;
pub use mails::{KEPT, Mails, token};
pub use metrics::Metrics;
pub use process::Process;
pub use proxy::{Proxy, Traffic};
pub use site::Site;
pub use socket::Socket;

/// How many migrations there are.
pub fn migrations() -> i64 {
    let steps = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../store/migrations")).unwrap();
    i64::try_from(steps.count()).unwrap()
}

/// How many rounds a race runs: so many in an ordinary run, or as many as `DURWARD_TEST_ROUNDS` says.
pub fn rounds(ordinary: usize) -> usize {
    #[allow(clippy::disallowed_methods, reason = "a test is told how long it may run")]
    let given = std::env::var("DURWARD_TEST_ROUNDS").ok();
    given.map_or(ordinary, |text| text.parse().unwrap())
}

/// A password that every rule accepts.
pub const PASSWORD: &str = "tangerine sunrise over Oslo";

/// Runs each test on both databases, with an [`App`] of its own; `with` other settings where the test says so.
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($app:ident) $body:block)*) => {
        $crate::kit::on_both! { with &[]; $($(#[doc = $doc])* async fn $name($app) $body)* }
    };
    (with $settings:expr; $($(#[doc = $doc:literal])* async fn $name:ident($app:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($app: $crate::kit::App) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run($crate::kit::App::with(durward_store::testing::Backend::Sqlite, $settings).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run($crate::kit::App::with(durward_store::testing::Backend::Postgres, $settings).await).await;
            }
        }
    )*};
}
pub(crate) use on_both;
