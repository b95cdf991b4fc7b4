"""Starting, probing, timing and stopping the processes of one run."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time

READY_S_MAX = 10.0  # from start to the first right answer
STOP_S_MAX = 5.0  # from SIGTERM to SIGKILL
PROBE_S_MAX = 5.0
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
NICE_MIN = -20
AUTOGROUP = "/proc/self/autogroup"
CPUCLOCK_SCHED = 2  # <linux/posix-timers.h>: precise run time of a whole thread group

_libc = ctypes.CDLL(None)


class StartError(Exception):
    """A process did not come up, or answers wrongly; the text says which and what it printed."""


def free_ports(count):
    """`count` distinct TCP ports that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def cpu_ns(pid):
    """CPU time of process `pid`, nanoseconds: user and kernel, all threads, ended ones included.

    The clock of clock_getcpuclockid(3). io_uring's worker threads belong to the process and count.
    """
    return time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED)


class Child:
    """How children are set up between fork and exec."""

    has_priority = False

    @classmethod
    def prepare(cls):
        """The child dies with the harness and, when asked for, outranks everybody else on its core."""
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if cls.has_priority:
            os.setpriority(os.PRIO_PROCESS, 0, NICE_MIN)
            # Niceness counts only inside a session's autogroup (sched(7)); the group has its own.
            if os.path.exists(AUTOGROUP):
                with open(AUTOGROUP, "w", encoding="ascii") as group:
                    group.write(str(NICE_MIN))

    @classmethod
    def arguments(cls):
        """For subprocess: a session of its own, so that Ctrl-C reaches the harness alone."""
        return {"stdin": subprocess.DEVNULL, "start_new_session": True, "preexec_fn": cls.prepare}


class Process:
    """One pinned server and its children, stopped by pid on `stop` or when the harness dies."""

    def __init__(self, name, command, cpu, log_path, environment=None, output_path=None):
        """What it prints goes to `log_path`, or the standard output of it to `output_path`."""
        self.name = name
        self.log_path = log_path
        self.command = ["taskset", "-c", str(cpu), *command]
        with open(log_path, "wb") as log, open(output_path or os.devnull, "wb") as output:
            streams = {"stdout": output if output_path else log, "stderr": log}
            self._child = subprocess.Popen(self.command, env=environment, **streams, **Child.arguments())

    def pids(self):
        """The process and its direct children (nginx: master and worker)."""
        pid = self._child.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                return [pid, *map(int, children.read().split())]
        except OSError:
            return [pid]

    def cpu_ns(self):
        """CPU time of all its processes, nanoseconds."""
        return sum(cpu_ns(pid) for pid in self.pids())

    def wait_ready(self, port, path, status, body_bytes, headers=None, order=None):
        """Returns once GET `path`, or a POST of `order`, gives `status` with `body_bytes`; raises StartError when it will not."""
        deadline = time.monotonic() + READY_S_MAX
        while True:
            if self._child.poll() is not None:
                raise StartError(f"{self.name} exited with {self._child.returncode}{self.log_tail()}")
            try:
                probe(port, path, status, body_bytes, headers, order)
                return
            except (OSError, http.client.HTTPException) as error:
                failure = f"no answer: {error}"
            except StartError as error:
                failure = str(error)
            if time.monotonic() > deadline:
                raise StartError(f"{self.name}, {path}: {failure}{self.log_tail()}")
            time.sleep(0.02)

    def is_alive(self):
        """Whether the process still runs."""
        return self._child.poll() is None

    def stop(self):
        """SIGTERM, a bounded wait, then SIGKILL for it and any child left behind. May be called twice."""
        pids = self.pids() if self.is_alive() else []
        if pids:
            self._child.terminate()
        try:
            self._child.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self._child.wait()

    def log_tail(self):
        """The last lines that it printed, for an error message."""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            lines = log.read().strip().splitlines()[-12:]
        return "".join(f"\n    {line}" for line in lines)


def probe(port, path, status, body_bytes, headers=None, order=None):
    """One GET, or POST of `order`, on a connection of its own; raises StartError unless the answer is the expected one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_S_MAX)
    try:
        connection.request("POST" if order else "GET", path, order, headers or {})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if (response.status, len(body)) != (status, body_bytes):
        raise StartError(
            f"answered {response.status} with {len(body)} bytes of body, expected {status} with {body_bytes}"
            f" (body starts {body[:120]!r})"
        )


def response_bytes(port, path):
    """Length of the whole response, head included, as it crosses the wire."""
    with socket.create_connection(("127.0.0.1", port), PROBE_S_MAX) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        connection.sendall(request.encode())
        return len(connection.recv(65536))
