//! The process itself, under the names that Prometheus' own client libraries use. Where there is no `/proc`, they are missing.

use std::fs;

use durward_proto::Timestamp;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

/// Notes when the process started.
pub(super) fn started(at: Timestamp) {
    metrics::gauge!("process_start_time_seconds").set(at.micros() as f64 / 1e6);
}

/// Looks at the process now.
pub(super) fn look() {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::read) {
        metrics::counter!("process_cpu_seconds_total").absolute(stat.ticks / clock_ticks_per_second().max(1));
        metrics::gauge!("process_threads").set(stat.threads as f64);
        metrics::gauge!("process_virtual_memory_bytes").set(stat.virtual_bytes as f64);
        metrics::gauge!("process_resident_memory_bytes").set((stat.resident_pages * page_size() as u64) as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is open for the counting alone.
        metrics::gauge!("process_open_fds").set(open.count().saturating_sub(1) as f64);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        metrics::gauge!("process_max_fds").set(most as f64);
    }
}

/// What `/proc/self/stat` says (proc(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    /// Processor time, in the system's ticks.
    ticks: u64,
    threads: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The second field is the program's name in brackets, which may hold anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // The third field is the first here.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            ticks: field(14)? + field(15)?,
            threads: field(20)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_program_is_called() {
        let text =
            "4711 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 140 15 16 17 20 0 9 0 12345 1000000 250 18446744073709551615";
        let stat = Stat { ticks: 155, threads: 9, virtual_bytes: 1_000_000, resident_pages: 250 };
        assert_eq!(Stat::read(text), Some(stat));
        assert_eq!(Stat::read("4711 (cut off) S 1"), None);
        assert_eq!(Stat::read(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process() {
        let stat = Stat::read(&fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        assert!(stat.threads >= 1 && stat.resident_pages > 0, "{stat:?}");
    }
}
