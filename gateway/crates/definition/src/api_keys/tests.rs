use super::*;
use crate::limits::{ROW_BYTES_MAX, ROW_CELLS_MAX};
use proptest::prelude::*;
use std::io::{BufReader, Cursor};

const A: &str = "apikey1234abcdefghij0123456789";
const B: &str = "another-key-value-of-forty-characters-40";

/// Keys as `name value enabled [plans]`, after the diagnostics.
#[track_caller]
fn check(text: &str, expect: &[&str]) -> ImportedKeys {
    let (keys, diagnostics) = import("k.csv", text.as_bytes());
    let plan = |index: &u16| keys.plans()[usize::from(*index)].to_string();
    let mut got: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    got.extend(keys.iter().map(|key| {
        let plans: Vec<String> = key.plans.iter().map(plan).collect();
        format!("{} {} {} {plans:?}", key.name, key.value, key.enabled)
    }));
    assert_eq!(got, expect, "{text}");
    keys
}

#[test]
fn the_guides_three_examples_are_read() {
    check(&format!("Key,name\n{A},MyFirstApiKey"), &[&format!("MyFirstApiKey {A} true []")]);
    check(
        &format!(
            "Name,key,description,Enabled,usageplanIds\nMyFirstApiKey,{A},An imported key,TRUE,c7y23b"
        ),
        &[&format!("MyFirstApiKey {A} true [\"c7y23b\"]")],
    );
    for quote in ['"', '\''] {
        let text = format!(
            "Enabled,Name,key,UsageplanIds\ntrue,MyFirstApiKey,{A},{quote}c7y23b,glvrsr{quote}"
        );
        check(&text, &[&format!("MyFirstApiKey {A} true [\"c7y23b\", \"glvrsr\"]")]);
    }
}

#[test]
fn columns_have_any_order_and_case_and_others_are_ignored() {
    let text = format!(
        "\u{feff} KEY , x,USAGEPLANIDS,Enabled,NAME\r\n{A},1,'a, b,a',False,\"n,\"\"1\"\"\"\r\n\r\n{B},,,,\r\n"
    );
    check(&text, &[&format!("n,\"1\" {A} false [\"a\", \"b\"]"), &format!(" {B} true []")]);
    check(
        &format!("name,key\nshort row is {A}\n,{A}"),
        &[
            "k.csv:2:1: error: API Key value should be at least 20 characters",
            &format!(" {A} true []"),
        ],
    );
}

#[test]
fn what_is_wrong_is_told_by_line_and_the_rest_is_read() {
    let (short, long) = ("1234567890123456789", "x".repeat(129));
    let (name, header) = ("n".repeat(1_025), "name,key,enabled,usageplanids,id");
    let many: Vec<String> = (0..11).map(|index| format!("p{index}")).collect();
    let text = format!(
        "{header}\na,{short},,,\n\n\nb,{long},,,\n\"two\nlines\",value with an é in it,,,\n{name},{A},,,\n\
         c,{A},yes,,\nd,{A},,{},\ne,{A},,'p,q\nf,{A},,,a/b\ng,{A},,\"{}\",\n,{A},,,\n",
        "p,q",
        many.join(",")
    );
    check(
        &text,
        &[
            "k.csv:2:1: error: API Key value should be at least 20 characters",
            "k.csv:5:1: error: API Key value exceeds maximum size of 128 characters",
            "k.csv:6:1: error: a header cannot carry this API Key value: use printable ASCII",
            "k.csv:8:1: error: Invalid API Key name, can be at most 1024 characters.",
            "k.csv:9:1: error: Enabled is neither TRUE nor FALSE",
            "k.csv:10:1: error: more cells than the 5 columns of the first line: quote a cell with commas",
            "k.csv:11:1: error: a single quote of UsagePlanIds has no end",
            "k.csv:12:1: error: this cannot be an Id: write up to 64 of a-zA-Z0-9_-",
            "k.csv:13:1: error: this API key is in more than 10 usage plans",
            &format!(" {A} true []"),
        ],
    );
}

#[test]
fn a_file_has_a_header_with_name_and_key() {
    let empty =
        "k.csv:0:0: error: this key file is empty: its first line names the columns Name and Key";
    check("", &[empty]);
    check("\n\r\n", &[empty]);
    check(
        "\nname,Id,ID,value",
        &[
            "k.csv:2:1: error: column Id is there twice",
            "k.csv:2:1: error: no column Key: the first line names the columns Name and Key",
        ],
    );
}

#[test]
fn a_key_that_is_given_again_replaces_the_one_before_and_keeps_its_id() {
    let again = "warning: this Key is given again: this row replaces the one at k.csv:2:1";
    let keys = check(
        &format!("id,name,key,enabled\n,a,{A},true\n,b,{B},true\n,c,{A},false\n"),
        &[&format!("k.csv:4:1: {again}"), &format!("c {A} false []"), &format!("b {B} true []")],
    );
    let alone = check(&format!("key,name\n{A},a"), &[&format!("a {A} true []")]);
    assert_eq!(keys.key(0).map(|key| key.id), alone.key(0).map(|key| key.id));
    check(
        &format!("id,name,key\nx,a,{A}\nx,b,{B}\ny,c,{A}\n,d,{A}"),
        &[
            "k.csv:3:1: error: Id \"x\" is that of another API key, at k.csv:2:1",
            "k.csv:4:1: error: this Key is given again with another Id: at k.csv:2:1 it is \"x\"",
            &format!("k.csv:5:1: {again}"),
            &format!("d {A} true []"),
        ],
    );
}

