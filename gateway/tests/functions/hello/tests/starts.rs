//! Cargo builds a program for tests only where its own package has some: other tests run this one.

use std::process::Command;

#[test]
fn without_a_runtime_api_it_says_what_is_missing() {
    let output = Command::new(env!("CARGO_BIN_EXE_hello-function"))
        .env_clear()
        .output()
        .expect("it is built");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("AWS_LAMBDA"), "{said}");
}
