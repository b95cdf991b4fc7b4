//! Velocity in a process of its own, fed by one.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const JARS: [&str; 3] = ["velocity-1.7.jar", "commons-collections3.jar", "commons-lang.jar"];

/// What Velocity made of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Rendered(String),
    Failed(String),
}

/// Velocity, run by Java.
pub(crate) struct Velocity;

impl Velocity {
    /// What Velocity makes of `templates`; `None` where it is not installed.
    pub(crate) fn render_all(templates: &[String]) -> Option<Vec<Outcome>> {
        let directory = std::env::var_os("VELOCITY_JARS")
            .map_or_else(|| PathBuf::from("/usr/share/java"), PathBuf::from);
        let missing: Vec<_> = JARS.iter().filter(|jar| !directory.join(jar).exists()).collect();
        let has = |program: &str| {
            Command::new(program).arg("-version").output().is_ok_and(|run| run.status.success())
        };
        if !missing.is_empty() || !has("java") || !has("javac") {
            println!(
                "left out: the comparison with Velocity 1.7 (Debian's packages velocity and default-jdk-headless); missing jars: {missing:?}"
            );
            return None;
        }
        let classes = tempdir();
        let jars: Vec<_> =
            JARS.iter().map(|jar| directory.join(jar).display().to_string()).collect();
        let class_path = format!("{}:{}", classes.display(), jars.join(":"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/velocity/Harness.java");
        let compiled = Command::new("javac")
            .args(["-cp", &class_path, "-d"])
            .arg(&classes)
            .arg(source)
            .status();
        assert!(compiled.is_ok_and(|status| status.success()), "the harness compiles");
        let mut java = Command::new("java")
            .args(["-XX:+UseSerialGC", "-cp", &class_path, "Harness"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("java starts");
        let mut input = java.stdin.take().expect("java has an input");
        let lines: Vec<String> =
            templates.iter().map(|template| encode(template.as_bytes())).collect();
        let feeder = std::thread::spawn(move || {
            for line in lines {
                if writeln!(input, "{line}").is_err() {
                    break;
                }
            }
        });
        let output = BufReader::new(java.stdout.take().expect("java has an output"));
        let outcomes = output
            .lines()
            .map(|line| {
                let line = line.expect("java answers");
                let text = String::from_utf8_lossy(&decode(&line[1..])).into_owned();
                if line.starts_with('+') { Outcome::Rendered(text) } else { Outcome::Failed(text) }
            })
            .collect();
        feeder.join().expect("the feeder ends");
        let _ = java.wait();
        let _ = std::fs::remove_dir_all(classes);
        Some(outcomes)
    }
}

/// A directory for the harness's class files.
fn tempdir() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory =
        std::env::temp_dir().join(format!("gateway-vtl-{}-{count}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    directory
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let digit = char::from(ALPHABET[(word >> (18 - 6 * index) & 63) as usize]);
            text.push(if index > chunk.len() { '=' } else { digit });
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0u32, 0);
    for digit in text.bytes().filter_map(|byte| ALPHABET.iter().position(|letter| *letter == byte))
    {
        word = word << 6 | u32::try_from(digit).expect("a digit is small");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits & 0xFF) as u8);
        }
    }
    bytes
}
