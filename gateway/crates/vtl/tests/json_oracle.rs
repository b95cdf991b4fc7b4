//! The reader, the writer and paths against the libraries that API Gateway has: json-smart and Jayway JsonPath, from Debian's
//! packages `libjson-smart-java` and `libjsonpath-java`.

use std::fs;
use std::io::Write;
use std::path::Path as File;
use std::process::{Command, Stdio};

use gateway_vtl::json::{self, Style};
use gateway_vtl::jsonpath::Path;

/// Where Debian's packages put them.
const JARS: &str = "/usr/share/java";
const NEEDED: [&str; 5] = ["json-smart", "json-path", "accessors-smart", "asm", "slf4j-api"];

const DOCUMENTS: usize = 5_000;
const QUERIES: usize = 4_000;

#[test]
fn documents_are_read_and_written_as_json_smart_does() {
    let mut random = Random(1);
    let documents: Vec<String> = (0..DOCUMENTS).map(|_| random.document()).collect();
    let Some(answers) = ask(documents.iter().map(|document| hex(document))) else { return };
    let mut differences = Vec::new();
    for (document, answer) in documents.iter().zip(&answers) {
        let ours = match json::parse(document) {
            Ok(value) => {
                let mut text = String::new();
                json::write(&value, Style::Plain, &mut text).expect("it nests little");
                format!("ok {} {}", hex(&value.to_string()), hex(&text))
            }
            Err(_) => "error".to_owned(),
        };
        let theirs =
            answer.split(' ').next() == Some("error") && ours == "error" || *answer == ours;
        if !theirs {
            differences.push(format!(
                "{document:?}\n  ours   {}\n  theirs {}",
                show(&ours),
                show(answer)
            ));
        }
    }
    report(&differences, documents.len());
}

#[test]
fn paths_find_what_jayway_finds() {
    let mut random = Random(2);
    let queries: Vec<(String, String)> =
        (0..QUERIES).map(|_| (random.tree(3), random.path())).collect();
    let lines = queries.iter().map(|(document, path)| format!("{} {}", hex(document), hex(path)));
    let Some(answers) = ask(lines) else { return };
    let mut differences = Vec::new();
    let mut compared = 0;
    for ((document, path), answer) in queries.iter().zip(&answers) {
        let ours = find(document, path);
        compared += usize::from(answer.starts_with("ok "));
        if ours != *answer && !is_known(&ours, answer) {
            differences.push(format!(
                "{path} in {document}\n  ours   {}\n  theirs {}",
                show(&ours),
                show(answer)
            ));
        }
    }
    report(&differences, queries.len());
    assert!(compared > QUERIES / 4, "only {compared} queries have a result");
}

/// Where we mean to differ: what does not fit the steps of an indefinite path is not found, where Jayway 2.0 throws.
fn is_known(ours: &str, theirs: &str) -> bool {
    let is_list = ours.starts_with(&format!("ok {}", hex("[")));
    !theirs.starts_with("ok ") && (is_list || ours == "missing")
}

fn find(document: &str, path: &str) -> String {
    let document = json::parse(document).expect("trees are JSON");
    let path = match Path::parse(path) {
        Ok(path) => path,
        Err(error) => return format!("path {}", hex(&error.to_string())),
    };
    match path.evaluate(&document, &mut 0) {
        Ok(Some(value)) => {
            let mut text = String::new();
            json::write(&value, Style::Plain, &mut text).expect("it nests little");
            format!("ok {} {}", hex(&value.to_string()), hex(&text))
        }
        Ok(None) => "missing".to_owned(),
        Err(error) => format!("error {}", hex(&error.to_string())),
    }
}

fn report(differences: &[String], cases: usize) {
    let shown: Vec<&String> = differences.iter().take(40).collect();
    assert!(differences.is_empty(), "{} of {cases} differ: {shown:#?}", differences.len());
}

