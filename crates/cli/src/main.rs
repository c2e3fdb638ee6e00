//! The program. Everything is in the library beside it, so that its readers of files can be fuzzed (`tests/fuzz`).

use std::process::ExitCode;

fn main() -> ExitCode {
    adrecover::start()
}
