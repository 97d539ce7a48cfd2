//! Prints the digest of each package that is named on the command line.

use std::path::Path;

fn main() {
    for dir in std::env::args_os().skip(1) {
        match fidius_core::package::package_digest(Path::new(&dir)) {
            Ok(digest) => println!("{}", hex(&digest)),
            Err(error) => println!("error: {error}"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
