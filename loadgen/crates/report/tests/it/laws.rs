use loadgen_report::{
    Axis, Check, Plot, Report, Scale, Series, Style, Table, Verdict, console, html, json, junit,
    svg,
};
use proptest::prelude::*;
use roxmltree::{Document, Node, ParsingOptions};

/// Text as a hostile target has it: markup, control characters, right-to-left marks, anything.
fn text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "<script>alert(1)</script>",
        "]]>&amp;\"'",
        "\u{1b}]0;x\u{7}\u{0}\u{fffe}",
        "\u{202e}a\nb\r\tc",
        "--><!--",
        "日本語 🦀",
    ]);
    prop_oneof![hostile.prop_map(str::to_owned), any::<String>(), "[ -~]{0,200}"]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), 0.0..1e4, 0.0..100.0, prop::num::f64::ANY]
}

fn scale() -> impl Strategy<Value = Scale> {
    prop::sample::select(vec![Scale::Linear, Scale::Log, Scale::Percentile])
}

fn plot() -> impl Strategy<Value = Plot> {
    let style = prop::sample::select(vec![Style::Line, Style::Bound, Style::Dots]);
    let points = prop_oneof![
        prop::collection::vec((number(), number()), 0..20),
        prop::collection::vec((number(), number()), 1_000..1_100),
    ];
    let series =
        (text(), style, points).prop_map(|(label, style, points)| Series { label, style, points });
    let axis = || (text(), scale()).prop_map(|(label, scale)| Axis { label, scale });
    (text(), axis(), axis(), prop::collection::vec(series, 0..5))
        .prop_map(|(title, x, y, series)| Plot { title, x, y, series })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Passed),
        text().prop_map(Verdict::Failed),
        text().prop_map(Verdict::NotChecked)
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let check =
        (text(), text(), text(), verdict(), any::<u64>(), prop::collection::vec(plot(), 0..2))
            .prop_map(|(id, promised, observed, verdict, took_ms, plots)| Check {
                tolerance: promised.clone(),
                place: Some(observed.clone()),
                id,
                promised,
                observed,
                verdict,
                took_ms,
                plots,
                ..Check::default()
            });
    let table = (text(), prop::collection::vec(text(), 0..4), prop::collection::vec(text(), 0..4))
        .prop_map(|(title, columns, row)| Table { title, columns, rows: vec![row] });
    (
        (text(), text(), text(), any::<u64>(), any::<u64>()),
        prop::collection::vec(check, 0..4),
        prop::collection::vec(table, 0..2),
        prop::collection::vec(plot(), 0..2),
    )
        .prop_map(
            |((command, target, subject, started_unix_ms, took_ms), checks, tables, plots)| {
                Report {
                    surroundings: vec![(target.clone(), subject.clone())],
                    command,
                    target,
                    subject,
                    started_unix_ms,
                    took_ms,
                    checks,
                    tables,
                    plots,
                }
            },
        )
}

#[track_caller]
fn parse(xml: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    match Document::parse_with_options(xml, options) {
        Ok(document) => document,
        Err(error) => panic!("{error}:\n{xml}"),
    }
}

fn attribute(node: &Node, name: &str) -> f64 {
    node.attribute(name).unwrap_or("0").parse().unwrap_or(f64::NAN)
}

