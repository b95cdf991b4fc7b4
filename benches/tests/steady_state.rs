//! In steady state the shard allocates nothing for a request, from its first byte to its log line.
//!
//! The allocator counts on the shard's thread only. Making one takes `unsafe`, as `GlobalAlloc` is
//! an unsafe trait; this is why tests of this package, unlike its library, do not forbid it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gateway_benches::backend::LARGE_BYTES;
use gateway_benches::{Backend, Client, Plane};

/// Requests that are counted, after those that warm up.
const REQUESTS: u64 = 10_000;
const WARM_UP: u64 = 500;

/// Turns of the shard's housekeeping, ten a second, that are counted without a request.
const QUIET_TICKS: u64 = 22;

/// What a connection may allocate to wake up and fall idle again: its future, and how the runtime
/// cancels a wait. A pool that was trimmed in between may need its two buffers again.
const WAKE_ALLOCATIONS_MAX: u64 = 6;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// Allocations on threads that called [`count_this_thread`].
static COUNT: AtomicU64 = AtomicU64::new(0);
/// Whether the next counted allocation says where it came from.
static ARMED: AtomicBool = AtomicBool::new(false);
static FIRST: Mutex<Option<String>> = Mutex::new(None);

thread_local! {
    // Without a destructor and without lazy setup, so that an allocator may read it.
    static IS_COUNTED: Cell<bool> = const { Cell::new(false) };
}

fn count_this_thread() {
    IS_COUNTED.set(true);
}

fn count() {
    if !IS_COUNTED.get() {
        return;
    }
    COUNT.fetch_add(1, Ordering::SeqCst);
    if ARMED.swap(false, Ordering::SeqCst) {
        // Taking a backtrace allocates, too.
        IS_COUNTED.set(false);
        let backtrace = Backtrace::force_capture().to_string();
        *FIRST.lock().expect("nobody panics with it") = Some(backtrace);
        IS_COUNTED.set(true);
    }
}

// SAFETY: every call goes to `System` with the arguments as they came, so that what `System`
// promises holds and what it asks of the caller is what we ask. `count` does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `alloc_zeroed`, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller upholds the contract of `realloc`; `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `dealloc`; `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Asserts that the counted threads allocate nothing while `work` runs.
#[track_caller]
fn check_allocates_nothing(what: &str, work: impl FnOnce()) {
    let before = COUNT.load(Ordering::SeqCst);
    ARMED.store(true, Ordering::SeqCst);
    work();
    ARMED.store(false, Ordering::SeqCst);
    let count = COUNT.load(Ordering::SeqCst) - before;
    if count > 0 {
        let first = FIRST.lock().expect("nobody panics with it").take();
        panic!("{what}: {count} allocations, the first:\n{}", first.unwrap_or_default());
    }
}

/// One test, because the count is the process's.
#[test]
fn the_shard_allocates_nothing_per_request() {
    an_allocation_on_a_counted_thread_is_seen();

    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("access.log");
    let backend = Backend::start().expect("a backend");
    let template = TEMPLATE.replace("BACKEND", &backend.address.to_string());
    let before = COUNT.load(Ordering::SeqCst);
    let plane = Plane::start(&template, log.clone(), count_this_thread).expect("a shard");
    println!("driver: {} {}", plane.driver, plane.driver.flags());
    assert!(COUNT.load(Ordering::SeqCst) > before, "the shard is counted: starting allocates");

    let mut client = Client::connect(plane.address).expect("connects");
    let mut asked = 0;
    for (what, request, status, body_len) in SCENARIOS {
        let mut ask = || {
            let answer = client.ask(request.as_bytes()).expect("an answer");
            assert_eq!((answer.status, answer.body_len), (status, body_len), "{what}");
        };
        (0..WARM_UP).for_each(|_| ask());
        check_allocates_nothing(what, || (0..REQUESTS).for_each(|_| ask()));
        asked += WARM_UP + REQUESTS;
    }
    // Falling idle gives memory back and is not the steady state; it is waited for.
    let idle = || plane.metrics.connections_idle.value() == 1;
    wait_until("the connection falls idle", idle);
    wait_for_ticks(&plane, 2);
    check_allocates_nothing("housekeeping", || wait_for_ticks(&plane, QUIET_TICKS));
    let before = COUNT.load(Ordering::SeqCst);
    client.ask(SCENARIOS[0].1.as_bytes()).expect("an answer");
    wait_until("the connection falls idle again", idle);
    let count = COUNT.load(Ordering::SeqCst) - before;
    println!("waking up, a request and falling idle: {count} allocations");
    assert!(count <= WAKE_ALLOCATIONS_MAX, "{count} allocations from idle to idle");
    asked += 1;
    drop(client);
    plane.stop().expect("drains");

    let lines = std::fs::read_to_string(log).expect("written").lines().count() as u64;
    assert_eq!(lines, asked, "every request has its line in the access log");
}

