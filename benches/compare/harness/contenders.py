"""The contenders: how each is configured and started for one slot of a round."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .keys import Keys
from .processes import Process, free_ports
from .scenarios import CACHES, LISTENERS

HERE = Path(__file__).resolve().parent.parent
CONNECTIONS_MAX = 4096  # per nginx worker: 1024 clients, as many upstream, twice over
ORDER = CACHES
GATEWAYS = ("monoio", "glommio")
BUILD = "cargo build --release -p gateway --features glommio"
# Tags of Varnish's shared-memory log that a hit writes: nobody reads them here, so none is written.
VARNISH_SILENT = (
    "Begin End Link SessOpen SessClose ReqStart ReqMethod ReqURL ReqProtocol ReqHeader ReqUnset ReqAcct Timestamp "
    "VCL_call VCL_return VCL_use Hit RespProtocol RespStatus RespReason RespHeader RespUnset Filters"
).split()


@dataclass(frozen=True)
class Setup:
    """What every contender of a run shares."""

    directory: Path
    proxy_cpu: int
    backend_port: int
    keys: Keys

    @property
    def access_log(self):
        """The file of the access log, on tmpfs like everything here; each start begins an empty one."""
        return self.directory / "access.log"


@dataclass
class Started:
    """A running contender: its process, the port that serves each kind of answer, its access log if in a file."""

    process: Process
    ports: dict
    access_log: Path | None = None


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
    (www / "cached-64k").symlink_to("64k")
    (www / "prod").symlink_to(".")
    config = write_config(setup, "backend.conf", {"PORT": port})
    return Process("backend", nginx_command(setup, config), cpu, setup.directory / "backend.log")


def nginx_command(setup, config):
    """nginx in the foreground, with every path inside the run's directory."""
    return ["nginx", "-p", str(setup.directory), "-c", str(config), "-e", "stderr"]


def start(name, setup, gateways, scenario):
    """Starts contender `name` as `scenario` needs it; the caller stops it."""
    setup.access_log.unlink(missing_ok=True)
    log_path, output_path = setup.directory / f"{name}.log", None
    if name in ("nginx", "haproxy"):
        ports = dict(zip(LISTENERS, free_ports(len(LISTENERS))))
    else:
        ports = dict.fromkeys(LISTENERS, *free_ports(1))
    if name == "nginx":
        ports |= dict.fromkeys(("mock", "unknown"), ports["backend"])  # an exact location costs the others nothing
    values = {f"PORT_{listener.upper()}": port for listener, port in ports.items()}
    if name == "nginx":
        values |= {"KEYS": setup.keys.nginx_path, "ACCESS_LOG": setup.access_log}
        command = nginx_command(setup, write_config(setup, "nginx.conf", values))
    elif name == "haproxy":
        values |= {"KEYS": setup.keys.haproxy_path}
        command = ["haproxy", "-db", "-f", str(write_config(setup, "haproxy.cfg", values))]
        output_path = Path(os.devnull)  # its access log; see haproxy.cfg
    elif name == "varnish":
        command = varnish_command(setup, write_config(setup, "varnish.vcl", {}), ports["cached"])
    else:
        command = gateway_command(gateways[name], name, setup, ports["backend"], scenario)
    process = Process(name, command, setup.proxy_cpu, log_path, without_settings(os.environ), output_path)
    return Started(process, ports, setup.access_log if scenario.is_logged and output_path is None else None)


def varnish_command(setup, config, port):
    """Varnish in the foreground, without a command line port, its entries in memory."""
    parameters = {
        # One pool on one core, and a thread for each connection, which waits for the next request there.
        "thread_pools": 1,
        "thread_pool_min": 100,
        "thread_pool_max": 200,
        "timeout_linger": 3600,
        "timeout_idle": 3600,
        "listen_depth": 4096,
        "http_gzip_support": "off",
        "vsl_mask": ",".join(f"-{tag}" for tag in VARNISH_SILENT),
    }
    flags = [text for name, value in parameters.items() for text in ("-p", f"{name}={value}")]
    return [
        *("varnishd", "-F", "-j", "none", "-n", str(setup.directory / "varnish"), "-f", str(config)),
        *("-a", f"127.0.0.1:{port}", "-s", "malloc,64m", "-T", "none", *flags),
    ]


def gateway_command(binary, backend, setup, port, scenario):
    """One shard on the proxy core, no ops listener, the API of compare.yaml; keys and a log where asked for."""
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
        *(["--api-keys", str(setup.keys.csv_path)] if scenario.key else []),
        *(["--access-log", str(setup.access_log)] if scenario.is_logged else []),
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
