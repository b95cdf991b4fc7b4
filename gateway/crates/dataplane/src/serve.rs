//! Accepting connections, and a connection between its requests.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use gateway_rt::{BoundListener, Inbox, Moment, Receiver, Stream, TcpListener, Visit};
use gateway_throttle::Instant;

use crate::connection::{self, Client, Next};
use crate::explain;
use crate::lambda::direct;
use crate::limits::{ACCEPT_RETRY_MS, DRAIN_GRACE_MS, LEASE_LOOK_MS};
use crate::shard::{Command, Event, Shard};
use crate::trial;

/// What a shard does until it is told to drain: takes connections and commands.
///
/// # Errors
/// When a listener or the mailbox cannot be brought onto the shard.
pub async fn run(
    shard: Shard,
    listeners: Vec<BoundListener>,
    commands: Receiver<Command>,
) -> io::Result<()> {
    let shard = Rc::new(shard);
    let listeners: Vec<Rc<TcpListener>> = listeners
        .into_iter()
        .map(|bound| TcpListener::new(bound).map(Rc::new))
        .collect::<io::Result<_>>()?;
    let inbox = commands.attach()?;
    gateway_rt::spawn(housekeep(shard.clone()));
    gateway_rt::spawn(keep_leases(shard.clone()));
    (shard.report)(shard.index, Event::Listening);
    let timeout = obey(&shard, inbox, &listeners).await;
    drain(&shard, &listeners, timeout).await;
    Ok(())
}

/// Carries out commands until the one to drain; says how long draining may take.
///
/// Accepting starts with the first snapshot: a client that is early waits in the queue of its socket,
/// and does not hear that there is no such stage.
async fn obey(
    shard: &Rc<Shard>,
    mut inbox: Inbox<Command>,
    listeners: &[Rc<TcpListener>],
) -> Duration {
    let mut waiting = listeners.iter();
    while let Some(command) = inbox.recv().await {
        match command {
            Command::Prepare { snapshot, metrics } => shard.prepare(snapshot, metrics),
            Command::Commit { generation } => {
                shard.commit(generation);
                for listener in waiting.by_ref() {
                    gateway_rt::spawn(accept(shard.clone(), listener.clone()));
                }
            }
            Command::Abort => shard.abort(),
            Command::Resolved(answer) => shard.upstreams.resolver().answer(answer),
            Command::Landed { flight } => shard.flights.landed_on(flight),
            Command::Function(notice) => shard.functions.notice(notice),
            Command::ServeWaiting => shard.functions.serve_waiting(),
            Command::Try(trial) => trial::start(shard, *trial),
            Command::Invoke(direct) => {
                gateway_rt::spawn(direct::invoke(shard.clone(), direct));
            }
            Command::Explain { head, reply } => reply(explain::explain(shard, &head)),
            Command::Drain { timeout } => {
                // What requests in flight wait for must still come.
                let shard = shard.clone();
                gateway_rt::spawn(async move {
                    while let Some(command) = inbox.recv().await {
                        match command {
                            Command::Resolved(answer) => {
                                shard.upstreams.resolver().answer(answer);
                            }
                            Command::Landed { flight } => shard.flights.landed_on(flight),
                            Command::Function(notice) => shard.functions.notice(notice),
                            Command::ServeWaiting => shard.functions.serve_waiting(),
                            _ => {}
                        }
                    }
                });
                return timeout;
            }
        }
    }
    Duration::ZERO
}

async fn drain(shard: &Shard, listeners: &[Rc<TcpListener>], timeout: Duration) {
    let deadline = Moment::now() + timeout;
    shard.gate.close();
    // Connections that the kernel has taken for us are served once more before the door shuts.
    gateway_rt::sleep(Duration::from_millis(gateway_rt::limits::TICK_MS)).await;
    for listener in listeners {
        listener.stop();
    }
    let cut = loop {
        let now = Moment::now();
        if shard.gate.inside() == 0 || now >= deadline {
            break shard.gate.inside();
        }
        // One that was busy a moment ago, or has just been made, may have a request under way.
        gateway_rt::end_parked_connections(now - Duration::from_millis(DRAIN_GRACE_MS));
        gateway_rt::sleep(Duration::from_millis(gateway_rt::limits::TICK_MS)).await;
    };
    shard.functions.shut_down();
    shard.leases.borrow_mut().release_all(now_of_buckets());
    shard.log.borrow_mut().tick();
    (shard.report)(shard.index, Event::Drained(cut));
}

async fn housekeep(shard: Rc<Shard>) {
    let mut count = 0_u32;
    loop {
        gateway_rt::sleep(Duration::from_millis(100)).await;
        shard.metrics.loop_ticks.increment();
        shard.log.borrow_mut().tick();
        shard.flights.look(Moment::recent());
        count += 1;
        if count.is_multiple_of(2) {
            shard.level1.borrow_mut().sweep(Moment::recent().aged_micros());
        }
        if count.is_multiple_of(10) {
            shard.housekeep(Moment::now());
        }
    }
}

/// Gives back tokens that this shard took and does not use, so that another may have them.
async fn keep_leases(shard: Rc<Shard>) {
    loop {
        shard.lease_bell.wait_until(|| shard.leases.borrow().has_leases()).await;
        gateway_rt::sleep(Duration::from_millis(LEASE_LOOK_MS)).await;
        shard.leases.borrow_mut().expire(now_of_buckets());
    }
}

fn now_of_buckets() -> Instant {
    Instant(Moment::now().micros() * 1_000)
}

async fn accept(shard: Rc<Shard>, listener: Rc<TcpListener>) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if shard.gate.is_closed() {
                    return;
                }
                tracing::error!(address = %listener.local_addr(), %error, "Accepting failed");
                gateway_rt::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                continue;
            }
        };
        if shard.gate.inside() >= shard.settings.connections_max {
            shard.metrics.connections_refused.increment();
            continue;
        }
        shard.metrics.connections_accepted.increment();
        let visit = shard.gate.enter_late();
        gateway_rt::spawn(connect(shard.clone(), stream.into(), peer, listener.port(), visit));
    }
}

/// A connection from its first byte to its last. Between requests it waits here, holding no
/// buffer and no exchange: this future is all that an idle connection costs.
async fn connect(shard: Rc<Shard>, stream: Stream, peer: SocketAddr, port: u16, visit: Visit) {
    shard.metrics.connections_active.increment();
    let client = Client::new(stream, peer, port);
    let mut wait_until = Moment::now() + shard.settings.client_header;
    loop {
        shard.metrics.connections_idle.increment();
        client.stream.set_deadline(wait_until);
        let readable = client.stream.readable().await;
        shard.metrics.connections_idle.decrement();
        if readable.is_err() || client.stream.has_expired() {
            break;
        }
        // Boxed: the memory of a busy connection is not held by one that waits.
        match Box::pin(connection::serve(&shard, &client)).await {
            Next::Close => break,
            Next::Idle => wait_until = Moment::now() + shard.settings.keep_alive,
        }
        if shard.gate.is_closed() {
            break;
        }
    }
    shard.metrics.connections_active.decrement();
    drop(client);
    drop(visit);
}
