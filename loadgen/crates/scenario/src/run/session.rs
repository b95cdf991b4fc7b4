//! What one user does, from its first request to its last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use goose::goose::{GooseUser, TransactionResult};
use tokio::sync::watch;

use super::dispatch::Queue;
use super::send::Sender;
use super::tally::{End, Tally};
use super::target::Target;
use crate::scenario::{Load, Order, Request, Scenario, UserKind, UserStage};
use crate::template::Draw;

/// The longest sleep between two looks at whether the run was stopped.
const LOOK: Duration = Duration::from_millis(250);

/// What requests say of who sends them.
const USER_AGENT: &str = concat!("loadgen/", env!("CARGO_PKG_VERSION"));

/// What all users of a run share.
pub(super) struct Shared {
    pub(super) scenario: Scenario,
    pub(super) target: Target,
    pub(super) host: Option<String>,
    pub(super) tally: Tally,
    pub(super) queue: Queue,
    pub(super) count_max: u64,
    pub(super) seed: u64,
    pub(super) insecure: bool,
    /// Users that are there.
    pub(super) ready: AtomicUsize,
    /// Users that are there, by kind.
    pub(super) of_kind: Vec<AtomicUsize>,
    /// Time zero, once all users are there.
    pub(super) zero: watch::Receiver<Option<Instant>>,
}

impl Shared {
    /// A client that takes answers as they are: no redirects followed, no compression, no proxy of the environment.
    pub(super) fn client(&self) -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .user_agent(USER_AGENT)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(usize::MAX)
            // A target in the clear never sees TLS; without a verifier, a client takes a tenth of the time to build.
            .tls_danger_accept_invalid_certs(self.insecure || !self.target.is_tls)
            .build()
    }
}

/// Whether this process's last run on goose was stopped: by Ctrl-C, which goose catches, or from within.
#[must_use]
pub fn is_stopped() -> bool {
    goose::is_killswitch_triggered()
}

/// A goose transaction: all that one user of `kind` does.
pub(super) async fn session(
    shared: Arc<Shared>,
    kind: usize,
    user: &mut GooseUser,
) -> TransactionResult {
    let index = shared.of_kind[kind].fetch_add(1, Ordering::Relaxed);
    shared.ready.fetch_add(1, Ordering::Release);
    let mut zero = shared.zero.clone();
    // The sender goes only when the run is given up.
    let Ok(zero) = zero.wait_for(Option::is_some).await.map(|zero| *zero) else { return Ok(()) };
    let Some(zero) = zero else { return Ok(()) };
    tokio::time::sleep_until(zero.into()).await;
    match &shared.scenario.load {
        Load::Users(stages) => closed(&shared, stages, kind, index, zero, user).await,
        Load::Arrivals(_) => open(&shared, zero, user).await,
    }
}

async fn closed(
    shared: &Shared,
    stages: &[UserStage],
    kind: usize,
    index: usize,
    zero: Instant,
    user: &mut GooseUser,
) -> TransactionResult {
    let scenario = &shared.scenario;
    let of = &scenario.users[kind];
    let number = user.weighted_users_index;
    let mut draw = Draw::new(shared.seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9));
    let mut chooser = Chooser::new(scenario, of);
    while let Some(next) = next_active(stages, number, zero.elapsed()) {
        if !pause(next.saturating_sub(zero.elapsed())).await {
            break;
        }
        let at = chooser.next(&mut draw);
        let Some(count) = shared.tally.begin(at, shared.count_max) else { break };
        draw.counter = count;
        let started = Instant::now();
        let request = &scenario.requests[at];
        let client = user.client.clone();
        let sender = Sender {
            client: &client,
            target: &shared.target,
            host: shared.host.as_deref(),
            timeout: scenario.timeout,
            index,
        };
        let end = sender.send(request, &of.auth, of.slow, &mut draw).await;
        let latency = started.elapsed();
        shared.tally.end(at, &end, latency, zero.elapsed());
        record(user, request, &end, latency).await?;
        if let Some((from, to)) = of.think {
            let think = draw.between(from.as_micros() as u64, to.as_micros() as u64);
            if !pause(Duration::from_micros(think)).await {
                break;
            }
        }
    }
    Ok(())
}

