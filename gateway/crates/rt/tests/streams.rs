//! Streams, listeners, timers and mailboxes, the same bodies on every backend and driver.

mod common;

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream as Peer};
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::{On, beside, echo, exchange, listen, pair, pattern};
use gateway_rt::limits::IDLE_RELEASE_MS;
use gateway_rt::mailbox::Full;
use gateway_rt::{Buf, Gate, Moment, TcpStream, Wait, mailbox};

#[test]
fn a_shard_stays_on_its_core() {
    let last = *gateway_rt::cpu::allowed().expect("readable").last().expect("a core");
    let on = [
        On::IoUring,
        On::Epoll,
        #[cfg(feature = "glommio")]
        On::Glommio,
    ];
    for on in on {
        common::run_pinned(on, Some(last), move || async move {
            assert_eq!(gateway_rt::cpu::allowed().expect("readable"), [last]);
            let (stream, mut peer) = pair().await;
            peer.write_all(b"hello").expect("connected");
            assert_eq!(stream.recv(Buf::take()).await.0.expect("connected"), 5);
            assert_eq!(gateway_rt::cpu::allowed().expect("readable"), [last]);
        });
    }
}

/// How late a busy machine may be, in milliseconds; far less than never.
const LATE_MS: u64 = 5_000;

on_every_backend!(
    a_stream_echoes,
    a_large_transfer_meets_backpressure_and_arrives_whole,
    two_parts_are_sent_as_far_as_the_socket_takes_them,
    a_connection_out_talks_both_ways,
    an_idle_stream_gives_its_buffer_back_and_wakes_on_data,
    no_byte_is_lost_when_data_meets_the_release,
    bytes_before_the_release_leave_no_deadline_behind,
    a_deadline_ends_a_recv,
    a_deadline_ends_a_send_that_nobody_reads,
    a_parked_stream_is_ended_for_draining,
    a_quiet_stream_is_told_from_others,
    a_refused_connection_says_so,
    connecting_to_nowhere_ends_by_timeout,
    many_connections_are_accepted,
    a_stopped_listener_ends_accept,
    a_mailbox_wakes_its_shard_for_every_message,
    a_mailbox_ends_when_its_senders_are_gone,
    a_gate_waits_for_those_inside,
    a_dropped_connect_leaves_the_shard_whole,
);

async fn a_stream_echoes() {
    let (stream, mut peer) = pair().await;
    let client = beside(move || {
        let bytes = pattern(40_000);
        for len in [1, 2, 100, 4096, 32 * 1024, 40_000] {
            assert_eq!(exchange(&mut peer, &bytes[..len]), bytes[..len]);
        }
        peer.shutdown(Shutdown::Write).expect("connected");
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).expect("the shard closes");
        assert!(rest.is_empty());
    });
    gateway_rt::spawn(async move {
        assert_eq!(echo(&stream).await, 1 + 2 + 100 + 4096 + 32 * 1024 + 40_000);
    });
    client.await;
}

async fn a_large_transfer_meets_backpressure_and_arrives_whole() {
    const LEN: usize = 16 * 1024 * 1024;
    let (stream, mut peer) = pair().await;
    let mut reader = peer.try_clone().expect("a descriptor");
    let sent = std::thread::spawn(move || {
        peer.write_all(&pattern(LEN)).expect("the shard reads");
        peer.shutdown(Shutdown::Write).expect("connected");
    });
    let client = beside(move || {
        // Late, so that both directions fill up first.
        std::thread::sleep(Duration::from_millis(300));
        let mut back = Vec::new();
        reader.read_to_end(&mut back).expect("the shard answers");
        assert!(back == pattern(LEN), "{} of {LEN} bytes", back.len());
        sent.join().expect("all is sent");
    });
    gateway_rt::spawn(async move {
        assert_eq!(echo(&stream).await, LEN);
    });
    client.await;
}

