//! Heads of requests, as anybody may send them: no claim makes the verifier panic, and none is taken without the secret.

use gateway_control::signature::{Claim, Request, verify};

#[test]
fn no_claim_is_taken_without_the_secret() {
    bolero::check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let mut parts = text.splitn(4, '\n');
        let mut part = || parts.next().unwrap_or_default();
        let (path, query, date, authorization) = (part(), part(), part(), part());
        let headers = [
            ("host".to_owned(), "localhost".to_owned()),
            ("x-amz-date".to_owned(), date.to_owned()),
            ("authorization".to_owned(), authorization.to_owned()),
        ];
        for headers in [&headers[..], &headers[..2]] {
            let request = Request { method: "GET", path, query, headers };
            if let Ok(Some(claim)) = Claim::of(&request) {
                let secret = |_: &str, _: Option<&str>| Ok("nobody knows it".to_owned());
                assert!(verify(&claim, &request, b"", 1_767_323_045_000, secret).is_err());
            }
        }
    });
}
