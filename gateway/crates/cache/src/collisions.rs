//! Keys whose hashes are equal, which no test from outside can make: every level compares in full.

use std::sync::Arc;

use crate::budget::{Account, Budget};
use crate::entry::{Entry, Terms};
use crate::flight::{Flight, Outcome};
use crate::flights::Flights;
use crate::index::Index;
use crate::level1::Level1;

const HASH: u64 = 0x5eed;

fn account() -> Arc<Account> {
    Account::new(1 << 20, Arc::new(Budget::new(1 << 20)))
}

fn entry(account: &Arc<Account>, key: &[u8]) -> Arc<Entry> {
    let ticket = account.reserve(Entry::charge(key.len(), 0, 0)).expect("there is room");
    let terms = Terms { hash: HASH, epoch: 0, expires_us: 1 };
    Arc::new(Entry::new(terms, 200, [key, b"", b""], ticket))
}

#[test]
fn the_first_level_compares_cache_and_key() {
    let [mine, other] = [account(), account()];
    let mut level1 = Level1::new();
    level1.insert(entry(&mine, b"a"), 0);
    level1.insert(entry(&mine, b"b"), 0);
    for key in [b"a", b"b"] {
        let slot = level1.find(&mine, (HASH, key), 0, 0).expect("it lies there");
        assert_eq!(level1.entry(slot).key(), key);
        assert!(level1.find(&other, (HASH, key), 0, 0).is_none());
    }
    assert!(level1.find(&mine, (HASH, b"c"), 0, 0).is_none());
    assert!(level1.find(&mine, (HASH, b"a"), 1, 0).is_none(), "flushed");
    assert_eq!(level1.len(), 1);
}

#[test]
fn the_index_compares_keys() {
    let account = account();
    let mut index = Index::new(&account);
    let [a, b] = [b"a", b"b"].map(|key| entry(&account, key));
    index.insert(&a);
    index.insert(&b);
    assert_eq!(index.len(), 2);
    assert!(index.find(HASH, b"a").is_some_and(|found| Arc::ptr_eq(found, &a)));
    assert!(index.find(HASH, b"c").is_none());
    index.remove(HASH, b"a");
    assert!((a.is_dead(), b.is_dead()) == (true, false) && index.find(HASH, b"b").is_some());
}

#[test]
fn flights_compare_keys() {
    let mut flights = Flights::default();
    let [a, b] = [(1, b"a"), (2, b"b")].map(|(id, key)| Flight::new(id, HASH, 0, key));
    flights.begin(Arc::clone(&a), true);
    assert!(flights.join(HASH, b"b", 0).is_none());
    flights.begin(Arc::clone(&b), true);
    assert_eq!(flights.join(HASH, b"b", 3).map(|flight| flight.id()), Some(2));
    flights.supersede(&b);
    assert!(flights.may_store(&a), "a newer response of another key");
    assert!(flights.finish(&a, Outcome::LookAgain).is_empty());
    assert!(flights.finish(&b, Outcome::LookAgain).shards().eq([3]));
}
