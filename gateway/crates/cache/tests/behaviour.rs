//! What the cache promises, claim by claim.
#![forbid(unsafe_code)]

use std::sync::Arc;

use gateway_cache::limits::{ENTRY_OVERHEAD_BYTES, INDEX_SLOT_BYTES, SHARDS_MAX};
use gateway_cache::{
    Budget, Cache, ENTRY_BYTES_MAX, Entry, Fill, Flight, Level1, Lookup, Outcome, Waiters,
};

const TTL_US: u64 = 300_000_000;

fn cache(bytes_max: u64) -> Arc<Cache> {
    Cache::new(bytes_max, Arc::new(Budget::new(bytes_max)))
}

/// What an entry under a key of 8 bytes without a head takes, with its slot and the one that
/// evicting takes.
fn room_for(body_len: usize) -> u64 {
    ENTRY_OVERHEAD_BYTES + 8 + body_len as u64 + 2 * INDEX_SLOT_BYTES
}

#[track_caller]
fn hit<'l>(cache: &Arc<Cache>, level1: &'l mut Level1, key: u64) -> &'l Arc<Entry> {
    match cache.lookup(level1, &key.to_be_bytes(), 0, 0) {
        Lookup::Hit(entry) => entry,
        other => panic!("expected a hit, found {other:?}"),
    }
}

#[track_caller]
fn fill(cache: &Arc<Cache>, key: u64) -> Fill {
    match cache.lookup(&mut Level1::new(), &key.to_be_bytes(), 0, 0) {
        Lookup::Fill(fill) => fill,
        other => panic!("expected a fill, found {other:?}"),
    }
}

#[track_caller]
fn wait(cache: &Arc<Cache>, key: u64, shard: usize) -> Arc<Flight> {
    match cache.lookup(&mut Level1::new(), &key.to_be_bytes(), 0, shard) {
        Lookup::Wait(flight) => flight,
        other => panic!("expected to wait, found {other:?}"),
    }
}

/// Stores a response that nobody waits for.
fn store(fill: Fill, body: &[u8]) -> Option<Arc<Entry>> {
    let (entry, waiters) = fill.store(200, b"", body, TTL_US, 0);
    assert!(waiters.is_empty());
    entry
}

fn shards(waiters: &Waiters) -> Vec<usize> {
    waiters.shards().collect()
}

#[test]
fn a_thousand_concurrent_misses_make_one_call() {
    let cache = cache(1 << 20);
    let mut level1: Vec<_> = (0..4).map(|_| Level1::new()).collect();
    let mut fills = Vec::new();
    let mut flights = Vec::new();
    for request in 0..1_000 {
        let shard = request % 4;
        match cache.lookup(&mut level1[shard], b"key", 0, shard) {
            Lookup::Hit(_) => panic!("nothing is stored"),
            Lookup::Fill(fill) => fills.push(fill),
            Lookup::Wait(flight) => flights.push(flight),
        }
    }
    assert_eq!((fills.len(), flights.len()), (1, 999));
    let fill = fills.remove(0);
    assert_eq!(fill.key(), b"key");
    let id = fill.flight().id();
    assert!(flights.iter().all(|flight| flight.id() == id && !flight.is_done()));
    let (entry, waiters) = fill.store(200, b"head", b"body", TTL_US, 0);
    assert!(entry.is_some());
    assert_eq!((waiters.flight_id(), shards(&waiters)), (id, vec![0, 1, 2, 3]));
    assert!(flights.iter().all(|flight| flight.outcome() == Outcome::LookAgain));
    for (shard, level1) in level1.iter_mut().enumerate() {
        for _ in 0..2 {
            let Lookup::Hit(entry) = cache.lookup(level1, b"key", 0, shard) else {
                panic!("one fill serves every shard");
            };
            assert_eq!(
                (entry.status(), entry.head(), entry.body()),
                (200, &b"head"[..], &b"body"[..])
            );
        }
    }
}

#[test]
fn an_entry_is_served_until_its_last_microsecond() {
    let cache = cache(1 << 20);
    let mut level1 = Level1::new();
    let (entry, _) = fill(&cache, 1).store(200, b"", b"body", 50, 100);
    assert_eq!(entry.map(|entry| entry.expires_us()), Some(150));
    let key = 1_u64.to_be_bytes();
    assert!(matches!(cache.lookup(&mut level1, &key, 149, 0), Lookup::Hit(_)), "node level");
    assert!(matches!(cache.lookup(&mut level1, &key, 149, 0), Lookup::Hit(_)), "first level");
    assert_eq!(level1.len(), 1);
    assert!(matches!(cache.lookup(&mut level1, &key, 150, 0), Lookup::Fill(_)), "first level");
    assert_eq!((level1.len(), cache.entries()), (0, 0), "it is let go of at once");
    assert_eq!(cache.bytes() % INDEX_SLOT_BYTES, 0);
}

