//! `GET /api/v1/profile`, which reads a row of the database, against the bare handler, which reads none.

use std::sync::Arc;

use durward_proto::SystemClock;

use crate::asked::{Asked, CONNECTIONS};
use crate::child::Programs;
use crate::database::Database;
use crate::figure::{Aim, Figure};
use crate::postgres::Postgres;
use crate::report::Report;
use crate::{Effort, Outcome};

const PATH: &str = "/api/v1/profile";

/// On both databases.
pub(crate) async fn measure(
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
    report: &mut Report,
) -> Outcome<()> {
    let bare = Asked::bare(programs, PATH).await?;
    let on_sqlite = on(Database::Sqlite, 0.6, &bare, effort, programs, clock).await;
    report.add_or_leave_out("profiles on SQLite", on_sqlite);
    let on_postgres = async {
        let postgres = Postgres::start().await?;
        on(Database::Postgres(&postgres), 0.4, &bare, effort, programs, clock).await
    };
    report.add_or_leave_out("profiles on PostgreSQL", on_postgres.await);
    Ok(())
}

async fn on(
    database: Database<'_>,
    aim: f64,
    bare: &Asked,
    effort: Effort,
    programs: &Programs,
    clock: &Arc<SystemClock>,
) -> Outcome<Figure> {
    let ours = Asked::durward(programs, database, PATH, &[]).await?;
    // Ids have more or fewer digits.
    if ours.bytes.abs_diff(bare.bytes) > 16 {
        return Err(format!("answers of {} bytes are compared with {}", ours.bytes, bare.bytes).into());
    }
    for asked in [bare, &ours] {
        asked.ask(1, clock).await?;
    }
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let (theirs, _) = bare.ask(effort.seconds, clock).await?;
        let (ours, _) = ours.ask(effort.seconds, clock).await?;
        rounds.push((ours.rate(), theirs.rate()));
    }
    Ok(Figure {
        what: format!("`GET {PATH}` on {}, bearer token, {CONNECTIONS} connections", database.name()),
        unit: "requests/s",
        against: "bare axum handler, same JSON",
        rounds,
        aim: Aim::RatioAtLeast(aim),
    })
}
