"""The contenders: how each is configured and started for one slot of a round."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .processes import Process, free_ports

HERE = Path(__file__).resolve().parent.parent
CONNECTIONS_MAX = 4096  # per nginx worker: 1024 clients, as many upstream, twice over
ORDER = ("nginx", "haproxy", "monoio", "glommio")
GATEWAYS = ("monoio", "glommio")
BUILD = "cargo build --release -p gateway --features glommio"


@dataclass(frozen=True)
class Setup:
    """What every contender of a run shares."""

    directory: Path
    proxy_cpu: int
    backend_port: int


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
        command = gateway_command(gateways[name], name, setup, port)
    return Started(Process(name, command, setup.proxy_cpu, log_path, without_settings(os.environ)), ports)


def gateway_command(binary, backend, setup, port):
    """One shard on the proxy core, no ops listener, the API of compare.yaml."""
    return [
        str(binary),
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
        "--backend",
        backend,
    ]


def find_gateways(binary, glommio_binary, wanted):
    """The gateway contenders among `wanted`, by name, and the paths that hold no binary."""
    found, missing = {}, []
    for name in (each for each in GATEWAYS if each in wanted):
        path = glommio_binary if name == "glommio" and glommio_binary is not None else binary
        if path.is_file() and os.access(path, os.X_OK):
            found[name] = path.resolve()
        elif path not in missing:
            missing.append(path)
    return found, missing


def without_settings(environment):
    """`environment` without the variables that would configure the gateway behind our back."""
    return {name: value for name, value in environment.items() if not name.startswith("GATEWAY_")}
