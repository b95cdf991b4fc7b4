-- Prints what wrk's own report leaves out, as one JSON line that begins with "COMPARE ".
-- Only `done` is defined: wrk then keeps its static request, and the script costs nothing per request.
-- Latencies are microseconds. `status` counts answers above 399, as wrk does.
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'COMPARE {"duration_us":%d,"requests":%d,"bytes":%d,"p50_us":%d,"p99_us":%d,"p99_9_us":%d,"max_us":%d,' ..
    '"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
    summary.duration, summary.requests, summary.bytes,
    latency:percentile(50.0), latency:percentile(99.0), latency:percentile(99.9), latency.max,
    e.connect, e.read, e.write, e.timeout, e.status))
end
