//! Names of backends, resolved off the request's path.
//!
//! A shard remembers addresses as long as DNS allows and asks the control thread for the rest:
//! a [`Question`] leaves through a bounded queue, its [`Answer`] comes back by the shard's
//! mailbox. Any number of requests for one name wait for one question.
//!
//! ```text
//! |-------- fresh ---------|-- ahead --|---------- stale ----------| gone
//! 0                  ttl (clamped)   +REFRESH_AHEAD            +STALE_MAX
//!   used                    used, asks   asks and waits; used if     asks and waits
//!                           beside       asking fails
//! ```
//!
//! That a name does not exist is believed at once; that nobody answered is not, while there are
//! stale addresses.

pub mod limits;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gateway_rt::Moment;

use self::limits::{
    ADDRESSES_MAX, ANSWER_MAX, HOSTS_MAX, NAME_CHARS_MAX, NEGATIVE_TTL, REFRESH_AHEAD, STALE_MAX,
    WAITERS_MAX,
};

/// A name whose addresses a shard wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In lower case.
    pub host: Arc<str>,
}

/// What became of a [`Question`].
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question's.
    pub host: Arc<str>,
    /// Its addresses, or why there are none.
    pub result: Result<Found, LookupError>,
}

/// Addresses as DNS gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Both families, in any order.
    pub addresses: Vec<IpAddr>,
    /// How long they may be used.
    pub ttl: Duration,
}

/// Why the control thread found no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// DNS says that the name does not exist or has no address.
    NotFound,
    /// No server gave an answer in time.
    Failed,
}

/// Why a name has no address now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// The text is neither an address nor a name.
    NotAName,
    /// DNS says that the name does not exist or has no address.
    NotFound,
    /// No server gave an answer in time.
    Failed,
    /// Too many names or requests wait already.
    Busy,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAName => "the host is neither an address nor a name",
            Self::NotFound => "the host name has no address",
            Self::Failed => "no name server answered",
            Self::Busy => "too many host names are being resolved",
        })
    }
}

impl std::error::Error for ResolveError {}

impl From<LookupError> for ResolveError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Failed => Self::Failed,
        }
    }
}

/// Sends a question to the control thread; `false` when the queue is full.
pub type Ask = Rc<dyn Fn(Question) -> bool>;

/// The addresses to try, in order. Cheap to clone; steady state allocates nothing.
#[derive(Clone, Debug)]
pub struct Addresses {
    list: List,
    port: u16,
    /// Where the first attempt starts; the rest follow around.
    start: usize,
}

#[derive(Clone, Debug)]
enum List {
    One(IpAddr),
    Many(Rc<[IpAddr]>),
}

impl Addresses {
    /// How many there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        match &self.list {
            List::One(_) => 1,
            List::Many(list) => list.len(),
        }
    }

    /// Each once, the first of this attempt first.
    pub fn iter(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        let list = match &self.list {
            List::One(address) => std::slice::from_ref(address),
            List::Many(list) => list,
        };
        let (before, from) = list.split_at(self.start % list.len());
        from.iter().chain(before).map(|&address| SocketAddr::new(address, self.port))
    }
}

/// The names that one shard knows.
pub struct Resolver {
    ask: Ask,
    ttl_min: Duration,
    ttl_max: Duration,
    clock: fn() -> Moment,
    hosts: RefCell<HashMap<Arc<str>, Host>>,
    waiting: Rc<Cell<usize>>,
}

struct Host {
    addresses: Option<Rc<[IpAddr]>>,
    fresh_until: Moment,
    stale_until: Moment,
    /// Why asking failed last, and when it is worth asking again.
    failure: Option<(LookupError, Moment)>,
    flight: Option<Rc<Flight>>,
    used_at: Moment,
    next: usize,
}

/// A question on its way, and who waits for its answer.
struct Flight {
    asked_at: Cell<Moment>,
    outcome: OnceCell<Outcome>,
    waiters: RefCell<Vec<(u64, Waker)>>,
    next_id: Cell<u64>,
}

type Outcome = Result<Rc<[IpAddr]>, LookupError>;

/// What to do about a name.
enum Step {
    Use(Rc<[IpAddr]>, usize),
    Wait(Rc<Flight>),
}

impl Resolver {
    /// An empty cache that asks through `ask` and believes TTLs between `ttl_min` and `ttl_max`.
    pub fn new(ask: Ask, ttl_min: Duration, ttl_max: Duration) -> Self {
        Self {
            ask,
            ttl_min,
            ttl_max: ttl_max.max(ttl_min),
            clock: Moment::now,
            hosts: RefCell::default(),
            waiting: Rc::default(),
        }
    }

