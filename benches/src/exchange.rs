//! An exchange without sockets, on the thread of a shard.

use std::hint::black_box;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gateway_dataplane::bench::Prepared;
use gateway_dataplane::{Shard, StageSeries};
use gateway_rt::{Backend, Driver, DriverChoice, ShardConfig, TcpStream};
use gateway_telemetry::{AccessLog, BuildInfo, Registry, SinkConfig};

use crate::cases::{BROWSER, WRK};
use crate::plane::{shard_parts, snapshot};

/// The template of `tests/steady_state.rs`.
const TEMPLATE: &str = include_str!("../tests/steady_state.yaml");

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 01 Jan 2023 00:00:00 GMT\r\n\
    Content-Type: application/json\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n";

/// A part of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Parsing the request's head, ids, finding stage and method.
    MethodRequest,
    /// Writing the integration request's head.
    IntegrationRequest,
    /// Parsing the reply's head and writing the response's.
    ProxiedResponse,
    /// All of it.
    Whole,
}

/// The parts and whose request they have, by path.
pub const PARTS: [(&str, Part, bool); 5] = [
    ("dataplane/exchange/method_request/wrk", Part::MethodRequest, false),
    ("dataplane/exchange/integration_request/wrk", Part::IntegrationRequest, false),
    ("dataplane/exchange/proxied_response/wrk", Part::ProxiedResponse, false),
    ("dataplane/exchange/whole/wrk", Part::Whole, false),
    ("dataplane/exchange/whole/browser", Part::Whole, true),
];

type Order = (Part, bool, u64);

/// A shard that measures on order. It ends with the process.
pub struct ExchangeBench {
    orders: Sender<Order>,
    times: Receiver<Duration>,
}

impl ExchangeBench {
    /// Starts the shard.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(choice: DriverChoice) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let snapshot = Arc::new(snapshot(&TEMPLATE.replace("BACKEND", "127.0.0.1:9"))?);
        let build = BuildInfo { version: "", os: "", arch: "" };
        let registry = Registry::new(build, 1, &[]);
        let log = AccessLog::new(vec![SinkConfig::Null])?;
        let (orders, incoming) = mpsc::channel::<Order>();
        let (outgoing, times) = mpsc::channel();
        let main = move || async move {
            let mut prepared = Vec::new();
            for request in [WRK, BROWSER] {
                let Ok(stream) = TcpStream::connect(address).await else { return };
                let log = log.shard(registry.shards()[0].clone());
                let metrics = snapshot.stages.iter().map(|_| StageSeries::default()).collect();
                let Ok(parts) = shard_parts(registry.shards()[0].clone(), log, Arc::new(|_, _| ()))
                else {
                    return;
                };
                let one = Prepared::new(
                    Shard::new(parts),
                    &snapshot,
                    metrics,
                    stream.into(),
                    request,
                    REPLY,
                );
                let Some(one) = one else { return };
                prepared.push(one);
            }
            // Nothing else runs on this shard, so waiting here keeps nobody.
            while let Ok((part, is_browser, count)) = incoming.recv() {
                let prepared = &mut prepared[usize::from(is_browser)];
                let started = Instant::now();
                for _ in 0..count {
                    run(prepared, part);
                }
                if outgoing.send(started.elapsed()).is_err() {
                    return;
                }
            }
            drop(listener);
        };
        let driver = Driver::probe(choice)?;
        let config =
            ShardConfig { index: 0, cpu: None, backend: Backend::Monoio, driver, ring_entries: 64 };
        gateway_rt::spawn_shard(config, main)?;
        Ok(Self { orders, times })
    }

    /// Does `part` that often; says how long it took.
    ///
    /// # Errors
    /// When the shard has ended.
    pub fn time(&self, part: Part, is_browser: bool, count: u64) -> Result<Duration> {
        self.orders.send((part, is_browser, count)).ok().context("the shard has ended")?;
        self.times.recv().context("the shard has ended")
    }
}

fn run(prepared: &mut Prepared, part: Part) {
    if matches!(part, Part::MethodRequest | Part::Whole) {
        assert!(prepared.request_head() && prepared.route());
    }
    if matches!(part, Part::IntegrationRequest | Part::Whole) {
        black_box(prepared.integration_request());
    }
    if matches!(part, Part::ProxiedResponse | Part::Whole) {
        assert!(prepared.reply_head());
        black_box(prepared.proxied_response());
    }
}
