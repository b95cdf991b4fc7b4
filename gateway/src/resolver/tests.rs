use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Mutex;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig};

use super::*;

const NXDOMAIN: u8 = 3;
const SERVFAIL: u8 = 2;
const TYPE_A: u8 = 1;
const TYPE_AAAA: u8 = 28;

/// Answers by name: addresses, or a response code; silence for names it does not know.
#[derive(Clone)]
enum Says {
    Addresses(u32, Vec<IpAddr>),
    Code(u8),
}

/// A name server of a few lines: one question in, one message out (RFC 1035, section 4).
struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    fn start(names: &[(&str, Says)]) -> Self {
        let names: HashMap<String, Says> =
            names.iter().map(|(name, says)| ((*name).to_owned(), says.clone())).collect();
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        std::thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((n, peer)) = socket.recv_from(&mut packet) {
                let (name, end) = question_name(&packet[..n]);
                seen.lock().expect("whole").push(name.clone());
                if let Some(says) = names.get(&name) {
                    let reply = reply(&packet[..end + 4], packet[end + 1], says);
                    socket.send_to(&reply, peer).expect("loopback");
                }
            }
        });
        Self { address, asked }
    }

    fn resolver(&self) -> TokioResolver {
        let mut connection = ConnectionConfig::udp();
        connection.port = self.address.port();
        let server = NameServerConfig::new(self.address.ip(), true, vec![connection]);
        let search = vec!["corp.test.".parse().expect("a name")];
        let config = ResolverConfig::from_parts(None, search, vec![server]);
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        // Silence is waited for in a test; not for long.
        builder.options_mut().attempts = 1;
        let mut resolver = configured(builder).expect("a valid configuration");
        resolver.set_hosts(Arc::default());
        resolver
    }
}