/// The oracle's answers, a line each; `None`, and a word about it, where there is no Java or no library.
fn ask(lines: impl Iterator<Item = String>) -> Option<Vec<String>> {
    let jars: Vec<String> = NEEDED.iter().map(|name| format!("{JARS}/{name}.jar")).collect();
    let lacks = jars.iter().any(|jar| !File::new(jar).exists());
    if lacks || Command::new("javac").arg("-version").output().is_err() {
        eprintln!("left out: {NEEDED:?} or a Java compiler are not installed");
        return None;
    }
    let folder = tempfile();
    let class_path = format!("{}:{}", jars.join(":"), folder);
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/json/Oracle.java");
    let compiled = Command::new("javac").args(["-cp", &class_path, "-d", &folder, source]).output();
    let compiled = compiled.expect("javac runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let mut oracle = Command::new("java")
        .args(["-cp", &class_path, "Oracle"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("java runs");
    let mut stdin = oracle.stdin.take().expect("piped");
    let input: String = lines.map(|line| line + "\n").collect();
    let asked = input.lines().count();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = oracle.wait_with_output().expect("java ends");
    writer.join().expect("the writer ends").expect("java reads");
    fs::remove_dir_all(&folder).expect("our folder");
    let answers: Vec<String> =
        String::from_utf8(output.stdout).expect("hex").lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), asked, "an answer for each line");
    Some(answers)
}

fn tempfile() -> String {
    let thread = format!("{:?}", std::thread::current().id());
    let name = format!("gateway-vtl-oracle-{}-{thread}", std::process::id());
    let folder = std::env::temp_dir().join(name.replace(['(', ')'], ""));
    fs::create_dir_all(&folder).expect("a folder");
    folder.to_str().expect("UTF-8").to_owned()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn show(answer: &str) -> String {
    let unhex = |field: &str| {
        let byte =
            |at: usize| field.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let bytes: Option<Vec<u8>> = (0..field.len()).step_by(2).map(byte).collect();
        bytes.map_or_else(|| field.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let mut fields = answer.split(' ');
    let kind = fields.next().unwrap_or_default().to_owned();
    fields.fold(kind, |all, field| all + " | " + &unhex(field))
}

/// A small generator with a seed, so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Text that is JSON, or nearly.
    fn document(&mut self) -> String {
        let mut text = self.tree(3);
        if self.below(3) == 0 {
            for _ in 0..=self.below(6) {
                text += self.pick(&PIECES);
            }
        }
        for _ in 0..self.below(4) {
            let at = self.below(text.chars().count() + 1);
            let at = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
            match self.below(3) {
                0 if at < text.len() => drop(text.remove(at)),
                _ => text.insert_str(at, self.pick(&PIECES)),
            }
        }
        text
    }

    fn tree(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 1 } else { 3 }) {
            1 => {
                let items: Vec<String> =
                    (0..self.below(5)).map(|_| self.leaf_or(depth - 1)).collect();
                format!("[{}]", items.join(","))
            }
            2 => {
                let mut names = vec!["a", "b", "c", "id", "kind", "x y", "a-b"];
                let items: Vec<String> = (0..self.below(5))
                    .map(|_| {
                        let name = names.remove(self.below(names.len()));
                        format!("\"{name}\":{}", self.leaf_or(depth - 1))
                    })
                    .collect();
                format!("{{{}}}", items.join(","))
            }
            _ => self.pick(&["{}", "[]", "{\"a\":1}", "[1,2,3]"]).to_owned(),
        }
    }

    fn leaf_or(&mut self, depth: usize) -> String {
        if self.below(2) == 0 { self.tree(depth) } else { self.pick(&LEAVES).to_owned() }
    }

    fn path(&mut self) -> String {
        let mut path = "$".to_owned();
        for _ in 0..=self.below(4) {
            path += self.pick(&STEPS);
        }
        path
    }
}

const LEAVES: [&str; 21] = [
    "1",
    "2",
    "-3",
    "0",
    "1.5",
    "1e3",
    "100000.0",
    "12345678.9",
    "0.0001",
    "\"\"",
    "\"x\"",
    "\"a/b\"",
    "\"1\"",
    "\"it's\"",
    "\"€ é\"",
    "2147483648",
    "-9223372036854775808",
    "9223372036854775808",
    "1.234567890123456789012",
    "\"\\u00e9\\n\\\"\"",
    "\"dog\"",
];

const PIECES: [&str; 64] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "'",
    " ",
    "\n",
    "\t",
    "\\",
    "\\n",
    "\\u0041",
    "\\uD83D\\uDE00",
    "\\uD83D",
    "\\x41",
    "\\q",
    "\\'",
    "null",
    "true",
    "false",
    "TRUE",
    "NaN",
    "nul",
    "0",
    "12",
    "-",
    "+1",
    ".",
    ".5",
    "5.",
    "e",
    "e5",
    "1e",
    "1e+",
    "1E5",
    "-0",
    "-0.0",
    "0200",
    "1e400",
    "a",
    "b c",
    "{a:1}",
    "{a=b}",
    "[,]",
    ",,",
    "'x'",
    "\"y\"",
    "{\"a\":1,}",
    "{,}",
    "[1 2]",
    "{\"a\":1 \"b\":2}",
    "\u{1}",
    "\u{1a}",
    "\u{7f}",
    "€",
    "é",
    "/",
    "//c",
    "123456789012345678901234567890",
    "0.00000000000000000000012",
    "1234567890.123456789012e-30",
    "100000000000000000000e5",
];

const STEPS: [&str; 39] = [
    ".a",
    ".b",
    ".c",
    ".id",
    ".kind",
    "['a']",
    "['x y']",
    "['a','b']",
    "['id', 'kind']",
    ".a-b",
    "[0]",
    "[1]",
    "[9]",
    "[0,1]",
    "[0, 2]",
    "[0:2]",
    "[1:]",
    "[:2]",
    "[-2:]",
    "[:-1]",
    "[5:1]",
    "[*]",
    ".*",
    "..a",
    "..id",
    "..*",
    "..[0]",
    "..[*]",
    "[?(@.a)]",
    "[?(@.id == 1)]",
    "[?(@.id > 1)]",
    "[?(@.id >= 1.5)]",
    "[?(@.kind == 'dog')]",
    "[?(@.a < 3 && @.b > 1)]",
    "[?(@.a == 1 || @.b == 'x')]",
    "[?(@.kind =~ /d.*/)]",
    "[?(@.kind =~ /D.G/i)]",
    "[?(@.a == null)]",
    "..[?(@.id)]",
];
