//! Whatever is in a file of minutes is read to its end, and what was appended behind it is found.

use gateway_store::{MINUTES_DIRECTORY_NAME, MinuteStore, for_each_record};

#[test]
fn any_file_is_read_to_its_end() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut bytes = 0;
        for_each_record(input, |record| bytes += record.len());
        assert!(bytes <= input.len());
    });
}

#[test]
fn a_record_behind_anything_is_found() {
    let whole = tempfile::tempdir().expect("a directory");
    let mut store = MinuteStore::open(whole.path(), |_| {}).expect("opens");
    store.append(b"the last").expect("is written");
    let path = whole.path().join(MINUTES_DIRECTORY_NAME).join("0000000001.minutes");
    let appended = std::fs::read(path).expect("is read");
    bolero::check!().for_each(|input: &[u8]| {
        let mut bytes = input.to_vec();
        bytes.extend_from_slice(&appended);
        let mut last = Vec::new();
        for_each_record(&bytes, |record| last = record.to_vec());
        // Unless the input ends within what looks like a longer record with the right checksum.
        assert_eq!(last, b"the last");
    });
}
