"""What is asked of every contender, and which ratios the gateway promises."""

from dataclasses import dataclass

# Body of GET /small at the backend; with nginx's head the response is 158 bytes.
SMALL_BODY = b"hello from origin"
SMALL_RESPONSE_BYTES = 158
MOCK_BODY = b'{"message":"mock"}'
UNKNOWN_BODY = b'{"message":"Missing Authentication Token"}'
KIB = 1024


@dataclass(frozen=True)
class Scenario:
    """One load: a path, a connection count and the only answer that counts as right."""

    name: str
    path: str
    connections: int
    status: int
    body_bytes: int
    answered_by: str  # "backend", "mock" or "unknown": which front end of HAProxy


SCENARIOS = (
    Scenario("small-c1", "/prod/small", 1, 200, len(SMALL_BODY), "backend"),
    Scenario("small-c64", "/prod/small", 64, 200, len(SMALL_BODY), "backend"),
    Scenario("small-c1024", "/prod/small", 1024, 200, len(SMALL_BODY), "backend"),
    Scenario("64k-c64", "/prod/64k", 64, 200, 64 * KIB, "backend"),
    Scenario("1m-c16", "/prod/1m", 16, 200, 1024 * KIB, "backend"),
    Scenario("mock-c64", "/prod/mock", 64, 200, len(MOCK_BODY), "mock"),
    Scenario("unknown-c64", "/prod/unknown", 64, 403, len(UNKNOWN_BODY), "unknown"),
)


@dataclass(frozen=True)
class Comparison:
    """A ratio of CPU per request. `target` is the largest that passes; None is for information."""

    contender: str
    scenario: str
    against: str
    against_scenario: str
    target: float | None


def comparisons(contenders):
    """Every ratio that `contenders` (names) allow, the promised ones with their target."""
    targets = {
        ("small-c64", "nginx"): 0.75,
        ("small-c64", "haproxy"): 0.75,
        ("64k-c64", "nginx"): 0.80,
        ("64k-c64", "haproxy"): 0.80,
        ("mock-c64", "nginx"): 0.85,
    }
    found = []
    for contender in contenders:
        for against in ("nginx", "haproxy", "glommio"):
            # glommio is a yardstick for monoio only: it is the second backend of the same gateway.
            if against == contender or against not in contenders:
                continue
            if against == "glommio" and contender != "monoio":
                continue
            if against == "haproxy" and contender == "nginx":
                continue
            for scenario in SCENARIOS:
                target = targets.get((scenario.name, against)) if contender == "monoio" else None
                found.append(Comparison(contender, scenario.name, against, scenario.name, target))
            if against == "nginx" and contender in ("monoio", "glommio"):
                # An unknown route is also held against nginx's `return 200`, its cheapest answer.
                target = 0.85 if contender == "monoio" else None
                found.append(Comparison(contender, "unknown-c64", against, "mock-c64", target))
    return found
