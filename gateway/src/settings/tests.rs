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

#[test]
fn environment_sets_every_kind_of_value() {
    let settings = load(
        "",
        &[
            ("GATEWAY_LISTEN_ADDRESSES", "127.0.0.1:1, [::1]:2"),
            ("GATEWAY_LISTEN_TCP_NODELAY", "false"),
            ("GATEWAY_SHARDS_COUNT", "3"),
            ("GATEWAY_UPSTREAM_IDLE_MAX", "7"),
            ("GATEWAY_TIMEOUTS_CONNECT", "250ms"),
            ("GATEWAY_DEFINITIONS", "a.yaml,b.yaml"),
            ("AWS_ENDPOINT_URL", "http://h:1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://h:2"),
            ("GATEWAY_SERVICE_HOST", "another program's"),
        ],
    )
    .expect("valid");
    assert_eq!(settings.listen.addresses.len(), 2);
    assert!(!settings.listen.tcp_nodelay);
    assert_eq!(settings.shards.count.to_string(), "3");
    assert_eq!(settings.upstream.idle_max, 7);
    assert_eq!(settings.timeouts.connect, Duration::from_millis(250));
    assert_eq!(settings.definitions, ["a.yaml", "b.yaml"].map(PathBuf::from));
    assert_eq!(settings.aws.endpoints[AWS_ENDPOINT_DEFAULT], "http://h:1");
    assert_eq!(settings.aws.endpoints["dynamodb"], "http://h:2");
    assert!(settings.config_file.is_some(), "an overlay keeps what is not a key");
}

