//! From exec to ready over a database that is there already, the memory of a server that has nothing to do, and its size.

use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, SystemClock};

use crate::child::Programs;
use crate::figure::{Aim, Figure};
use crate::scratch::Scratch;
use crate::{Effort, Outcome};

/// How long a server is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(1);

/// Time, memory and size.
pub(crate) async fn measure(effort: Effort, programs: &Programs, clock: &Arc<SystemClock>) -> Outcome<Vec<Figure>> {
    let size = programs.size()?;
    let scratch = Scratch::new()?;
    let mut first = programs.durward(scratch.path(), &[])?;
    first.ready("/health/ready").await?;
    first.stop()?;
    let (mut times, mut sizes) = (vec![], vec![]);
    for _ in 0..effort.rounds {
        let begun = clock.monotonic();
        let mut ours = programs.durward(scratch.path(), &[])?;
        ours.ready("/health/ready").await?;
        let our_time = clock.monotonic() - begun;
        let begun = clock.monotonic();
        let mut theirs = programs.bare("bare")?;
        theirs.ready("/api/v1/auth/status").await?;
        let their_time = clock.monotonic() - begun;
        tokio::time::sleep(IDLE).await;
        times.push((our_time.as_secs_f64() * 1e3, their_time.as_secs_f64() * 1e3));
        sizes.push((ours.resident()?, theirs.resident()?));
        ours.stop()?;
    }
    Ok(vec![
        Figure {
            what: "from exec to `/health/ready`, SQLite, existing database, every check and the Golden Path included"
                .to_owned(),
            unit: "ms",
            against: "bare axum, from exec to its first answer",
            rounds: times,
            aim: Aim::ValueAtMost(150.0),
        },
        Figure {
            what: "resident memory, idle".to_owned(),
            unit: "MiB",
            against: "bare axum, idle",
            rounds: sizes,
            aim: Aim::ValueAtMost(25.0),
        },
        Figure {
            what: "the program as it is released: one file, stripped, with all pages in it".to_owned(),
            unit: "MB",
            against: "",
            rounds: vec![(size, size)],
            aim: Aim::ValueAtMost(30.0),
        },
    ])
}