/// Each coordinate of circles, texts and paths lies in the view box.
fn assert_within(document: &Document) {
    for svg in document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "svg")))
    {
        let (width, height) = (attribute(&svg, "width"), attribute(&svg, "height"));
        let x_within = |x: f64| (0.0..=width).contains(&x);
        let y_within = |y: f64| (0.0..=height).contains(&y);
        for node in svg.descendants().filter(Node::is_element) {
            let (x, y) = match node.tag_name().name() {
                "circle" => (attribute(&node, "cx"), attribute(&node, "cy")),
                _ => (attribute(&node, "x"), attribute(&node, "y")),
            };
            assert!(x_within(x) && y_within(y), "{node:?}");
            let path = node.attribute("d").unwrap_or_default();
            for pair in path
                .split(['M', 'L'])
                .filter(|pair| !pair.is_empty() && !pair.contains(['H', 'h', 'v']))
            {
                let (x, y) = pair.split_once(' ').expect("a pair");
                let (x, y) = (x.parse().expect("a number"), y.parse().expect("a number"));
                assert!(x_within(x) && y_within(y), "{pair}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plot_is_well_formed_and_within_its_box(plot in plot()) {
        let svg = svg::render(&plot);
        let document = parse(&svg);
        assert_within(&document);
        prop_assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    }

    #[test]
    fn any_page_is_well_formed_without_scripts_and_with_targets_for_its_links(report in report()) {
        let html = html::render(&report);
        let document = parse(&html);
        let names: Vec<_> = document.descendants().map(|node| node.tag_name().name()).collect();
        prop_assert!(!names.contains(&"script") && !names.contains(&"b0"));
        let ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        prop_assert_eq!(ids.len(), unique.len());
        for href in document.descendants().filter_map(|node| node.attribute("href")) {
            prop_assert!(ids.iter().any(|id| Some(*id) == href.strip_prefix('#')), "{}", href);
        }
        for attribute in document.descendants().flat_map(|node| node.attributes()) {
            prop_assert!(!attribute.name().starts_with("on") && attribute.name() != "src");
        }
        assert_within(&document);
    }

    #[test]
    fn any_junit_is_well_formed_and_counts_its_cases(report in report()) {
        let junit = junit::render(&report);
        let document = parse(&junit);
        let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
        let counts = report.counts();
        prop_assert_eq!(count("testcase"), report.checks.len());
        prop_assert_eq!(count("failure"), counts.failed);
        prop_assert_eq!(count("skipped"), counts.not_checked);
        prop_assert_eq!(attribute(&document.root_element(), "failures"), counts.failed as f64);
    }

    #[test]
    fn any_json_reads_back(report in report()) {
        let value: serde_json::Value = serde_json::from_str(&json::render(&report)).expect("JSON");
        prop_assert_eq!(value["version"].as_u64(), Some(1));
        prop_assert_eq!(value["target"].as_str(), Some(report.target.as_str()));
        for (check, got) in report.checks.iter().zip(value["checks"].as_array().expect("checks")) {
            prop_assert_eq!(got["id"].as_str(), Some(check.id.as_str()));
        }
    }

    #[test]
    fn no_console_gets_a_control_character(report in report(), width in 0_usize..200) {
        let plain = console::render(&report, width, false);
        prop_assert!(plain.chars().all(|c| c == '\n' || !c.is_control()));
        for check in &report.checks {
            prop_assert!(console::line(check).chars().all(|c| !c.is_control()));
        }
        let coloured = console::render(&report, width, true);
        let mut rest = coloured.as_str();
        while let Some((_, after)) = rest.split_once('\u{1b}') {
            let end = after.find('m').expect("a colour ends");
            prop_assert!(matches!(&after[..end], "[0" | "[1" | "[2" | "[31" | "[32" | "[33"));
            rest = &after[end..];
        }
    }
}

#[test]
fn wide_tables_wrap_within_the_console() {
    let words = "some words that say at length why a rate did not hold ".repeat(5);
    let row = vec!["1,234".to_owned(), words.clone(), words];
    let columns = ["rate", "why", "so"].map(str::to_owned).to_vec();
    let table = Table { title: "t".to_owned(), columns, rows: vec![row] };
    let report = Report { tables: vec![table], ..Report::default() };
    for width in [40, 80, 160] {
        let text = console::render(&report, width, false);
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert_eq!(text.matches("hold").count(), 10, "nothing is lost: {text}");
    }
}

#[test]
fn markup_from_a_target_is_text_on_the_page() {
    let mut report =
        Report { target: "<script>alert('x')</script>".to_owned(), ..Report::default() };
    report.checks.push(Check { id: "a\" onclick=\"b".to_owned(), ..Check::default() });
    let html = html::render(&report);
    assert!(!html.contains("<script"));
    let document = parse(&html);
    assert!(document.descendants().any(|node| node.text() == Some("<script>alert('x')</script>")));
    assert!(document.descendants().any(|node| node.text() == Some("a\" onclick=\"b")));
}

#[test]
fn a_report_without_checks_is_neither_passed_nor_failed() {
    let value: serde_json::Value =
        serde_json::from_str(&json::render(&Report::default())).expect("JSON");
    assert!(value["verdict"].is_null());
    assert!(html::render(&Report::default()).contains("<h1>measured</h1>"));
}
