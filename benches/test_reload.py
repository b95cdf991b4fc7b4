"""Tests of reload: python3 -m unittest discover -s benches"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import subprocess
import sys
import types
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
SCRIPT = Path(__file__).resolve().parent / "reload"
loader = importlib.machinery.SourceFileLoader("reload_bench", str(SCRIPT))
reload_bench = importlib.util.module_from_spec(importlib.util.spec_from_loader("reload_bench", loader))
loader.exec_module(reload_bench)


def run_of(p99_us, errors=0, reloads=None):
    """Figures of one quiet-machine run."""
    shares = {"cpu_share": 0.9, "others_share": 0.0, "steal_share": 0.0}
    times = {"p50_us": 1, "p99_us": p99_us, "p99_9_us": 3, "rps": 1.0}
    return shares | times | {"requests": 100, "errors": errors, "reloads": reloads}


def conclude(latency=None, compiled_ms=None, check=False):
    """The exit code and the text that end a run."""
    facts = {"latency": latency} if latency else {}
    if compiled_ms is not None:
        facts["compile"] = {"methods": 1, "stages": 1, "bytes": 1, "all_changed_ms": compiled_ms, "one_changed_ms": 1}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = reload_bench.conclude(types.SimpleNamespace(json=None, check=check), facts)
    return code, out.getvalue()


def latency(*p99s, errors=0, took_effect=25):
    """Rounds with p99s (quiet, reloading)."""
    reloads = {"sent": 25, "took_effect": took_effect, "failed": 25 - took_effect}
    rounds = [{"quiet": run_of(quiet), "reloading": run_of(busy, errors, reloads)} for quiet, busy in p99s]
    return reload_bench.summarize(rounds)


class Verdicts(unittest.TestCase):
    def test_the_ratio_is_the_median_of_the_rounds_ratios(self):
        ratio = latency((100, 110), (1000, 1200), (100, 900))["p99_ratio"]
        self.assertEqual((ratio["median"], ratio["min"], ratio["max"]), (1.2, 1.1, 9.0))

    def test_a_met_target_passes(self):
        code, text = conclude(latency((100, 150)), 1000, check=True)
        self.assertEqual(code, 0, text)
        self.assertNotIn("MISSED", text)

    def test_a_missed_target_fails_where_it_is_checked(self):
        for facts in ({"latency": latency((100, 151))}, {"compiled_ms": 1001}):
            code, text = conclude(**facts)
            self.assertEqual(code, 0)
            self.assertIn("MISSED", text)
            self.assertEqual(conclude(**facts, check=True)[0], 1)

    def test_a_lost_response_or_reload_always_fails(self):
        self.assertEqual(conclude(latency((100, 100), errors=1))[0], 1)
        self.assertEqual(conclude(latency((100, 100), took_effect=24))[0], 1)


class Definitions(unittest.TestCase):
    def test_a_mock_is_added_beside_what_is_proxied(self):
        resources = json.loads(reload_bench.api("prod", ["small"], lambda name: f"http://h/{name}", ["added"]))["Resources"]
        integrations = {name: resources[f"Get{name}"]["Properties"]["Integration"]["Type"] for name in ("small", "added")}
        self.assertEqual(integrations, {"small": "HTTP_PROXY", "added": "MOCK"})
        self.assertEqual(resources["Deployment"]["DependsOn"], ["Getsmall", "Getadded"])


class CommandLine(unittest.TestCase):
    def test_what_cannot_be_run_is_told(self):
        for arguments, told in (
            (["--methods", "10", "--stages", "3"], "do not divide evenly"),
            (["--gateway", "/nonexistent/gateway"], "no gateway binary"),
        ):
            done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2)
            if "missing:" in done.stderr or "core" in done.stderr:
                self.skipTest(f"this machine cannot run it: {done.stderr.strip()}")
            self.assertIn(told, done.stderr)


if __name__ == "__main__":
    unittest.main()