#[test]
fn a_refill_replaces_the_entry_on_all_shards_at_once() {
    let cache = cache(1 << 20);
    let mut shards: Vec<_> = (0..3).map(|_| Level1::new()).collect();
    assert!(store(fill(&cache, 1), b"old").is_some());
    for level1 in &mut shards {
        assert_eq!(hit(&cache, level1, 1).body(), b"old");
    }
    let refill = cache.refill(&1_u64.to_be_bytes());
    for level1 in &mut shards {
        assert_eq!(hit(&cache, level1, 1).body(), b"old", "until the new one is there");
    }
    assert!(store(refill, b"new").is_some());
    for level1 in &mut shards {
        assert_eq!(hit(&cache, level1, 1).body(), b"new");
    }
    assert_eq!(cache.entries(), 1);
}

#[test]
fn an_abandoned_refill_leaves_the_entry() {
    let cache = cache(1 << 20);
    assert!(store(fill(&cache, 1), b"old").is_some());
    assert!(cache.refill(&1_u64.to_be_bytes()).abandon().is_empty());
    assert_eq!(hit(&cache, &mut Level1::new(), 1).body(), b"old");
}

#[test]
fn a_refill_that_cannot_be_stored_removes_the_entry() {
    let cache = cache(1 << 20);
    let mut level1 = Level1::new();
    assert!(store(fill(&cache, 1), b"old").is_some());
    hit(&cache, &mut level1, 1);
    let too_long = vec![0; ENTRY_BYTES_MAX + 1];
    assert!(store(cache.refill(&1_u64.to_be_bytes()), &too_long).is_none());
    let lookup = cache.lookup(&mut level1, &1_u64.to_be_bytes(), 0, 0);
    assert!(matches!(lookup, Lookup::Fill(_)), "the old one is known to be out of date");
}

#[test]
fn what_began_before_a_newer_response_is_not_stored() {
    let cache = cache(1 << 20);
    let first = fill(&cache, 1);
    let waiting = wait(&cache, 1, 7);
    let older = cache.refill(&1_u64.to_be_bytes());
    let newer = cache.refill(&1_u64.to_be_bytes());
    assert!(store(newer, b"new").is_some());
    assert!(store(older, b"old").is_none());
    let (entry, waiters) = first.store(200, b"", b"older still", TTL_US, 0);
    assert!(entry.is_none());
    assert_eq!((shards(&waiters), waiting.outcome()), (vec![7], Outcome::LookAgain));
    assert_eq!(hit(&cache, &mut Level1::new(), 1).body(), b"new");
}

#[test]
fn a_flush_reaches_every_shard_and_every_call_under_way() {
    let cache = cache(1 << 20);
    let mut levels: Vec<_> = (0..3).map(|_| Level1::new()).collect();
    assert!(store(fill(&cache, 1), b"old").is_some());
    for level1 in &mut levels {
        hit(&cache, level1, 1);
    }
    let under_way = fill(&cache, 2);
    let waiting = wait(&cache, 2, 1);
    cache.flush();
    assert_eq!(cache.entries(), 0);
    for level1 in &mut levels {
        let lookup = cache.lookup(level1, &1_u64.to_be_bytes(), 0, 0);
        assert!(matches!(lookup, Lookup::Fill(_)));
    }
    let next = fill(&cache, 2);
    assert!(!waiting.is_done(), "who waits is woken by the call that it waits for");
    let (entry, waiters) = under_way.store(200, b"", b"old", TTL_US, 0);
    assert!(entry.is_none(), "the call began before the flush");
    assert_eq!((shards(&waiters), waiting.outcome()), (vec![1], Outcome::LookAgain));
    assert_eq!(wait(&cache, 2, 1).id(), next.flight().id(), "one of them calls for all");
    let (entry, waiters) = next.store(200, b"", b"new", TTL_US, 0);
    assert!(entry.is_some());
    assert_eq!(shards(&waiters), [1]);
}

