//! Scenarios that come with the program: real files of `loadgen/scenarios`, made for `config/examples/orders.yaml`.

/// A built-in scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name, for the command line.
    pub name: &'static str,
    /// What it is for, in a line.
    pub description: &'static str,
    /// Its YAML.
    pub text: &'static str,
}

const BUILTINS: [Builtin; 8] = [
    Builtin {
        name: "browse",
        description: "people who look at a list and at single orders, with time to think",
        text: include_str!("../../../scenarios/browse.yaml"),
    },
    Builtin {
        name: "write-heavy",
        description: "clients that create, change and delete more than they read",
        text: include_str!("../../../scenarios/write-heavy.yaml"),
    },
    Builtin {
        name: "mixed-auth",
        description: "callers with API keys, with bearer tokens and with neither, side by side",
        text: include_str!("../../../scenarios/mixed-auth.yaml"),
    },
    Builtin {
        name: "bursty",
        description: "a steady rate with bursts on top, all at once",
        text: include_str!("../../../scenarios/bursty.yaml"),
    },
    Builtin {
        name: "slow-clients",
        description: "clients that trickle their bodies and read slowly, beside ordinary ones",
        text: include_str!("../../../scenarios/slow-clients.yaml"),
    },
    Builtin {
        name: "spike",
        description: "a calm rate, ten times as much without warning, and calm again",
        text: include_str!("../../../scenarios/spike.yaml"),
    },
    Builtin {
        name: "soak",
        description: "a moderate rate for an hour, to find what leaks",
        text: include_str!("../../../scenarios/soak.yaml"),
    },
    Builtin {
        name: "get",
        description: "one GET on the uring engine, as fast as the connections carry it",
        text: include_str!("../../../scenarios/get.yaml"),
    },
];

/// All of them, in the order of their use.
#[must_use]
pub fn builtins() -> &'static [Builtin] {
    &BUILTINS
}

/// The YAML of one.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTINS.iter().find(|builtin| builtin.name == name).map(|builtin| builtin.text)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}
