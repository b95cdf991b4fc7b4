use proptest::prelude::*;

use super::disk::{CURRENT, METADATA, PREVIOUS};
use super::*;
use crate::limits::{LOG_DELETED_STREAMS_MAX, LOG_LINE_OVERHEAD_BYTES};

const GROUP: &str = "/aws/lambda/orders";

fn texts(store: &LogStore) -> Vec<String> {
    let lines = store.tail(GROUP, usize::MAX).expect("the group is there");
    lines.into_iter().map(|entry| entry.text.to_string()).collect()
}

#[test]
fn lines_outlive_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    store.append(GROUP, "2026/11/22/[$LATEST]ab", 17, b"one \"two\" \xff");
    store.append("/aws/lambda/other", "s", 18, b"elsewhere");
    drop(store);
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens again");
    store.append(GROUP, "s", 19, b"two");
    let lines = store.tail(GROUP, 10).expect("the group is there");
    assert_eq!(lines[0].unix_ms, 17);
    assert_eq!(&*lines[0].stream, "2026/11/22/[$LATEST]ab");
    assert_eq!(&*lines[0].text, "one \"two\" \u{fffd}");
    assert_eq!(&*lines[1].text, "two");
    assert_eq!(store.names(), ["/aws/lambda/orders", "/aws/lambda/other"]);
    assert_eq!(store.tail("/aws/lambda/nobody", 1), None);
}

#[test]
fn a_line_that_a_crash_cut_is_left_out_and_swallows_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    store.append(GROUP, "s", 1, b"first");
    drop(store);
    let file = directory.path().join(name_of(GROUP)).join(CURRENT);
    let whole = fs::read(&file).expect("it is there");
    fs::write(&file, [&whole[..], &whole[..whole.len() / 2]].concat()).expect("written");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    store.append(GROUP, "s", 2, b"second");
    drop(store);
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    assert_eq!(texts(&store), ["first", "second"]);
}

#[test]
fn the_disk_keeps_no_more_than_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let bytes_max = 64 * 1024;
    let store = LogStore::open(directory.path(), bytes_max).expect("it opens");
    for index in 0..5_000 {
        store.append(GROUP, "s", index, format!("line {index} {}", "x".repeat(90)).as_bytes());
    }
    let folder = directory.path().join(name_of(GROUP));
    let size = |name| fs::metadata(folder.join(name)).expect("it is there").len() as usize;
    assert!(size(CURRENT) + size(PREVIOUS) <= bytes_max, "two halves");
    assert!(store.dropped(GROUP) > 4_000);
    let before = texts(&store);
    assert!(before.last().expect("lines").starts_with("line 4999 "));
    drop(store);
    let after = texts(&LogStore::open(directory.path(), bytes_max).expect("it opens"));
    assert!(after.len() > 100);
    assert!(before.ends_with(&after) || after.ends_with(&before), "the newest stay, in order");
}

#[test]
fn a_disk_that_refuses_costs_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    fs::write(directory.path().join(name_of(GROUP)), "a file where the folder goes")
        .expect("written");
    store.append(GROUP, "s", 1, b"kept");
    assert_eq!(texts(&store), ["kept"]);
}

#[test]
fn there_are_only_so_many_groups() {
    let store = LogStore::in_memory(1 << 20);
    for index in 0..LOG_GROUPS_MAX + 10 {
        store.append(&format!("g{index}"), "s", 0, b"line");
    }
    assert_eq!(store.names().len(), LOG_GROUPS_MAX);
}

/// Everything from the start on.
const ALL: LogQuery<'_> = LogQuery {
    streams: LogStreams::All,
    from: LogPosition { unix_ms: 0, sequence: 0 },
    until: LogPosition { unix_ms: u64::MAX, sequence: u64::MAX },
    newest_first: false,
    count_max: usize::MAX,
    scan_max: usize::MAX,
    now_ms: 0,
};

const DAY_MS: u64 = 86_400_000;

fn found(store: &LogStore, query: &LogQuery<'_>) -> Vec<String> {
    let page = store.read(GROUP, query).expect("the group is there");
    page.entries.iter().map(|entry| entry.text.to_string()).collect()
}

