//! The wire: HTTP and WebSocket to `durward-core` and back. Nothing is decided here.
//!
//! [`routes`] is the table of everything that is served. Each request goes through the one function in `door`,
//! then to a handler in `api` (parse, one call into core, reply), to `ws`, or to `ui`, the pages. [`openapi`] and the page at `/docs`
//! are made from the same table.

mod api;
pub mod app;
mod body;
mod docs_page;
mod door;
mod extract;
mod form;
mod layers;
mod linger;
mod meters;
pub mod openapi;
mod paths;
mod reply;
pub mod routes;
pub mod server;
mod traces;
mod ui;
mod ws;

pub use app::{App, HttpRules, Operations, metrics_router};
pub use layers::cookies::{CookieKind, CookieRules};
pub use layers::origin::{BadOrigin, Origin};
pub use server::Server;
pub use traces::Traces;
pub use ui::{BadPages, Features, PageRules, Pages};
