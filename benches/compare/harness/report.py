"""From slots to medians, ratios, verdicts, and the tables that show them."""

from statistics import median

from .scenarios import SCENARIOS, additions, comparisons

FIGURES = ("cpu_us", "rps", "p50_us", "p99_us", "p99_9_us", "opens", "cpu_share", "others_share", "steal_share")
OTHERS_SHARE_MAX = 0.05  # of the proxy's core; above it a row is marked, see "noisy" in README.md
STEAL_SHARE_MAX = 0.02


def spread(values):
    """Median, smallest and largest."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def is_noisy(slot):
    """Whether somebody else took so much of the core that the slot says little."""
    return slot["others_share"] > OTHERS_SHARE_MAX or slot["steal_share"] > STEAL_SHARE_MAX


def summarize(slots):
    """One result per scenario and contender.

    `slots` maps (round, scenario name, contender) to figures; rounds that failed are simply absent.
    """
    results = []
    for scenario in SCENARIOS:
        for contender in dict.fromkeys(key[2] for key in slots):
            keys = [key for key in slots if key[1:] == (scenario.name, contender)]
            if not keys:
                continue
            rounds = [slots[key] for key in sorted(keys)]
            result = {"scenario": scenario.name, "contender": contender}
            result |= {figure: spread([each[figure] for each in rounds]) for figure in FIGURES}
            result["requests"] = sum(each["requests"] for each in rounds)
            result["errors"] = sum(each["errors"] for each in rounds)
            result["is_noisy"] = any(map(is_noisy, rounds))
            result["rounds"] = rounds
            results.append(result)
    return results


def ratios(slots):
    """CPU per request of one contender over another's: the median of each round's own ratio."""
    contenders = list(dict.fromkeys(key[2] for key in slots))
    rounds = sorted({key[0] for key in slots})
    found = []
    for each in comparisons(contenders):
        pairs = [
            (slots.get((n, each.scenario, each.contender)), slots.get((n, each.against_scenario, each.against)))
            for n in rounds
        ]
        pairs = [pair for pair in pairs if all(pair)]
        if not pairs:
            continue
        values = [ours["cpu_us"] / theirs["cpu_us"] for ours, theirs in pairs]
        ratio = {
            "contender": each.contender,
            "scenario": each.scenario,
            "against": each.against,
            "against_scenario": each.against_scenario,
            **spread(values),
            "target": each.target,
        }
        ratio["is_noisy"] = any(is_noisy(slot) for pair in pairs for slot in pair)
        ratio["is_met"] = None if each.target is None else ratio["median"] <= each.target
        found.append(ratio)
    return found


def added(slots):
    """Microseconds that one scenario costs over another: the median of each round's own difference."""
    contenders = list(dict.fromkeys(key[2] for key in slots))
    rounds = sorted({key[0] for key in slots})
    found = []
    for each in additions(contenders):
        pairs = [
            (slots.get((n, each.scenario, each.contender)), slots.get((n, each.base, each.contender))) for n in rounds
        ]
        pairs = [pair for pair in pairs if all(pair)]
        if not pairs:
            continue
        values = [dear["cpu_us"] - plain["cpu_us"] for dear, plain in pairs]
        addition = {
            "contender": each.contender,
            "scenario": each.scenario,
            "base": each.base,
            **spread(values),
            "target": each.target_us,
        }
        addition["is_noisy"] = any(is_noisy(slot) for pair in pairs for slot in pair)
        addition["is_met"] = None if each.target_us is None else addition["median"] <= each.target_us
        found.append(addition)
    return found


def table(head, rows):
    """Columns as wide as their longest cell; the first two to the left, numbers to the right."""
    cells = [head, *rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(head))]
    lines = []
    for row in cells:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:])]
        lines.append("  ".join(left + right).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def results_table(results):
    """The figures, one row per scenario and contender."""
    head = ("scenario", "proxy", "CPU µs/req", "min–max", "req/s", "p50 ms", "p99 ms", "p99.9 ms")
    head += ("errors", "opens", "core", "others")
    rows = []
    for each in results:
        cpu = each["cpu_us"]
        rows.append((
            each["scenario"],
            each["contender"],
            f"{cpu['median']:.2f}",
            f"{cpu['min']:.2f}–{cpu['max']:.2f}",
            f"{each['rps']['median']:,.0f}",
            *(f"{each[name]['median'] / 1000:.2f}" for name in ("p50_us", "p99_us", "p99_9_us")),
            f"{each['errors']:,}",
            f"{each['opens']['median']:,.0f}",
            f"{each['cpu_share']['median']:.0%}",
            f"{each['others_share']['max']:.0%}" + ("!" if each["is_noisy"] else ""),
        ))
    return table(head, rows)


def verdict(ratio):
    """The word for a target, with the mark of a noisy measurement."""
    if ratio["is_met"] is None:
        return ""
    return ("met" if ratio["is_met"] else "MISSED") + ("!" if ratio["is_noisy"] else "")


def ratios_table(found):
    """The ratios, with target and verdict where there is one."""
    head = ("scenario", "CPU per request", "ratio", "min–max", "target", "verdict")
    rows = []
    for each in found:
        other = each["against"]
        if each["against_scenario"] != each["scenario"]:
            other += f" ({each['against_scenario']})"
        rows.append((
            each["scenario"],
            f"{each['contender']} / {other}",
            f"{each['median']:.2f}",
            f"{each['min']:.2f}–{each['max']:.2f}",
            "" if each["target"] is None else f"≤ {each['target']:.2f}",
            verdict(each),
        ))
    return table(head, rows)


def added_table(found):
    """What scenarios add to others, with target and verdict where there is one."""
    head = ("added", "proxy", "CPU µs/req", "min–max", "target", "verdict")
    rows = [
        (
            f"{each['scenario']} − {each['base']}",
            each["contender"],
            f"{each['median']:+.2f}",
            f"{each['min']:+.2f}–{each['max']:+.2f}",
            "" if each["target"] is None else f"≤ {each['target']:.2f}",
            verdict(each),
        )
        for each in found
    ]
    return table(head, rows)
