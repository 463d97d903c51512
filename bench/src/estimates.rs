//! What criterion found, out of the files that it leaves behind.

use std::path::Path;

use serde::Deserialize;

use crate::Outcome;
use crate::figure::{Aim, Figure};

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
}

/// In nanoseconds.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// The median of each benchmark in `directory`, in the order of their names.
pub(crate) fn read(directory: &Path) -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let newest = entry?.path().join("new");
        if !newest.is_dir() {
            continue;
        }
        let of = |name: &str| std::fs::read(newest.join(name));
        let Benchmark { full_id } = serde_json::from_slice(&of("benchmark.json")?)?;
        let Estimates { median } = serde_json::from_slice(&of("estimates.json")?)?;
        figures.push(Figure {
            what: format!("in process: {full_id}"),
            unit: "ns",
            against: "",
            rounds: vec![(median.point_estimate, median.point_estimate)],
            aim: Aim::Nothing,
        });
    }
    if figures.is_empty() {
        return Err(format!("criterion left nothing in {}", directory.display()).into());
    }
    figures.sort_by(|one, other| one.what.cmp(&other.what));
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_newest_medians_are_read_by_name() {
        let scratch = Scratch::new().unwrap();
        for (directory, name, median) in [("b", "two", 7.5), ("a", "three", 900.0)] {
            let path = scratch.path().join(directory).join("new");
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("benchmark.json"), format!(r#"{{"group_id":"{name}","full_id":"{name}"}}"#))
                .unwrap();
            let estimates = format!(r#"{{"mean":{{"point_estimate":1.0}},"median":{{"point_estimate":{median}}}}}"#);
            std::fs::write(path.join("estimates.json"), estimates).unwrap();
        }
        std::fs::create_dir(scratch.path().join("report")).unwrap();
        let found: Vec<_> =
            read(scratch.path()).unwrap().iter().map(|figure| (figure.what.clone(), figure.ours().median)).collect();
        assert_eq!(found, [("in process: three".to_owned(), 900.0), ("in process: two".to_owned(), 7.5)]);
        assert!(read(&scratch.path().join("report")).is_err());
        assert!(read(&scratch.path().join("nowhere")).is_err());
    }
}