async fn open(shared: &Shared, zero: Instant, user: &mut GooseUser) -> TransactionResult {
    let scenario = &shared.scenario;
    let client = user.client.clone();
    let mut draw =
        Draw::new(shared.seed ^ (user.weighted_users_index as u64 + 1).wrapping_mul(0x9e37_79b9));
    // What still waits a timeout after the schedule's end is not sent: a target that hangs must not hold the run.
    let ends = scenario.load.lasts() + scenario.timeout;
    while let Some(arrival) = shared.queue.take().await {
        if zero.elapsed() > ends {
            continue;
        }
        let Some(count) = shared.tally.begin(arrival.request, shared.count_max) else { continue };
        if arrival.was_awaited {
            shared.tally.late(zero.elapsed().saturating_sub(arrival.due));
        }
        draw.counter = count;
        let of = &scenario.users[arrival.kind];
        let request = &scenario.requests[arrival.request];
        let sender = Sender {
            client: &client,
            target: &shared.target,
            host: shared.host.as_deref(),
            timeout: scenario.timeout,
            index: arrival.index,
        };
        let end = sender.send(request, &of.auth, of.slow, &mut draw).await;
        let at = zero.elapsed();
        let latency = at.saturating_sub(arrival.due);
        shared.tally.end(arrival.request, &end, latency, at);
        record(user, request, &end, latency).await?;
    }
    Ok(())
}

/// Tells goose, so that its report has the same requests with the same latencies.
async fn record(
    user: &mut GooseUser,
    request: &Request,
    end: &End,
    latency: Duration,
) -> TransactionResult {
    let (status, error) = match end {
        End::Answer { status, is_expected: true } => (Some(*status), None),
        End::Answer { status, .. } => (Some(*status), Some(format!("status {status}"))),
        End::Failure(kind) => (None, Some((*kind).to_string())),
    };
    let name = goose_name(request);
    user.record_custom_request_duration(
        &request.method,
        name,
        latency,
        error.is_none(),
        status,
        error.as_deref(),
    )
    .await
}

/// goose writes the method in front of a name.
pub(super) fn goose_name(request: &Request) -> &str {
    let rest = request.name.strip_prefix(request.method.as_str());
    rest.and_then(|rest| rest.strip_prefix(' '))
        .filter(|rest| !rest.trim().is_empty())
        .unwrap_or(&request.name)
}

/// Sleeps; false when the run was stopped before.
async fn pause(span: Duration) -> bool {
    let until = Instant::now() + span;
    loop {
        if is_stopped() {
            return false;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

/// When, at `now` or later, user `number` has something to do; `None` when it is done.
fn next_active(stages: &[UserStage], number: usize, now: Duration) -> Option<Duration> {
    let mut start = Duration::ZERO;
    let number = number as f64;
    for stage in stages {
        let end = start + stage.lasts;
        if now < end {
            let (from, to) = (stage.from as f64, stage.to as f64);
            let lasts = stage.lasts.as_secs_f64();
            let into = now.saturating_sub(start).as_secs_f64();
            let level = from + (to - from) * into / lasts;
            if level > number {
                return Some(now.max(start));
            }
            if to > number {
                let crossing = (number - from) / (to - from) * lasts;
                // A millisecond past the crossing, the level is above the number for sure.
                return Some(start + Duration::from_secs_f64(crossing) + Duration::from_millis(1));
            }
        }
        start = end;
    }
    None
}

/// Chooses what a user does next.
pub(super) struct Chooser {
    order: Order,
    /// Requests, and the sum of weights up to and with each.
    steps: Vec<(usize, u64)>,
    at: usize,
}

impl Chooser {
    pub(super) fn new(scenario: &Scenario, kind: &UserKind) -> Self {
        let mut sum = 0;
        let steps = kind.steps.iter().map(|&step| {
            sum += u64::from(scenario.requests[step].weight);
            (step, sum)
        });
        Self { order: kind.order, steps: steps.collect(), at: 0 }
    }

    /// The index of the next request.
    pub(super) fn next(&mut self, draw: &mut Draw) -> usize {
        match self.order {
            Order::Sequence => {
                let step = self.steps[self.at].0;
                self.at = (self.at + 1) % self.steps.len();
                step
            }
            Order::Random => {
                let sum = self.steps.last().map_or(1, |step| step.1);
                let drawn = draw.between(1, sum);
                let at = self.steps.partition_point(|step| step.1 < drawn);
                self.steps[at].0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_come_and_go_with_the_stages() {
        let second = Duration::from_secs(1);
        let stage = |from, to| UserStage { from, to, lasts: second };
        let stages = [stage(0, 4), stage(4, 4), stage(1, 1)];
        let ms = Duration::from_millis;
        assert_eq!(next_active(&stages, 0, ms(0)), Some(ms(1)));
        assert_eq!(next_active(&stages, 2, ms(0)), Some(ms(501)));
        assert_eq!(next_active(&stages, 2, ms(501)), Some(ms(501)));
        assert_eq!(next_active(&stages, 3, ms(1999)), Some(ms(1999)));
        assert_eq!(next_active(&stages, 3, ms(2000)), None);
        assert_eq!(next_active(&stages, 0, ms(2999)), Some(ms(2999)));
        assert_eq!(next_active(&stages, 0, ms(3000)), None);
    }
}