    /// The addresses of `host`, a name or an address (with or without brackets), for one attempt
    /// to connect; the next attempt starts with the next address.
    ///
    /// The time limit is the caller's: this may be dropped while it waits.
    ///
    /// # Errors
    /// [`ResolveError`], at once when it is known, or when the answer is in.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Addresses, ResolveError> {
        if let Some(address) = literal(host) {
            return Ok(Addresses { list: List::One(address), port, start: 0 });
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        if !is_name(host) {
            return Err(ResolveError::NotAName);
        }
        let step = if host.bytes().any(|b| b.is_ascii_uppercase()) {
            self.step(&host.to_ascii_lowercase())?
        } else {
            self.step(host)?
        };
        let (list, start) = match step {
            Step::Use(list, start) => (list, start),
            Step::Wait(flight) => (self.wait(&flight).await?, 0),
        };
        Ok(Addresses { list: List::Many(list), port, start })
    }

    /// Takes the answer to a question. Called by whoever reads the shard's mailbox.
    pub fn answer(&self, answer: Answer) {
        let now = (self.clock)();
        let flight;
        {
            let mut hosts = self.hosts.borrow_mut();
            // Forgotten meanwhile, or answered twice: nobody waits.
            let Some(host) = hosts.get_mut(&answer.host) else { return };
            let Some(taken) = host.flight.take() else { return };
            flight = taken;
            host.learn(answer.result, now, self.ttl_min, self.ttl_max);
            let _ = flight.outcome.set(host.outcome(now));
        }
        for (_, waker) in flight.waiters.take() {
            waker.wake();
        }
    }

    /// How many names are remembered.
    pub fn len(&self) -> usize {
        self.hosts.borrow().len()
    }

    /// Whether no name is remembered.
    pub fn is_empty(&self) -> bool {
        self.hosts.borrow().is_empty()
    }

    fn step(&self, name: &str) -> Result<Step, ResolveError> {
        let now = (self.clock)();
        let mut hosts = self.hosts.borrow_mut();
        if !hosts.contains_key(name) {
            make_room(&mut hosts)?;
            hosts.insert(name.into(), Host::new(now));
        }
        let (key, _) = hosts.get_key_value(name).ok_or(ResolveError::Busy)?;
        let question = Question { host: key.clone() };
        let host = hosts.get_mut(name).ok_or(ResolveError::Busy)?;
        host.used_at = now;
        if now < host.fresh_until
            && let Some(list) = host.addresses.clone()
        {
            return Ok(Step::Use(list, host.turn()));
        }
        if let Some((error, until)) = host.failure
            && now < until
        {
            return match host.usable(now) {
                Some(list) => Ok(Step::Use(list, host.turn())),
                None => Err(error.into()),
            };
        }
        let is_asked = host.ask(now, question, &self.ask);
        let is_ahead = now < host.fresh_until + REFRESH_AHEAD;
        match (host.usable(now), &host.flight) {
            (Some(list), _) if is_ahead || !is_asked => Ok(Step::Use(list, host.turn())),
            (_, Some(flight)) if is_asked => {
                if self.waiting.get() >= WAITERS_MAX {
                    return Err(ResolveError::Busy);
                }
                Ok(Step::Wait(flight.clone()))
            }
            _ => Err(ResolveError::Busy),
        }
    }

    async fn wait(&self, flight: &Rc<Flight>) -> Outcome {
        let waiter = Waiter::new(flight, &self.waiting);
        poll_fn(|cx| waiter.poll(cx)).await
    }
}

/// Forgets the name not used for longest, if there are as many as there may be.
fn make_room(hosts: &mut HashMap<Arc<str>, Host>) -> Result<(), ResolveError> {
    if hosts.len() < HOSTS_MAX {
        return Ok(());
    }
    let idle = hosts.iter().filter(|(_, host)| host.flight.is_none());
    let oldest = idle.min_by_key(|(_, host)| host.used_at).map(|(name, _)| name.clone());
    hosts.remove(&oldest.ok_or(ResolveError::Busy)?);
    Ok(())
}

impl Host {
    fn new(now: Moment) -> Self {
        Self {
            addresses: None,
            fresh_until: now,
            stale_until: now,
            failure: None,
            flight: None,
            used_at: now,
            next: 0,
        }
    }

