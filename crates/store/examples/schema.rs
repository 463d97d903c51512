//! Writes what is generated from the migrations: `docs`-ready SQL for each database on standard output, or with
//! `--write` the catalogue that PostgreSQL makes of them, into `src/catalogue/postgres.json`.
//!
//! ```text
//! cargo run -p durward-store --features testing --example schema -- sqlite
//! cargo run -p durward-store --features testing --example schema -- postgres
//! DURWARD_TEST_POSTGRES=… cargo run -p durward-store --features testing --example schema -- --write
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use durward_store::testing::postgres_catalogue;
use durward_store::{Backend, rendered};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("sqlite") => print!("{}", rendered(Backend::Sqlite)),
        Some("postgres") => print!("{}", rendered(Backend::Postgres)),
        Some("--write") => {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalogue/postgres.json");
            std::fs::write(path, postgres_catalogue().await)?;
        }
        _ => println!("{}", include_str!("schema.rs").lines().take(9).collect::<Vec<_>>().join("\n")),
    }
    Ok(())
}
