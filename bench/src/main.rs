//! What durward costs, against the primitives that it is made of.

fn main() -> std::process::ExitCode {
    durward_bench::run()
}
