use super::*;
use crate::cli::{LoadArgs, RunArgs};

/// A configuration file in a directory of its own, and the arguments that name it.
fn file(text: &str) -> (tempfile::TempDir, LoadArgs) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("gateway.toml");
    std::fs::write(&path, text).expect("writes");
    (directory, LoadArgs { config: Some(path), ..LoadArgs::default() })
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(text: &str, pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let (_directory, args) = file(text);
    Settings::for_check(&args, environment(pairs))
}

/// The problems of a file, without the temporary directory in front of the file's name.
#[track_caller]
fn problems(text: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    match load(text, pairs) {
        Ok(_) => panic!("accepted"),
        Err(SettingsError::Unreadable { path, source }) => panic!("{}: {source}", path.display()),
        Err(SettingsError::Invalid(problems)) => problems
            .iter()
            .map(|problem| {
                let shown = problem.to_string();
                let start = shown.find("gateway.toml:").unwrap_or_default();
                shown[start..].to_owned()
            })
            .collect(),
    }
}

#[test]
fn nothing_typed_means_the_defaults() {
    let settings = Settings::for_run(&RunArgs::default(), []).expect("valid");
    assert_eq!(settings, Settings::default());
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let text =
        "[aws]\nregion = \"file-1\"\naccount_id = \"111111111111\"\nurl_suffix = \"f.test\"\n";
    let (_directory, mut args) = file(text);
    args.region = Some("flag-1".to_owned());
    let pairs =
        environment(&[("GATEWAY_AWS_REGION", "env-1"), ("GATEWAY_AWS_ACCOUNT_ID", "222222222222")]);
    let aws = Settings::for_check(&args, pairs).expect("valid").aws;
    assert_eq!((aws.region.as_str(), aws.account_id.as_str()), ("flag-1", "222222222222"));
    assert_eq!(aws.url_suffix, "f.test");
    assert!(aws.endpoints.is_empty());
}
