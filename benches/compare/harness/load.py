"""One slot: one contender under one scenario, its CPU time on one side and wrk's counts on the other."""

import http.client
import json
import math
import subprocess
import time
from pathlib import Path

from .processes import PROBE_S_MAX, Child

HERE = Path(__file__).resolve().parent.parent
REPORT, ROUND, POST = HERE / "report.lua", HERE / "keys.lua", HERE / "post.lua"
LOG_FIELDS = (
    "requestId ip requestTime httpMethod resourcePath status protocol responseLength apiKeyId"
).split()
READ_BYTES = 1 << 20
WRK_GRACE_S = 20  # how much longer than its -d wrk may take before the slot is given up


class LoadError(Exception):
    """wrk failed, or what it counted cannot be what was asked for."""


def wrk_command(setup, cpu, scenario, port, seconds):
    """The pinned wrk command of a slot, one thread. Only a load of many keys runs Lua for each request."""
    goes_round = scenario.key == "every"
    script = ROUND if goes_round else POST if scenario.posts else REPORT
    return [
        *("taskset", "-c", str(cpu), "wrk", "-t1", f"-c{scenario.connections}", f"-d{seconds}s"),
        *("--timeout", "5s", "--latency", "-s", str(script)),
        *(f"-H{name}: {value}" for name, value in headers(setup, scenario).items() if not goes_round),
        f"http://127.0.0.1:{port}{scenario.path}",
        *(["--", str(setup.keys.values_path)] if goes_round else []),
    ]


def headers(setup, scenario):
    """What one request of `scenario` says beyond the usual."""
    value = setup.keys.value(scenario.key)
    said = {"x-api-key": value} if value else {}
    return said | ({"Content-Type": "application/json"} if scenario.posts else {})


def run_wrk(setup, cpu, scenario, port, seconds):
    """Runs wrk once and returns the counts of report.lua."""
    command = wrk_command(setup, cpu, scenario, port, seconds)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + WRK_GRACE_S, check=False, **Child.arguments()
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"wrk did not end within {seconds + WRK_GRACE_S} s") from error
    return parse_report(done.stdout, done.stderr)


def parse_report(stdout, stderr=""):
    """The counts in wrk's output, as a dictionary."""
    for line in stdout.splitlines():
        if line.startswith("COMPARE "):
            return json.loads(line.removeprefix("COMPARE "))
    raise LoadError(f"wrk printed no report: {(stdout + stderr).strip()[-400:]}")


def error_count(counts, scenario):
    """Requests that went wrong: socket errors, timeouts, and answers with the wrong kind of status.

    wrk tells only statuses above 399 from the rest; the probe before each slot pins the exact one.
    """
    wrong = counts["status"] if scenario.status < 400 else counts["requests"] - counts["status"]
    wrong = max(0, wrong - spared_count(counts, scenario))
    return wrong + sum(counts[kind] for kind in ("connect", "read", "write", "timeout"))


def spared_count(counts, scenario):
    """Requests that may have another outcome than the scenario's: its throttle's rate, and a full bucket."""
    rate = scenario.spared_rps
    return math.ceil(rate * counts["duration_us"] / 1e6) + 1 if rate else 0


def core_ticks(cpu, stat=None):
    """(busy, steal, total) of one core since boot, in clock ticks, from /proc/stat."""
    if stat is None:
        stat = Path("/proc/stat").read_text(encoding="ascii")
    for line in stat.splitlines():
        name, *fields = line.split()
        if name == f"cpu{cpu}":
            user, nice, system, idle, iowait, irq, softirq, steal = map(int, fields[:8])
            busy = user + nice + system + irq + softirq
            return busy, steal, busy + steal + idle + iowait
    raise LoadError(f"/proc/stat has no cpu{cpu}")


def tcp_opens(snmp=None):
    """Connections that this network namespace has opened since boot, from /proc/net/snmp."""
    if snmp is None:
        snmp = Path("/proc/net/snmp").read_text(encoding="ascii")
    names, values = (line.split() for line in snmp.splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("ActiveOpens")])