async fn two_parts_are_sent_as_far_as_the_socket_takes_them() {
    const LEN: usize = 64 * 1024 * 1024;
    let (stream, mut peer) = pair().await;
    let body = pattern(LEN);
    let sent = stream.try_send_parts(b"head", &body).expect("the socket is empty");
    assert!((5..LEN).contains(&sent), "{sent}");
    let again = stream.try_send_parts(&[], &body[sent - 4..]);
    let more = again.or_else(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Ok(0),
        _ => Err(error),
    });
    let total = sent + more.expect("the peer is there");
    drop(stream);
    let read = beside(move || {
        let mut read = Vec::new();
        // What is unread when the stream is dropped still arrives.
        peer.read_to_end(&mut read).expect("all that was sent");
        assert_eq!(&read[..4], b"head");
        assert_eq!(read.len(), total);
        assert!(read[4..] == pattern(LEN)[..total - 4]);
    });
    read.await;
}

async fn a_connection_out_talks_both_ways() {
    let (listener, address) = listen();
    gateway_rt::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        echo(&stream).await;
    });
    let stream = Rc::new(TcpStream::connect(address).await.expect("it listens"));
    let bytes = pattern(4 * 1024 * 1024);
    let sender = stream.clone();
    let expect = bytes.clone();
    gateway_rt::spawn(async move {
        for part in bytes.chunks(10_000) {
            let mut buf = Buf::take();
            assert!(buf.extend(part));
            sender.send(buf).await.0.expect("it reads");
        }
        sender.shutdown_write();
    });
    let mut back = Vec::new();
    loop {
        let (result, buf) = stream.recv(Buf::take()).await;
        if result.expect("it answers") == 0 {
            break;
        }
        back.extend_from_slice(buf.filled());
    }
    assert!(back == expect, "{} of {} bytes", back.len(), expect.len());
}

async fn an_idle_stream_gives_its_buffer_back_and_wakes_on_data() {
    let (stream, mut peer) = pair().await;
    let start = Moment::now();
    let before = gateway_rt::buf::pool_stats().in_use;
    let wait = stream.recv_or_idle(start, Buf::take()).await.expect("connected");
    assert!(matches!(wait, Wait::Idle));
    let waited_ms = Moment::now().micros_since(start) / 1000;
    assert!((IDLE_RELEASE_MS..IDLE_RELEASE_MS + LATE_MS).contains(&waited_ms), "{waited_ms} ms");
    assert_eq!(gateway_rt::buf::pool_stats().in_use, before, "no buffer is held");
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        peer.write_all(b"again").expect("connected");
        peer
    });
    stream.readable().await.expect("connected");
    let mut got = Vec::new();
    while got.len() < 5 {
        let (result, buf) = stream.recv(Buf::take()).await;
        assert!(result.expect("connected") > 0);
        got.extend_from_slice(buf.filled());
    }
    assert_eq!(got, b"again");
    assert!(!stream.has_expired());
    drop(sender.join());
    stream.readable().await.expect("an end is readable too");
    assert_eq!(stream.recv(Buf::take()).await.0.expect("an end"), 0);
}

/// Peers that send right around the moment at which their buffer is taken back.
async fn no_byte_is_lost_when_data_meets_the_release() {
    const PEERS: u64 = 48;
    const ROUNDS: u32 = 6;
    let idle = Rc::new(Cell::new(0));
    let direct = Rc::new(Cell::new(0));
    let gate = Gate::default();
    let mut peers = Vec::new();
    for index in 0..PEERS {
        let (stream, mut peer) = pair().await;
        peers.push(std::thread::spawn(move || {
            for round in 0..ROUNDS {
                let pause_us = (IDLE_RELEASE_MS - 40) * 1000 + index * 1600;
                std::thread::sleep(Duration::from_micros(pause_us));
                let message = [round.to_be_bytes(), (index as u32).to_be_bytes()].concat();
                assert_eq!(exchange(&mut peer, &message), message);
            }
        }));
        let (idle, direct) = (idle.clone(), direct.clone());
        let visit = gate.enter().expect("open");
        gateway_rt::spawn(async move {
            let _visit = visit;
            loop {
                let buf = match stream.recv_or_idle(Moment::now(), Buf::take()).await {
                    Ok(Wait::Received(0, _)) => return,
                    Ok(Wait::Received(_, buf)) => {
                        direct.set(direct.get() + 1);
                        buf
                    }
                    Ok(Wait::Idle) => {
                        idle.set(idle.get() + 1);
                        stream.readable().await.expect("connected");
                        let (result, buf) = stream.recv(Buf::take()).await;
                        if result.expect("connected") == 0 {
                            return;
                        }
                        buf
                    }
                    Err(e) => panic!("{e}"),
                };
                stream.send(buf).await.0.expect("connected");
            }
        });
    }
    beside(move || {
        for peer in peers {
            peer.join().expect("every message came back");
        }
    })
    .await;
    assert_eq!(gate.emptied(Moment::now() + Duration::from_secs(5)).await, 0);
    assert!(idle.get() > 0 && direct.get() > 0, "{} idle, {} not", idle.get(), direct.get());
}

