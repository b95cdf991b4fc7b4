"""What the numbers depend on outside the harness: tools, machine, versions."""

import os
import platform
import re
import shlex
import shutil
import subprocess
from pathlib import Path

PACKAGES = {
    "nginx": "nginx-light",
    "haproxy": "haproxy",
    "varnishd": "varnish",
    "wrk": "wrk",
    "taskset": "util-linux",
}
TOOLS = {"haproxy": "haproxy", "varnish": "varnishd"}  # by contender; nginx is always needed
VERSION_FLAGS = {"nginx": "-v", "haproxy": "-v", "varnishd": "-V", "wrk": "-v"}
FILES_NEEDED = 8192  # two per connection of the largest limit that we configure


def extend_path():
    """Debian keeps nginx, haproxy and varnishd where only root's PATH looks."""
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"


def missing_tools(contenders):
    """The programs that are needed and absent. nginx is always needed: it is also the backend."""
    needed = ["nginx", "wrk", "taskset", *(tool for name, tool in TOOLS.items() if name in contenders)]
    return [tool for tool in needed if shutil.which(tool) is None]


def install_command(tools):
    """The apt command that brings `tools`."""
    packages = [PACKAGES[tool] for tool in tools]
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    return [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends", *packages]


def install(tools):
    """Runs the apt command; returns whether it succeeded."""
    command = install_command(tools)
    print(f"Installing: {shlex.join(command)}", flush=True)
    return subprocess.run(command, check=False).returncode == 0


def first_line(command, pattern=r".+"):
    """The first match of `pattern` in what `command` prints, or "unknown"."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(0).strip() if found else "unknown"


def versions(contenders, gateways):
    """The version of every program that takes part."""
    absent = [tool for name, tool in TOOLS.items() if name not in contenders]
    tools = [tool for tool in VERSION_FLAGS if tool not in absent and shutil.which(tool)]
    found = {tool: first_line([tool, VERSION_FLAGS[tool]]) for tool in tools}
    for name, binary in gateways.items():
        found[name] = first_line([str(binary), "--version"])
    return found


def describe():
    """CPU, kernel, load and the mitigations that decide what a system call costs."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*:\s*(.+)", cpuinfo)
    vulnerabilities = Path("/sys/devices/system/cpu/vulnerabilities")
    mitigations = {
        each.name: each.read_text(encoding="ascii").strip()
        for each in (sorted(vulnerabilities.iterdir()) if vulnerabilities.is_dir() else [])
    }
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "cpus_online": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()} {platform.version()}",
        "is_virtual": "hypervisor" in cpuinfo,
        "governor": governor.read_text(encoding="ascii").strip() if governor.exists() else "none",
        "load_average": os.getloadavg(),
        "mitigations": {name: text for name, text in mitigations.items() if text.startswith("Mitigation")},
    }