fn wait_for_ticks(plane: &Plane, count: u64) {
    let until = plane.metrics.loop_ticks.value() + count;
    wait_until("the shard's loop turns", || plane.metrics.loop_ticks.value() >= until);
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// The alarm itself: were allocations not counted, all else here would pass.
fn an_allocation_on_a_counted_thread_is_seen() {
    let before = COUNT.load(Ordering::SeqCst);
    let work = || drop(std::hint::black_box(Box::new(1_u64)));
    work();
    assert_eq!(COUNT.load(Ordering::SeqCst), before, "another thread's is not counted");
    let counted = std::thread::spawn(move || {
        count_this_thread();
        work();
        IS_COUNTED.set(false);
    });
    counted.join().expect("no panic");
    assert_eq!(COUNT.load(Ordering::SeqCst), before + 1, "a counted thread's is");
}

const SMALL: usize = 13;

/// Name, request, status, length of the body.
const SCENARIOS: [(&str, &str, u16, usize); 12] = [
    ("HTTP_PROXY, GET small", "GET /prod/small HTTP/1.1\r\nHost: a\r\n\r\n", 200, SMALL),
    (
        "HTTP_PROXY, fields and a mapped path parameter",
        "GET /prod/items/a-42%20b?view=full+size HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n\
         X-Forwarded-For: 203.0.113.7\r\nCookie: session=0123456789abcdef\r\n\r\n",
        200,
        SMALL,
    ),
    (
        "HTTP_PROXY, POST with a small body",
        "POST /prod/small HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         Content-Length: 15\r\n\r\n{\"item\":\"book\"}",
        200,
        SMALL,
    ),
    ("HTTP_PROXY, GET 64 KiB", "GET /prod/large HTTP/1.1\r\nHost: a\r\n\r\n", 200, LARGE_BYTES),
    ("HTTP_PROXY, chunked", "GET /prod/chunked HTTP/1.1\r\nHost: a\r\n\r\n", 200, 11),
    ("MOCK", "GET /prod/mock HTTP/1.1\r\nHost: a\r\n\r\n", 200, 15),
    (
        "key, plan, two rates and a quota",
        "GET /prod/keyed HTTP/1.1\r\nHost: a\r\n\
         X-Api-Key: abcdefghijklmnopqrstuvwxyz0123456789ABCD\r\n\r\n",
        200,
        SMALL,
    ),
    ("unknown key", "GET /prod/keyed HTTP/1.1\r\nHost: a\r\nX-Api-Key: b\r\n\r\n", 403, 23),
    ("throttled", "GET /prod/refused HTTP/1.1\r\nHost: a\r\n\r\n", 429, 31),
    ("cached", "GET /prod/cached/small?view=1 HTTP/1.1\r\nHost: a\r\n\r\n", 200, SMALL),
    ("cached, 64 KiB", "GET /prod/cached/large HTTP/1.1\r\nHost: a\r\n\r\n", 200, LARGE_BYTES),
    ("unknown route", "GET /prod/unknown HTTP/1.1\r\nHost: a\r\n\r\n", 403, 42),
];

const TEMPLATE: &str = include_str!("steady_state.yaml");