#[test]
fn a_flush_takes_effect_everywhere_at_once() {
    const KEYS: u64 = 20_000;
    let cache = cache(64 << 20);
    let mut level1 = Level1::new();
    for key in 0..KEYS {
        assert!(store(cache.refill(&key.to_be_bytes()), b"old").is_some());
    }
    hit(&cache, &mut level1, KEYS - 1);
    let key = (KEYS - 1).to_be_bytes();
    std::thread::scope(|scope| {
        scope.spawn(|| cache.flush());
        // The node level has lost the entry: a first level that had it must not serve it either,
        // although the flush has not returned.
        while matches!(cache.lookup(&mut Level1::new(), &key, 0, 0), Lookup::Hit(_)) {}
        assert!(!matches!(cache.lookup(&mut level1, &key, 0, 0), Lookup::Hit(_)));
    });
}

#[test]
fn who_waits_for_an_abandoned_call_is_told_to_call_alone() {
    let cache = cache(1 << 20);
    let abandoned = fill(&cache, 1);
    let flights = [wait(&cache, 1, 0), wait(&cache, 1, SHARDS_MAX - 1)];
    assert_eq!(shards(&abandoned.abandon()), [0, SHARDS_MAX - 1]);
    assert!(flights.iter().all(|flight| flight.outcome() == Outcome::CallAlone));

    let dropped = fill(&cache, 1);
    let flight = wait(&cache, 1, 5);
    drop(dropped);
    assert_eq!(flight.outcome(), Outcome::CallAlone);
    assert!(store(fill(&cache, 1), b"body").is_some(), "the next lookup fills");
}

#[test]
fn an_entry_of_a_mebibyte_fits_where_there_is_room_for_it() {
    let body = vec![1; ENTRY_BYTES_MAX];
    let exact = cache(room_for(ENTRY_BYTES_MAX));
    assert!(store(fill(&exact, 1), &body).is_some());
    assert_eq!(exact.bytes(), exact.bytes_max());
    assert_eq!(hit(&exact, &mut Level1::new(), 1).body().len(), ENTRY_BYTES_MAX);

    let short = cache(room_for(ENTRY_BYTES_MAX) - 1);
    assert!(store(fill(&short, 1), &body).is_none());
    assert_eq!(short.bytes(), 0);

    let large = cache(50_000_000);
    let too_long = vec![1; ENTRY_BYTES_MAX + 1];
    assert!(store(fill(&large, 1), &too_long).is_none());
    for key in 0..100 {
        assert!(store(fill(&large, key), &body).is_some(), "older ones make room");
    }
    assert!(large.bytes() <= large.bytes_max() && large.entries() > 45, "{large:?}");
}

#[test]
fn memory_counts_until_it_is_free() {
    let budget = Arc::new(Budget::new(4 << 20));
    let cache = Cache::new(2 * room_for(1_000), Arc::clone(&budget));
    let mut level1 = Level1::new();
    let body = [0; 1_000];
    assert!(store(fill(&cache, 1), &body).is_some());
    let sent = Arc::clone(hit(&cache, &mut level1, 1));
    assert!(store(fill(&cache, 2), &body).is_some());
    hit(&cache, &mut level1, 2);
    cache.flush();
    assert_eq!(cache.bytes(), 2 * (room_for(1_000) - 2 * INDEX_SLOT_BYTES), "both are held");
    assert!(store(fill(&cache, 3), &body).is_none(), "nothing that is left can make room");
    drop(cache);
    assert!(budget.bytes() > 0, "an entry outlives its cache");
    level1.clear();
    assert_eq!(budget.bytes(), sent.bytes());
    drop(sent);
    assert_eq!(budget.bytes(), 0);
}

#[test]
fn a_sweep_lets_go_of_what_is_dead_expired_or_unused() {
    let cache = cache(1 << 20);
    let mut level1 = Level1::new();
    let sweep = |level1: &mut Level1, now_us| (0..4).for_each(|_| level1.sweep(now_us));
    assert!(store(fill(&cache, 1), b"body").is_some());
    hit(&cache, &mut level1, 1);
    sweep(&mut level1, 0);
    assert_eq!(level1.len(), 1, "used since the last sweep");
    sweep(&mut level1, 0);
    assert_eq!(level1.len(), 0, "unused since the last sweep");
    hit(&cache, &mut level1, 1);
    sweep(&mut level1, TTL_US);
    assert_eq!(level1.len(), 0, "expired");
    hit(&cache, &mut level1, 1);
    cache.flush();
    sweep(&mut level1, 0);
    assert_eq!((level1.len(), cache.bytes()), (0, 0), "dead");
}

