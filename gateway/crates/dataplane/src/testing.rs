//! An exchange without sockets, for tests of what is made of a request.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use gateway_compile::{CompileOptions, MethodPlan, Snapshot};
use gateway_definition::{Options, Source};
use gateway_proto::HeadLimits;
use gateway_proto::h1::Parsed;
use gateway_rt::Buf;

use crate::admission::identify;
use crate::connection::Peer;
use crate::exchange::find_method;
use crate::request::Exchange;
use crate::series::MethodSeries;
use crate::shard::{Serving, ShardStage};
use gateway_proto::FieldName;

/// What a test's request looks like to the gateway, with ids and times that do not change.
pub(crate) struct Fixture {
    pub(crate) x: Exchange,
    pub(crate) peer: Peer,
    pub(crate) stage: Rc<ShardStage>,
}

/// Compiles a template that has nothing wrong.
#[track_caller]
pub(crate) fn snapshot(template: &str) -> Arc<Snapshot> {
    let source = Source { name: "test.yaml".to_owned(), text: template.to_owned() };
    let loaded = gateway_definition::load(&[source], &Options::default());
    let compiled = gateway_compile::compile(&loaded.definitions, &CompileOptions::default(), None);
    let texts: Vec<_> =
        loaded.diagnostics.iter().chain(&compiled.diagnostics).map(|d| &d.text).collect();
    Arc::new(compiled.snapshot.unwrap_or_else(|| panic!("{texts:?}")))
}

impl Fixture {
    /// A request that reaches a method of the snapshot; `None` when its head is refused.
    pub(crate) fn parse(snapshot: &Arc<Snapshot>, request: &[u8]) -> Option<Self> {
        let mut x = Exchange::default();
        let mut rx = Buf::take();
        assert!(rx.extend(request), "a test's request fits a buffer");
        if x.head.parse(rx.filled(), &HeadLimits::DEFAULT) != Ok(Parsed::Complete) {
            return None;
        }
        x.rx = Some(rx);
        x.begin_body().ok()?;
        let path = x.text(x.head.target.path);
        let found = snapshot.hosts.resolve(x.head.authority.of(x.bytes()), path)?;
        let stage = |plan| {
            let series = MethodSeries::default();
            Rc::new(ShardStage { plan, pools: vec![], functions: vec![], series, canary: None })
        };
        let stages: Vec<_> = snapshot.stages.iter().cloned().map(stage).collect();
        let stage = stages[found.stage.0 as usize].clone();
        x.serving = Some(Rc::new(Serving {
            snapshot: snapshot.clone(),
            stages,
            functions: std::collections::HashMap::new(),
        }));
        x.stage = Some(stage.clone());
        x.facts.stage = found.stage;
        x.facts.path_offset = found.path_offset;
        x.facts.base = found.base;
        x.facts.method = gateway_compile::RequestMethod::parse(x.text(x.head.method));
        x.facts.request_id = *b"77375676-1111-4b79-853a-f982474efe18";
        x.facts.extended_id = *b"JJbxabcdHYosFVY=";
        x.facts.started_unix_ms = 1_583_798_639_428;
        x.trace = b"Root=1-5e66d96f-7491f09xmpl79d18acf3d050;Parent=11b1;Sampled=0".to_vec();
        let method = find_method(&stage.plan, &mut x).ok()?;
        let key = x.known_field(FieldName::XApiKey).map(<[u8]>::to_vec);
        let caller = identify(key.as_deref(), snapshot, &x, method).ok()?;
        x.facts.api_key = caller.key;
        let peer = Peer::new(([192, 0, 2, 7], 40_000).into(), 8080);
        Some(Self { x, peer, stage })
    }

    pub(crate) fn method(&self) -> &MethodPlan {
        self.x.plan().expect("the request reached a method")
    }
}

/// A folder of the published data, which lies outside the project; says aloud what is left out without it.
pub(crate) fn conformance(name: &str) -> Option<PathBuf> {
    let in_place = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(in_place, PathBuf::from);
    let path = root.join(name);
    if !path.exists() {
        eprintln!("left out: {name} is not there; set GATEWAY_CONFORMANCE");
        return None;
    }
    Some(path)
}
