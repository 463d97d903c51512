//! durward: a self-hosted authentication and session server.

use std::process::ExitCode;

fn main() -> ExitCode {
    durward::cli::main()
}
