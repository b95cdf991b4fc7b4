//! The names of all metrics, once. `gateway/docs/metrics.md` documents each; a test compares both.

/// What a metric is, in the terms of OpenMetrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only goes up; the name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
    /// Facts as labels with the value 1; the name ends in `_info`.
    Info,
}

impl MetricKind {
    /// The word that the documentation and OpenMetrics use.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }
}

/// One metric family: its full name, what it is, and the names of its labels in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name of its samples (of a histogram's, without `_bucket`, `_sum`, `_count`).
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// Its base unit, which its name contains, or nothing.
    pub unit: &'static str,
    /// The names of its labels, in the order in which samples give their values.
    pub labels: &'static [&'static str],
    /// One sentence for the scraper's user.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $name:literal $kind:ident [$($label:literal),*] $unit:literal $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Metric = Metric {
                name: $name,
                kind: MetricKind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// Every metric, in the order of the exposition.
        pub const ALL: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    BUILD_INFO = "gateway_build_info" Info ["version", "os", "arch"] ""
        "The program that is running.";
    RING_INFO = "gateway_ring_info" Info ["driver", "flags"] ""
        "The I/O driver of the shards and the ring flags that the kernel granted.";
    SHARDS = "gateway_shards" Gauge [] ""
        "Shards that serve requests.";

    REQUESTS = "gateway_requests_total" Counter ["api_id", "api_name", "stage", "method", "route", "status_class"] ""
        "Requests that reached a stage, by the class of the status sent.";
    REQUEST_DURATION = "gateway_request_duration_seconds" Histogram ["api_id", "api_name", "stage", "method", "route"] "seconds"
        "Time from a request's head to its response's last byte.";
    INTEGRATION_DURATION = "gateway_integration_duration_seconds" Histogram ["api_id", "api_name", "stage", "method", "route"] "seconds"
        "Time from the call of an integration to the end of its answer.";
    THROTTLED_REQUESTS = "gateway_throttled_requests_total" Counter ["api_id", "api_name", "stage", "method", "route", "scope"] ""
        "Requests refused by a throttle or quota.";
    CACHE_REQUESTS = "gateway_cache_requests_total" Counter ["api_id", "api_name", "stage", "method", "route", "result"] ""
        "Requests that asked the stage cache.";

    FUNCTION_ENVIRONMENTS = "gateway_function_environments" Gauge ["function", "state"] ""
        "Environments of functions that run here.";
    FUNCTION_WAITING = "gateway_function_waiting_invocations" Gauge ["function"] ""
        "Invocations that wait for an environment.";
    FUNCTION_INVOCATIONS = "gateway_function_invocations_total" Counter ["function"] ""
        "Invocations given to an environment.";
    FUNCTION_ERRORS = "gateway_function_errors_total" Counter ["function"] ""
        "Invocations that failed, whatever the reason.";
    FUNCTION_TIMEOUTS = "gateway_function_timeouts_total" Counter ["function"] ""
        "Invocations and starts that took longer than they may.";
    FUNCTION_THROTTLES = "gateway_function_throttles_total" Counter ["function"] ""
        "Invocations that found no environment.";
    FUNCTION_COLD_STARTS = "gateway_function_cold_starts_total" Counter ["function"] ""
        "Environments started.";

    CONNECTIONS_ACCEPTED = "gateway_connections_accepted_total" Counter ["shard"] ""
        "Downstream connections accepted.";
    CONNECTIONS_ACTIVE = "gateway_connections_active" Gauge ["shard"] ""
        "Downstream connections open.";
    CONNECTIONS_IDLE = "gateway_connections_idle" Gauge ["shard"] ""
        "Downstream connections open and between requests.";
    CONNECTIONS_REFUSED = "gateway_connections_refused_total" Counter ["shard"] ""
        "Downstream connections closed at once because of the connection limit.";
    RESPONSES = "gateway_responses_total" Counter ["status_class"] ""
        "Responses sent to clients, whether or not a stage was reached.";
    REQUESTS_REFUSED = "gateway_requests_refused_total" Counter ["reason"] ""
        "Requests refused because of their framing or head, by reason.";
    DOWNSTREAM_RECEIVED = "gateway_downstream_received_bytes_total" Counter [] "bytes"
        "Bytes received from clients.";
    DOWNSTREAM_SENT = "gateway_downstream_sent_bytes_total" Counter [] "bytes"
        "Bytes sent to clients.";

    UPSTREAM_CONNECTS = "gateway_upstream_connects_total" Counter [] ""
        "Upstream connections made.";
    UPSTREAM_REUSES = "gateway_upstream_reuses_total" Counter [] ""
        "Upstream requests sent on a pooled connection.";
    UPSTREAM_RETRIES = "gateway_upstream_retries_total" Counter [] ""
        "Upstream requests repeated because a pooled connection had died.";
    UPSTREAM_FAILURES = "gateway_upstream_failures_total" Counter ["kind"] ""
        "Upstream exchanges that failed, by kind.";
    UPSTREAM_IDLE = "gateway_upstream_connections_idle" Gauge [] ""
        "Upstream connections waiting in the pools.";
    UPSTREAM_RECEIVED = "gateway_upstream_received_bytes_total" Counter [] "bytes"
        "Bytes received from upstreams.";
    UPSTREAM_SENT = "gateway_upstream_sent_bytes_total" Counter [] "bytes"
        "Bytes sent to upstreams.";
    DNS_LOOKUPS = "gateway_dns_lookups_total" Counter [] ""
        "DNS questions asked.";
    DNS_FAILURES = "gateway_dns_failures_total" Counter [] ""
        "DNS questions that got no usable answer.";

    BUFFERS_IN_USE = "gateway_receive_buffers_in_use" Gauge [] ""
        "Receive buffers that hold bytes of a connection.";
    BUFFERS_POOLED = "gateway_receive_buffers_pooled" Gauge [] ""
        "Receive buffers that wait in the shards' pools.";
    LOOP_TICKS = "gateway_shard_loop_ticks_total" Counter ["shard"] ""
        "Turns of a shard's loop; a shard whose count stands still is stalled.";

    ACCESS_LOG_LINES = "gateway_access_log_lines_total" Counter [] ""
        "Access-log lines rendered.";
    ACCESS_LOG_WRITTEN = "gateway_access_log_written_total" Counter ["sink"] ""
        "Access-log lines written to their sink.";
    ACCESS_LOG_DROPPED = "gateway_access_log_dropped_total" Counter ["reason"] ""
        "Access-log lines lost, because the writer's queue was full or a sink failed.";

    USAGE_WRITES = "gateway_usage_writes_total" Counter ["result"] ""
        "Writes of usage counts to the state directory, by result.";
    USAGE_LAST_WRITE_TIME = "gateway_usage_last_write_timestamp_seconds" Gauge [] "seconds"
        "When usage counts were last written, since the epoch; 0 before the first time.";

    CONFIG_RELOADS = "gateway_config_reload_total" Counter ["result"] ""
        "Loads of the configuration, by result.";
    CONFIG_LAST_SUCCESSFUL = "gateway_config_last_reload_successful" Gauge [] ""
        "1 when the last load of the configuration succeeded, else 0.";
    CONFIG_LAST_SUCCESS_TIME = "gateway_config_last_reload_success_timestamp_seconds" Gauge [] "seconds"
        "When the configuration was last loaded successfully, since the epoch.";

    PROCESS_CPU = "process_cpu_seconds_total" Counter [] "seconds"
        "User and system CPU time of the process.";
    PROCESS_RESIDENT = "process_resident_memory_bytes" Gauge [] "bytes"
        "Resident memory of the process.";
    PROCESS_VIRTUAL = "process_virtual_memory_bytes" Gauge [] "bytes"
        "Virtual memory of the process.";
    PROCESS_START_TIME = "process_start_time_seconds" Gauge [] "seconds"
        "When the process started, since the epoch.";
    PROCESS_OPEN_FDS = "process_open_fds" Gauge [] ""
        "File descriptors open.";
    PROCESS_MAX_FDS = "process_max_fds" Gauge [] ""
        "File descriptors that may be open.";
    PROCESS_THREADS = "process_threads" Gauge [] ""
        "Threads of the process.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_kind_and_unit() {
        for metric in ALL {
            let name = metric.name;
            let is_counter = metric.kind == MetricKind::Counter;
            assert_eq!(name.ends_with("_total"), is_counter, "{name}");
            let is_info = metric.kind == MetricKind::Info;
            assert_eq!(name.ends_with("_info"), is_info, "{name}");
            let stem = name.strip_suffix("_total").unwrap_or(name);
            assert!(stem.ends_with(metric.unit), "{name}");
            let is_measured = stem.ends_with("_seconds") || stem.ends_with("_bytes");
            assert_eq!(!metric.unit.is_empty(), is_measured, "{name}");
            assert!(name.starts_with("gateway_") || name.starts_with("process_"), "{name}");
            assert!(metric.help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
