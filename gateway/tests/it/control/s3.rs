//! Amazon S3 with the AWS CLI and boto3: what tools hand over is what they get back.

use super::dev;
use super::tools::{Desk, aws, failed, said};
use crate::support::Gateway;

/// What the CLI sends in parts begins here.
const PARTS_BYTES: usize = 8 * 1024 * 1024;

#[test]
fn objects_come_back_as_they_were_small_and_in_parts() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let run = |args: &[&str]| desk.run(&aws, args);
    said(&run(&["s3", "mb", "s3://artifacts"]));
    let large: Vec<u8> = (0..PARTS_BYTES + 1_234_567).map(|at| (at * 7 + at / 251) as u8).collect();
    for (name, bytes) in [
        ("small", &large[..10]),
        ("empty", &[][..]),
        ("a dir/grün&+", &large[..100_000]),
        ("large", &large),
    ] {
        let path = desk.write("up", bytes);
        let url = format!("s3://artifacts/{name}");
        said(&run(&["s3", "cp", "--only-show-errors", "--metadata", "of=me", &path, &url]));
        let back = desk.path().join("down");
        said(&run(&["s3", "cp", "--only-show-errors", &url, back.to_str().unwrap()]));
        assert!(std::fs::read(back).unwrap() == bytes, "{name} comes back as it was");
    }
    let listed = said(&run(&["s3", "ls", "--recursive", "s3://artifacts"]));
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let head = said(&run(&[
        "s3api",
        "head-object",
        "--bucket",
        "artifacts",
        "--key",
        "small",
        "--output",
        "text",
        "--query",
        "[ContentLength,Metadata.of]",
    ]));
    assert_eq!(head, "10\tme");
    let range = desk.path().join("range");
    let range = range.to_str().unwrap();
    said(&run(&[
        "s3api",
        "get-object",
        "--bucket",
        "artifacts",
        "--key",
        "large",
        "--range",
        "bytes=9000000-9000004",
        range,
    ]));
    assert_eq!(std::fs::read(range).unwrap(), large[9_000_000..9_000_005]);
    said(&run(&["s3", "cp", "--only-show-errors", "s3://artifacts/small", "s3://artifacts/copy"]));
    let refused = failed(&run(&["s3", "rb", "s3://artifacts"]));
    assert!(refused.contains("BucketNotEmpty"), "{refused}");
    said(&run(&["s3", "rb", "--force", "s3://artifacts"]));
    let gone = failed(&run(&["s3", "ls", "s3://artifacts"]));
    assert!(gone.contains("NoSuchBucket"), "{gone}");
}

#[test]
fn objects_outlive_a_restart() {
    let Some(aws) = aws() else { return };
    let state = tempfile::tempdir().unwrap();
    let args = ["--control", "127.0.0.1:0", "--dev", "--state", state.path().to_str().unwrap()];
    let gateway = Gateway::start(super::EMPTY, &args);
    let desk = Desk::at(&gateway);
    said(&desk.run(&aws, &["s3", "mb", "s3://kept"]));
    let path = desk.write("up", "what is kept");
    said(&desk.run(&aws, &["s3", "cp", "--only-show-errors", &path, "s3://kept/k"]));
    gateway.stop();
    let gateway = Gateway::start(super::EMPTY, &args);
    let desk = Desk::at(&gateway);
    assert_eq!(
        said(&desk.run(&aws, &["s3", "cp", "--only-show-errors", "s3://kept/k", "-"])),
        "what is kept"
    );
}

#[test]
fn boto3_reads_every_answer() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control/s3.py");
    let output = desk.run(&aws.with_file_name("python"), &[script]);
    println!("{}", said(&output));
}

#[test]
fn a_wrong_checksum_leaves_nothing_behind() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    said(&desk.run(&aws, &["s3", "mb", "s3://sums"]));
    let path = desk.write("up", "hello");
    let put = |sum: &str| {
        desk.run(
            &aws,
            &[
                "s3api",
                "put-object",
                "--bucket",
                "sums",
                "--key",
                "k",
                "--body",
                &path,
                "--checksum-crc32",
                sum,
            ],
        )
    };
    let refused = failed(&put("AAAAAA=="));
    assert!(refused.contains("BadDigest"), "{refused}");
    let none = failed(&desk.run(&aws, &["s3api", "head-object", "--bucket", "sums", "--key", "k"]));
    assert!(none.contains("404"), "{none}");
    said(&put("NhCmhg=="));
}
