//! The example in `config/examples` does what its own comment says.

use super::{ask, get};
use crate::support::Gateway;

#[test]
fn the_example_works_as_its_comment_says() {
    let gateway = Gateway::start("../config/examples/functions.yaml", &["--dev"]);
    let hello = get(&gateway, "/dev/hello?name=you");
    assert_eq!((hello.status, hello.text()), (200, "Hello, you!\n"));
    let refused = get(&gateway, "/dev/secret");
    assert_eq!((refused.status, refused.text()), (401, r#"{"message":"Unauthorized"}"#));
    let wrong = ask(&gateway, "GET", "/dev/secret", &["Authorization: close sesame"], b"");
    assert_eq!((wrong.status, wrong.text()), (401, r#"{"message":"Unauthorized"}"#));
    let secret = ask(&gateway, "GET", "/dev/secret", &["Authorization: open sesame"], b"");
    assert_eq!((secret.status, secret.text()), (200, r#"{"answer":"42","caller":"ali"}"#));
    gateway.wait_for_stderr("greeting you", 1);
}

#[test]
fn the_example_has_nothing_to_complain_of() {
    let path = crate::support::in_package("../config/examples/functions.yaml");
    let output = crate::support::check(&[path.as_os_str()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // The machine may have other versions of the interpreters: that is all there may be.
    let others: Vec<_> = said.lines().filter(|line| !line.contains("version")).collect();
    assert!(others.is_empty(), "{others:?}");
}
