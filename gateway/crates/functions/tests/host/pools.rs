//! How many environments there are, who gets one, and when they end.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use gateway_functions::{Exit, HostSettings, InvokeError};

use crate::world::{LONG, Script, World, echo, invocation, plan, settings};

/// Echoes after `ms`, and counts how many do so at once.
fn slow(ms: u64, busy_max: Arc<AtomicUsize>) -> Script {
    let busy = AtomicUsize::new(0);
    Arc::new(move |runtime| {
        while let Some(event) = runtime.next() {
            busy_max.fetch_max(busy.fetch_add(1, SeqCst) + 1, SeqCst);
            std::thread::sleep(Duration::from_millis(ms));
            busy.fetch_sub(1, SeqCst);
            runtime.respond(&event.id(), &event.body);
        }
        Exit::Status(0)
    })
}

#[test]
fn a_burst_over_two_shards_never_exceeds_the_limit_and_all_are_answered() {
    for limit in [1, 3] {
        let busy_max = Arc::new(AtomicUsize::new(0));
        let world = World::with(2, settings(), plan(3_000, Some(limit)), slow(2, busy_max.clone()));
        let all: Vec<_> = (0..100)
            .map(|count| (count, world.begin(count % 2, invocation(&count.to_string()))))
            .collect();
        for (count, outcome) in all {
            let outcome = outcome.recv_timeout(LONG).expect("an outcome").expect("an outcome");
            assert_eq!(outcome.payload, count.to_string().as_bytes());
        }
        let limit = limit as usize;
        assert!(busy_max.load(SeqCst) <= limit, "{busy_max:?}");
        assert!(world.seen.alive_max.load(SeqCst) <= limit);
        let stats = &world.functions.stats()[0];
        assert_eq!((stats.invocations, stats.waiting, stats.throttles), (100, 0, 0));
        assert!(stats.environments as usize <= limit);
    }
}

#[test]
fn an_idle_environment_of_another_shard_is_used_before_another_is_started() {
    let world = World::with(2, settings(), plan(3_000, None), echo());
    world.succeeds(0, "1");
    world.until("it is idle", |world| world.functions.stats()[0].idle == 1);
    for count in 0..10 {
        world.succeeds(1, &count.to_string());
        world.until("it is idle", |world| world.functions.stats()[0].idle == 1);
    }
    assert_eq!(world.functions.stats()[0].cold_starts, 1);
    assert!(world.seen.pokes.load(SeqCst) >= 20, "there and back");
}

#[test]
fn without_waiting_the_one_too_many_is_throttled_at_once() {
    let settings = HostSettings { wait_max: Duration::ZERO, ..settings() };
    let script = slow(200, Arc::default());
    let world = World::with(1, settings, plan(3_000, Some(2)), script);
    let first: Vec<_> = (0..2).map(|_| world.begin(0, invocation("1"))).collect();
    assert_eq!(world.invoke(0, "2"), Err(InvokeError::Throttled));
    for outcome in first {
        assert!(outcome.recv_timeout(LONG).expect("an outcome").is_ok());
    }
    world.succeeds(0, "3");
    let none = World::with(1, crate::world::settings(), plan(3_000, Some(0)), echo());
    assert_eq!(none.invoke(0, "1"), Err(InvokeError::Throttled));
    assert_eq!(none.functions.stats()[0].throttles, 1);
}

#[test]
fn who_waits_too_long_is_throttled_and_whose_deadline_passes_is_told_so() {
    let settings =
        HostSettings { wait_max: Duration::from_millis(100), waiting_max: 2, ..settings() };
    let world = World::with(1, settings, plan(3_000, Some(1)), slow(600, Arc::default()));
    let busy = world.begin(0, invocation("1"));
    world.until("it runs", |world| world.functions.stats()[0].invocations == 1);
    let hasty = gateway_functions::Invocation {
        deadline: gateway_rt::Moment::now() + Duration::from_millis(20),
        ..invocation("2")
    };
    let hasty = world.begin(0, hasty);
    let patient = world.begin(0, invocation("3"));
    assert_eq!(world.invoke(0, "4"), Err(InvokeError::Throttled), "two wait already");
    assert_eq!(hasty.recv_timeout(LONG).expect("an outcome"), Err(InvokeError::Deadline));
    assert_eq!(patient.recv_timeout(LONG).expect("an outcome"), Err(InvokeError::Throttled));
    assert!(busy.recv_timeout(LONG).expect("an outcome").is_ok());
    assert_eq!(world.functions.stats()[0].throttles, 2);
    assert_eq!(world.functions.stats()[0].invocations, 1, "who gave up is not begun");
}