    /// Where this attempt starts.
    fn turn(&mut self) -> usize {
        let turn = self.next;
        self.next = turn.wrapping_add(1);
        turn
    }

    fn usable(&self, now: Moment) -> Option<Rc<[IpAddr]>> {
        self.addresses.clone().filter(|_| now < self.stale_until)
    }

    /// Makes sure that a question is on its way; `false` when none could be sent.
    fn ask(&mut self, now: Moment, question: Question, ask: &Ask) -> bool {
        if let Some(flight) = &self.flight {
            if now < flight.asked_at.get() + ANSWER_MAX {
                return true;
            }
            // Lost on its way, or its answer was. Those who wait go on waiting.
            flight.asked_at.set(now);
            return ask(question);
        }
        if !ask(question) {
            return false;
        }
        self.flight = Some(Rc::new(Flight {
            asked_at: Cell::new(now),
            outcome: OnceCell::new(),
            waiters: RefCell::default(),
            next_id: Cell::new(0),
        }));
        true
    }

    fn learn(
        &mut self,
        result: Result<Found, LookupError>,
        now: Moment,
        ttl_min: Duration,
        ttl_max: Duration,
    ) {
        let result = result.and_then(|found| match interleaved(&found.addresses) {
            list if list.is_empty() => Err(LookupError::NotFound),
            list => Ok((list, found.ttl)),
        });
        match result {
            Ok((list, ttl)) => {
                let ttl = ttl.clamp(ttl_min, ttl_max);
                // Equal addresses are kept, so that the rotation is not disturbed.
                if self.addresses.as_deref() != Some(&list[..]) {
                    self.addresses = Some(list.into());
                }
                self.fresh_until = now + ttl;
                self.stale_until = self.fresh_until + STALE_MAX;
                self.failure = None;
            }
            Err(error) => {
                if error == LookupError::NotFound {
                    self.addresses = None;
                }
                self.failure = Some((error, now + NEGATIVE_TTL));
            }
        }
    }

    /// For those who waited.
    fn outcome(&self, now: Moment) -> Outcome {
        match (self.usable(now), self.failure) {
            (Some(list), _) => Ok(list),
            (None, Some((error, _))) => Err(error),
            // A TTL of zero with a minimum of zero: good for those who asked, and no longer.
            (None, None) => self.addresses.clone().ok_or(LookupError::NotFound),
        }
    }
}

/// One who waits for a flight. Dropping it is leaving.
struct Waiter<'a> {
    flight: &'a Flight,
    waiting: &'a Cell<usize>,
    id: u64,
}

impl<'a> Waiter<'a> {
    fn new(flight: &'a Flight, waiting: &'a Cell<usize>) -> Self {
        let id = flight.next_id.get();
        flight.next_id.set(id + 1);
        waiting.set(waiting.get() + 1);
        Self { flight, waiting, id }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(outcome) = self.flight.outcome.get() {
            return Poll::Ready(outcome.clone());
        }
        let mut waiters = self.flight.waiters.borrow_mut();
        match waiters.iter_mut().find(|(id, _)| *id == self.id) {
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => waiters.push((self.id, cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.waiting.set(self.waiting.get() - 1);
        self.flight.waiters.borrow_mut().retain(|(id, _)| *id != self.id);
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// Whether DNS could know it: labels of 1 to 63 letters, digits, hyphens and underscores, the
/// last not a number. `127.1` is thus refused, rather than an address to some and a name to others.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    host.len() <= NAME_CHARS_MAX
        && host.split('.').all(is_label)
        && !host.rsplit('.').next().is_some_and(is_number)
}

/// Each address once, the families in turn, IPv6 first.
///
/// Source: RFC 8305, section 4, with a First Address Family Count of 1.
fn interleaved(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let family = |is_v6: bool| {
        let mut seen = Vec::new();
        for address in addresses.iter().filter(|a| a.is_ipv6() == is_v6) {
            if !seen.contains(address) {
                seen.push(*address);
            }
        }
        seen.into_iter()
    };
    let (mut v6, mut v4) = (family(true), family(false));
    let mut list = Vec::new();
    while list.len() < ADDRESSES_MAX {
        let before = list.len();
        list.extend(v6.next());
        list.extend(v4.next());
        if list.len() == before {
            break;
        }
    }
    list.truncate(ADDRESSES_MAX);
    list
}

#[cfg(test)]
mod tests;
