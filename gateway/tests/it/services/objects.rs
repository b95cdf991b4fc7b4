//! S3.

use super::moto::Moto;
use super::{ask, serve};

#[test]
fn objects_are_put_and_got_by_any_key() {
    let Some(moto) = Moto::start() else { return };
    assert_eq!(moto.ask("s3", "PUT", "/photos", &[], b"").status, 200);
    let gateway = serve(&moto.url());
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let kind = "Content-Type: application/octet-stream";
    let accept = "Accept: application/octet-stream";
    // What the client sends for the key, and the key.
    for (sent, key) in [
        ("plain.bin", "plain.bin"),
        ("2026/01/a%20b.bin", "2026/01/a b.bin"),
        ("%C3%BCber%2Bplus+(1).bin", "über+plus+(1).bin"),
        ("a%26b%3Dc%3F%23.bin", "a&b=c?#.bin"),
    ] {
        let path = format!("/s/objects/photos/{sent}");
        let put = ask(&gateway, "PUT", &path, &[kind], &bytes);
        assert_eq!(put.status, 200, "{sent}: {}", put.text());
        let etag = put.header("ETag").unwrap().to_owned();
        let listed = moto.ask("s3", "GET", "/photos?list-type=2", &[], b"");
        let escaped = key.replace('&', "&amp;");
        assert!(listed.text().contains(&format!("<Key>{escaped}</Key>")), "{}", listed.text());
        let got = ask(&gateway, "GET", &path, &[accept], b"");
        assert_eq!((got.status, got.header("ETag")), (200, Some(&*etag)), "{sent}");
        assert_eq!(got.header("Content-Type"), Some("application/octet-stream"), "{sent}");
        assert!(got.body == bytes, "{sent}");
        let head = moto.ask("s3", "HEAD", &format!("/photos/{sent}"), &[], b"");
        assert_eq!(head.header("x-amz-meta-by"), Some("gateway"), "{sent}");
    }
    let missing = ask(&gateway, "GET", "/s/objects/photos/nothing", &[], b"");
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("<Code>NoSuchKey</Code>"), "{}", missing.text());
    // Nobody climbs out of the bucket.
    for path in ["../x", "a/../../other/x", "%2e%2e/x", "a/.%2E"] {
        let refused = ask(&gateway, "GET", &format!("/s/objects/photos/{path}"), &[], b"");
        assert_eq!(refused.status, 400, "{path}: {}", refused.text());
    }
}
