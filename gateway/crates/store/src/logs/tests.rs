use proptest::prelude::*;

use super::*;

const GROUP: &str = "/aws/lambda/orders";

fn texts(store: &LogStore) -> Vec<String> {
    let lines = store.tail(GROUP, usize::MAX).expect("the group is there");
    lines.into_iter().map(|entry| entry.text.into()).collect()
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

proptest! {
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
