use proptest::prelude::*;

use super::*;

fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for_each_record(bytes, |record| found.push(record.to_vec()));
    found
}

fn opened(state: &Path) -> (MinuteStore, Vec<Vec<u8>>) {
    let mut found = Vec::new();
    let store = MinuteStore::open(state, |record| found.push(record.to_vec())).expect("opens");
    (store, found)
}

#[test]
fn the_checksum_is_that_of_zip_files() {
    assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
}

#[test]
fn what_was_appended_is_there_when_it_is_opened_again() {
    let state = tempfile::tempdir().expect("a directory");
    let (mut store, found) = opened(state.path());
    assert_eq!(found, [] as [Vec<u8>; 0]);
    store.append(b"one").expect("is written");
    store.append(b"").expect("is written");
    let (mut store, found) = opened(state.path());
    assert_eq!(found, [b"one".to_vec(), Vec::new()]);
    store.append(b"three").expect("is written");
    assert_eq!(opened(state.path()).1.len(), 3);
    let too_long = vec![0; MINUTE_RECORD_BYTES_MAX + 1];
    assert!(store.append(&too_long).is_err());
    store.append(b"four").expect("is written");
    assert_eq!(opened(state.path()).1.len(), 4);
}

#[test]
fn a_record_that_is_cut_costs_itself_and_no_other() {
    let state = tempfile::tempdir().expect("a directory");
    let (mut store, _) = opened(state.path());
    store.append(b"first").expect("is written");
    store.append(b"second").expect("is written");
    let path = store.path();
    let whole = fs::read(&path).expect("is read");
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).expect("is written");
        let (mut store, before) = opened(state.path());
        let expect = usize::from(len >= HEAD_BYTES + 5);
        assert_eq!(before.len(), expect, "{len} bytes of {}", whole.len());
        store.append(b"third").expect("is written");
        let (_, after) = opened(state.path());
        assert_eq!(after.len(), expect + 1, "{len} bytes of {}", whole.len());
        assert_eq!(after.last().map(|record| &record[..]), Some(&b"third"[..]));
    }
}

#[test]
fn files_are_as_many_and_as_long_as_they_may_be() {
    let state = tempfile::tempdir().expect("a directory");
    let (mut store, _) = opened(state.path());
    // As if the files before were full.
    for number in 1..=MINUTE_FILES_MAX as u64 {
        let path = store.directory.join(name_of(number));
        let file = File::create(path).expect("is made");
        file.set_len(MINUTE_FILE_BYTES_MAX).expect("has a length");
    }
    store.number = MINUTE_FILES_MAX as u64;
    store.append(b"next").expect("is written");
    let left = numbers(&store.directory).expect("is read");
    assert_eq!(left.len(), MINUTE_FILES_MAX);
    assert_eq!(left.first(), Some(&2), "the oldest has gone");
    store.append(b"more").expect("is written");
    assert_eq!(store.number, MINUTE_FILES_MAX as u64 + 1, "it has room");
}

proptest! {
    #[test]
    fn spoilt_bytes_cost_the_records_that_they_lie_in(
        all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..12),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut bytes: Vec<u8> = all.iter().flat_map(|record| framed(record)).collect();
        prop_assert_eq!(records(&bytes), all.clone());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let found = records(&bytes);
        let mut start = 0;
        let spoilt = all.iter().position(|record| {
            start += HEAD_BYTES + record.len();
            at < start
        });
        let mut expect = all.clone();
        expect.remove(spoilt.expect("it lies in one"));
        prop_assert_eq!(found, expect);
    }
}
