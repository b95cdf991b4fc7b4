use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use redb::StorageBackend;

use super::*;

fn put(key: &str, document: &str) -> ObjectChange {
    ObjectChange::Put { key: key.to_owned(), document: document.as_bytes().to_vec() }
}

fn texts(documents: Vec<(String, Vec<u8>)>) -> Vec<(String, String)> {
    documents
        .into_iter()
        .map(|(key, document)| (key, String::from_utf8(document).unwrap()))
        .collect()
}

#[test]
fn documents_outlive_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = ObjectStore::open(dir.path()).unwrap();
    store
        .write(&[put("restapis/a", "1"), put("restapis/a/stages/s", "2"), put("restapis/ab", "3")])
        .unwrap();
    store
        .write(&[
            put("restapis/a", "4"),
            ObjectChange::RemoveAll { prefix: "restapis/a/".to_owned() },
        ])
        .unwrap();
    store.write(&[ObjectChange::Remove { key: "none".to_owned() }]).unwrap();
    store.close().unwrap();
    let mut store = ObjectStore::open(dir.path()).unwrap();
    let own = |key: &str, text: &str| (key.to_owned(), text.to_owned());
    assert_eq!(texts(store.all().unwrap()), [own("restapis/a", "4"), own("restapis/ab", "3")]);
}

#[test]
fn only_one_process_and_only_the_owner_has_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let store = ObjectStore::open(dir.path()).unwrap();
    assert!(matches!(ObjectStore::open(dir.path()), Err(StoreError::InUse { .. })));
    assert_eq!(std::fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    ObjectStore::open(dir.path()).unwrap().close().unwrap();
    let path = dir.path().join(OBJECTS_FILE_NAME);
    let database = file::builder().open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(FILE).unwrap().insert(VERSION_KEY, VERSION + 1).unwrap();
    transaction.commit().unwrap();
    database.close().unwrap();
    assert!(matches!(ObjectStore::open(dir.path()), Err(StoreError::Version { .. })));
    assert_eq!(version(&file::builder().open(&path).unwrap()).unwrap(), VERSION + 1);
}

#[test]
fn a_file_that_was_removed_takes_no_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = ObjectStore::open(dir.path()).unwrap();
    std::fs::remove_file(store.path()).unwrap();
    assert!(matches!(store.write(&[put("a", "1")]), Err(StoreError::Vanished { .. })));
}

/// A disk that forgets: what was not synced may be there, in part, or not at all.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Platters>>);

#[derive(Debug, Default)]
struct Platters {
    /// As the kernel shows it.
    now: Vec<u8>,
    /// As of the last sync.
    synced: Vec<u8>,
    /// Since then, in order: lengths and writes.
    since: Vec<Since>,
    /// What was there and what was not synced, before each sync.
    cuts: Vec<(Vec<u8>, Vec<Since>)>,
}

#[derive(Clone, Debug)]
enum Since {
    Len(usize),
    Write(usize, Vec<u8>),
}

/// What a disk writes as one. Source: sectors of block devices.
const SECTOR_BYTES: usize = 512;

impl Disk {
    /// The image after a power cut: each sector that was not synced is there or not.
    fn after_power_cut((synced, since): &(Vec<u8>, Vec<Since>), random: &mut TestRng) -> Vec<u8> {
        let mut image = synced.clone();
        for since in since {
            match since {
                Since::Len(len) => {
                    // A file that grew may have kept its old length only if nothing behind it was kept.
                    if *len > image.len() || random.next_u32().is_multiple_of(2) {
                        image.resize(*len, 0);
                    }
                }
                Since::Write(offset, data) => {
                    let mut at = *offset;
                    for piece in sectors(*offset, data) {
                        if random.next_u32().is_multiple_of(2) && at + piece.len() <= image.len() {
                            image[at..at + piece.len()].copy_from_slice(piece);
                        }
                        at += piece.len();
                    }
                }
            }
        }
        image
    }
}

fn sectors(offset: usize, data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let first = (SECTOR_BYTES - offset % SECTOR_BYTES).min(data.len());
    let (head, rest) = data.split_at(first);
    std::iter::once(head).chain(rest.chunks(SECTOR_BYTES))
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.0.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let platters = self.0.lock().unwrap();
        let from = offset as usize;
        let found = platters.now.get(from..from + out.len());
        out.copy_from_slice(found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut platters = self.0.lock().unwrap();
        platters.now.resize(len as usize, 0);
        platters.since.push(Since::Len(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut platters = self.0.lock().unwrap();
        let now = platters.now.clone();
        let synced = std::mem::replace(&mut platters.synced, now);
        let since = std::mem::take(&mut platters.since);
        platters.cuts.push((synced, since));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut platters = self.0.lock().unwrap();
        let from = offset as usize;
        let end = from + data.len();
        if platters.now.len() < end {
            platters.now.resize(end, 0);
        }
        platters.now[from..end].copy_from_slice(data);
        platters.since.push(Since::Write(from, data.to_vec()));
        Ok(())
    }
}

/// A power cut at each write of a disk, as redb sees it: the images of [`Disk::after_power_cut`], opened, hold one of the
/// transactions that were being written, whole, and never less than what was acknowledged.
#[test]
fn a_torn_write_leaves_what_was_acknowledged_and_nothing_by_halves() {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut images = 0;
    for _ in 0..12 {
        let disk = Disk::default();
        let database = file::builder().create_with_backend(disk.clone()).unwrap();
        make(&database).unwrap();
        let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
        for round in 0..8_u32 {
            let mut next = acknowledged.clone();
            let mut changes = Vec::new();
            for _ in 0..=random.next_u32() % 20 {
                let key = format!("restapis/{:03}", random.next_u32() % 40);
                let text = format!("{round}").repeat((random.next_u32() % 2_000) as usize + 1);
                changes.push(put(&key, &text));
                next.insert(key, text);
            }
            disk.0.lock().unwrap().cuts.clear();
            write(&database, &changes).unwrap();
            let (cuts, after) = {
                let mut platters = disk.0.lock().unwrap();
                let after = (platters.synced.clone(), platters.since.clone());
                (std::mem::take(&mut platters.cuts), after)
            };
            assert!(!cuts.is_empty(), "a write is synced");
            for cut in &cuts {
                for _ in 0..3 {
                    let found = open_image(Disk::after_power_cut(cut, &mut random));
                    assert!(
                        found == acknowledged || found == next,
                        "round {round}: half a transaction"
                    );
                    images += 1;
                }
            }
            let found = open_image(Disk::after_power_cut(&after, &mut random));
            assert_eq!(found, next, "round {round}: it was acknowledged");
            images += 1;
            acknowledged = next;
        }
    }
    println!("{images} images");
    assert!(images > 500);
}

fn open_image(image: Vec<u8>) -> BTreeMap<String, String> {
    let platters = Platters { now: image.clone(), synced: image, ..Platters::default() };
    let disk = Disk(Arc::new(Mutex::new(platters)));
    let database = file::builder().create_with_backend(disk).unwrap();
    texts(read(&database).unwrap()).into_iter().collect()
}
