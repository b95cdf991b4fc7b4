//! What types alone cannot say: ranges, and settings that contradict each other.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use super::units::{format_bytes, format_duration};
use super::{AccessLogDestination, Backend, Settings, limits, urls};

/// Every problem, each under the key whose value has to change.
pub(super) fn problems(settings: &Settings) -> Vec<(&'static str, String)> {
    let mut found = Found(Vec::new());
    listen(settings, &mut found);
    ranges(settings, &mut found);
    aws(settings, &mut found);
    if settings.shards.backend == Backend::Glommio && cfg!(not(feature = "glommio")) {
        found.push("shards.backend", "this build has no glommio; build with --features glommio");
    }
    if !settings.shards.ring_entries.is_power_of_two() {
        found.push("shards.ring_entries", "not a power of two");
    }
    if settings.ops.test_clock && settings.state.directory.is_some() {
        let text = "counts of days that the clock was moved to would stay in state.directory; leave one of them out";
        found.push("ops.test_clock", text);
    }
    if settings.ops.test_clock && settings.ops.address.0.is_none() {
        found.push("ops.test_clock", "the clock is moved on ops.address, which is none");
    }
    let upstream = &settings.upstream;
    if upstream.idle_max > upstream.connections_max {
        found.push("upstream.idle_max", "greater than upstream.connections_max");
    }
    if upstream.dns_ttl_min > upstream.dns_ttl_max {
        found.push("upstream.dns_ttl_min", "longer than upstream.dns_ttl_max");
    }
    if let AccessLogDestination::File(path) = &settings.access_log.destination
        && path.as_path() == Path::new("/dev/stdout")
    {
        found.push("access_log.destination", "write stdout for the standard output");
    }
    access_log_format(&settings.access_log.default_format, &mut found);
    found.0
}