#[test]
fn a_wrong_variable_is_named() {
    let pairs = [("GATEWAY_TIMEOUTS_CONECT", "1s"), ("GATEWAY_UPSTREAM_IDLE_MAX", "many")];
    let found = problems("", &pairs);
    assert_eq!(
        found[0],
        "environment variable GATEWAY_TIMEOUTS_CONECT: error: unknown variable; \
         did you mean GATEWAY_TIMEOUTS_CONNECT?"
    );
    assert!(found[1].starts_with("environment variable GATEWAY_UPSTREAM_IDLE_MAX: error: "));
    assert!(found[1].contains("many"), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn every_problem_of_a_file_is_reported_with_its_place() {
    let text = "\
[timeouts]
conect = \"1s\"
keep_alive = \"5\"
send = \"2h\"

[upstream]
level = \"info\"
idle_max = \"x\"
vpc_links = { a = \"host\" }

[shrads]
count = 1
";
    assert_eq!(
        problems(text, &[]),
        [
            "gateway.toml:11:2: error: unknown key `shrads`; did you mean `shards`?",
            "gateway.toml:2:1: error: unknown key `timeouts.conect`; did you mean `timeouts.connect`?",
            "gateway.toml:7:1: error: unknown key `upstream.level`; did you mean `log.level`?",
            "gateway.toml:3:14: error: timeouts.keep_alive: `5` is not a duration; write a whole number and h, m, s or ms, such as \"30s\"",
            "gateway.toml:8:12: error: upstream.idle_max: invalid type: string \"x\", expected u32",
            "gateway.toml:9:19: error: upstream.vpc_links.a: `host` is not HOST:PORT, such as 10.0.0.7:8080",
            "gateway.toml:4:8: error: timeouts.send: 2h is outside 10ms to 1h",
        ]
    );
}

#[test]
fn broken_syntax_has_its_place() {
    let found = problems("[listen]\nbacklog = \n", &[]);
    assert!(found[0].starts_with("gateway.toml:2:1"), "{found:?}");
}

#[test]
fn a_contradiction_is_placed_at_the_layer_that_decided() {
    let (_directory, load) = file("[ops]\naddress = \"127.0.0.1:7000\"\n");
    let listen = vec!["127.0.0.1:7000".parse().expect("an address")];
    let tls = vec!["127.0.0.1:7001".parse().expect("an address")];
    let args = RunArgs { load, listen, listen_tls: tls, ..RunArgs::default() };
    let Err(SettingsError::Invalid(found)) = Settings::for_run(&args, []) else {
        panic!("accepted");
    };
    assert_eq!(found[0].place, Place::Flag("--listen-tls"));
    assert!(found[0].text.contains("not served yet"), "{found:?}");
    assert!(matches!(found[1].place, Place::File { line: 2, column: 11, .. }), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn an_absent_file_is_unreadable_not_invalid() {
    let args = LoadArgs { config: Some("/nonexistent/gateway.toml".into()), ..LoadArgs::default() };
    let error = Settings::for_check(&args, []).expect_err("absent");
    assert!(matches!(error, SettingsError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("/nonexistent/gateway.toml"));
}

#[test]
fn paths_of_a_file_start_at_its_directory() {
    let text = "definitions = [\"a.yaml\", \"/b.yaml\"]\n[access_log]\ndestination = \"./x.log\"\n";
    let (directory, args) = file(text);
    let settings = Settings::for_check(&args, []).expect("valid");
    assert_eq!(settings.definitions, [directory.path().join("a.yaml"), "/b.yaml".into()]);
    let AccessLogDestination::File(log) = settings.access_log.destination else {
        panic!("not a file");
    };
    assert!(log.starts_with(directory.path()));
}

#[test]
fn flags_merge_parameters_and_replace_definitions() {
    let (_directory, mut args) =
        file("definitions = [\"a\"]\nparameters = { A = \"1\", B = \"2\" }");
    args.definitions = vec!["c".into()];
    args.parameters = vec![("B".to_owned(), "3".to_owned())];
    let settings = Settings::for_check(&args, []).expect("valid");
    assert_eq!(settings.definitions, [PathBuf::from("c")]);
    assert_eq!(settings.parameters["A"], "1");
    assert_eq!(settings.parameters["B"], "3");
}

#[test]
fn each_check_refuses() {
    let refused = [
        "[listen]\naddresses = []",
        "[listen]\naddresses = [\"1.1.1.1:1\", \"1.1.1.1:1\"]",
        "[listen]\naddresses = [\"localhost:1\"]",
        "[listen]\nbacklog = 0",
        "[listen]\ntcp_keepalive = \"1500ms\"",
        "[control]\naddress = \"127.0.0.1:8080\"",
        "[ops]\naddress = \"127.0.0.1:4566\"",
        "[ops]\ntest_clock = true\n[state]\ndirectory = \"s\"",
        "[ops]\naddress = \"none\"\ntest_clock = true",
        "[shards]\nring_entries = 1000",
        "[shards]\nring_entries = 65536",
        "[shards]\ncount = 0",
        "[shards]\ncpus = \"1,1\"",
        "[limits]\npayload_bytes_max = 10",
        "[limits]\nconnections_max = 0",
        "[throttle]\naccount_rate_rps = 10",
        "[throttle]\naccount_rate_rps = 10\naccount_burst = 2000000000",
        "[cache]\nbytes_max = \"1MiB\"",
        "[explain]\nsecret = \"short\"",
        "[explain]\nsecret = \"long enough but with blanks\"",
        "[timeouts]\nconnect = \"9ms\"",
        "[timeouts]\ndrain_timeout = \"2h\"",
        "[upstream]\nidle_max = 5000",
        "[upstream]\ndns_ttl_min = \"2m\"",
        "[upstream]\nconnections_max = 0\nidle_max = 0",
        "[access_log]\ndefault_format = \"jsno\"",
        "[access_log]\ndefault_format = \"$context.a\\n$context.b\"",
        "[access_log]\ndestination = \"/dev/stdout\"",
        "[aws]\naccount_id = \"1\"",
        "[aws]\nregion = \"US\"",
        "[aws]\nendpoints = { default = \"h:1\" }",
        "[reload]\ndebounce = \"2m\"",
        "[functions]\nurls = \"https://{id}.example.com/\"",
        "[functions]\nurls = \"https://{id}.lambda-url.example.com\"",
        #[cfg(not(feature = "glommio"))]
        "[shards]\nbackend = \"glommio\"",
    ];
    for text in refused {
        assert_eq!(problems(text, &[]).len(), 1, "{text}");
    }
}

#[test]
fn connections_fit_the_descriptors() {
    let settings = Settings::default();
    for (nofile, shards) in [(1024, 1), (1024, 8), (65_536, 4), (1_048_576, 64)] {
        let connections = u64::from(settings.connections_max(nofile, shards));
        assert!(connections * 2 * (shards as u64) < nofile, "{nofile} {shards} {connections}");
        assert!(connections >= 16);
    }
    assert!(settings.connections_max(u64::MAX, 1) > 1_000_000);
}

#[test]
fn raising_the_descriptor_limit_reaches_the_hard_limit() {
    let raised = nofile::raise().expect("permitted");
    assert_eq!(nofile::current(), raised);
}

proptest::proptest! {
    #[test]
    fn durations_are_read_as_they_are_written(millis in 0..u64::MAX / 4_000_000) {
        let duration = Duration::from_millis(millis);
        let text = units::format_duration(duration);
        proptest::prop_assert_eq!(units::parse_duration(&text), Ok(duration));
    }

    #[test]
    fn sizes_are_read_as_they_are_written(bytes in 0..usize::MAX) {
        proptest::prop_assert_eq!(units::parse_bytes(&units::format_bytes(bytes)), Ok(bytes));
    }

    #[test]
    fn any_text_is_settings_or_problems(text in ".{0,200}") {
        let _ = load(&text, &[]);
    }
}

#[test]
fn unit_spellings() {
    for text in ["", "s", "30", "1.5s", "-1s", "30 sec", "99999999999999999h"] {
        assert!(units::parse_duration(text).is_err(), "{text}");
    }
    for text in ["", "MiB", "10MB", "10mib", "-1", "99999999999GiB"] {
        assert!(units::parse_bytes(text).is_err(), "{text}");
    }
    assert_eq!(units::parse_duration(" 5 m "), Ok(Duration::from_secs(300)));
    assert_eq!(units::parse_bytes("512"), Ok(512));
}

#[test]
fn targets_are_hosts_with_ports() {
    for text in ["h:1", "a.b-c_d:65535", "10.0.0.7:80", "[::1]:80"] {
        assert_eq!(text.parse::<Target>().expect("valid").to_string(), text);
    }
    for text in ["h", "h:0", "h:65536", ":1", "http://h:1", "::1:80", "[h]:1", "h h:1"] {
        assert!(text.parse::<Target>().is_err(), "{text}");
    }
}

mod reference;
