//! Texts with variables: `/orders/{{random 1..1000}}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text whose variables are filled in for each request.
///
/// | variable | value |
/// |---|---|
/// | `{{counter}}` | how many requests of this name the run has begun, from 1 |
/// | `{{random}}`, `{{random 1..1000}}` | a number of the range, ends included; from 0 to 4294967295 without |
/// | `{{uuid}}` | a random UUID, version 4 |
/// | `{{env.NAME}}` | the environment variable, read once, as the scenario is read |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Counter,
    Random(u64, u64),
    Uuid,
}

/// What variables draw their values from.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The value of `{{counter}}`.
    pub counter: u64,
    state: u64,
}

impl Draw {
    /// Numbers that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { counter: 0, state: seed }
    }

    /// The next number, of all 64 bits: SplitMix64.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to `to`, both included. What a range of 64 bits adds to some numbers' odds is nothing.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        match (to - from).checked_add(1) {
            Some(span) => from + self.number() % span,
            None => self.number(),
        }
    }
}

impl Template {
    /// Reads a text; `env` answers for environment variables. The error says what to write instead.
    ///
    /// # Errors
    /// A variable that is none, is not closed, or is not in the environment.
    pub fn parse(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut left = text;
        while let Some(start) = left.find("{{") {
            push(&mut parts, &left[..start]);
            let Some(end) = left[start..].find("}}") else {
                return Err("`{{` without `}}`: close the variable, such as {{uuid}}".into());
            };
            match left[start + 2..start + end].trim() {
                "counter" => parts.push(Part::Counter),
                "random" => parts.push(Part::Random(0, u64::from(u32::MAX))),
                "uuid" => parts.push(Part::Uuid),
                name => match (name.strip_prefix("env."), name.strip_prefix("random ")) {
                    (Some(name), _) => push(&mut parts, &variable(name, env)?),
                    (_, Some(range)) => parts.push(random(range)?),
                    _ => {
                        return Err(format!(
                            "no variable {name:?}: write counter, random, random 1..1000, uuid or env.NAME"
                        ));
                    }
                },
            }
            left = &left[start + end + 2..];
        }
        push(&mut parts, left);
        Ok(Self(parts))
    }

    /// A text without variables.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut parts = Vec::new();
        push(&mut parts, text);
        Self(parts)
    }

    /// The text, if it is the same for each request.
    #[must_use]
    pub fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text for one request.
    #[must_use]
    pub fn render(&self, draw: &mut Draw) -> Cow<'_, str> {
        if let Some(text) = self.fixed() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Counter => push_fmt(&mut out, format_args!("{}", draw.counter)),
                Part::Random(from, to) => {
                    push_fmt(&mut out, format_args!("{}", draw.between(*from, *to)));
                }
                Part::Uuid => push_uuid(&mut out, draw),
            }
        }
        Cow::Owned(out)
    }

    /// The parts that are no variables.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Literal(last)) => last.push_str(text),
        _ => parts.push(Part::Literal(text.into())),
    }
}

fn push_fmt(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all");
}

/// RFC 9562, section 5.4.
fn push_uuid(out: &mut String, draw: &mut Draw) {
    let (high, low) = (draw.number(), draw.number());
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    push_fmt(
        out,
        format_args!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        ),
    );
}

fn variable(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    env(name).ok_or_else(|| format!("environment variable {name} is not set: export it first"))
}

fn random(range: &str) -> Result<Part, String> {
    let ends = range.trim().split_once("..");
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match ends.and_then(|(from, to)| Some((number(from)?, number(to)?))) {
        Some((from, to)) if from <= to => Ok(Part::Random(from, to)),
        _ => Err(format!(
            "{range:?} is no range: write two numbers, the smaller first, such as random 1..1000"
        )),
    }
}