def backend_requests(port):
    """Requests that the backend has answered since it started, this one included (its stub_status)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_S_MAX)
    try:
        connection.request("GET", "/status")
        return parse_status(connection.getresponse().read().decode("ascii"))
    finally:
        connection.close()


def parse_status(text):
    """The third number of the line under "server accepts handled requests"."""
    return int(text.splitlines()[2].split()[2])


def check_origin(counts, scenario, reached):
    """The answers were made where the scenario says: `reached` requests came to the backend."""
    requests = counts["requests"]
    if scenario.reaches_backend and reached < requests:
        raise LoadError(f"only {reached} of {requests} requests reached the backend")
    # Requests of the warm-up may still be on their way when the count begins, one a connection.
    if not scenario.reaches_backend and reached > scenario.connections + spared_count(counts, scenario):
        raise LoadError(f"{reached} of {requests} requests reached the backend; none should")


def measure(setup, started, scenario, wrk_cpu, seconds, warmup_s):
    """Warms up, measures, and returns the slot's figures.

    CPU time is read right before wrk starts and right after it ends, so that it covers exactly the
    connections and requests that wrk reports.
    """
    process, port = started.process, started.ports[scenario.answered_by]
    if warmup_s:
        run_wrk(setup, wrk_cpu, scenario, port, warmup_s)
    reached_before, opens_before = backend_requests(setup.backend_port), tcp_opens()
    core_before, cpu_before, wall_before = core_ticks(setup.proxy_cpu), process.cpu_ns(), time.monotonic_ns()
    counts = run_wrk(setup, wrk_cpu, scenario, port, seconds)
    if not process.is_alive():
        raise LoadError(f"{process.name} died under load{process.log_tail()}")
    cpu_spent = process.cpu_ns() - cpu_before
    wall = time.monotonic_ns() - wall_before
    core_after, opens_after = core_ticks(setup.proxy_cpu), tcp_opens()
    slot = figures(counts, scenario, cpu_spent, wall, core_before, core_after)
    # What wrk did not open, the proxy did: a proxy that keeps its upstream connections opens next to none.
    slot["opens"] = max(0, opens_after - opens_before - scenario.connections)
    check_origin(counts, scenario, backend_requests(setup.backend_port) - reached_before - 1)
    return slot


def check_log(path, scenario, requests):
    """The access log at `path`, complete now that its writer has ended, has a line for every request."""
    with open(path, "rb") as log:
        line_count = sum(chunk.count(b"\n") for chunk in iter(lambda: log.read(READ_BYTES), b""))
        log.seek(0)
        line = log.readline()
    if line_count < requests:
        raise LoadError(f"the access log has {line_count} lines for {requests} requests")
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise LoadError(f"the access log is not JSON: {line[:200]!r}") from error
    wrong = fields.keys() != set(LOG_FIELDS) or fields["status"] != str(scenario.status)
    if wrong or (scenario.key and fields["apiKeyId"] in ("", "-")):
        raise LoadError(f"the access log lacks something: {line[:400]!r}")


def figures(counts, scenario, cpu_spent_ns, wall_ns, core_before, core_after):
    """Per-request figures of a slot from its raw counts."""
    requests = counts["requests"]
    if requests == 0:
        raise LoadError("wrk completed no request")
    if counts["bytes"] < requests * scenario.body_bytes:
        raise LoadError(f"wrk received {counts['bytes']} bytes for {requests} requests: bodies are missing")
    busy, steal, total = (after - before for before, after in zip(core_before, core_after))
    # Core time that is not the proxy's: other processes, and kernel threads that work on its behalf.
    busy_share = busy / total if total else 0.0
    return {
        "cpu_us": cpu_spent_ns / 1000 / requests,
        "rps": requests * 1e6 / counts["duration_us"],
        "p50_us": counts["p50_us"],
        "p99_us": counts["p99_us"],
        "p99_9_us": counts["p99_9_us"],
        "max_us": counts["max_us"],
        "requests": requests,
        "errors": error_count(counts, scenario),
        "cpu_share": cpu_spent_ns / wall_ns,
        "others_share": max(0.0, busy_share - cpu_spent_ns / wall_ns),
        "steal_share": steal / total if total else 0.0,
    }
