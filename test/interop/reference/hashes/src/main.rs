//! Prints what the macro made of the interfaces that the test suite wrote down in `interfaces.rs`.

mod interfaces;
mod types;

fn main() {
    for (name, hash) in interfaces::hashes() {
        println!("{name} {hash:#018x}");
    }
}
