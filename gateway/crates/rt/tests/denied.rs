//! What happens when the kernel refuses: no ring, no descriptors. Each in a process of its own,
//! since neither can be taken back.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream as Peer};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{On, beside, echo, exchange, listen, pair};
use gateway_rt::{Driver, DriverChoice};

const CHILD: &str = "GATEWAY_RT_CHILD";

/// Runs the test `name` of this file again, as a child that knows it is one.
fn again(name: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts")
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn without_rings_the_shard_uses_epoll_and_the_reason_is_named() {
    const NAME: &str = "without_rings_the_shard_uses_epoll_and_the_reason_is_named";
    if !is_child() {
        let output = again(NAME).wait_with_output().expect("the child ends");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("served by epoll"), "{text}");
        return;
    }
    deny_rings();
    let error = Driver::probe(DriverChoice::IoUring).expect_err("rings are denied");
    let text = error.to_string();
    assert!(text.contains("kernel.io_uring_disabled") && text.contains("seccomp"), "{text}");
    assert_eq!(Driver::probe(DriverChoice::Auto).expect("a driver"), Driver::Epoll);
    common::run(On::Epoll, || async {
        let (stream, mut peer) = pair().await;
        let client = beside(move || assert_eq!(exchange(&mut peer, b"hello"), b"hello"));
        gateway_rt::spawn(async move {
            echo(&stream).await;
        });
        client.await;
        println!("served by epoll");
    });
}

/// Makes `io_uring_setup` fail with `EPERM` for this process, as a container's filter does.
fn deny_rings() {
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump_if_equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let result = libc::BPF_RET | libc::BPF_K;
    let op = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut program = [
        // The system call's number is the first word of what a filter sees.
        op(load, 0, 0, 0),
        op(jump_if_equal, 0, 1, libc::SYS_io_uring_setup as u32),
        op(result, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        op(result, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: takes numbers only.
    let rc = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(rc, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the filter and its program outlive the call, which copies them.
    let rc =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    assert_eq!(rc, 0, "{}", std::io::Error::last_os_error());
}

/// The child has descriptors for few connections; the parent wants more.
fn exhausted(name: &str, on: On) {
    const SPARE: u64 = 30;
    const PEERS: usize = 80;
    if is_child() {
        return serve_with_few_descriptors(on, SPARE);
    }
    let mut child = again(name);
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let address: SocketAddr = loop {
        let line = lines.next().expect("the child says where it listens").expect("text");
        if let Some((_, address)) = line.split_once("listens on ") {
            break address.parse().expect("an address");
        }
        if line.contains("left out") {
            child.wait().expect("the child ends");
            return println!("{line}");
        }
    };
    let connect = |_| {
        let peer = Peer::connect(address).expect("it listens");
        peer.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
        peer
    };
    let mut peers: Vec<Peer> = (0..PEERS).map(connect).collect();
    // The last ones are not accepted before the first have gone.
    peers[PEERS - 1].write_all(b"late?").expect("the kernel holds it");
    peers[PEERS - 1].set_read_timeout(Some(Duration::from_millis(500))).expect("a limit");
    let early = std::io::Read::read(&mut peers[PEERS - 1], &mut [0; 5]);
    assert!(early.is_err(), "the child was to be out of descriptors");
    peers[PEERS - 1].set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let mut last = peers.pop().expect("eighty");
    for mut peer in peers.drain(..) {
        assert_eq!(exchange(&mut peer, b"hello"), b"hello");
    }
    let mut back = [0; 5];
    std::io::Read::read_exact(&mut last, &mut back).expect("its turn came");
    assert_eq!(&back, b"late?");
    drop(child.stdin.take());
    drop(last);
    assert!(child.wait().expect("the child ends").success());
}

fn serve_with_few_descriptors(on: On, spare: u64) {
    common::run(on, move || async move {
        let (listener, address) = listen();
        gateway_rt::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("it pauses instead");
                gateway_rt::spawn(async move {
                    echo(&stream).await;
                });
            }
        });
        gateway_rt::sleep(Duration::from_millis(50)).await;
        let open = std::fs::read_dir("/proc/self/fd").expect("it is mounted").count() as u64;
        let limit = libc::rlimit { rlim_cur: open + spare, rlim_max: open + spare };
        // SAFETY: the limit outlives the call.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        println!("listens on {address}");
        // The parent closes it when it has seen enough.
        beside(|| std::io::stdin().lines().count()).await;
    });
}

#[test]
fn accepting_pauses_without_descriptors_on_io_uring() {
    exhausted("accepting_pauses_without_descriptors_on_io_uring", On::IoUring);
}

#[test]
fn accepting_pauses_without_descriptors_on_epoll() {
    exhausted("accepting_pauses_without_descriptors_on_epoll", On::Epoll);
}

#[cfg(feature = "glommio")]
#[test]
fn accepting_pauses_without_descriptors_on_glommio() {
    exhausted("accepting_pauses_without_descriptors_on_glommio", On::Glommio);
}
