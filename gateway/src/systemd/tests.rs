use super::*;

fn variables<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

/// A stand-in for systemd: its socket, and what arrives on it.
struct Listener(UnixDatagram);

impl Listener {
    fn bind(address: &SocketAddr) -> Self {
        let socket = UnixDatagram::bind_addr(address).expect("binds");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("sets");
        Self(socket)
    }

    fn receive(&self) -> String {
        let mut buffer = [0; 512];
        let len = self.0.recv(&mut buffer).expect("a message");
        String::from_utf8(buffer[..len].to_vec()).expect("text")
    }
}

#[test]
fn messages_have_the_documented_form() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let listener = Listener::bind(&SocketAddr::from_pathname(&path).expect("an address"));
    let path = path.to_str().expect("text");
    let notifier =
        Notifier::from_environment(variables(&[("NOTIFY_SOCKET", path)])).expect("connects");
    assert!(notifier.socket.is_some());

    notifier.ready("serving 2 stages\nREADY=0").expect("sent");
    assert_eq!(listener.receive(), "READY=1\nSTATUS=serving 2 stages READY=0");
    notifier.status("fine").expect("sent");
    assert_eq!(listener.receive(), "STATUS=fine");
    notifier.stopping("draining").expect("sent");
    assert_eq!(listener.receive(), "STOPPING=1\nSTATUS=draining");
    notifier.watchdog().expect("sent");
    assert_eq!(listener.receive(), "WATCHDOG=1");

    let before = monotonic_micros();
    notifier.reloading().expect("sent");
    let message = listener.receive();
    let stamp = message.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("the stamp");
    let stamp: i64 = stamp.parse().expect("a number");
    assert!((before..=monotonic_micros()).contains(&stamp), "{stamp}");
}

#[test]
fn an_abstract_socket_is_reached() {
    let name = format!("gateway-test-{}", std::process::id());
    let listener = Listener::bind(&SocketAddr::from_abstract_name(&name).expect("an address"));
    let name = format!("@{name}");
    let notifier =
        Notifier::from_environment(variables(&[("NOTIFY_SOCKET", &name)])).expect("connects");
    notifier.watchdog().expect("sent");
    assert_eq!(listener.receive(), "WATCHDOG=1");
}

#[test]
fn without_systemd_there_is_silence() {
    for pairs in [&[][..], &[("NOTIFY_SOCKET", "")]] {
        let notifier = Notifier::from_environment(variables(pairs)).expect("silent");
        assert!(notifier.socket.is_none());
        notifier.ready("nobody hears").expect("nothing to do");
    }
}

#[test]
fn an_unknown_kind_of_socket_is_an_error() {
    let pairs = [("NOTIFY_SOCKET", "vsock:2:1234")];
    let error = Notifier::from_environment(variables(&pairs)).expect_err("refused");
    assert!(error.to_string().contains("vsock:2:1234"));
}

#[test]
fn a_socket_that_is_gone_is_an_error_and_not_a_hang() {
    let pairs = [("NOTIFY_SOCKET", "/nonexistent/notify")];
    let notifier = Notifier::from_environment(variables(&pairs)).expect("not yet used");
    assert!(notifier.watchdog().is_err());
}

#[test]
fn the_watchdog_is_fed_twice_as_often_as_needed() {
    let interval = |pairs: &[(&str, &str)]| watchdog_interval(variables(pairs), 7);
    let half = Some(Duration::from_secs(5));
    assert_eq!(interval(&[("WATCHDOG_USEC", "10000000")]), half);
    assert_eq!(interval(&[("WATCHDOG_USEC", "10000000"), ("WATCHDOG_PID", "7")]), half);
    assert_eq!(interval(&[("WATCHDOG_USEC", "10000000"), ("WATCHDOG_PID", "8")]), None);
    assert_eq!(interval(&[("WATCHDOG_USEC", "10000000"), ("WATCHDOG_PID", "x")]), None);
    assert_eq!(interval(&[("WATCHDOG_USEC", "0")]), None);
    assert_eq!(interval(&[]), None);
}

#[test]
fn activated_sockets_have_names_in_order() {
    let pairs = [("LISTEN_FDS", "2"), ("LISTEN_PID", "7"), ("LISTEN_FDNAMES", "http:ops")];
    let socket = |fd, name: &str| ActivatedSocket { fd, name: name.to_owned() };
    assert_eq!(
        activated_sockets(variables(&pairs), 7),
        Ok(vec![socket(3, "http"), socket(4, "ops")])
    );
    assert_eq!(activated_sockets(variables(&pairs), 8), Ok(vec![]), "another process's");
    assert_eq!(activated_sockets(variables(&[]), 7), Ok(vec![]));
    let unnamed = [("LISTEN_FDS", "1"), ("LISTEN_PID", "7")];
    assert_eq!(activated_sockets(variables(&unnamed), 7), Ok(vec![socket(3, "unknown")]));
}

#[test]
fn contradictory_activation_is_an_error() {
    for pairs in [
        &[("LISTEN_FDS", "x"), ("LISTEN_PID", "7")][..],
        &[("LISTEN_FDS", "-1"), ("LISTEN_PID", "7")],
        &[("LISTEN_FDS", "99999"), ("LISTEN_PID", "7")],
        &[("LISTEN_FDS", "1"), ("LISTEN_PID", "7"), ("LISTEN_FDNAMES", "a:b")],
    ] {
        assert!(activated_sockets(variables(pairs), 7).is_err(), "{pairs:?}");
    }
}
