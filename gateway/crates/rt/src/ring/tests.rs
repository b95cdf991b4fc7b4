use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

const TICK: Duration = Duration::from_millis(5);

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

/// A peer that does `what` with each of `count` connections, all at the same time.
fn peer(
    count: usize,
    what: impl Fn(TcpStream) + Send + Clone + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let (listener, address) = listener();
    let all = std::thread::spawn(move || {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                let (stream, what) = (listener.accept().expect("a client").0, what.clone());
                std::thread::spawn(move || what(stream))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    });
    (address, all)
}

fn echo(mut stream: TcpStream) {
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut bytes) {
        stream.write_all(&bytes[..n]).expect("a reader");
    }
}

fn ring(slots: usize) -> Ring {
    Ring::new(slots, TICK).expect("these tests need Linux 6.1 and io_uring")
}

/// Turns the ring until `seen`, which sees each event, says that it is enough.
fn until(ring: &mut Ring, mut seen: impl FnMut(usize, Event<'_>) -> bool) {
    let mut is_enough = false;
    while !is_enough {
        ring.turn().expect("a ring that turns");
        while let Some((slot, event)) = ring.next() {
            is_enough |= seen(slot, event);
        }
    }
    assert_eq!(ring.stray(), 0);
}

fn connect(ring: &mut Ring, slot: usize, address: SocketAddr) {
    ring.connect(slot, address).expect("a descriptor");
    until(ring, |at, event| {
        assert!(!matches!(event, Event::Ended(_)), "{event:?}");
        matches!(event, Event::Connected) && at == slot
    });
}

#[test]
fn many_connections_echo_again_and_again() {
    let (address, peer) = peer(50, echo);
    let mut ring = ring(50);
    (0..50).for_each(|slot| ring.connect(slot, address).expect("a descriptor"));
    let messages: Vec<Arc<[u8]>> =
        (0..50).map(|slot| format!("message {slot}").into_bytes().into()).collect();
    let mut left = [20; 50];
    let mut got = vec![Vec::new(); 50];
    while left.iter().any(|&left| left > 0) {
        ring.turn().expect("a ring that turns");
        while let Some((slot, event)) = ring.next() {
            let is_due = match event {
                Event::Connected => true,
                Event::Received(bytes) => {
                    got[slot].extend_from_slice(bytes);
                    let is_whole = got[slot].len() == messages[slot].len();
                    if is_whole {
                        assert_eq!(got[slot][..], messages[slot][..]);
                        got[slot].clear();
                        left[slot] -= 1;
                    }
                    is_whole && left[slot] > 0
                }
                Event::Tick => false,
                Event::Ended(_) | Event::Closed => panic!("{event:?}"),
            };
            if is_due {
                ring.send(slot, &messages[slot]);
            }
        }
    }
    assert_eq!(ring.stray(), 0);
    drop(ring);
    peer.join().expect("all peers saw the end");
}

#[test]
fn more_than_the_stock_holds_comes_whole_and_in_order() {
    const LEN: usize = 4 << 20;
    let (address, peer) = peer(1, |mut stream| {
        let bytes: Vec<u8> = (0..LEN).map(|at| (at / 7) as u8).collect();
        stream.write_all(&bytes).expect("a reader");
    });
    let mut ring = ring(1);
    connect(&mut ring, 0, address);
    // Meanwhile more comes than the stock has buffers for.
    std::thread::sleep(Duration::from_millis(100));
    let mut got = Vec::new();
    until(&mut ring, |_, event| match event {
        Event::Received(bytes) => {
            got.extend_from_slice(bytes);
            false
        }
        Event::Ended(how) => {
            how.expect("a peer that finished");
            true
        }
        _ => false,
    });
    assert_eq!(got.len(), LEN);
    assert!(got.iter().enumerate().all(|(at, &byte)| byte == (at / 7) as u8));
    peer.join().expect("no panic");
}

#[test]
fn what_the_socket_does_not_take_at_once_is_sent_later() {
    const LEN: usize = 16 << 20;
    let (address, peer) = peer(1, |mut stream| {
        std::thread::sleep(Duration::from_millis(50));
        let mut got = vec![0; LEN];
        stream.read_exact(&mut got).expect("all of it");
        assert!(got.iter().enumerate().all(|(at, &byte)| byte == (at / 9) as u8));
        stream.write_all(b"thanks").expect("a reader");
    });
    let mut ring = ring(1);
    connect(&mut ring, 0, address);
    ring.send(0, &(0..LEN).map(|at| (at / 9) as u8).collect::<Vec<u8>>().into());
    until(&mut ring, |_, event| match event {
        Event::Received(bytes) => bytes == b"thanks",
        Event::Ended(how) => panic!("{how:?}"),
        _ => false,
    });
    peer.join().expect("the bytes are right");
}

#[test]
fn a_closed_slot_is_free_and_the_old_peer_sees_the_end() {
    let (address, peer) = peer(3, echo);
    let mut ring = ring(1);
    for _ in 0..3 {
        connect(&mut ring, 0, address);
        ring.send(0, &b"hello"[..].into());
        until(&mut ring, |_, event| matches!(event, Event::Received(_)));
        ring.close(0);
        ring.close(0);
        until(&mut ring, |slot, event| {
            assert!(!matches!(event, Event::Ended(_) | Event::Received(_)), "{event:?}");
            slot == 0 && matches!(event, Event::Closed)
        });
    }
    peer.join().expect("all three saw the end");
}

#[test]
fn a_slot_may_be_closed_after_its_peer_has_finished() {
    let (address, peer) = peer(2, drop);
    let mut ring = ring(1);
    for _ in 0..2 {
        connect(&mut ring, 0, address);
        until(&mut ring, |_, event| matches!(event, Event::Ended(Ok(()))));
        ring.close(0);
        until(&mut ring, |_, event| matches!(event, Event::Closed));
    }
    peer.join().expect("no panic");
}

#[test]
fn nobody_there_is_an_end_with_an_error() {
    let address = listener().1;
    let mut ring = ring(1);
    ring.connect(0, address).expect("a descriptor");
    until(&mut ring, |_, event| match event {
        Event::Ended(how) => {
            assert_eq!(how.map_err(|e| e.kind()), Err(io::ErrorKind::ConnectionRefused));
            true
        }
        Event::Connected => panic!("nobody listens"),
        _ => false,
    });
}

#[test]
fn a_ring_ends_with_everything_under_way() {
    // A backlog of one that nobody accepts from: later connections are never made.
    let (listener, address) = listener();
    let (full, peer) = (address, peer(8, |mut stream| drop(stream.read(&mut [0; 1]))));
    let mut ring = ring(16);
    (0..8).for_each(|slot| connect(&mut ring, slot, peer.0));
    (8..16).for_each(|slot| ring.connect(slot, full).expect("a descriptor"));
    ring.send(0, &vec![0; 8 << 20].into());
    ring.close(3);
    ring.turn().expect("a ring that turns");
    drop(ring);
    peer.1.join().expect("all peers saw bytes or an end");
    drop(listener);
}

#[test]
fn time_is_told_while_nothing_else_happens() {
    let mut ring = ring(1);
    let started = std::time::Instant::now();
    let mut ticks = 0;
    until(&mut ring, |_, event| {
        ticks += u32::from(matches!(event, Event::Tick));
        ticks == 4
    });
    assert!(started.elapsed() >= 4 * TICK, "{:?}", started.elapsed());
}

#[test]
fn too_many_slots_are_refused() {
    let refused = Ring::new(RING_SLOTS_MAX + 1, TICK).map(drop);
    assert_eq!(refused.map_err(|e| e.kind()), Err(io::ErrorKind::InvalidInput));
}