/// The name of a message's question in lower case, and where it ends.
fn question_name(packet: &[u8]) -> (String, usize) {
    let mut at = 12;
    let mut labels = Vec::new();
    while packet[at] > 0 {
        let end = at + 1 + usize::from(packet[at]);
        labels.push(String::from_utf8_lossy(&packet[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    (labels.join("."), at + 1)
}

fn reply(question: &[u8], kind: u8, says: &Says) -> Vec<u8> {
    let (code, ttl, addresses) = match says {
        Says::Code(code) => (*code, 0, &[][..]),
        Says::Addresses(ttl, addresses) => (0, *ttl, &addresses[..]),
    };
    let fits = |a: &&IpAddr| (a.is_ipv4() && kind == TYPE_A) || (a.is_ipv6() && kind == TYPE_AAAA);
    let addresses: Vec<&IpAddr> = addresses.iter().filter(fits).collect();
    let mut message = question.to_vec();
    // Response, recursion desired and available; counts of one question and the answers.
    message[2..4].copy_from_slice(&[0x81, 0x80 | code]);
    message[4..12].copy_from_slice(&[0, 1, 0, addresses.len() as u8, 0, 0, 0, 0]);
    for address in addresses {
        // A pointer to the question's name, then type, class IN, TTL, length.
        message.extend([0xc0, 12, 0, kind, 0, 1]);
        message.extend(ttl.to_be_bytes());
        match address {
            IpAddr::V4(v4) => message.extend([&[0, 4][..], &v4.octets()].concat()),
            IpAddr::V6(v6) => message.extend([&[0, 16][..], &v6.octets()].concat()),
        }
    }
    message
}

fn addresses_of(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("an address")).collect()
}

/// Asks for `names` at once and collects the answers by name.
fn ask(resolver: TokioResolver, names: &[&str]) -> HashMap<String, Result<Found, LookupError>> {
    let answers = RefCell::new(HashMap::new());
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (sender, receiver) = mpsc::channel(names.len().max(1));
        for (shard, name) in names.iter().enumerate() {
            let question = Question { host: (*name).into() };
            sender.try_send((shard, question)).expect("room");
        }
        drop(sender);
        serve_with(resolver, receiver, |shard, answer| {
            assert_eq!(names[shard], &*answer.host, "the shard that asked");
            let before = answers.borrow_mut().insert(answer.host.to_string(), answer.result);
            assert!(before.is_none(), "one answer for each question");
        })
        .await;
    });
    let answers = answers.into_inner();
    assert_eq!(answers.len(), names.len());
    answers
}

#[test]
fn both_families_and_the_ttl_come_back() {
    let both = addresses_of(&["192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    let server = NameServer::start(&[("api.test", Says::Addresses(1, both.clone()))]);
    let answers = ask(server.resolver(), &["api.test"]);
    let found = answers["api.test"].as_ref().expect("it exists");
    let mut addresses = found.addresses.clone();
    addresses.sort();
    assert_eq!(addresses, both);
    assert!(found.ttl <= Duration::from_secs(1), "{:?}", found.ttl);
    assert!(found.ttl > Duration::from_millis(500), "{:?}", found.ttl);
    assert!(!server.asked.lock().expect("whole").iter().any(|name| name.contains("corp")));
}

#[test]
fn one_family_is_enough() {
    let v4 = addresses_of(&["192.0.2.1", "192.0.2.2"]);
    let server = NameServer::start(&[("v4.test", Says::Addresses(30, v4.clone()))]);
    let answers = ask(server.resolver(), &["v4.test"]);
    assert_eq!(answers["v4.test"].as_ref().expect("it exists").addresses, v4);
}

#[test]
fn absence_is_told_from_failure() {
    let server = NameServer::start(&[
        ("gone.test", Says::Code(NXDOMAIN)),
        ("gone.test.corp.test", Says::Code(NXDOMAIN)),
        ("empty.test", Says::Addresses(1, Vec::new())),
        ("empty.test.corp.test", Says::Code(NXDOMAIN)),
        ("broken.test", Says::Code(SERVFAIL)),
        // If it were searched for after the failure, this would be believed.
        ("broken.test.corp.test", Says::Code(NXDOMAIN)),
        ("silent.test.corp.test", Says::Code(NXDOMAIN)),
    ]);
    let names = ["gone.test", "empty.test", "broken.test", "silent.test"];
    let answers = ask(server.resolver(), &names);
    for (name, expect) in [
        ("gone.test", LookupError::NotFound),
        ("empty.test", LookupError::NotFound),
        ("broken.test", LookupError::Failed),
        ("silent.test", LookupError::Failed),
    ] {
        assert_eq!(answers[name], Err(expect), "{name}");
    }
}

#[test]
fn names_without_a_dot_and_unknown_names_are_searched_for() {
    let v4 = addresses_of(&["192.0.2.7"]);
    let server = NameServer::start(&[
        ("db.corp.test", Says::Addresses(5, v4.clone())),
        ("db", Says::Code(NXDOMAIN)),
        ("db.prod", Says::Code(NXDOMAIN)),
        ("db.prod.corp.test", Says::Addresses(5, v4.clone())),
    ]);
    let answers = ask(server.resolver(), &["db", "db.prod"]);
    for name in ["db", "db.prod"] {
        assert_eq!(answers[name].as_ref().expect("it is found").addresses, v4, "{name}");
    }
}

#[test]
fn localhost_works_without_any_server() {
    let answers = ask(without_servers(), &["localhost", "app.localhost", "nowhere.test"]);
    for name in ["localhost", "app.localhost"] {
        let found = answers[name].as_ref().expect("always known");
        assert!(found.addresses.iter().all(IpAddr::is_loopback), "{found:?}");
        assert!(found.addresses.contains(&addresses_of(&["127.0.0.1"])[0]), "{found:?}");
    }
    assert_eq!(answers["nowhere.test"], Err(LookupError::Failed));
}

#[test]
fn more_names_than_run_at_a_time_are_all_answered() {
    let names: Vec<String> = (0..LOOKUPS_MAX * 3).map(|i| format!("h{i}.test")).collect();
    let known: Vec<(&str, Says)> = names
        .iter()
        .map(|name| (&name[..], Says::Addresses(5, addresses_of(&["192.0.2.9"]))))
        .collect();
    let server = NameServer::start(&known);
    let asked: Vec<&str> = names.iter().map(|name| &name[..]).collect();
    let answers = ask(server.resolver(), &asked);
    assert!(answers.values().all(Result::is_ok));
}

#[test]
fn the_systems_own_resolver_starts() {
    let answers = ask(system(), &["localhost"]);
    assert!(answers["localhost"].is_ok());
}
