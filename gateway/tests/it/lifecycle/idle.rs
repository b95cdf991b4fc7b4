//! What an idle keep-alive connection costs.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use crate::hostile::{Hostile, get, resident_kib};
use crate::support::{Backend, Client, PATIENCE, find};

const CONNECTIONS: usize = 15_000;

/// Source addresses, so that no port range is the limit.
const SOURCES: usize = 5;

/// Resident memory of one connection, in bytes.
const EACH_BYTES_MAX: u64 = 4 * 1024;

/// Threads that open connections.
const THREADS: usize = 5;

/// Descriptors that the connections and everything else here take: both processes have their own limit.
const DESCRIPTORS: u64 = CONNECTIONS as u64 + 2_000;

/// A connection from another loopback address that has had one request.
fn open(addr: SocketAddr, source: usize) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(source).unwrap()));
    socket.bind(&SocketAddr::new(ip, 0).into()).unwrap();
    socket.connect_timeout(&addr.into(), PATIENCE).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&get("/s/mock")).unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 2048];
    while find(&seen, b"\r\n\r\nok").is_none() {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "closed: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
    stream
}

#[test]
fn fifteen_thousand_cost_little() {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < DESCRIPTORS) {
        println!("left out: {CONNECTIONS} connections; the hard limit of open files is {limit:?}");
        return;
    }
    // Only ever raised, so other tests of this process do not mind.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "[limits]\nconnections_max = 16000\n");
    let (addr, pid) = (hostile.gateway.addr(), hostile.gateway.pid());
    // What the first requests allocate for good is not a connection's.
    for _ in 0..200 {
        assert_eq!(Client::get(addr, "/s/mock").status, 200);
    }
    let before = resident_kib(pid);
    let started = Instant::now();
    let connections: Vec<Vec<TcpStream>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let share = (0..CONNECTIONS / THREADS).map(move |index| (thread + index) % SOURCES);
                scope.spawn(move || share.map(|source| open(addr, source)).collect())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let took = started.elapsed();
    let each = || (resident_kib(pid).saturating_sub(before)) * 1024 / CONNECTIONS as u64;
    // Buffers that opening took are given back over the next seconds.
    let deadline = Instant::now() + PATIENCE / 2;
    while each() > EACH_BYTES_MAX && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(250));
    }
    println!("{CONNECTIONS} idle connections: {} bytes resident each, opened in {took:?}", each());
    assert!(each() <= EACH_BYTES_MAX, "{} bytes each", each());
    assert!(hostile.descriptors() > CONNECTIONS, "they are all there");
    // Any of them can be used again.
    for mut stream in connections.into_iter().flatten().step_by(1_000) {
        stream.write_all(&get("/s/mock")).unwrap();
        assert!(stream.read(&mut [0; 2048]).unwrap() > 0);
    }
}
