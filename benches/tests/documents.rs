//! Rules about the repository itself: documents say what is there, and files stay readable.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file with more lines is two ideas. Ours: style asks for 500 and allows a reason.
const FILE_LINES_MAX: usize = 700;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above its benches")
}

/// All files below `folder` whose name ends so, build outputs and hidden folders left out.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The crates' folders, from the root: `gateway/crates/rt`.
fn crates() -> Vec<String> {
    let folders = ["gateway/crates", "loadgen/crates"].into_iter().flat_map(|above| {
        let folders = fs::read_dir(root().join(above)).expect("readable").flatten();
        let folders = folders.filter(|entry| entry.path().join("Cargo.toml").exists());
        folders.map(move |entry| format!("{above}/{}", entry.file_name().to_string_lossy()))
    });
    folders.collect()
}

/// The code spans of a document, without those in fenced blocks.
fn spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

#[track_caller]
fn check_none(problems: Vec<String>, looked_at: usize) {
    assert!(looked_at > 0, "there was something to look at");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_relative_link_leads_somewhere() {
    let (mut problems, mut count) = (Vec::new(), 0);
    for document in files(root(), ".md") {
        let text = read(&document);
        let folder = document.parent().expect("a file has a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            count += 1;
            let target = link.split('#').next().unwrap_or_default();
            if !folder.join(target).exists() {
                problems.push(format!("{}: {link} is not there", document.display()));
            }
        }
    }
    check_none(problems, count);
}

/// A row is `| name | what it is | what it may use |`.
#[test]
fn the_code_map_is_the_dependency_graph() {
    let text = read("ARCHITECTURE.md");
    let (mut problems, crates) = (Vec::new(), crates());
    for folder in &crates {
        let name = folder.rsplit('/').next().expect("a folder has a name");
        let Some(row) = text.lines().find(|line| line.starts_with(&format!("| `{name}` |"))) else {
            problems.push(format!("{name} has no row in the code map"));
            continue;
        };
        let said: BTreeSet<&str> =
            spans(row.rsplit('|').nth(1).unwrap_or_default()).into_iter().collect();
        let manifest = read(format!("{folder}/Cargo.toml"));
        let used: BTreeSet<&str> = manifest
            .lines()
            .skip_while(|line| *line != "[dependencies]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| {
                let name = line.strip_prefix("gateway-").or_else(|| line.strip_prefix("loadgen-"));
                name?.split(['.', ' ']).next()
            })
            .collect();
        if said != used {
            problems.push(format!("{name}: the map says {said:?}, Cargo.toml {used:?}"));
        }
    }
    check_none(problems, crates.len());
}

#[test]
fn only_rt_may_be_unsafe() {
    let roots = crates().into_iter().filter(|folder| folder != "gateway/crates/rt");
    let roots = roots.map(|folder| format!("{folder}/src/lib.rs"));
    let mains = ["gateway/src/main.rs", "loadgen/src/main.rs"].map(str::to_owned);
    let roots: Vec<_> = roots.chain(mains).collect();
    let problems = roots.iter().filter(|root| !read(root).contains("#![forbid(unsafe_code)]"));
    check_none(
        problems.map(|root| format!("{root} does not forbid unsafe")).collect(),
        roots.len(),
    );
}

#[test]
fn source_files_stay_short() {
    let sources = files(root(), ".rs");
    let lengths = sources.iter().map(|path| (path, read(path).lines().count()));
    let problems = lengths.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    let problems = problems.map(|(path, lines)| format!("{}: {lines} lines", path.display()));
    check_none(problems.collect(), sources.len());
}

#[test]
fn every_bound_says_where_it_comes_from() {
    let (mut problems, mut count) = (Vec::new(), 0);
    let sources = ["gateway", "loadgen"].into_iter();
    for path in sources.flat_map(|folder| files(&root().join(folder), "limits.rs")) {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        for (index, line) in lines.iter().enumerate() {
            let declaration = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let is_bound = declaration.starts_with("const ") && !declaration.contains("const _");
            if !is_bound || declaration.starts_with("const fn") {
                continue;
            }
            count += 1;
            let before = lines[..index].iter().rev().find(|line| !line.starts_with("#["));
            if !before.is_some_and(|line| line.starts_with("///")) {
                problems.push(format!("{}:{}: {line}", path.display(), index + 1));
            }
        }
    }
    check_none(problems, count);
}

/// `**`name`**` in the request lifecycle is a function of the data plane, or of a crate beside it.
#[test]
fn the_request_lifecycle_names_functions_that_exist() {
    let text = read("gateway/docs/request-lifecycle.md");
    let sources = files(&root().join("gateway/crates"), ".rs");
    let sources: String = sources.iter().map(read).collect();
    let named: Vec<_> =
        text.split("**`").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    let exists = |name: &str| {
        let name = name.rsplit("::").next().unwrap_or(name);
        sources.contains(&format!("fn {name}(")) || sources.contains(&format!("fn {name}<"))
    };
    let problems = named.iter().filter(|name| !exists(name));
    check_none(problems.map(|name| format!("no function {name}")).collect(), named.len());
}

/// What operators and newcomers are told to look at, set and run is there.
#[test]
fn metrics_settings_and_paths_in_documents_exist() {
    let names = read("gateway/crates/telemetry/src/names.rs");
    let reference = read("config/gateway.toml");
    let sections: Vec<&str> =
        reference.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']')).collect();
    let (mut problems, mut count) = (Vec::new(), 0);
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "gateway/docs/operations.md",
        "gateway/docs/compatibility.md",
        "gateway/docs/request-lifecycle.md",
        "gateway/docs/adr/0001-runtime.md",
    ] {
        let text = read(document);
        for span in spans(&text) {
            let word = span.split([' ', '{', '=']).next().unwrap_or_default();
            let is_there = if let Some((section, key)) = word
                .split_once('.')
                .filter(|(section, key)| sections.contains(section) && *key != "rs")
            {
                has_setting(&reference, section, key)
            } else if word.starts_with("gateway_") {
                names.contains(&format!("\"{word}\""))
            } else if ["scripts/", "benches/", "config/", "systemd/", "gateway/", "loadgen/"]
                .iter()
                .any(|folder| word.starts_with(folder))
            {
                root().join(word).exists()
            } else {
                continue;
            };
            count += 1;
            if !is_there {
                problems.push(format!("{document}: `{span}` is not there"));
            }
        }
    }
    check_none(problems, count);
}

fn has_setting(reference: &str, section: &str, key: &str) -> bool {
    let mut lines = reference.lines().skip_while(|line| *line != format!("[{section}]")).skip(1);
    lines.by_ref().take_while(|line| !line.starts_with('[')).any(|line| {
        line.strip_prefix("# ").is_some_and(|line| line.starts_with(&format!("{key} =")))
    })
}

/// The README's commands are the quick start's own, so that a newcomer who copies them succeeds.
#[test]
fn the_readme_tries_what_the_quick_start_prints() {
    let (readme, quickstart) = (read("README.md"), read("scripts/quickstart"));
    let tried: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("curl ")?.split("127.0.0.1:8080/prod").nth(1))
        .filter_map(|rest| rest.split(' ').next())
        .collect();
    let problems = tried.iter().filter(|path| !quickstart.contains(&format!("$base{path} ")));
    check_none(problems.map(|path| format!("{path} is not printed")).collect(), tried.len());
}