#[test]
fn what_shards_serve_survives_a_scan() {
    const HOT: u64 = 20;
    let cache = cache(100 * room_for(1_000));
    let mut level1 = Level1::new();
    for key in 0..HOT {
        assert!(store(fill(&cache, key), &[1; 1_000]).is_some());
        hit(&cache, &mut level1, key);
    }
    for key in HOT..5_000 {
        assert!(store(cache.refill(&key.to_be_bytes()), &[0; 1_000]).is_some());
        if key.is_multiple_of(100) {
            (0..4).for_each(|_| level1.sweep(0));
            (0..HOT).for_each(|key| assert_eq!(hit(&cache, &mut level1, key).body()[0], 1));
        }
    }
    assert!(cache.entries() > 80, "the cache is full");
}

#[test]
fn when_all_is_in_use_the_first_in_the_way_goes_after_a_bounded_search() {
    const KEYS: u64 = 400;
    let cache = cache(KEYS * room_for(100));
    let mut level1 = Level1::new();
    let mut key = 0;
    while cache.bytes() + room_for(100) <= cache.bytes_max() {
        assert!(store(fill(&cache, key), &[0; 100]).is_some());
        hit(&cache, &mut level1, key);
        key += 1;
    }
    let entries = cache.entries();
    assert!(store(fill(&cache, key), &[0; 200]).is_none(), "shards hold the memory");
    let evicted = entries - cache.entries();
    assert!((1..=3).contains(&evicted), "{evicted} evicted for one that did not fit");
    (0..4).for_each(|_| level1.sweep(0));
    assert!(store(fill(&cache, key), &[0; 200]).is_some(), "they have let go");
}

#[test]
fn caches_share_the_budget_and_not_their_entries() {
    let budget = Arc::new(Budget::new(3 * room_for(1_000)));
    let [a, b] = [0; 2].map(|_| Cache::new(1 << 20, Arc::clone(&budget)));
    let mut level1 = Level1::new();
    for key in 0..2 {
        assert!(store(fill(&a, key), &[b'a'; 1_000]).is_some());
    }
    assert!(store(fill(&b, 0), &[b'b'; 800]).is_some());
    for _ in 0..2 {
        assert_eq!(hit(&a, &mut level1, 0).body()[0], b'a');
        assert_eq!(hit(&b, &mut level1, 0).body()[0], b'b');
    }
    assert!(store(fill(&b, 1), &[b'b'; 1_500]).is_none(), "others' bytes are not taken away");
    assert_eq!(budget.bytes(), a.bytes() + b.bytes());
    assert_eq!(a.entries(), 2);
}

#[test]
fn nothing_is_stored_for_no_time() {
    let cache = cache(1 << 20);
    let (entry, waiters) = fill(&cache, 1).store(200, b"", b"", 0, 0);
    assert!(entry.is_none() && waiters.is_empty());
    assert_eq!((cache.entries(), cache.bytes()), (0, 0));
}

#[test]
fn slots_of_many_small_entries_count_when_few_large_ones_follow() {
    let cache = cache(8 << 20);
    for key in 0..50_000_u64 {
        assert!(store(cache.refill(&key.to_be_bytes()), b"").is_some());
    }
    let most = cache.entries() as u64;
    for key in 50_000..50_200 {
        assert!(store(fill(&cache, key), &vec![0; 1 << 18]).is_some());
    }
    assert!(cache.entries() < 40);
    let entries = cache.entries() as u64 * (room_for(1 << 18) - 2 * INDEX_SLOT_BYTES);
    assert!(cache.bytes() - entries >= most * INDEX_SLOT_BYTES, "the table does not shrink");
    cache.flush();
    assert_eq!(cache.bytes(), 0, "a flush makes a new one");
}

#[test]
fn a_peek_sees_what_a_lookup_would_hit_and_does_nothing() {
    let cache = cache(1 << 20);
    let key = &7_u64.to_be_bytes();
    assert_eq!(cache.peek(key, 0), None);
    // A peek begins no fill: the first lookup gets it, and while it is out a peek sees nothing.
    let begun = fill(&cache, 7);
    assert_eq!(cache.peek(key, 0), None);
    let entry = store(begun, b"body").expect("stored");
    assert_eq!(cache.peek(key, 0), Some((TTL_US, entry.bytes())));
    assert_eq!(cache.peek(key, TTL_US - 1), Some((1, entry.bytes())));
    assert_eq!(cache.peek(key, TTL_US), None, "expired");
    assert_eq!(cache.entries(), 1, "and not removed by looking");
    cache.flush();
    assert_eq!(cache.peek(key, 0), None, "flushed");
}
