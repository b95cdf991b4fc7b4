use clap::CommandFactory;

use super::*;

fn parse(words: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("gateway").chain(words.split_whitespace()))
}

fn run(words: &str) -> RunArgs {
    match parse(&format!("run {words}")).expect("parses").command {
        Command::Run(args) => *args,
        other => panic!("{other:?} is not run"),
    }
}

#[track_caller]
fn refuses(words: &str, because: &str) {
    let error = parse(words).expect_err("refused");
    assert_eq!(error.exit_code(), i32::from(EXIT_USAGE), "{error}");
    assert!(error.to_string().contains(because), "{error}");
}

#[test]
fn command_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn run_takes_no_arguments_at_all() {
    let args = run("");
    assert!(args.load.definitions.is_empty() && args.listen.is_empty() && args.ops.is_none());
}

#[test]
fn run_takes_everything() {
    let args =
        run("-c g.toml a.yaml b.json --listen 127.0.0.1:0 --listen [::1]:80 --control none \
         --ops 0.0.0.0:1 --shards 4 --cpus 0-3,6 --state /var/lib/g --dev --param A=b=c --param D= \
         --account-id 123456789012 --region eu-west-1 --aws-endpoint http://h:1 \
         --aws-endpoint DynamoDB=http://h:2/?a=b --backend glommio --driver epoll \
         --log-format json --access-log stdout --port-file p --test-clock");
    assert_eq!(args.load.definitions, ["a.yaml", "b.json"].map(PathBuf::from));
    assert_eq!(args.load.config, Some("g.toml".into()));
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(args.load.parameters, pairs(&[("A", "b=c"), ("D", "")]));
    assert_eq!(
        args.load.aws_endpoints,
        pairs(&[("default", "http://h:1"), ("dynamodb", "http://h:2/?a=b")])
    );
    assert_eq!(args.listen.len(), 2);
    assert_eq!(args.control, Some(OptionalAddress(None)));
    assert_eq!(args.cpus.expect("given").indices(), [0, 1, 2, 3, 6]);
    assert_eq!(args.driver, Some(Driver::Epoll));
    assert_eq!(args.access_log, Some(AccessLogDestination::Stdout));
    assert!(args.dev && args.test_clock);
}

#[test]
fn check_takes_json_and_parameters() {
    let Command::Check(args) = parse("check t.yaml --json --param A=1").expect("parses").command
    else {
        panic!("not check");
    };
    assert!(args.json);
    assert_eq!(args.load.parameters.len(), 1);
}

#[test]
fn version_is_a_command_and_a_flag() {
    assert!(matches!(parse("version").expect("parses").command, Command::Version));
    let shown = parse("--version").expect_err("shows the version");
    assert_eq!(shown.exit_code(), i32::from(EXIT_OK));
    assert!(shown.to_string().starts_with("gateway "));
}

#[test]
fn every_subcommand_shows_examples() {
    for words in ["--help", "run --help", "check --help"] {
        let help = parse(words).expect_err("shows help");
        assert_eq!(help.exit_code(), i32::from(EXIT_OK));
        assert!(help.to_string().contains("Examples:\n  gateway "), "{words}: {help}");
    }
}

#[test]
fn wrong_words_are_usage_errors_that_name_the_fix() {
    refuses("", "Usage");
    refuses("serve", "unrecognized subcommand");
    refuses("run --listne 1", "--listen");
    refuses("run --listen localhost:80", "127.0.0.1:8080");
    refuses("run --param NoEquals", "KEY=VALUE");
    refuses("run --param =v", "KEY=VALUE");
    refuses("run --aws-endpoint dynamodb", "[SERVICE=]URL");
    refuses("run --aws-endpoint =http://h", "empty");
    refuses("run --shards 0", "auto or 1 to 1024");
    refuses("run --cpus 3-1", "backwards");
    refuses("run --driver kqueue", "auto or io_uring or epoll");
    refuses("run --access-log foo.log", "./foo.log");
    refuses("check --listen 127.0.0.1:1", "unexpected argument");
}
