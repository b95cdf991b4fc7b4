"""One slot: one contender under one scenario, its CPU time on one side and wrk's counts on the other."""

import json
import subprocess
import time
from pathlib import Path

from .processes import Child

REPORT = Path(__file__).resolve().parent.parent / "report.lua"
WRK_GRACE_S = 20  # how much longer than its -d wrk may take before the slot is given up


class LoadError(Exception):
    """wrk failed, or what it counted cannot be what was asked for."""


def wrk_command(cpu, scenario, port, seconds):
    """The pinned wrk command of a slot, one thread."""
    return [
        *("taskset", "-c", str(cpu), "wrk", "-t1", f"-c{scenario.connections}", f"-d{seconds}s"),
        *("--timeout", "5s", "--latency", "-s", str(REPORT)),
        f"http://127.0.0.1:{port}{scenario.path}",
    ]


def run_wrk(cpu, scenario, port, seconds):
    """Runs wrk once and returns the counts of report.lua."""
    command = wrk_command(cpu, scenario, port, seconds)
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
    return wrong + sum(counts[kind] for kind in ("connect", "read", "write", "timeout"))


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


def measure(started, scenario, cpus, seconds, warmup_s):
    """Warms up, measures, and returns the slot's figures.

    `cpus` is (proxy core, wrk core). CPU time is read right before wrk starts and right after it ends,
    so that it covers exactly the connections and requests that wrk reports.
    """
    proxy_cpu, wrk_cpu = cpus
    process, port = started.process, started.ports[scenario.answered_by]
    if warmup_s:
        run_wrk(wrk_cpu, scenario, port, warmup_s)
    opens_before = tcp_opens()
    core_before, cpu_before, wall_before = core_ticks(proxy_cpu), process.cpu_ns(), time.monotonic_ns()
    counts = run_wrk(wrk_cpu, scenario, port, seconds)
    if not process.is_alive():
        raise LoadError(f"{process.name} died under load{process.log_tail()}")
    cpu_spent = process.cpu_ns() - cpu_before
    wall = time.monotonic_ns() - wall_before
    core_after = core_ticks(proxy_cpu)
    slot = figures(counts, scenario, cpu_spent, wall, core_before, core_after)
    # What wrk did not open, the proxy did: a proxy that keeps its upstream connections opens next to none.
    slot["opens"] = max(0, tcp_opens() - opens_before - scenario.connections)
    return slot


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
