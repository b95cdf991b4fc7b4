"""The API keys of the keyed scenarios, and the files in which each contender wants them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

KEY_COUNT = 10_000  # in the plan that never refuses; API Gateway's own quota for a region
VALUE_LEN = 40  # as long as those that API Gateway makes
PLAN_OPEN, PLAN_SLOW = "open", "slow"  # UsagePlanName in compare.yaml


@dataclass(frozen=True)
class Key:
    """One API key."""

    name: str
    value: str
    plan: str


@dataclass(frozen=True)
class Keys:
    """The keys and their files, written once a run."""

    every: tuple  # values of the open plan
    named: dict  # single values: "one" of the open plan, the "slow" one, an "unknown" one
    # In the order of the files in `write`.
    csv_path: Path
    nginx_path: Path
    haproxy_path: Path
    values_path: Path

    def value(self, name):
        """A value for one request of a scenario whose `key` is `name`; None for none."""
        return self.named["one" if name == "every" else name] if name else None


def key_value(text):
    """The value made of `text`: the same in every run."""
    return hashlib.sha256(text.encode()).hexdigest()[:VALUE_LEN]


def make():
    """All keys, those of the open plan first, the slow one last."""
    keys = [Key(f"key-{n:05}", key_value(f"compare {n}"), PLAN_OPEN) for n in range(KEY_COUNT)]
    return [*keys, Key("key-slow", key_value("compare slow"), PLAN_SLOW)]


def write(directory):
    """Makes the keys and writes their files into `directory`."""
    keys = make()
    keys_of_open = tuple(key.value for key in keys if key.plan == PLAN_OPEN)
    files = {
        # The form in which API Gateway imports keys.
        "keys.csv": ["name,key,description,enabled,usageplanIds"]
        + [f"{key.name},{key.value},,TRUE,{key.plan}" for key in keys],
        "keys.nginx": [f"{key.value} {key.name};" for key in keys],
        "keys.haproxy": [f"{key.value} {key.name}" for key in keys],
        "keys.values": keys_of_open,
    }
    for name, lines in files.items():
        (directory / name).write_text("\n".join(lines) + "\n", encoding="ascii")
    named = {"one": keys_of_open[0], "slow": keys[-1].value, "unknown": key_value("compare unknown")}
    return Keys(keys_of_open, named, *(directory / name for name in files))