struct Found(Vec<(&'static str, String)>);

impl Found {
    fn push(&mut self, key: &'static str, text: impl Into<String>) {
        self.0.push((key, text.into()));
    }

    fn number<T: PartialOrd + Display>(
        &mut self,
        key: &'static str,
        value: T,
        range: RangeInclusive<T>,
    ) {
        self.range(key, &value, &range, T::to_string);
    }

    fn bytes(&mut self, key: &'static str, value: usize, range: RangeInclusive<usize>) {
        self.range(key, &value, &range, |bytes| format_bytes(*bytes));
    }

    fn span(&mut self, key: &'static str, value: Duration, range: RangeInclusive<Duration>) {
        self.range(key, &value, &range, |span| format_duration(*span));
    }

    fn range<T: PartialOrd>(
        &mut self,
        key: &'static str,
        value: &T,
        range: &RangeInclusive<T>,
        show: impl Fn(&T) -> String,
    ) {
        if !range.contains(value) {
            let (min, max) = (show(range.start()), show(range.end()));
            self.push(key, format!("{} is outside {min} to {max}", show(value)));
        }
    }
}

fn listen(settings: &Settings, found: &mut Found) {
    let listen = &settings.listen;
    if !listen.tls_addresses.is_empty() {
        found.push("listen.tls_addresses", "HTTPS is not served yet; use plain HTTP (--listen)");
    }
    if listen.addresses.is_empty() && listen.tls_addresses.is_empty() {
        found.push("listen.addresses", "no address to listen on");
    }
    found.number("listen.addresses", listen.addresses.len(), 0..=limits::LISTEN_ADDRESSES_MAX);
    for (index, address) in listen.addresses.iter().enumerate() {
        if address.port() != 0 && listen.addresses[..index].contains(address) {
            found.push("listen.addresses", format!("{address} is listed twice"));
        }
    }
    let services =
        [("control.address", settings.control.address), ("ops.address", settings.ops.address)];
    for (key, address) in services {
        let taken = address.0.filter(|a| a.port() != 0 && listen.addresses.contains(a));
        if let Some(address) = taken {
            found.push(key, format!("{address} is also a listen address"));
        }
    }
    if let (Some(control), Some(ops)) = (settings.control.address.0, settings.ops.address.0)
        && control == ops
        && ops.port() != 0
    {
        found.push("ops.address", format!("{ops} is also the control address"));
    }
}

fn ranges(settings: &Settings, found: &mut Found) {
    let spans = limits::TIMEOUT_MIN..=limits::TIMEOUT_MAX;
    let or_off = Duration::ZERO..=limits::TIMEOUT_MAX;
    let payload = limits::PAYLOAD_BYTES_MIN..=limits::PAYLOAD_BYTES_MAX;
    let Settings { listen, shards, limits: bounds, timeouts, upstream, reload, .. } = settings;

    found.number("listen.backlog", listen.backlog, 1..=limits::BACKLOG_MAX);
    // The kernel counts keep-alive in whole seconds.
    if listen.tcp_keepalive.subsec_millis() != 0 {
        found.push("listen.tcp_keepalive", "not whole seconds");
    }
    found.span("listen.tcp_keepalive", listen.tcp_keepalive, or_off.clone());
    found.span("listen.tcp_user_timeout", listen.tcp_user_timeout, or_off);
    found.number(
        "shards.ring_entries",
        shards.ring_entries,
        limits::RING_ENTRIES_MIN..=limits::RING_ENTRIES_MAX,
    );

    found.bytes("limits.payload_bytes_max", bounds.payload_bytes_max, payload.clone());
    found.bytes("limits.response_bytes_max", bounds.response_bytes_max, payload);

    let Settings { throttle, cache, explain, .. } = settings;
    let rates = 0..=limits::ACCOUNT_RATE_MAX;
    found.number("throttle.account_rate_rps", throttle.account_rate_rps, rates.clone());
    found.number("throttle.account_burst", throttle.account_burst, rates);
    if (throttle.account_rate_rps == 0) != (throttle.account_burst == 0) {
        found.push("throttle.account_burst", "goes with throttle.account_rate_rps: both or none");
    }
    let cache_bytes = limits::CACHE_BYTES_MIN..=limits::CACHE_BYTES_MAX;
    found.bytes("cache.bytes_max", cache.bytes_max, cache_bytes);
    if (1..limits::SECRET_BYTES_MIN).contains(&explain.secret.0.len()) {
        found.push("explain.secret", "shorter than 16 characters");
    }
    if !explain.secret.0.bytes().all(|byte| byte.is_ascii_graphic()) {
        found.push("explain.secret", "not made of printable ASCII without blanks");
    }

    found.span("timeouts.client_header", timeouts.client_header, spans.clone());
    found.span("timeouts.client_body", timeouts.client_body, spans.clone());
    found.span("timeouts.keep_alive", timeouts.keep_alive, spans.clone());
    found.span("timeouts.send", timeouts.send, spans.clone());
    found.span("timeouts.connect", timeouts.connect, spans.clone());
    found.span("timeouts.upstream_idle", timeouts.upstream_idle, spans.clone());
    found.span(
        "timeouts.drain_timeout",
        timeouts.drain_timeout,
        Duration::ZERO..=limits::TIMEOUT_MAX,
    );

    let connections = 1..=limits::UPSTREAM_CONNECTIONS_MAX;
    found.number("upstream.connections_max", upstream.connections_max, connections);
    found.span("upstream.dns_ttl_max", upstream.dns_ttl_max, Duration::ZERO..=limits::DNS_TTL_MAX);

    let functions = &settings.functions;
    let environments = 1..=limits::ENVIRONMENTS_MAX;
    found.number("functions.concurrency_max", functions.concurrency_max, environments.clone());
    found.number("functions.environments_max", functions.environments_max, environments);
    found.span("functions.wait", functions.wait, Duration::ZERO..=limits::TIMEOUT_MAX);
    if let Some(text) = urls::problem(&functions.urls) {
        found.push("functions.urls", text);
    }
    found.number("functions.waiting_max", functions.waiting_max, 0..=limits::WAITING_MAX);
    found.span("functions.idle_timeout", functions.idle_timeout, spans.clone());
    found.span("functions.init_timeout", functions.init_timeout, spans.clone());
    let log_bytes = limits::FUNCTION_LOG_BYTES_MIN..=limits::FUNCTION_LOG_BYTES_MAX;
    found.bytes("functions.log_bytes_max", functions.log_bytes_max, log_bytes.clone());
    found.bytes("logs.group_bytes_max", settings.logs.group_bytes_max, log_bytes);

    found.span("reload.debounce", reload.debounce, Duration::ZERO..=limits::DEBOUNCE_MAX);
}

fn aws(settings: &Settings, found: &mut Found) {
    let aws = &settings.aws;
    if aws.account_id.len() != 12 || !aws.account_id.bytes().all(|b| b.is_ascii_digit()) {
        found.push("aws.account_id", format!("`{}` is not twelve digits", aws.account_id));
    }
    let is_label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if aws.region.is_empty() || !aws.region.bytes().all(is_label) {
        found.push(
            "aws.region",
            format!("`{}` is not a region's name, such as us-east-1", aws.region),
        );
    }
    if aws.url_suffix.is_empty() || !aws.url_suffix.bytes().all(|b| is_label(b) || b == b'.') {
        found.push(
            "aws.url_suffix",
            format!("`{}` is not a domain name in lower case", aws.url_suffix),
        );
    }
    if aws.access_key_id.is_empty() != aws.secret_access_key.0.is_empty() {
        found.push("aws.secret_access_key", "goes with aws.access_key_id: both or none");
    }
    for (service, url) in &aws.endpoints {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            found.push(
                "aws.endpoints",
                format!("`{url}` for {service} is not a URL, such as http://127.0.0.1:8000"),
            );
        }
    }
}

/// A preset's name, or a format that mentions `$context`; the rest is a typing error.
fn access_log_format(format: &str, found: &mut Found) {
    const KEY: &str = "access_log.default_format";
    if !matches!(format, "" | "clf" | "csv" | "json" | "xml") && !format.contains("$context.") {
        found.push(KEY, format!("`{format}` is neither clf, csv, json, xml nor a $context format"));
    }
    if format.len() > limits::ACCESS_LOG_FORMAT_BYTES_MAX {
        found.push(KEY, "longer than 3 KiB");
    }
    if format.trim_end_matches('\n').contains('\n') {
        found.push(KEY, "a format is one line");
    }
}
