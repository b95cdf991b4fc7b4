//! The bookkeeping alone, then with real threads in the places of shards.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::*;

fn pushed(demand: &Demand<u32>, job: u32, node: &Node) -> Pushed {
    demand.push(job, 100, true, node).expect("there is room")
}

#[test]
fn one_start_for_each_that_waits_and_never_more_than_the_limit() {
    let (demand, node) = (Demand::new(2), Node::new(100));
    for (job, starts, is_covered) in [(1, 1, true), (2, 1, true), (3, 0, false)] {
        let pushed = pushed(&demand, job, &node);
        assert_eq!((pushed.wanted.starts, pushed.is_covered), (starts, is_covered), "{job}");
    }
    assert_eq!((demand.running(), demand.starting(), demand.waiting()), (2, 2, 3));
    assert_eq!(demand.take(), Some(1));
    demand.started();
    assert!(!demand.ended(&node));
    assert_eq!(demand.wanted(&node).starts, 1);
    assert_eq!((demand.running(), demand.starting()), (2, 2));
}

#[test]
fn an_idle_environment_elsewhere_is_asked_before_another_is_started() {
    let (demand, node) = (Demand::new(2), Node::new(100));
    demand.desk(0);
    let theirs = demand.desk(1);
    theirs.fetch_add(1, SeqCst);
    let first = pushed(&demand, 1, &node);
    assert_eq!(first.wanted, Wanted { starts: 0, pokes: vec![1], is_starved: false });
    assert!(first.is_covered);
    let second = pushed(&demand, 2, &node);
    assert_eq!(second.wanted, Wanted { starts: 1, pokes: vec![1], is_starved: false });
    assert!(Arc::ptr_eq(&theirs, &demand.desk(1)));
}

#[test]
fn who_must_not_wait_is_refused_when_nothing_is_to_come() {
    let (demand, node) = (Demand::new(1), Node::new(100));
    assert!(demand.push(1, 100, false, &node).is_ok_and(|pushed| pushed.is_covered));
    assert_eq!(demand.push(2, 100, false, &node).err(), Some(2));
    assert_eq!(demand.waiting(), 1);
    assert_eq!(demand.push(2, 1, true, &node).err(), Some(2));
    let none = Demand::new(0);
    assert_eq!(none.push(1, 100, true, &node).err(), Some(1));
}

#[test]
fn a_full_node_is_marked_until_a_place_is_given_back() {
    let node = Node::new(1);
    let (one, other) = (Demand::new(5), Demand::new(5));
    assert_eq!(pushed(&one, 1, &node).wanted.starts, 1);
    assert!(!node.is_starved());
    let refused = pushed(&other, 2, &node);
    assert!(refused.wanted.is_starved && refused.wanted.starts == 0 && !refused.is_covered);
    assert_eq!(other.running(), 0);
    assert!(node.is_starved());
    one.started();
    assert!(one.ended(&node), "somebody waits for the place");
    assert!(!node.is_starved());
    assert_eq!(other.wanted(&node).starts, 1);
}

#[test]
fn who_gives_up_is_taken_out() {
    let (demand, node) = (Demand::new(1), Node::new(100));
    for job in 1..=3 {
        pushed(&demand, job, &node);
    }
    assert_eq!(demand.remove(|job| *job == 2), Some(2));
    assert_eq!(demand.remove(|job| *job == 2), None);
    assert_eq!((demand.take(), demand.take(), demand.take()), (Some(1), Some(3), None));
    assert_eq!(demand.waiting(), 0);
}

const SHARDS: usize = 3;
const JOBS: usize = 4_000;

/// What the threads have in common.
struct World {
    demand: Demand<usize>,
    node: Node,
    /// Real environments, to be held against the limit.
    alive: AtomicU32,
    alive_max: AtomicU32,
    answered: Vec<AtomicU32>,
    left: AtomicUsize,
}

/// A shard: the same moves as a pool's, with environments that are numbers.
struct Shard<'w> {
    world: &'w World,
    index: usize,
    idle: u32,
    idle_count: Arc<AtomicU32>,
    starting: u32,
    busy: Vec<usize>,
    /// Environments that have answered.
    settling: u32,
    pokes: Vec<Sender<()>>,
    inbox: Receiver<()>,
    random: u64,
}

