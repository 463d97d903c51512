//! What operators see of the running program: metrics, a line for each request, traces, and the files in `ops/`.

mod files;
mod metrics;
mod request_line;
mod traces;

use durward_store::testing::Backend;

use crate::kit::Site;

/// A program on both databases, as a process of its own: metrics, the log and the export belong to a process.
macro_rules! on_sites {
    ($($(#[doc = $doc:literal])* async fn $name:ident($site:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($site: $crate::kit::Site) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(super::super::site(durward_store::testing::Backend::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(super::super::site(durward_store::testing::Backend::Postgres).await).await;
            }
        }
    )*};
}
use on_sites;

async fn site(backend: Backend) -> Site {
    Site::migrated(backend).await
}
