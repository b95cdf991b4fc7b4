//! `config/gateway.toml` and [`Settings`] say the same.

use std::path::{Path, PathBuf};

use super::*;

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

fn reference() -> String {
    std::fs::read_to_string(config().join("gateway.toml")).expect("the reference")
}

/// The key of a commented setting: `# key = default`. Prose never has that form.
fn commented_key(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
    key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(key)
}

fn uncommented() -> String {
    let uncomment = |line: &str| match commented_key(line) {
        Some(_) => line["# ".len()..].to_owned() + "\n",
        None => line.to_owned() + "\n",
    };
    reference().lines().map(uncomment).collect()
}

#[test]
fn the_reference_as_it_is_changes_nothing() {
    let (_directory, args) = file(&reference());
    let settings = Settings::for_check(&args, []).expect("valid");
    assert_eq!(Settings { config_file: None, ..settings }, Settings::default());
}

#[test]
fn every_documented_default_is_the_real_one() {
    let (_directory, args) = file(&uncommented());
    let settings = Settings::for_check(&args, []).expect("valid");
    assert_eq!(Settings { config_file: None, ..settings }, Settings::default());
}

#[test]
fn every_setting_is_documented_and_every_documented_setting_exists() {
    let documented: toml::Table = uncommented().parse().expect("valid TOML");
    let real = toml::Table::try_from(Settings::default()).expect("a table");
    let sections = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
    assert_eq!(sections(&documented), sections(&real));
    for (name, value) in &real {
        let documented = &documented[name];
        if let (Some(real), Some(documented)) = (value.as_table(), documented.as_table()) {
            assert_eq!(sections(documented), sections(real), "[{name}]");
        }
    }
}

#[test]
fn every_setting_has_a_sentence_in_front() {
    let reference = reference();
    let mut before = "";
    let mut settings = 0;
    for line in reference.lines() {
        if let Some(key) = commented_key(line) {
            settings += 1;
            let is_sentence = before.starts_with("# ") && before.ends_with(['.', '…']);
            assert!(is_sentence, "{key} follows `{before}`");
        }
        before = line;
    }
    assert!(settings > 30, "only {settings} settings found");
}

#[test]
fn every_flag_that_is_named_exists() {
    use clap::CommandFactory;
    let command = crate::cli::Cli::command();
    let run = command.find_subcommand("run").expect("run");
    let flags: Vec<_> = run.get_arguments().filter_map(clap::Arg::get_long).collect();
    let reference = reference();
    let named = reference.lines().filter_map(|line| line.split_once("Flag: --"));
    let named: Vec<_> = named.map(|(_, flag)| flag.trim_end_matches('.')).collect();
    assert!(named.len() > 10);
    for flag in named {
        assert!(flags.contains(&flag), "--{flag}");
    }
}

#[test]
fn every_other_configuration_is_valid() {
    let mut count = 0;
    for entry in std::fs::read_dir(config().join("examples")).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let args = LoadArgs { config: Some(path), ..LoadArgs::default() };
            let settings = Settings::for_check(&args, []).expect("valid");
            assert!(settings.definitions.iter().all(|definition| definition.is_file()));
            count += 1;
        }
    }
    assert!(count > 0, "no example found");
}
