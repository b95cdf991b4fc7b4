//! The parts of a proxied exchange that need no socket, for benches. Not an interface.

use std::rc::Rc;
use std::sync::Arc;

use gateway_compile::{IntegrationPlan, RequestMethod, Snapshot};
use gateway_proto::HeadLimits;
use gateway_proto::h1::Parsed;
use gateway_rt::{Buf, Moment, Stream};

use crate::connection::Client;
use crate::relay::write_proxied_head;
use crate::request::Exchange;
use crate::respond::{Framing, finish_head};
use crate::series::StageSeries;
use crate::shard::{Shard, ShardStage};
use crate::upstream_head::{self, Payload};
use crate::values::Values;

/// A request and its answer in buffers, with all that their heads are made from.
pub struct Prepared {
    shard: Shard,
    client: Client,
    stage: Rc<ShardStage>,
    x: Box<Exchange>,
    reply: Buf,
    out: Vec<u8>,
}

impl Prepared {
    /// Publishes `snapshot` on `shard` and keeps `request` and `reply` at hand, each a whole message
    /// without a body. `stream` stands for the client's connection; nothing is sent on it.
    pub fn new(
        shard: Shard,
        snapshot: &Arc<Snapshot>,
        metrics: Vec<StageSeries>,
        stream: Stream,
        request: &[u8],
        reply: &[u8],
    ) -> Option<Self> {
        shard.prepare(snapshot.clone(), metrics);
        shard.commit(snapshot.generation);
        let stage = shard.serving().stage(gateway_compile::StageIndex(0)).clone();
        let client = Client::new(stream, ([192, 0, 2, 1], 40_000).into(), 8080);
        let mut x = Box::<Exchange>::default();
        let mut rx = Buf::take();
        rx.extend(request);
        x.rx = Some(rx);
        let mut buf = Buf::take();
        buf.extend(reply);
        let out = Vec::with_capacity(4096);
        let mut prepared = Self { shard, client, stage, x, reply: buf, out };
        // Both must be whole, and the request must reach a proxy.
        (prepared.request_head() && prepared.route() && prepared.reply_head()).then_some(prepared)
    }

    /// Parses the request's head and starts the exchange: ids, trace, method.
    pub fn request_head(&mut self) -> bool {
        let x = &mut *self.x;
        let bytes = x.rx.as_ref().map_or(&[][..], Buf::filled);
        let parsed = x.head.parse(bytes, &HeadLimits::DEFAULT);
        x.begin(&self.shard, Moment::now());
        x.stage = Some(self.stage.clone());
        parsed == Ok(Parsed::Complete)
    }

    /// Host and path to a stage, path and verb to a method; says whether it is an HTTP integration.
    pub fn route(&mut self) -> bool {
        let x = &mut *self.x;
        let bytes = x.rx.as_ref().map_or(&[][..], Buf::filled);
        let path = x.head.target.path.of(bytes);
        let serving = self.shard.serving();
        let Some(found) = serving.snapshot.hosts.resolve(x.head.authority.of(bytes), path) else {
            return false;
        };
        x.facts.path_offset = found.path_offset;
        x.facts.base = found.base;
        let verb: RequestMethod = x.facts.method;
        x.facts.plan = self.stage.plan.routes.find(&path[found.path_offset..], verb, &mut x.params);
        let method = x.facts.plan.map(|index| self.stage.plan.method(index));
        matches!(method.map(|method| &method.integration), Some(IntegrationPlan::Http(_)))
    }

    /// Writes the integration request's head; says its length.
    pub fn integration_request(&mut self) -> usize {
        self.out.clear();
        let Some(index) = self.x.facts.plan else { return 0 };
        let IntegrationPlan::Http(plan) = &self.stage.plan.method(index).integration else {
            return 0;
        };
        self.x.make_trace(&self.shard);
        let values = Values::of_request(&self.x, &self.client.peer);
        let out = &mut self.out;
        match upstream_head::write(&values, plan, &self.stage.plan, Payload::None, out) {
            Ok(_) => self.out.len(),
            Err(_) => 0,
        }
    }

    /// Parses the reply's head.
    pub fn reply_head(&mut self) -> bool {
        let parsed = self.x.upstream.parse(self.reply.filled(), false, &HeadLimits::DEFAULT);
        parsed == Ok(Parsed::Complete)
    }

    /// Writes the head of the proxied response; says its length.
    pub fn proxied_response(&mut self) -> usize {
        self.out.clear();
        write_proxied_head(&self.x, &self.client, self.reply.filled(), &mut self.out);
        finish_head(&self.shard, &self.x, Framing::Length(0), &mut self.out);
        self.out.len()
    }
}
