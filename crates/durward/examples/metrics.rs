//! Prints `docs/metrics.md`; `scripts/gen` writes it down.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", durward::metering::page());
}
