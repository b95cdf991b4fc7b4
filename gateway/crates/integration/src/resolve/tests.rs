use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

thread_local! {
    static NOW: Cell<Moment> = Cell::new(Moment::default() + Duration::from_secs(1000));
}

/// A resolver whose questions are collected and whose clock stands until it is moved.
struct Bench {
    resolver: Rc<Resolver>,
    asked: Rc<RefCell<Vec<String>>>,
    is_full: Rc<Cell<bool>>,
}

impl Bench {
    fn new() -> Self {
        Self::with_ttl(1, 60)
    }

    fn with_ttl(min_s: u64, max_s: u64) -> Self {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let is_full = Rc::new(Cell::new(false));
        let ask: Ask = {
            let (asked, is_full) = (asked.clone(), is_full.clone());
            Rc::new(move |question: Question| {
                if is_full.get() {
                    return false;
                }
                asked.borrow_mut().push(question.host.to_string());
                true
            })
        };
        let secs = Duration::from_secs;
        let mut resolver = Resolver::new(ask, secs(min_s), secs(max_s));
        resolver.clock = || NOW.get();
        Self { resolver: Rc::new(resolver), asked, is_full }
    }

    fn start(&self, host: &str) -> Call {
        let (resolver, host) = (self.resolver.clone(), host.to_owned());
        let woken = Arc::new(Count(AtomicUsize::new(0)));
        Call { future: Box::pin(async move { resolver.resolve(&host, 80).await }), woken }
    }

    /// What a call gives without waiting.
    #[track_caller]
    fn now(&self, host: &str) -> Result<Vec<String>, ResolveError> {
        self.start(host).poll().expect("known without waiting")
    }

    fn found(&self, host: &str, ttl_s: u64, addresses: &[&str]) {
        let addresses = addresses.iter().map(|a| a.parse().expect("an address")).collect();
        let found = Found { addresses, ttl: Duration::from_secs(ttl_s) };
        self.resolver.answer(Answer { host: host.into(), result: Ok(found) });
    }

    fn failed(&self, host: &str, error: LookupError) {
        self.resolver.answer(Answer { host: host.into(), result: Err(error) });
    }

    fn asked(&self) -> usize {
        self.asked.borrow().len()
    }
}

struct Call {
    future: Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>>>>,
    woken: Arc<Count>,
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Call {
    fn poll(&mut self) -> Option<Result<Vec<String>, ResolveError>> {
        let waker = self.woken.clone().into();
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => Some(result.map(|a| a.iter().map(|s| s.to_string()).collect())),
            Poll::Pending => None,
        }
    }
}

fn pass(span: Duration) {
    NOW.set(NOW.get() + span);
}

fn pass_s(seconds: u64) {
    pass(Duration::from_secs(seconds));
}

#[test]
fn an_address_is_never_asked_for() {
    let bench = Bench::new();
    assert_eq!(bench.now("127.0.0.1"), Ok(vec!["127.0.0.1:80".to_owned()]));
    assert_eq!(bench.now("[::1]"), Ok(vec!["[::1]:80".to_owned()]));
    assert_eq!(bench.now("::1"), Ok(vec!["[::1]:80".to_owned()]));
    assert_eq!((bench.asked(), bench.resolver.len()), (0, 0));
}

#[test]
fn what_is_no_name_is_refused_unasked() {
    let bench = Bench::new();
    let long = format!("{}.example", "a.".repeat(130));
    for host in ["", ".", "a..b", "a b", "a/b", "127.1", "1.2.3.4.5", "exam\u{e9}ple", "[a]", &long]
    {
        assert_eq!(bench.now(host), Err(ResolveError::NotAName), "{host:?}");
    }
    assert_eq!(bench.asked(), 0);
}