async fn bytes_before_the_release_leave_no_deadline_behind() {
    let (stream, mut peer) = pair().await;
    peer.write_all(b"now").expect("connected");
    let wait = stream.recv_or_idle(Moment::now(), Buf::take()).await.expect("connected");
    assert!(matches!(wait, Wait::Received(3, _)));
    gateway_rt::sleep(Duration::from_millis(IDLE_RELEASE_MS + 100)).await;
    assert!(!stream.has_expired());
    peer.write_all(b"later").expect("connected");
    assert_eq!(stream.recv(Buf::take()).await.0.expect("connected"), 5);
}

async fn a_deadline_ends_a_recv() {
    let (stream, _peer) = pair().await;
    let start = Moment::now();
    stream.set_deadline(start + Duration::from_millis(100));
    let (result, _) = stream.recv(Buf::take()).await;
    assert!(matches!(result, Ok(0) | Err(_)), "{result:?}");
    assert!(stream.has_expired());
    let waited_ms = Moment::now().micros_since(start) / 1000;
    assert!((100..100 + LATE_MS).contains(&waited_ms), "{waited_ms} ms");
}

async fn a_deadline_ends_a_send_that_nobody_reads() {
    let (stream, _peer) = pair().await;
    stream.set_deadline(Moment::now() + Duration::from_millis(300));
    let mut sent = 0_usize;
    let error = loop {
        let mut buf = Buf::take();
        assert!(buf.extend(&[7; 32 * 1024]));
        match stream.send(buf).await.0 {
            Ok(()) => sent += 32 * 1024,
            Err(e) => break e,
        }
        assert!(sent < 1 << 30, "the peer does not read");
    };
    assert!(stream.has_expired(), "{error}");
}

async fn a_parked_stream_is_ended_for_draining() {
    let (parked, _peer) = pair().await;
    let (busy, mut other) = pair().await;
    gateway_rt::spawn(async {
        gateway_rt::sleep(Duration::from_millis(50)).await;
        gateway_rt::end_parked_connections(Moment::now());
    });
    let _ = parked.readable().await;
    assert!(matches!(parked.recv(Buf::take()).await.0, Ok(0) | Err(_)));
    other.write_all(b"still here").expect("connected");
    assert_eq!(busy.recv(Buf::take()).await.0.expect("connected"), 10);
}

async fn a_quiet_stream_is_told_from_others() {
    let (stream, mut peer) = pair().await;
    assert!(stream.is_quiet());
    peer.write_all(b"x").expect("connected");
    stream.readable().await.expect("connected");
    assert!(!stream.is_quiet(), "it has something to say");
    assert_eq!(stream.recv(Buf::take()).await.0.expect("connected"), 1);
    assert!(stream.is_quiet());
    drop(peer);
    stream.readable().await.expect("an end is readable");
    assert!(!stream.is_quiet(), "it has finished");
}

async fn a_refused_connection_says_so() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("bound");
    drop(closed);
    let error = TcpStream::connect(address).await.err().expect("nobody listens");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

async fn connecting_to_nowhere_ends_by_timeout() {
    // A listener whose queue is full drops what comes, like a host that is not there.
    let full =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    full.bind(&any.into()).expect("a free port");
    full.listen(0).expect("bound");
    let address = full.local_addr().expect("bound").as_socket().expect("IPv4");
    let mut waiting = Vec::new();
    while let Ok(peer) = Peer::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(peer);
    }
    let start = Instant::now();
    let outcome =
        gateway_rt::timeout(Duration::from_millis(200), TcpStream::connect(address)).await;
    assert!(outcome.is_none(), "nobody accepts");
    let waited = start.elapsed();
    assert!((200..200 + u128::from(LATE_MS)).contains(&waited.as_millis()), "{waited:?}");
    // The shard goes on: another connection works while the dropped one is being cancelled.
    a_connection_out_talks_both_ways().await;
}