impl Shard<'_> {
    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn act(&mut self, wanted: Wanted) {
        for shard in wanted.pokes.into_iter().filter(|shard| *shard != self.index) {
            let _ = self.pokes[shard].send(());
        }
        self.starting += wanted.starts;
        let alive = self.world.alive.fetch_add(wanted.starts, SeqCst) + wanted.starts;
        self.world.alive_max.fetch_max(alive, SeqCst);
    }

    fn submit(&mut self, job: usize) {
        if self.idle > 0 {
            self.idle -= 1;
            self.idle_count.fetch_sub(1, SeqCst);
            return self.busy.push(job);
        }
        let pushed = self.world.demand.push(job, SHARDS * JOBS, true, &self.world.node);
        self.act(pushed.expect("there is room").wanted);
    }

    fn serve(&mut self) {
        while self.world.demand.waiting() > 0 && self.idle > 0 {
            let Some(job) = self.world.demand.take() else { break };
            self.idle -= 1;
            self.idle_count.fetch_sub(1, SeqCst);
            self.busy.push(job);
        }
        if self.world.demand.waiting() > 0 {
            let wanted = self.world.demand.wanted(&self.world.node);
            self.act(wanted);
        }
    }

    fn ready(&mut self, was_starting: bool) {
        self.idle += 1;
        self.idle_count.fetch_add(1, SeqCst);
        if was_starting {
            self.world.demand.started();
        } else {
            self.world.demand.settled();
        }
        self.serve();
    }

    fn end(&mut self) {
        self.world.alive.fetch_sub(1, SeqCst);
        self.world.demand.ended(&self.world.node);
        self.serve();
    }

    fn answer(&mut self, job: usize) {
        self.world.answered[job].fetch_add(1, SeqCst);
        self.world.left.fetch_sub(1, SeqCst);
    }

    /// One thing that can happen happens; whether any could.
    fn step(&mut self) -> bool {
        match self.random(10) {
            0 | 1 if self.starting > 0 => {
                self.starting -= 1;
                self.ready(true);
            }
            // A start that fails costs who has waited longest the result.
            2 if self.starting > 0 => {
                self.starting -= 1;
                self.world.demand.started();
                if let Some(job) = self.world.demand.take() {
                    self.answer(job);
                }
                self.end();
            }
            3..=5 if !self.busy.is_empty() => {
                let job = self.busy.remove(0);
                self.settling += 1;
                self.world.demand.answered();
                self.answer(job);
            }
            6 if !self.busy.is_empty() => {
                let job = self.busy.remove(0);
                self.answer(job);
                self.end();
            }
            7 if self.idle > 0 => {
                self.idle -= 1;
                self.idle_count.fetch_sub(1, SeqCst);
                self.end();
            }
            8 if self.settling > 0 => {
                self.settling -= 1;
                self.ready(false);
            }
            // It takes its time, and in this world never comes back.
            9 if self.settling > 0 => {
                self.settling -= 1;
                self.world.demand.settled();
                self.serve();
                self.end();
            }
            _ => return self.starting + self.settling > 0 || !self.busy.is_empty(),
        }
        true
    }

    fn run(mut self, jobs: std::ops::Range<usize>) {
        let mut jobs = jobs.peekable();
        while self.world.left.load(SeqCst) > 0 {
            if jobs.peek().is_some() && self.random(6) == 0 {
                let job = jobs.next().expect("peeked");
                self.submit(job);
            }
            let can_go_on = self.step() || jobs.peek().is_some();
            if can_go_on {
                while self.inbox.try_recv().is_ok() {
                    self.serve();
                }
                continue;
            }
            // Nothing happens here any more unless somebody pokes: a lost wake-up would show as this timeout.
            for waited_ms in 0.. {
                match self.inbox.recv_timeout(Duration::from_millis(1)) {
                    Ok(()) => {
                        self.serve();
                        break;
                    }
                    Err(RecvTimeoutError::Timeout) if self.world.left.load(SeqCst) == 0 => break,
                    Err(RecvTimeoutError::Timeout) => {
                        assert!(waited_ms < 20_000, "nobody serves who waits");
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        }
    }
}

/// Three shards with one function of at most four environments, which start, fail, answer, crash and fall idle at
/// random: every invocation gets exactly one result, and there are never more environments than may be.
#[test]
fn no_wake_up_is_lost_and_no_limit_crossed() {
    for seed in 1..=6_u64 {
        let world = World {
            demand: Demand::new(4),
            node: Node::new(100),
            alive: AtomicU32::new(0),
            alive_max: AtomicU32::new(0),
            answered: (0..SHARDS * JOBS).map(|_| AtomicU32::new(0)).collect(),
            left: AtomicUsize::new(SHARDS * JOBS),
        };
        let (pokes, inboxes): (Vec<_>, Vec<_>) = (0..SHARDS).map(|_| channel()).unzip();
        std::thread::scope(|scope| {
            for (index, inbox) in inboxes.into_iter().enumerate() {
                let shard = Shard {
                    world: &world,
                    index,
                    idle: 0,
                    idle_count: world.demand.desk(index),
                    starting: 0,
                    busy: Vec::new(),
                    settling: 0,
                    pokes: pokes.clone(),
                    inbox,
                    random: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed) + index as u64,
                };
                scope.spawn(move || shard.run(index * JOBS..(index + 1) * JOBS));
            }
        });
        assert!(world.answered.iter().all(|count| count.load(Relaxed) == 1), "seed {seed}");
        let alive_max = world.alive_max.load(Relaxed);
        assert!((1..=4).contains(&alive_max), "seed {seed}: {alive_max}");
    }
}
