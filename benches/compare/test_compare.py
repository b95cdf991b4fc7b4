"""Tests of the harness itself: python3 -m unittest discover -s benches/compare"""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import contenders, keys, load, machine, processes, report, scenarios  # noqa: E402
from harness.scenarios import CACHES, LISTENERS, SCENARIOS  # noqa: E402

BY_NAME = {each.name: each for each in SCENARIOS}
NO_ERRORS = {"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}


def counts(**changed):
    """wrk's counts of a clean second with 1000 requests."""
    clean = {"duration_us": 1_000_000, "requests": 1000, "bytes": 158_000}
    return clean | {"p50_us": 10, "p99_us": 20, "p99_9_us": 30, "max_us": 40} | NO_ERRORS | changed


def slot(cpu_us, **changed):
    """Figures of a quiet slot."""
    quiet = {"rps": 1.0, "p50_us": 1, "p99_us": 2, "p99_9_us": 3, "max_us": 4, "requests": 10, "errors": 0, "opens": 0}
    return quiet | {"cpu_us": cpu_us, "cpu_share": 0.9, "others_share": 0.0, "steal_share": 0.0} | changed


def setup_in(directory):
    """What a run in `directory` shares, keys written."""
    return contenders.Setup(directory, 0, 9, keys.write(directory))


def run(*arguments):
    """The harness as a user starts it."""
    command = [sys.executable, str(HERE / "run"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Figures(unittest.TestCase):
    def test_cpu_time_is_divided_by_requests(self):
        got = load.figures(counts(), BY_NAME["small-c64"], 20_000_000, 10**9, (0, 0, 0), (50, 1, 100))
        self.assertEqual(got["cpu_us"], 20.0)
        self.assertEqual(got["rps"], 1000.0)
        self.assertAlmostEqual(got["others_share"], 0.48)
        self.assertEqual(got["steal_share"], 0.01)

    def test_missing_bodies_are_refused(self):
        with self.assertRaisesRegex(load.LoadError, "bodies are missing"):
            load.figures(counts(), BY_NAME["64k-c64"], 1, 1, (0, 0, 0), (1, 0, 1))

    def test_refusals_are_errors_only_where_none_is_expected(self):
        refused = counts(status=1000)
        self.assertEqual(load.error_count(refused, BY_NAME["small-c64"]), 1000)
        self.assertEqual(load.error_count(refused, BY_NAME["unknown-c64"]), 0)
        self.assertEqual(load.error_count(counts(), BY_NAME["unknown-c64"]), 1000)
        self.assertEqual(load.error_count(counts(read=2, timeout=3), BY_NAME["small-c64"]), 5)

    def test_a_throttle_may_let_its_own_rate_through(self):
        throttled = BY_NAME["throttled-c64"]
        self.assertEqual(load.error_count(counts(status=998), throttled), 0)
        self.assertEqual(load.error_count(counts(status=997), throttled), 1)
        self.assertEqual(load.error_count(counts(status=999), BY_NAME["forbidden-c64"]), 1)

    def test_answers_come_from_where_they_are_said_to(self):
        load.check_origin(counts(), BY_NAME["keyed-c64"], 1000)
        with self.assertRaisesRegex(load.LoadError, "only 999 of 1000 requests reached"):
            load.check_origin(counts(), BY_NAME["keyed-c64"], 999)
        load.check_origin(counts(), BY_NAME["cached-c64"], 64)
        with self.assertRaisesRegex(load.LoadError, "65 of 1000 requests reached the backend; none should"):
            load.check_origin(counts(), BY_NAME["cached-c64"], 65)
        load.check_origin(counts(), BY_NAME["throttled-c64"], 66)

    def test_backend_status_gives_its_requests(self):
        text = "Active connections: 1 \nserver accepts handled requests\n 16 17 18 \nReading: 0 Writing: 1 \n"
        self.assertEqual(load.parse_status(text), 18)

    def test_report_line_is_found_among_the_rest(self):
        self.assertEqual(load.parse_report('Running\nCOMPARE {"requests":7}\n'), {"requests": 7})
        with self.assertRaisesRegex(load.LoadError, "unable to connect"):
            load.parse_report("", "unable to connect")

    def test_core_ticks_reads_the_named_core(self):
        stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 1 2 3 40 5 6 7 8 0 0\n"
        self.assertEqual(load.core_ticks(1, stat), (19, 8, 72))

    def test_opens_are_read_from_the_tcp_rows(self):
        self.assertEqual(load.tcp_opens("Ip: A\nIp: 1\nTcp: RtoMin ActiveOpens\nTcp: 200 7\n"), 7)


class Ratios(unittest.TestCase):
    def find(self, slots, **wanted):
        found = [each for each in report.ratios(slots) if all(each[key] == value for key, value in wanted.items())]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_ratio_is_the_median_of_rounds_not_the_ratio_of_medians(self):
        slots = {}
        for number, (ours, theirs) in enumerate(((10, 20), (30, 40), (50, 500))):
            slots[number, "small-c64", "monoio"] = slot(ours)
            slots[number, "small-c64", "nginx"] = slot(theirs)
        got = self.find(slots, contender="monoio", against="nginx")
        self.assertEqual((got["median"], got["min"], got["max"]), (0.5, 0.1, 0.75))
        self.assertTrue(got["is_met"])

    def test_target_is_missed_just_above_it(self):
        slots = {(0, "64k-c64", "monoio"): slot(81), (0, "64k-c64", "haproxy"): slot(100)}
        self.assertIs(self.find(slots, against="haproxy")["is_met"], False)

    def test_unknown_route_is_held_against_return_200(self):
        slots = {(0, "unknown-c64", "monoio"): slot(8), (0, "mock-c64", "nginx"): slot(10)}
        got = self.find(slots, contender="monoio", against="nginx")
        self.assertEqual((got["against_scenario"], got["median"], got["is_met"]), ("mock-c64", 0.8, True))

    def test_rounds_that_failed_take_no_part(self):
        slots = {(0, "small-c1", "monoio"): slot(1), (1, "small-c1", "nginx"): slot(1)}
        self.assertEqual(report.ratios(slots), [])

    def test_noise_in_one_round_marks_the_row(self):
        slots = {(n, "small-c1", "nginx"): slot(1, others_share=share) for n, share in enumerate((0.0, 0.06, 0.0))}
        (result,) = report.summarize(slots)
        self.assertTrue(result["is_noisy"])
        self.assertIn("6%!", report.results_table([result]))

    def test_a_verdict_on_noise_is_marked(self):
        for share, word in ((0.0, "met"), (0.5, "met!")):
            slots = {(0, "small-c64", "monoio"): slot(1), (0, "small-c64", "nginx"): slot(2, steal_share=share)}
            self.assertEqual(report.verdict(self.find(slots, contender="monoio")), word)


class Added(unittest.TestCase):
    def test_difference_is_taken_within_each_round(self):
        slots = {}
        for number, (plain, keyed) in enumerate(((10, 11), (20, 29), (30, 32))):
            slots[number, "small-c64", "monoio"] = slot(plain)
            slots[number, "keyed-c64", "monoio"] = slot(keyed)
        (got,) = report.added(slots)
        self.assertEqual((got["median"], got["min"], got["max"], got["is_met"]), (2, 1, 9, True))
        self.assertRegex(report.added_table([got]), r"keyed-c64 − small-c64 +monoio +\+2\.00 .* ≤ 2\.00 +met")

    def test_it_is_missed_above_the_target_and_only_shown_for_others(self):
        for contender, is_met in (("monoio", False), ("nginx", None)):
            slots = {(0, "small-c64", contender): slot(10), (0, "keyed-c64", contender): slot(12.01)}
            self.assertIs(report.added(slots)[0]["is_met"], is_met)


class Promises(unittest.TestCase):
    def targets(self, **wanted):
        found = scenarios.comparisons(CACHES)
        chosen = [each for each in found if all(getattr(each, name) == value for name, value in wanted.items())]
        return {(each.contender, each.against): each.target for each in chosen if each.target is not None}

    def test_targets_are_those_that_we_promise(self):
        for scenario, expected in (
            ("keyed-c64", {"nginx": 0.7, "haproxy": 0.7}),
            ("throttled-c64", {"nginx": 0.8}),
            ("forbidden-c64", {"nginx": 0.8}),
            ("cached-c64", {"nginx": 0.45, "varnish": 1.0}),
            ("cached-64k-c64", {"nginx": 0.45, "varnish": 1.0}),
            ("logged-c64", {}),
        ):
            expected = {("monoio", against): target for against, target in expected.items()}
            self.assertEqual(self.targets(scenario=scenario), expected, scenario)

    def test_every_target_belongs_to_a_pair_that_meets(self):
        for (name, against) in scenarios.TARGETS:
            self.assertIn(against, BY_NAME[name].contenders)

    def test_nobody_is_held_against_who_takes_no_part(self):
        found = [each for each in scenarios.comparisons(CACHES) if "varnish" in (each.contender, each.against)]
        self.assertEqual({each.scenario for each in found}, {"cached-c64", "cached-64k-c64"})
        small = [each for each in scenarios.comparisons(CACHES) if each.scenario == "small-c64"]
        pairs = [(each.contender, each.against) for each in small]
        self.assertEqual(len(pairs), len({frozenset(pair) for pair in pairs}), "a pair is shown once")
        self.assertIn(("monoio", "glommio"), pairs)


class Keys(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.setup = setup_in(self.directory)

    def test_every_contender_gets_the_same_keys(self):
        made = self.setup.keys
        self.assertEqual(len(set(made.every)), keys.KEY_COUNT)
        head, *rows = made.csv_path.read_text().splitlines()
        self.assertEqual(head, "name,key,description,enabled,usageplanIds")
        rows = [row.split(",") for row in rows]
        self.assertEqual([row[4] for row in rows], ["open"] * keys.KEY_COUNT + ["slow"])
        pairs = [(value, name) for name, value, *_ in rows]
        self.assertEqual([tuple(line.rstrip(";").split()) for line in made.nginx_path.read_text().splitlines()], pairs)
        self.assertEqual([tuple(line.split()) for line in made.haproxy_path.read_text().splitlines()], pairs)
        self.assertNotIn(made.named["unknown"], [value for value, _ in pairs])

    def test_plans_are_those_of_the_definition(self):
        definition = (HERE / "compare.yaml").read_text(encoding="utf-8")
        for plan in (keys.PLAN_OPEN, keys.PLAN_SLOW):
            self.assertIn(f"UsagePlanName: {plan}\n", definition)

    def test_only_a_load_of_many_keys_runs_a_script_for_each_request(self):
        command = load.wrk_command(self.setup, 1, BY_NAME["keyed-c64"], 80, 5)
        self.assertEqual(command[-2:], ["--", str(self.setup.keys.values_path)])
        self.assertIn(str(HERE / "keys.lua"), command)
        for name, key in (("keyed-one-c64", "one"), ("throttled-c64", "slow"), ("forbidden-c64", "unknown")):
            command = load.wrk_command(self.setup, 1, BY_NAME[name], 80, 5)
            self.assertIn(f"-Hx-api-key: {self.setup.keys.named[key]}", command)
            self.assertIn(str(HERE / "report.lua"), command)
        self.assertNotIn("x-api-key", " ".join(load.wrk_command(self.setup, 1, BY_NAME["small-c64"], 80, 5)))

    def test_gateway_gets_keys_and_log_only_where_they_are_asked_for(self):
        for name, flags in (
            ("small-c64", []),
            ("cached-c64", []),
            ("logged-c64", ["--access-log"]),
            ("keyed-c64", ["--api-keys", "--access-log"]),
            ("throttled-c64", ["--api-keys"]),
        ):
            command = contenders.gateway_command("gateway", "monoio", self.setup, 80, BY_NAME[name])
            self.assertEqual([flag for flag in command if flag in ("--api-keys", "--access-log")], flags, name)

    def test_access_log_must_hold_every_request(self):
        log = self.directory / "access.log"
        line = dict.fromkeys(load.LOG_FIELDS, "x") | {"status": "200"}
        log.write_text((json.dumps(line) + "\n") * 3)
        load.check_log(log, BY_NAME["keyed-c64"], 3)
        with self.assertRaisesRegex(load.LoadError, "3 lines for 4 requests"):
            load.check_log(log, BY_NAME["keyed-c64"], 4)
        log.write_text(json.dumps(line | {"apiKeyId": "-"}) + "\n")
        load.check_log(log, BY_NAME["logged-c64"], 1)
        with self.assertRaisesRegex(load.LoadError, "lacks something"):
            load.check_log(log, BY_NAME["keyed-c64"], 1)
        log.write_text("GET / 200\n")
        with self.assertRaisesRegex(load.LoadError, "is not JSON"):
            load.check_log(log, BY_NAME["logged-c64"], 1)


class Processes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.log = Path(directory.name) / "log"
        self.cpu = min(os.sched_getaffinity(0))

    def start(self, script):
        process = processes.Process("child", ["sh", "-c", script], self.cpu, self.log)
        self.addCleanup(process.stop)
        return process

    def test_cpu_clock_counts_work_and_not_sleep(self):
        busy = self.start("while :; do :; done")
        asleep = self.start("exec sleep 30")
        deadline = time.monotonic() + 20
        while busy.cpu_ns() < 50_000_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertGreaterEqual(busy.cpu_ns(), 50_000_000)
        self.assertLess(asleep.cpu_ns(), 50_000_000)

    def test_children_count_and_stop_reaches_a_deaf_one(self):
        processes.STOP_S_MAX, before = 0.2, processes.STOP_S_MAX
        self.addCleanup(setattr, processes, "STOP_S_MAX", before)
        process = self.start("trap '' TERM; sh -c 'trap \"\" TERM; echo up; sleep 60; :' & wait; wait; sleep 60; :")
        deadline = time.monotonic() + 10
        while "up" not in self.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        pids = process.pids()
        self.assertEqual(len(pids), 2)
        process.stop()
        for pid in pids:
            self.assertFalse(runs(pid), pid)

    def test_standard_output_can_go_elsewhere_and_complaints_stay(self):
        output = self.log.with_name("output")
        command = ["sh", "-c", "echo line; echo complaint >&2"]
        process = processes.Process("child", command, self.cpu, self.log, output_path=output)
        process._child.wait(10)
        process.stop()
        self.assertEqual((output.read_text(), self.log.read_text()), ("line\n", "complaint\n"))

    def test_early_exit_shows_what_was_printed(self):
        process = self.start("echo no such flag >&2; exit 2")
        with self.assertRaisesRegex(processes.StartError, "exited with 2\n    no such flag"):
            process.wait_ready(processes.free_ports(1)[0], "/", 200, 0)


class Configuration(unittest.TestCase):
    def test_unknown_field_is_an_error(self):
        with self.assertRaises(KeyError):
            contenders.fill("listen @NO_SUCH@;", {"PORT": 1})

    def test_gateway_settings_of_the_caller_do_not_leak_in(self):
        self.assertEqual(contenders.without_settings({"GATEWAY_X": "1", "PATH": "p"}), {"PATH": "p"})

    def test_definition_and_backend_know_every_proxied_path(self):
        definition = (HERE / "compare.yaml").read_text(encoding="utf-8")
        for scenario in SCENARIOS:
            part = scenario.path.removeprefix("/prod/")
            self.assertEqual(f"PathPart: {part}\n" in definition, scenario.answered_by != "unknown", part)


    def test_every_listener_exists_where_it_is_asked_for(self):
        self.assertEqual({each.answered_by for each in SCENARIOS}, set(LISTENERS))
        for name, shared in (("nginx.conf", ("mock", "unknown")), ("haproxy.cfg", ())):
            text = (HERE / name).read_text(encoding="utf-8")
            for listener in LISTENERS:
                self.assertEqual(f":@PORT_{listener.upper()}@ " in text, listener not in shared, (name, listener))

    def test_absent_tools_are_named_with_their_packages(self):
        machine.shutil.which, before = lambda tool: None, machine.shutil.which
        self.addCleanup(setattr, machine.shutil, "which", before)
        self.assertEqual(machine.missing_tools(["varnish"]), ["nginx", "wrk", "taskset", "varnishd"])
        self.assertEqual(machine.install_command(["varnishd", "haproxy"])[-2:], ["varnish", "haproxy"])


class CommandLine(unittest.TestCase):
    def test_unknown_names_are_told_with_the_known_ones(self):
        done = run("--only", "nginx,apache")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown apache; known: nginx, haproxy, varnish, monoio, glommio", done.stderr)

    def test_who_takes_no_part_is_told_so(self):
        done = run("--only", "varnish", "--scenarios", "small-c64")
        self.assertEqual(done.returncode, 2)
        self.assertIn("varnish takes no part in small-c64", done.stderr)

    def test_missing_binary_names_the_build_command(self):
        done = run("--only", "monoio", "--gateway", "/nonexistent/gateway")
        self.assertEqual(done.returncode, 2)
        if "missing:" in done.stderr or "core" in done.stderr:
            self.skipTest(f"this machine cannot run the comparison: {done.stderr.strip()}")
        self.assertIn(contenders.BUILD, done.stderr)

    def test_proxy_gets_a_core_of_its_own(self):
        cpu = str(min(os.sched_getaffinity(0)))
        done = run("--only", "nginx", "--proxy-cpu", cpu, "--backend-cpu", cpu)
        self.assertEqual(done.returncode, 2)
        self.assertIn("core of its own", done.stderr)


def runs(pid):
    """Whether `pid` exists and is not a zombie that waits for its parent."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


if __name__ == "__main__":
    unittest.main()