async fn a_dropped_connect_leaves_the_shard_whole() {
    // Dropped when it has just begun, again and again: the kernel may still complete it.
    for round in 0..200 {
        let (listener, address) = listen();
        let outcome =
            gateway_rt::timeout(Duration::from_micros(round), TcpStream::connect(address)).await;
        drop((outcome, listener));
    }
    a_connection_out_talks_both_ways().await;
}

async fn many_connections_are_accepted() {
    const COUNT: usize = 200;
    let (listener, address) = listen();
    let peers = std::thread::spawn(move || {
        let peers: Vec<Peer> =
            (0..COUNT).map(|_| Peer::connect(address).expect("it listens")).collect();
        for (index, mut peer) in peers.into_iter().enumerate() {
            let message = (index as u32).to_be_bytes();
            assert_eq!(exchange(&mut peer, &message), message);
        }
    });
    let gate = Gate::default();
    for _ in 0..COUNT {
        let (stream, _) = listener.accept().await.expect("a connection");
        let visit = gate.enter().expect("open");
        gateway_rt::spawn(async move {
            let _visit = visit;
            assert_eq!(echo(&stream).await, 4);
        });
    }
    beside(move || peers.join().expect("all are answered")).await;
    assert_eq!(gate.emptied(Moment::now() + Duration::from_secs(5)).await, 0);
}

async fn a_stopped_listener_ends_accept() {
    let (listener, address) = listen();
    let listener = Rc::new(listener);
    let other = listener.clone();
    gateway_rt::spawn(async move {
        gateway_rt::sleep(Duration::from_millis(50)).await;
        other.stop();
    });
    assert!(listener.accept().await.is_err());
    assert!(listener.accept().await.is_err());
    assert!(Peer::connect(address).is_err(), "the address is free");
}

async fn a_mailbox_wakes_its_shard_for_every_message() {
    const SENDERS: u32 = 4;
    const EACH: u32 = 2_500;
    let (sender, receiver) = mailbox(64).expect("descriptors");
    let mut inbox = receiver.attach().expect("the driver takes it");
    let mut threads = Vec::new();
    for from in 0..SENDERS {
        let sender = sender.clone();
        threads.push(std::thread::spawn(move || {
            let mut refused = 0;
            for number in 0..EACH {
                let mut message = (from, number);
                while let Err(Full(back)) = sender.try_send(message) {
                    refused += 1;
                    message = back;
                    std::thread::yield_now();
                }
                if number % 500 == 0 {
                    // Time for the shard to fall asleep, so that it must be woken again.
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            refused
        }));
    }
    let mut next = [0; SENDERS as usize];
    for _ in 0..SENDERS * EACH {
        let (from, number) = inbox.recv().await.expect("the senders are there");
        assert_eq!(next[from as usize], number, "each sender's order is kept");
        next[from as usize] += 1;
    }
    for thread in threads {
        thread.join().expect("all was sent");
    }
    assert_eq!(next, [EACH; SENDERS as usize]);
}

async fn a_mailbox_ends_when_its_senders_are_gone() {
    let (sender, receiver) = mailbox(2).expect("descriptors");
    for number in 0..2 {
        assert!(sender.try_send(number).is_ok());
    }
    assert!(matches!(sender.try_send(2), Err(Full(2))), "the message comes back");
    let mut inbox = receiver.attach().expect("the driver takes it");
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(sender);
    });
    assert_eq!(inbox.recv().await, Some(0));
    assert_eq!(inbox.recv().await, Some(1));
    assert_eq!(inbox.recv().await, None);
}

async fn a_gate_waits_for_those_inside() {
    let gate = Gate::default();
    for index in 0..10_u64 {
        let visit = gate.enter().expect("open");
        gateway_rt::spawn(async move {
            gateway_rt::sleep(Duration::from_millis(20 + index * 20)).await;
            drop(visit);
        });
    }
    let forever = gate.enter().expect("open");
    gate.close();
    assert!(gate.is_closed() && gate.enter().is_none());
    assert_eq!(gate.inside(), 11);
    let start = Instant::now();
    assert_eq!(gate.emptied(Moment::now() + Duration::from_millis(400)).await, 1);
    assert!(start.elapsed() >= Duration::from_millis(400));
    drop(forever);
    assert_eq!(gate.emptied(Moment::now() + Duration::from_secs(5)).await, 0);
}