#[test]
fn an_event_waits_for_as_long_as_it_takes() {
    let settings = HostSettings { wait_max: Duration::ZERO, ..settings() };
    let world = World::with(1, settings, plan(3_000, Some(1)), slow(20, Arc::default()));
    let plan = world.plan.clone();
    let taken = world.on(0, move |local| {
        let function = local.function(&plan);
        (0..10).all(|_| function.invoke_event(invocation("1")).is_ok())
    });
    assert!(taken);
    world.until("all have run", |world| {
        let stats = &world.functions.stats()[0];
        (stats.invocations, stats.idle) == (10, 1)
    });
    assert_eq!(world.seen.alive_max.load(SeqCst), 1);
}

#[test]
fn environments_that_nobody_uses_end() {
    let settings = HostSettings { idle_max: Duration::from_millis(200), ..settings() };
    let world = World::with(1, settings, plan(3_000, None), echo());
    world.succeeds(0, "1");
    world.housekeep(0);
    world.until("it is idle", |world| world.functions.stats()[0].idle == 1);
    std::thread::sleep(Duration::from_millis(250));
    world.housekeep(0);
    world.until("it is gone", |world| world.functions.stats()[0].environments == 0);
    assert_eq!(world.seen.killed.load(SeqCst), 1);
    world.succeeds(0, "2");
}

#[test]
fn environments_of_a_plan_that_is_gone_end_after_what_they_do() {
    let world = World::with(1, settings(), plan(3_000, None), slow(200, Arc::default()));
    world.succeeds(0, "1");
    world.until("it is idle", |world| world.functions.stats()[0].idle == 1);
    let plan = world.plan.clone();
    world.on(0, move |local| local.forget(&plan));
    world.until("the idle one is gone", |world| world.seen.alive.load(SeqCst) == 0);
    let busy = world.begin(0, invocation("2"));
    world.until("it runs", |world| world.functions.stats()[0].invocations == 2);
    let plan = world.plan.clone();
    world.on(0, move |local| local.forget(&plan));
    assert!(busy.recv_timeout(LONG).expect("an outcome").is_ok());
    world.until("the busy one is gone", |world| world.functions.stats()[0].environments == 0);
    let stats = &world.functions.stats()[0];
    assert_eq!((stats.environments, stats.invocations, stats.cold_starts), (0, 2, 2));
}

#[test]
fn an_idle_environment_makes_room_for_another_function() {
    let settings = HostSettings { environments_max: 1, ..settings() };
    let world = World::with(2, settings, plan(3_000, None), echo());
    world.succeeds(0, "1");
    world.until("it is idle", |world| world.functions.stats()[0].idle == 1);
    let other = plan(3_000, None);
    for shard in [0, 1, 0] {
        // A plan of its own each time: its environments are other ones.
        let plan = if shard == 0 { other.clone() } else { world.plan.clone() };
        let (sender, outcome) = std::sync::mpsc::channel();
        world.on(shard, move |local| {
            let function = local.function(&plan);
            gateway_rt::spawn(async move {
                let _ = sender.send(function.invoke(invocation("2")).await);
            });
        });
        let outcome = outcome.recv_timeout(LONG).expect("an outcome");
        assert!(outcome.is_ok_and(|outcome| !outcome.is_error));
    }
    assert_eq!(world.seen.alive_max.load(SeqCst), 1);
    assert_eq!(world.functions.stats()[0].cold_starts, 4);
}