#[test]
fn many_requests_wait_for_one_question() {
    let bench = Bench::new();
    let mut calls: Vec<Call> =
        ["api.test", "API.test", "api.test."].iter().map(|host| bench.start(host)).collect();
    for call in &mut calls {
        assert_eq!(call.poll(), None);
    }
    assert_eq!(*bench.asked.borrow(), ["api.test"]);
    bench.found("api.test", 5, &["10.0.0.1"]);
    for call in &mut calls {
        assert_eq!(call.woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(call.poll(), Some(Ok(vec!["10.0.0.1:80".to_owned()])));
    }
    drop(calls);
    assert_eq!(bench.resolver.waiting.get(), 0);
}

#[test]
fn families_take_turns_and_attempts_rotate() {
    let bench = Bench::new();
    assert_eq!(bench.start("a.test").poll(), None);
    bench.found("a.test", 5, &["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3", "2001:db8::1"]);
    let order = ["[2001:db8::1]:80", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"];
    for turn in 0..8 {
        let mut expect = order;
        expect.rotate_left(turn % 4);
        assert_eq!(bench.now("a.test").expect("known"), expect);
    }
}

#[test]
fn ttls_are_clamped_to_the_settings() {
    for (ttl_s, lives_s) in [(0, 2), (1, 2), (10, 10), (90, 60)] {
        let bench = Bench::with_ttl(2, 60);
        assert_eq!(bench.start("a.test").poll(), None);
        bench.found("a.test", ttl_s, &["10.0.0.1"]);
        pass(Duration::from_secs(lives_s) - Duration::from_millis(1));
        assert!(bench.now("a.test").is_ok());
        assert_eq!(bench.asked(), 1, "fresh, ttl {ttl_s}");
        pass(Duration::from_millis(1));
        assert!(bench.now("a.test").is_ok(), "used while it is asked for again");
        assert_eq!(bench.asked(), 2, "refreshed, ttl {ttl_s}");
    }
}

#[test]
fn stale_addresses_wait_for_the_refresh_and_serve_when_it_fails() {
    let bench = Bench::new();
    assert_eq!(bench.start("a.test").poll(), None);
    bench.found("a.test", 5, &["10.0.0.1"]);
    pass_s(5 + 2);
    let mut call = bench.start("a.test");
    assert_eq!(call.poll(), None, "too old to be used unasked");
    bench.failed("a.test", LookupError::Failed);
    assert_eq!(call.poll(), Some(Ok(vec!["10.0.0.1:80".to_owned()])));
    // Asked again only after a while, and served without waiting until then.
    assert!(bench.now("a.test").is_ok());
    assert_eq!(bench.asked(), 2);
    pass(STALE_MAX);
    let mut call = bench.start("a.test");
    assert_eq!(call.poll(), None);
    bench.failed("a.test", LookupError::Failed);
    assert_eq!(call.poll(), Some(Err(ResolveError::Failed)), "gone for good");
}

#[test]
fn a_refresh_replaces_the_addresses() {
    let bench = Bench::new();
    assert_eq!(bench.start("a.test").poll(), None);
    bench.found("a.test", 5, &["10.0.0.1"]);
    pass_s(5);
    assert_eq!(bench.now("a.test"), Ok(vec!["10.0.0.1:80".to_owned()]));
    bench.found("a.test", 5, &["10.0.0.9"]);
    assert_eq!(bench.now("a.test"), Ok(vec!["10.0.0.9:80".to_owned()]));
}

#[test]
fn a_name_that_is_gone_is_not_served_stale() {
    let bench = Bench::new();
    assert_eq!(bench.start("a.test").poll(), None);
    bench.found("a.test", 5, &["10.0.0.1"]);
    pass_s(5);
    assert!(bench.now("a.test").is_ok());
    bench.failed("a.test", LookupError::NotFound);
    assert_eq!(bench.now("a.test"), Err(ResolveError::NotFound));
}

#[test]
fn failures_are_remembered_briefly() {
    for (error, expect) in [
        (LookupError::NotFound, ResolveError::NotFound),
        (LookupError::Failed, ResolveError::Failed),
    ] {
        let bench = Bench::new();
        let mut call = bench.start("a.test");
        assert_eq!(call.poll(), None);
        bench.failed("a.test", error);
        assert_eq!(call.poll(), Some(Err(expect)));
        assert_eq!(bench.now("a.test"), Err(expect));
        assert_eq!(bench.asked(), 1);
        pass(NEGATIVE_TTL);
        assert_eq!(bench.start("a.test").poll(), None);
        assert_eq!(bench.asked(), 2);
    }
}

#[test]
fn an_answer_without_addresses_is_not_found() {
    let bench = Bench::new();
    let mut call = bench.start("a.test");
    assert_eq!(call.poll(), None);
    bench.found("a.test", 5, &[]);
    assert_eq!(call.poll(), Some(Err(ResolveError::NotFound)));
}

#[test]
fn zero_ttls_serve_those_who_asked() {
    let bench = Bench::with_ttl(0, 0);
    let mut call = bench.start("a.test");
    assert_eq!(call.poll(), None);
    bench.found("a.test", 0, &["10.0.0.1"]);
    assert_eq!(call.poll(), Some(Ok(vec!["10.0.0.1:80".to_owned()])));
    assert!(bench.now("a.test").is_ok());
    assert_eq!(bench.asked(), 2);
}

#[test]
fn a_full_queue_is_an_error_unless_addresses_are_known() {
    let bench = Bench::new();
    bench.is_full.set(true);
    assert_eq!(bench.now("a.test"), Err(ResolveError::Busy));
    bench.is_full.set(false);
    assert_eq!(bench.start("a.test").poll(), None);
    bench.found("a.test", 5, &["10.0.0.1"]);
    bench.is_full.set(true);
    pass_s(5 + 2);
    assert_eq!(bench.now("a.test"), Ok(vec!["10.0.0.1:80".to_owned()]));
}

#[test]
fn a_lost_question_is_asked_again_and_its_waiters_are_served() {
    let bench = Bench::new();
    let mut first = bench.start("a.test");
    assert_eq!(first.poll(), None);
    pass(ANSWER_MAX);
    let mut second = bench.start("a.test");
    assert_eq!(second.poll(), None);
    assert_eq!(bench.asked(), 2);
    bench.found("a.test", 5, &["10.0.0.1"]);
    assert!(first.poll().is_some_and(|r| r.is_ok()));
    assert!(second.poll().is_some_and(|r| r.is_ok()));
    // The first answer comes late: nobody waits for it, and nothing breaks.
    bench.found("a.test", 5, &["10.0.0.2"]);
    assert_eq!(bench.now("a.test"), Ok(vec!["10.0.0.1:80".to_owned()]));
}

#[test]
fn waiters_are_bounded_and_leave_when_dropped() {
    let bench = Bench::new();
    let mut calls: Vec<Call> = (0..WAITERS_MAX).map(|_| bench.start("a.test")).collect();
    for call in &mut calls {
        assert_eq!(call.poll(), None);
    }
    assert_eq!(bench.now("a.test"), Err(ResolveError::Busy));
    calls.truncate(1);
    assert_eq!(bench.resolver.waiting.get(), 1);
    assert_eq!(bench.start("a.test").poll(), None);
}

#[test]
fn names_are_bounded_and_the_least_used_goes() {
    let bench = Bench::new();
    for index in 0..HOSTS_MAX {
        let name = format!("h{index}.test");
        assert_eq!(bench.start(&name).poll(), None);
        bench.found(&name, 60, &["10.0.0.1"]);
        pass(Duration::from_micros(1));
    }
    assert!(bench.now("h0.test").is_ok(), "used, so that h1 is now the oldest");
    assert_eq!(bench.start("one-more.test").poll(), None);
    assert_eq!(bench.resolver.len(), HOSTS_MAX);
    assert!(bench.now("h0.test").is_ok());
    assert_eq!(bench.start("h1.test").poll(), None, "h1 was forgotten");
}

#[test]
fn names_in_flight_are_never_forgotten() {
    let bench = Bench::new();
    for index in 0..HOSTS_MAX {
        assert_eq!(bench.start(&format!("h{index}.test")).poll(), None);
    }
    assert_eq!(bench.now("one-more.test"), Err(ResolveError::Busy));
}
