use super::*;

/// Writes each variable's own name in angle brackets; nothing for those named in `unset`.
struct Names {
    unset: &'static [&'static str],
}

impl LogRecord for Names {
    fn write(&self, variable: &Variable, out: &mut ValueWriter<'_>) -> bool {
        let name = variable.name();
        out.str(&format!("<{name}>"));
        !self.unset.contains(&name.as_str())
    }
}

fn rendered(format: &LogFormat) -> String {
    let mut out = Vec::new();
    format.render(&Names { unset: &["identity.user"] }, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[track_caller]
fn check(format: &str, expected: &str, warnings: &[FormatWarning]) {
    let (parsed, found) = LogFormat::parse(format).expect("a usable format");
    assert_eq!(rendered(&parsed), format!("{expected}\n"));
    let found: Vec<_> =
        found.into_iter().filter(|warning| *warning != FormatWarning::NoRequestId).collect();
    assert_eq!(found, warnings);
}

fn unknown(offset: usize, name: &str) -> FormatWarning {
    let name = name.to_owned();
    FormatWarning::UnknownVariable { offset, name }
}

#[test]
fn variables_are_substituted_between_text() {
    check(
        "a $context.requestId,[$context.identity.sourceIp]",
        "a <requestId>,[<identity.sourceIp>]",
        &[],
    );
}

#[test]
fn variable_without_value_is_a_hyphen() {
    check("$context.identity.user $context.status", "- <status>", &[]);
}

#[test]
fn longest_name_wins_and_leaves_punctuation() {
    check("$context.status.", "<status>.", &[]);
    check("$context.stage-$context.apiId...", "<stage>-<apiId>...", &[]);
    check("$context.stage-blue", "<stage>-blue", &[]);
    check("$context.integration.integrationStatus", "<integration.integrationStatus>", &[]);
    let text_after = FormatWarning::TextAfterVariable {
        offset: 0,
        name: "$context.domainName".into(),
        text: ".log".into(),
    };
    check("$context.domainName.log", "<domainName>.log", &[text_after]);
}

#[test]
fn unknown_variable_is_a_hyphen_and_a_warning() {
    check("x$context.statusCode.", "x-.", &[unknown(1, "$context.statusCode")]);
    check("$context.Status", "-", &[unknown(0, "$context.Status")]);
    check("$context.identity", "-", &[unknown(0, "$context.identity")]);
}

#[test]
fn variable_of_another_api_type_is_a_hyphen_and_a_warning() {
    let name = "$context.routeKey".to_owned();
    check("$context.routeKey", "-", &[FormatWarning::OtherApiType { offset: 0, name }]);
}

#[test]
fn second_names_mean_the_first() {
    check(
        "$context.integrationLatency $context.integrationStatus $context.integrationErrorMessage \
         $context.awsEndpointRequestId",
        "<integration.latency> <integration.integrationStatus> <integration.error> \
         <integration.requestId>",
        &[],
    );
}

#[test]
fn authorizer_keys_are_taken_whole() {
    check(
        "$context.authorizer.tenant-id. $context.authorizer.claims.email $context.authorizer.status",
        "<authorizer.tenant-id>. <authorizer.claims.email> <authorizer.status>",
        &[],
    );
}

#[test]
fn other_dollars_are_text() {
    check(
        "$ $$ $context $context. ${context.stage} $contextual",
        "$ $$ $context $context. ${context.stage} $contextual",
        &[],
    );
    let warning = |offset, name: &str| FormatWarning::NotContext { offset, name: name.into() };
    check(
        "$input.body $stageVariables.x $inputs",
        "$input.body $stageVariables.x $inputs",
        &[warning(0, "$input"), warning(12, "$stageVariables")],
    );
}

#[test]
fn format_without_request_id_is_warned_about() {
    let warnings = |format| LogFormat::parse(format).expect("usable").1;
    assert_eq!(warnings("$context.status"), [FormatWarning::NoRequestId]);
    assert_eq!(warnings("$context.requestId"), []);
    assert_eq!(warnings("$context.extendedRequestId"), []);
}

#[test]
fn final_newline_is_allowed_and_inner_ones_are_refused() {
    check("$context.status\n", "<status>", &[]);
    check("$context.status\r\n", "<status>", &[]);
    let error = |format| LogFormat::parse(format).expect_err("refused");
    assert_eq!(error("a\nb"), FormatError::InnerNewline { offset: 1 });
    assert_eq!(error("ab\r$context.stage"), FormatError::InnerNewline { offset: 2 });
    assert_eq!(error("a\n\n"), FormatError::InnerNewline { offset: 1 });
    assert_eq!(error("\n"), FormatError::Empty);
}

#[test]
fn format_of_three_kilobytes_is_the_longest() {
    let longest = "x".repeat(FORMAT_BYTES_MAX);
    check(&longest, &longest, &[]);
    let bytes = FORMAT_BYTES_MAX + 1;
    assert_eq!(LogFormat::parse(&"x".repeat(bytes)), Err(FormatError::TooLong { bytes }));
}

#[test]
fn presets_parse_without_a_warning() {
    for (name, format) in presets::ALL {
        assert_eq!(presets::by_name(name), Some(format));
        let (_, warnings) = LogFormat::parse(format).expect("usable");
        assert_eq!(warnings, [], "{name}");
    }
    assert_eq!(presets::by_name("none"), None);
}

#[test]
fn json_presets_render_json_whatever_the_values() {
    struct Hostile;
    impl LogRecord for Hostile {
        fn write(&self, _: &Variable, out: &mut ValueWriter<'_>) -> bool {
            out.bytes(b"\"},\n{\\ \xff\x00");
            true
        }
    }
    for format in [presets::JSON, presets::DEFAULT] {
        let (format, _) = LogFormat::parse(format).expect("usable");
        let mut out = Vec::new();
        format.render(&Hostile, &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(value["requestId"], "\"},\n{\\ \u{ff}\0");
    }
}

#[test]
fn clf_preset_renders_the_line_of_the_guide() {
    let (format, _) = LogFormat::parse(presets::CLF).expect("usable");
    assert_eq!(
        rendered(&format),
        "<identity.sourceIp> <identity.caller> - [<requestTime>] \"<httpMethod> <resourcePath> \
         <protocol>\" <status> <responseLength> <requestId> <extendedRequestId>\n"
    );
}

#[test]
fn line_longer_than_the_limit_is_cut() {
    struct Long;
    impl LogRecord for Long {
        fn write(&self, _: &Variable, out: &mut ValueWriter<'_>) -> bool {
            out.str(&"y".repeat(LINE_BYTES_MAX));
            true
        }
    }
    let (format, _) = LogFormat::parse("$context.path $context.path").expect("usable");
    let mut out = b"before\n".to_vec();
    format.render(&Long, &mut out);
    assert_eq!(out.len(), "before\n".len() + LINE_BYTES_MAX);
    assert!(out.starts_with(b"before\nyyy") && out.ends_with(b"y\n"));
}

#[test]
fn cut_falls_between_characters() {
    for (len, expected) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (4, "aé"), (9, "aé😀")] {
        let mut out = "aé😀".as_bytes().to_vec();
        cut(&mut out, len);
        assert_eq!(out, expected.as_bytes(), "{len}");
    }
}
