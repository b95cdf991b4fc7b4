"""The contenders: how each is configured and started for one slot of a round."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .processes import Process, free_ports

HERE = Path(__file__).resolve().parent.parent
CONNECTIONS_MAX = 16384  # per nginx worker: 1024 clients and as many upstream connections fit 8 times
ORDER = ("nginx", "haproxy", "monoio", "glommio")
GATEWAYS = ("monoio", "glommio")
BUILD = "cargo build --release -p gateway"


@dataclass(frozen=True)
class Setup:
    """What every contender of a run shares."""

    directory: Path
    proxy_cpu: int
    backend_port: int


@dataclass(frozen=True)
class Gateway:
    """A gateway binary and the flags that choose its rt backend."""

    binary: Path
    backend_flags: tuple


@dataclass
class Started:
    """A running contender: its process and the port that serves each kind of answer."""

    process: Process
    ports: dict


def fill(template, values):
    """Replaces every @NAME@ of a configuration file; an unknown one is a mistake of ours."""
    return re.sub(r"@([A-Z_]+)@", lambda name: str(values[name.group(1)]), template)


def write_config(setup, name, values):
    """Writes configuration `name`, filled, into the run's directory and returns its path."""
    common = {
        "DIR": setup.directory,
        "BACKEND": setup.backend_port,
        "CONNECTIONS": CONNECTIONS_MAX,
        "FILES": 2 * CONNECTIONS_MAX,
        # Without it a root master gives its worker to a user who cannot enter the run's directory.
        "USER": "user root;" if os.geteuid() == 0 else "",
    }
    path = setup.directory / name
    text = (HERE / name).read_text(encoding="utf-8")
    # Line by line, leaving comments alone: they may speak of @NAME@ fields.
    lines = [line if line.lstrip().startswith("#") else fill(line, common | values) for line in text.splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def start_backend(setup, cpu, port):
    """The backend on the load core, with its bodies of 64 KiB and 1 MiB beside its configuration."""
    www = setup.directory / "www"
    www.mkdir()
    (www / "64k").write_bytes(b"x" * 64 * 1024)
    (www / "1m").write_bytes(b"x" * 1024 * 1024)
    (www / "prod").symlink_to(".")
    config = write_config(setup, "backend.conf", {"PORT": port})
    return Process("backend", nginx_command(setup, config), cpu, setup.directory / "backend.log")


def nginx_command(setup, config):
    """nginx in the foreground, with every path inside the run's directory."""
    return ["nginx", "-p", str(setup.directory), "-c", str(config), "-e", "stderr"]


def start(name, setup, gateways):
    """Starts contender `name`; the caller stops it."""
    log_path = setup.directory / f"{name}.log"
    port, mock, unknown = free_ports(3)
    ports = {"backend": port, "mock": port, "unknown": port}
    if name == "nginx":
        config = write_config(setup, "nginx.conf", {"PORT": port})
        command = nginx_command(setup, config)
    elif name == "haproxy":
        ports |= {"mock": mock, "unknown": unknown}
        values = {"PORT": port, "PORT_MOCK": mock, "PORT_UNKNOWN": unknown}
        command = ["haproxy", "-db", "-f", str(write_config(setup, "haproxy.cfg", values))]
    else:
        command = gateway_command(gateways[name], setup, port)
    return Started(Process(name, command, setup.proxy_cpu, log_path), ports)


def gateway_command(gateway, setup, port):
    """One shard on the proxy core, no ops listener, the API of compare.yaml."""
    return [
        str(gateway.binary),
        "run",
        str(HERE / "compare.yaml"),
        "--listen",
        f"127.0.0.1:{port}",
        "--ops",
        "none",
        "--shards",
        "1",
        "--cpus",
        str(setup.proxy_cpu),
        "--param",
        f"BackendUrl=http://127.0.0.1:{setup.backend_port}",
        *gateway.backend_flags,
    ]


def find_gateways(binary, glommio_binary, wanted):
    """Resolves the gateway contenders among `wanted`.

    Returns ({name: Gateway}, {name: why it is left out}). One binary may hold both backends of rt and
    choose with `--backend`; a binary without that flag is taken for monoio.
    """
    found, missing = {}, {}
    for name in (each for each in GATEWAYS if each in wanted):
        own = name == "glommio" and glommio_binary is not None
        path = glommio_binary if own else binary
        if not (path.is_file() and os.access(path, os.X_OK)):
            missing[name] = f"no gateway binary at {path}; build it: {BUILD} (or name one with --gateway PATH)"
            continue
        has_flag = "--backend" in run_help(path)
        if has_flag:
            found[name] = Gateway(path, ("--backend", name))
        elif name == "monoio" or own:
            found[name] = Gateway(path, ())
        else:
            missing[name] = f"{path} has no --backend flag; build with glommio: {BUILD} --features glommio"
    return found, missing


def run_help(binary):
    """What `gateway run --help` prints, or nothing when it does not answer."""
    try:
        done = subprocess.run(
            [str(binary), "run", "--help"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
