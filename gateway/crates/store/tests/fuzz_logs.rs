//! A group's directory with anything in its files: it opens, what it shows is in order, and it goes on taking lines.

use gateway_store::{LogPosition, LogQuery, LogStore, LogStreams};

#[test]
fn whatever_a_groups_files_have_it_opens_and_goes_on() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut parts = input.splitn(3, |byte| *byte == 0);
        let mut part = || parts.next().unwrap_or_default();
        let directory = tempfile::tempdir().expect("a directory");
        let folder = directory.path().join("group");
        std::fs::create_dir(&folder).expect("made");
        for name in ["group.json", "previous.log", "current.log"] {
            std::fs::write(folder.join(name), part()).expect("written");
        }
        let all = LogQuery {
            streams: LogStreams::All,
            from: LogPosition::default(),
            until: LogPosition { unix_ms: u64::MAX, sequence: u64::MAX },
            newest_first: false,
            count_max: usize::MAX,
            scan_max: usize::MAX,
            now_ms: 0,
        };
        let open = || LogStore::open(directory.path(), 64 * 1024).expect("it opens");
        let store = open();
        let before = store.read("group", &all).expect("the group is there").entries;
        assert!(before.is_sorted_by(|one, two| one.position < two.position));
        store.append("group", "fuzzed", u64::MAX - 1, b"a line of ours");
        store.sweep(0);
        drop(store);
        let store = open();
        let after = store.read("group", &all).expect("the group is there").entries;
        assert!(after.iter().any(|entry| &*entry.text == "a line of ours"));
        store.delete_stream("group", "fuzzed").expect("deleted");
        store.delete_group("group").expect("deleted");
        assert_eq!(open().names(), [""; 0]);
    });
}