#[test]
fn groups_and_streams_are_made_changed_and_deleted_for_good() {
    let directory = tempfile::tempdir().expect("a directory");
    let open = || LogStore::open(directory.path(), 1 << 20).expect("it opens");
    let store = open();
    let tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    store.create_group(GROUP, 5, tags.clone()).expect("made");
    assert!(matches!(store.create_group(GROUP, 6, tags.clone()), Err(LogError::GroupExists)));
    store.create_group("gone", 5, BTreeMap::new()).expect("made");
    store.create_stream(GROUP, "one", 7).expect("made");
    store.create_stream(GROUP, "two", 8).expect("made");
    assert!(matches!(store.create_stream(GROUP, "two", 9), Err(LogError::StreamExists)));
    assert!(matches!(store.create_stream("none", "two", 9), Err(LogError::NoGroup)));
    let line = [(10, &b"x"[..])];
    assert!(matches!(store.put_into(GROUP, "three", 9, line), Err(LogError::NoStream)));
    store.put_into(GROUP, "one", 11, line).expect("taken");
    store.put_into(GROUP, "two", 12, line).expect("taken");
    store.set_retention(GROUP, Some(3)).expect("set");
    store.delete_stream(GROUP, "one").expect("deleted");
    assert!(matches!(store.delete_stream(GROUP, "one"), Err(LogError::NoStream)));
    store.delete_group("gone").expect("deleted");
    assert!(matches!(store.delete_group("gone"), Err(LogError::NoGroup)));
    for store in [store, open()] {
        let group = store.group(GROUP).expect("it is there");
        let expect = LogGroup {
            name: GROUP.to_owned(),
            created_ms: 5,
            retention_days: Some(3),
            bytes: 1,
            tags: tags.clone(),
        };
        assert_eq!(group, expect);
        let streams = store.streams(GROUP).expect("it is there");
        let two = LogStream {
            name: "two".into(),
            created_ms: 8,
            first_ms: Some(10),
            last_ms: Some(10),
            ingestion_ms: Some(12),
        };
        assert_eq!(streams, [two]);
        assert_eq!(store.names(), [GROUP]);
    }
    // A stream of a deleted one's name begins anew.
    let store = open();
    store.create_stream(GROUP, "one", 20).expect("made");
    store.put_into(GROUP, "one", 21, [(21, &b"again"[..])]).expect("taken");
    let one = LogQuery { streams: LogStreams::One("one"), ..ALL };
    assert_eq!(found(&store, &one), ["again"]);
    assert_eq!(found(&open(), &one), ["again"]);
}

#[test]
fn many_deleted_streams_are_forgotten_in_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let open = || LogStore::open(directory.path(), 1 << 20).expect("it opens");
    let store = open();
    store.append(GROUP, "kept", 1, b"stays");
    for index in 0..LOG_DELETED_STREAMS_MAX + 2 {
        let name = format!("s{index}");
        store.append(GROUP, &name, 2, b"goes");
        store.delete_stream(GROUP, &name).expect("deleted");
    }
    let document = directory.path().join(name_of(GROUP)).join(METADATA);
    let metadata = Metadata::parse(&fs::read(document).expect("there")).expect("ours");
    assert!(metadata.deleted.len() <= 1, "{metadata:?}");
    assert_eq!(texts(&store), ["stays"]);
    assert_eq!(texts(&open()), ["stays"]);
}

#[test]
fn positions_outlive_the_store_and_come_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    store.append(GROUP, "s", 5, b"a");
    store.append("/aws/lambda/other", "s", 5, b"b");
    store.append(GROUP, "s", 5, b"c");
    let before = store.read(GROUP, &ALL).expect("there");
    drop(store);
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    assert_eq!(store.read(GROUP, &ALL).expect("there"), before);
    store.append(GROUP, "s", 5, b"d");
    let after = store.read(GROUP, &ALL).expect("there");
    assert_eq!(after.entries.len(), 3);
    assert!(after.entries[2].position > after.entries[1].position);
}

#[test]
fn lines_of_an_older_version_are_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().join(name_of(GROUP));
    fs::create_dir_all(&folder).expect("made");
    let line = |at: u64| format!("{{\"timestamp\":{at},\"stream\":\"s\",\"message\":\"m{at}\"}}\n");
    fs::write(folder.join(PREVIOUS), line(1)).expect("written");
    fs::write(folder.join(CURRENT), line(2) + &line(3)).expect("written");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    assert_eq!(texts(&store), ["m1", "m2", "m3"]);
    assert_eq!(store.group(GROUP).map(|group| group.created_ms), Some(1));
    store.delete_stream(GROUP, "s").expect("deleted");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    assert_eq!(texts(&store), [""; 0]);
}

#[test]
fn what_is_older_than_the_retention_goes_from_memory_and_from_the_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    store.append(GROUP, "s", DAY_MS, b"first day");
    store.append(GROUP, "s", 2 * DAY_MS, b"second day");
    store.set_retention(GROUP, Some(1)).expect("set");
    let at = |now_ms| LogQuery { now_ms, ..ALL };
    assert_eq!(found(&store, &at(2 * DAY_MS)), ["first day", "second day"]);
    assert_eq!(found(&store, &at(2 * DAY_MS + 1)), ["second day"], "before anybody sweeps");
    store.sweep(2 * DAY_MS + 1);
    assert_eq!(texts(&store), ["second day"]);
    let file = directory.path().join(name_of(GROUP)).join(CURRENT);
    assert!(file.exists(), "it has what is not too old");
    store.sweep(4 * DAY_MS);
    assert!(!file.exists());
    assert_eq!(texts(&store), [""; 0]);
    store.append(GROUP, "s", 4 * DAY_MS, b"fourth day");
    let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
    assert_eq!(texts(&store), ["fourth day"]);
}

