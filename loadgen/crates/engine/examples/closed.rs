//! As many requests as one thread can make: `closed ADDRESS:PORT PATH CONNECTIONS SECONDS [PIPELINE]`.
//!
//! Prints one line of JSON. `loadgen/bench/wrk` compares it with wrk.
#![forbid(unsafe_code)]

use std::time::Duration;

use loadgen_engine::{Arrivals, Plan, Record, Request, Target, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, connections, seconds, rest @ ..] = args.as_slice() else {
        return Err("closed ADDRESS:PORT PATH CONNECTIONS SECONDS [PIPELINE]".into());
    };
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let request = Request {
        name: format!("GET {path}"),
        bytes: head.into_bytes().into(),
        is_head: false,
        weight: 1,
    };
    let plan = Plan {
        target: Target { address: address.parse()?, tls: None },
        requests: vec![request],
        arrivals: Arrivals::Closed,
        connections: connections.parse()?,
        threads: 1,
        lasts_max: Duration::from_secs(seconds.parse()?),
        count_max: u64::MAX,
        timeout: Duration::from_secs(5),
        keep_alive: true,
        pipeline: rest.first().map_or(Ok(1), |text| text.parse())?,
        record: Record::Counts,
        marks: Vec::new(),
    };
    let outcome = run(&plan, &mut |_| {})?;
    let requests: u64 = outcome.statuses.values().sum();
    let failed: u64 = outcome.errors.values().sum();
    println!(
        "{{\"requests\":{requests},\"failed\":{failed},\"took_s\":{:.3},\"user_us\":{},\"system_us\":{},\"p99_us\":{}}}",
        outcome.took.as_secs_f64(),
        outcome.cpu_us.0,
        outcome.cpu_us.1,
        outcome.latency_us.value_at_quantile(0.99),
    );
    Ok(())
}
