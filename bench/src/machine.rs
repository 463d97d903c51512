//! The machine, in words that name none in particular.

use std::fs::read_to_string;

/// Processor, cores and memory.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpuinfo = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = value_of(&cpuinfo, "model name").unwrap_or("a processor without a name");
    let meminfo = read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: f64 = value_of(&meminfo, "MemTotal")
        .and_then(|total| total.split_whitespace().next())
        .and_then(|kib| kib.parse().ok())
        .unwrap_or_default();
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{cores} cores ({model}), {:.0} GiB of memory, {system} on {architecture}", kib / 1024.0 / 1024.0)
}

fn value_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}