#[test]
fn several_files_are_one_table() {
    let mut importer = Importer::default();
    assert_eq!(importer.read("a.csv", format!("id,name,key\nx,a,{A}").as_bytes()), []);
    let diagnostics = importer.read("b.csv", format!("id,name,key\nx,b,{B}").as_bytes());
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["b.csv:2:1: error: Id \"x\" is that of another API key, at a.csv:2:1"]);
    assert_eq!(importer.finish().len(), 1);
}

#[test]
fn an_id_is_derived_the_same_way_for_ever() {
    // These are in people's usage counts: a change here loses them.
    let keys = check(
        &format!("key,name\n{A},\n{B},"),
        &[&format!(" {A} true []"), &format!(" {B} true []")],
    );
    let ids: Vec<&str> = keys.iter().map(|key| key.id).collect();
    assert_eq!(ids, ["p9vd9kdnbm", "4webzq9u9k"]);
    let mut other = String::new();
    derive_id(A, 1, &mut other);
    assert!(other.len() == API_ID_CHARS && other != ids[0], "{other}");
}

#[test]
fn no_diagnostic_shows_a_value() {
    let secret = "the-secret-value-of-somebody";
    for text in [
        format!("name,key,enabled,id,usageplanids\na,b,{secret},,\n"),
        format!(
            "name,key,enabled,id,usageplanids\na,{A},,{secret} ,\nb,{A}{A}{A}{A}{A}{secret},,,,"
        ),
        format!("name,key\na,{secret}\nb,{secret}\nc,{secret}é\n,,,{secret}\nd,\"{secret}"),
    ] {
        let (_, diagnostics) = import("k.csv", text.as_bytes());
        assert!(!diagnostics.is_empty());
        for diagnostic in diagnostics {
            assert!(!diagnostic.to_string().contains(secret), "{diagnostic}");
        }
    }
}

#[test]
fn rows_are_bounded_and_what_cannot_be_read_ends_the_file() {
    let first = format!("name,key\na,{A}\n");
    let kept = format!("a {A} true []");
    let open = format!("{first}\"b,{B}\n{}", "x\n".repeat(ROW_BYTES_MAX));
    check(
        &open,
        &[
            "k.csv:3:1: error: a row of more than 65536 bytes; the rest is left out; look for a double quote that is not closed",
            &kept,
        ],
    );
    let wide = format!("{first}{}\nb,{B}", ",".repeat(ROW_CELLS_MAX));
    check(&wide, &["k.csv:3:1: error: a row of more than 256 cells; the rest is left out", &kept]);
    let mut bytes = format!("{first}b,").into_bytes();
    bytes.extend([0xc3, b',', 0xa9, b'\n']);
    bytes.extend(format!("c,{B}").bytes());
    let (keys, diagnostics) = import("k.csv", bytes.as_slice());
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].to_string(), "k.csv:3:1: error: this row is not UTF-8");
    assert_eq!(keys.len(), 2);
}

#[test]
fn a_reader_that_fails_is_told() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let head = Cursor::new(format!("name,key\na,{A}\n"));
    let reader = BufReader::new(std::io::Read::chain(head, Failing));
    let (keys, diagnostics) = import("k.csv", reader);
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["k.csv:3:1: error: cannot read the file: the disk is gone"]);
    assert_eq!(keys.len(), 1);
}

/// A cell in double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_written_is_read(
        rows in prop::collection::btree_map(
            "[!-~]([ -~]{18,40})[!-~]",
            ("[ -~é\n\r]{0,12}", any::<bool>(), prop::collection::btree_set("[a-z0-9]{1,6}", 0..10), any::<bool>()),
            0..30,
        ),
        order in Just([0_usize, 1, 2, 3, 4]).prop_shuffle(),
        end in prop_oneof![Just("\n"), Just("\r\n")],
        buffer in 1_usize..200,
    ) {
        let line = |cells: [String; 5]| {
            let cells: Vec<String> = order.iter().map(|index| cells[*index].clone()).collect();
            cells.join(",")
        };
        let mut text = line(["Id", "Name", "KEY", "enabled", "UsagePlanIds"].map(str::to_owned));
        for (index, (value, (name, enabled, plans, has_id))) in rows.iter().enumerate() {
            let id = if *has_id { format!("ID-{index}") } else { String::new() };
            let plans: Vec<&str> = plans.iter().map(String::as_str).collect();
            let enabled = enabled.to_string().to_uppercase();
            text.push_str(end);
            text.push_str(&line([id, quoted(name), quoted(value), enabled, quoted(&plans.join(","))]));
        }
        let reader = BufReader::with_capacity(buffer, text.as_bytes());
        let (keys, diagnostics) = import("k.csv", reader);
        prop_assert!(diagnostics.is_empty(), "{:?}", diagnostics);
        prop_assert_eq!(keys.len(), rows.len());
        let mut line = 2;
        for (index, (key, (value, (name, enabled, plans, has_id)))) in keys.iter().zip(&rows).enumerate() {
            prop_assert_eq!((key.value, key.name, key.enabled), (value.as_str(), name.as_str(), *enabled));
            let read = key.plans.iter().map(|plan| &*keys.plans()[usize::from(*plan)]);
            prop_assert!(read.eq(plans.iter().map(String::as_str)));
            prop_assert_eq!(key.id.starts_with("ID-"), *has_id);
            if *has_id {
                prop_assert_eq!(key.id, format!("ID-{index}"));
            } else {
                prop_assert_eq!(key.id.len(), API_ID_CHARS);
            }
            prop_assert_eq!(key.line, line);
            line += 1 + name.matches('\n').count() as u32;
        }
    }
}
