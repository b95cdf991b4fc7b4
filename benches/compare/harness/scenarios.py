"""What is asked of every contender, and which ratios and differences the gateway promises."""

from dataclasses import dataclass

# Body of GET /small at the backend; with nginx's head the response is 158 bytes.
SMALL_BODY = b"hello from origin"
SMALL_RESPONSE_BYTES = 158
MOCK_BODY = b'{"message":"mock"}'
UNKNOWN_BODY = b'{"message":"Missing Authentication Token"}'
THROTTLED_BODY = b'{"message":"Too Many Requests"}'
FORBIDDEN_BODY = b'{"message":"Forbidden"}'
KIB = 1024

# What the posting loads send: 1 KiB of JSON as an application writes it. post.lua builds the same text.
ORDER = (
    '{"id":"a1b2c3d4","customer":{"name":"Ada Lovelace","email":"ada@example.com","vip":true},"total":129.5,'
    '"currency":"EUR","items":['
    + ",".join(f'{{"sku":"sku-{n:04}","name":"Item number {n:02}","quantity":{n},"price":9.75}}' for n in range(10, 23))
    + ']}'
)

PROXIES = ("nginx", "haproxy", "monoio", "glommio")
CACHES = ("nginx", "haproxy", "varnish", "monoio", "glommio")
# Front ends of nginx and HAProxy, a port each, so that no answer pays for another's rules.
LISTENERS = ("backend", "mock", "unknown", "logged", "keyed", "refused", "cached", "cached_large")


@dataclass(frozen=True)
class Scenario:
    """One load: a path, a connection count and the only answer that counts as right."""

    name: str
    path: str
    connections: int
    status: int
    body_bytes: int
    answered_by: str  # one of LISTENERS
    contenders: tuple = PROXIES
    key: str | None = None  # API keys that are sent: "every", or a name of keys.Keys.named
    posts: bool = False  # POSTs ORDER
    is_logged: bool = False  # writes a JSON access log
    # Requests of one slot that may have another outcome: a throttle of 1/s lets some through.
    spared_rps: float = 0.0

    @property
    def reaches_backend(self):
        """Whether the answers come from the backend, rather than from the proxy itself."""
        return self.answered_by in ("backend", "logged", "keyed")


SCENARIOS = (
    Scenario("small-c1", "/prod/small", 1, 200, len(SMALL_BODY), "backend"),
    Scenario("small-c64", "/prod/small", 64, 200, len(SMALL_BODY), "backend"),
    Scenario("small-c1024", "/prod/small", 1024, 200, len(SMALL_BODY), "backend"),
    Scenario("64k-c64", "/prod/64k", 64, 200, 64 * KIB, "backend"),
    Scenario("1m-c16", "/prod/1m", 16, 200, 1024 * KIB, "backend"),
    Scenario("mock-c64", "/prod/mock", 64, 200, len(MOCK_BODY), "mock"),
    Scenario("unknown-c64", "/prod/unknown", 64, 403, len(UNKNOWN_BODY), "unknown"),
    Scenario("logged-c64", "/prod/small", 64, 200, len(SMALL_BODY), "logged", is_logged=True),
    Scenario("keyed-c64", "/prod/keyed", 64, 200, len(SMALL_BODY), "keyed", key="every", is_logged=True),
    Scenario("keyed-one-c64", "/prod/keyed", 64, 200, len(SMALL_BODY), "keyed", key="one", is_logged=True),
    Scenario("throttled-c64", "/prod/keyed", 64, 429, len(THROTTLED_BODY), "refused", key="slow", spared_rps=1.0),
    Scenario("forbidden-c64", "/prod/keyed", 64, 403, len(FORBIDDEN_BODY), "refused", key="unknown"),
    Scenario("posted-c64", "/prod/posted", 64, 200, len(SMALL_BODY), "backend", posts=True),
    Scenario(
        "templated-c64", "/prod/templated", 64, 200, len(SMALL_BODY), "backend", ("monoio", "glommio"), posts=True
    ),
    Scenario("cached-c64", "/prod/cached", 64, 200, len(SMALL_BODY), "cached", CACHES),
    Scenario("cached-64k-c64", "/prod/cached-64k", 64, 200, 64 * KIB, "cached_large", CACHES),
)


@dataclass(frozen=True)
class Comparison:
    """A ratio of CPU per request. `target` is the largest that passes; None is for information."""

    contender: str
    scenario: str
    against: str
    against_scenario: str
    target: float | None


@dataclass(frozen=True)
class Addition:
    """Microseconds that one scenario costs a contender over another. `target_us` as in `Comparison`."""

    contender: str
    scenario: str
    base: str
    target_us: float | None


TARGETS = {
    ("small-c64", "nginx"): 0.75,
    ("small-c64", "haproxy"): 0.75,
    ("64k-c64", "nginx"): 0.80,
    ("64k-c64", "haproxy"): 0.80,
    ("mock-c64", "nginx"): 0.85,
    ("keyed-c64", "nginx"): 0.70,
    ("keyed-c64", "haproxy"): 0.70,
    ("throttled-c64", "nginx"): 0.80,
    ("forbidden-c64", "nginx"): 0.80,
    ("cached-c64", "nginx"): 0.45,
    ("cached-c64", "varnish"): 1.00,
    ("cached-64k-c64", "nginx"): 0.45,
    ("cached-64k-c64", "varnish"): 1.00,
}
KEYED_ADDED_US = 2.0
TEMPLATED_ADDED_US = 12.0


def comparisons(contenders):
    """Every ratio that `contenders` (names) allow, the promised ones with their target."""
    found = []
    for contender in contenders:
        for against in contenders:
            if not is_held_against(contender, against):
                continue
            for scenario in SCENARIOS:
                if not {contender, against} <= set(scenario.contenders):
                    continue
                target = TARGETS.get((scenario.name, against)) if contender == "monoio" else None
                found.append(Comparison(contender, scenario.name, against, scenario.name, target))
            if against == "nginx" and contender in ("monoio", "glommio"):
                # An unknown route is also held against nginx's `return 200`, its cheapest answer.
                target = 0.85 if contender == "monoio" else None
                found.append(Comparison(contender, "unknown-c64", against, "mock-c64", target))
    return found


def is_held_against(contender, against):
    """Whether a ratio of the two is shown: each with those before it, and monoio with its second backend."""
    if "glommio" in (contender, against) and "monoio" in (contender, against):
        return contender == "monoio"
    return CACHES.index(against) < CACHES.index(contender)


def additions(contenders):
    """What an access log, keys with limits, and a mapping template add to proxying, for each contender."""
    found = []
    for contender in contenders:
        target = KEYED_ADDED_US if contender == "monoio" else None
        found.append(Addition(contender, "logged-c64", "small-c64", None))
        found.append(Addition(contender, "keyed-c64", "small-c64", target))
        found.append(Addition(contender, "keyed-one-c64", "small-c64", None))
        if contender in ("monoio", "glommio"):
            target = TEMPLATED_ADDED_US if contender == "monoio" else None
            found.append(Addition(contender, "templated-c64", "posted-c64", target))
    return found