#[test]
fn functions_and_other_groups_have_bounds_of_their_own() {
    let store = LogStore::in_memory(LogBytes { function: 1_000, group: 2_000 });
    for at in 0..100 {
        store.append(GROUP, "s", at, b"0123456789");
        store.append("other", "s", at, b"0123456789");
    }
    let count = |group: &str| store.tail(group, 1_000).expect("there").len();
    assert_eq!(count(GROUP), 1_000 / (10 + LOG_LINE_OVERHEAD_BYTES));
    assert_eq!(count("other"), 2_000 / (10 + LOG_LINE_OVERHEAD_BYTES));
}

#[test]
fn all_groups_together_have_a_bound() {
    let store = LogStore::in_memory(usize::MAX);
    for at in 0..100 {
        store.append("large", "s", at, &[b'x'; 1_000]);
        store.append("small", "s", at, b"x");
    }
    store.state().keep_within(60_000);
    assert!(store.state().bytes <= 60_000);
    let count = |group: &str| store.tail(group, 1_000).expect("there").len();
    assert_eq!(count("small"), 100, "the largest pays");
    assert!((30..60).contains(&count("large")), "{}", count("large"));
    let sum: usize = store.state().groups.values().map(|group| group.bytes).sum();
    assert_eq!(store.state().bytes, sum);
}

proptest! {
    /// Pages of any size, forwards and backwards, of any streams and times, are what a list has that was sorted.
    #[test]
    fn pages_are_what_a_sorted_list_has(
        lines in prop::collection::vec((0_u64..20, 0_u8..3), 0..60),
        from in 0_u64..22,
        until in 0_u64..22,
        count_max in 1_usize..8,
        scan_max in 1_usize..8,
        newest_first: bool,
        stream in 0_u8..4,
    ) {
        let store = LogStore::in_memory(1 << 20);
        store.ensure_group(GROUP, 0);
        let mut list = Vec::new();
        for (index, (at, stream)) in lines.iter().enumerate() {
            let text = index.to_string();
            store.put(GROUP, &format!("s{stream}"), *at, [(*at, text.as_bytes())]);
            list.push((*at, index, *stream));
        }
        list.sort_unstable();
        list.retain(|(at, _, of)| (from..until).contains(at) && (stream == 3 || stream == *of));
        if newest_first {
            list.reverse();
        }
        let name = format!("s{stream}");
        let mut query = LogQuery {
            streams: if stream == 3 { LogStreams::Prefix("s") } else { LogStreams::Named(&[&name]) },
            from: LogPosition { unix_ms: from, sequence: 0 },
            until: LogPosition { unix_ms: until, sequence: 0 },
            newest_first,
            count_max,
            scan_max,
            now_ms: 0,
        };
        let mut got = Vec::new();
        for _ in 0..200 {
            let page = store.read(GROUP, &query).expect("there");
            prop_assert!(page.entries.len() <= count_max);
            got.extend(page.entries.iter().map(|entry| entry.text.parse::<usize>().expect("ours")));
            let Some(next) = page.next else { break };
            *(if newest_first { &mut query.until } else { &mut query.from }) = next;
        }
        prop_assert_eq!(got, list.iter().map(|(_, index, _)| *index).collect::<Vec<_>>());
    }

    /// What was put is read back, whatever is in it.
    #[test]
    fn what_was_put_is_there_after_a_restart(
        lines in prop::collection::vec((any::<u32>(), ".{0,40}", "[^:*]{1,20}"), 1..40),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
        for (at, text, stream) in &lines {
            store.put(GROUP, stream, 77, [(u64::from(*at), text.as_bytes())]);
        }
        let before = store.read(GROUP, &ALL).expect("there");
        prop_assert_eq!(before.entries.len(), lines.len());
        drop(store);
        let store = LogStore::open(directory.path(), 1 << 20).expect("it opens");
        prop_assert_eq!(store.read(GROUP, &ALL).expect("there"), before);
    }

    #[test]
    fn the_newest_lines_that_fit_are_kept(
        lines in prop::collection::vec("[a-z]{0,200}", 1..100),
        bytes_max in 100_usize..5_000,
    ) {
        let store = LogStore::in_memory(bytes_max);
        for (index, line) in lines.iter().enumerate() {
            store.append(GROUP, "s", index as u64, line.as_bytes());
        }
        let mut kept = 0;
        let fits = lines.iter().rev().take_while(|line| {
            kept += line.len() + LOG_LINE_OVERHEAD_BYTES;
            kept <= bytes_max
        });
        let count = fits.count().max(1);
        prop_assert_eq!(texts(&store), &lines[lines.len() - count..]);
    }

    #[test]
    fn every_group_has_a_directory_of_its_own(one in ".{0,30}", two in ".{0,30}") {
        prop_assert_eq!(group_of(&name_of(&one)), Some(one.clone()));
        prop_assert_eq!(name_of(&one) == name_of(&two), one == two);
        prop_assert!(!name_of(&one).contains(['/', '.']));
    }
}

#[test]
fn lines_of_one_stream_stay_in_their_order() {
    let logs = LogStore::in_memory(1 << 20);
    for (unix_ms, text) in [(20, "START"), (19, "printed"), (21, "END")] {
        logs.append("g", "s", unix_ms, text.as_bytes());
    }
    let lines = logs.tail("g", 10).expect("the group is there");
    let texts: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
    assert_eq!(texts, ["START", "printed", "END"]);
}
