//! Checks of the machine: its clock and the data directory.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use durward_proto::{Timestamp, random};

use super::{Outcome, Subject};

/// Before this program was written (2026-01-01) no clock can be right.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_767_225_600);
/// Nor after this (2100-01-01).
const LATEST: Timestamp = Timestamp::from_seconds(4_102_444_800);

pub(super) async fn clock(subject: &Subject) -> Outcome {
    let now = subject.clock().now();
    if (EARLIEST..LATEST).contains(&now) {
        return Outcome::Good(now.to_string());
    }
    Outcome::Bad {
        found: format!("the clock says {now}"),
        cure: "set the machine's clock and keep it right with NTP: `timedatectl set-ntp true`".to_owned(),
    }
}

pub(super) async fn data_dir(subject: &Subject) -> Outcome {
    let path = subject.config().data_dir.clone();
    // A name of its own: nodes that share the directory may look at the same time.
    let number = u64::from_le_bytes(random::bytes(&**subject.random()));
    let probe = path.join(format!(".durward-write-test-{number:016x}"));
    let looked = tokio::task::spawn_blocking(move || look_at(&path, &probe)).await;
    looked.unwrap_or_else(|error| Outcome::Bad { found: error.to_string(), cure: "look at the log".to_owned() })
}

fn look_at(path: &Path, probe: &Path) -> Outcome {
    let shown = path.display();
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    let written = made.and_then(|()| std::fs::write(probe, b"x")).and_then(|()| std::fs::remove_file(probe));
    if let Err(error) = written {
        return Outcome::Bad {
            found: format!("{shown} cannot be written: {error}"),
            cure: format!(
                "give the user that runs durward the directory: `install -d -m 0700 -o $USER {shown}`, or set data_dir (DURWARD_DATA_DIR) to another one"
            ),
        };
    }
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.mode() & 0o022 != 0 => Outcome::Bad {
            found: format!("{shown} can be written by others (mode {:03o})", metadata.mode() & 0o777),
            cure: format!("`chmod 0700 {shown}`"),
        },
        Ok(metadata) => Outcome::Good(format!("{shown}, mode {:03o}", metadata.mode() & 0o777)),
        Err(error) => Outcome::Bad { found: error.to_string(), cure: format!("look at {shown}") },
    }
}
