//! Durations and sizes as people write them: a number and its unit, `"30s"`, `"10MiB"`.
//!
//! Only integers, and only one unit: `"1.5s"` is `"1500ms"`. A number without a unit is refused for
//! durations, where it would be a guess; for sizes it means bytes.

use std::time::Duration;

/// Units of time, longest first, so that writing picks the largest that is exact.
const TIME_UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size, largest first. Binary multiples only, as memory and buffers are counted.
const SIZE_UNITS: [(&str, u64); 4] =
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a duration such as `250ms`, `30s`, `5m` or `1h`.
///
/// # Errors
/// A clause that says what was expected.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || {
        format!(
            "`{text}` is not a duration; write a whole number and h, m, s or ms, such as \"30s\""
        )
    };
    let (number, unit) = split_number(text).ok_or_else(expected)?;
    let (_, millis) = TIME_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    number
        .checked_mul(*millis)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is too long a duration"))
}

/// Writes a duration in the largest unit that is exact. Parts of a millisecond are dropped.
pub(super) fn format_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    format_in(millis, &TIME_UNITS, "s")
}

/// Reads a size such as `16KiB`, `10MiB` or `512` (bytes).
///
/// # Errors
/// A clause that says what was expected.
pub(super) fn parse_bytes(text: &str) -> Result<usize, String> {
    let expected = || {
        format!(
            "`{text}` is not a size; write a whole number and B, KiB, MiB or GiB, such as \"10MiB\""
        )
    };
    let (number, unit) = split_number(text).ok_or_else(expected)?;
    let unit = if unit.is_empty() { "B" } else { unit };
    let (_, bytes) = SIZE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    number
        .checked_mul(*bytes)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("`{text}` is too large a size"))
}

/// Writes a size in the largest unit that is exact.
pub(super) fn format_bytes(bytes: usize) -> String {
    format_in(bytes as u64, &SIZE_UNITS, "B")
}

/// The digits in front and the unit behind, with spaces between them dropped.
fn split_number(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

fn format_in(value: u64, units: &[(&str, u64)], zero: &str) -> String {
    if value == 0 {
        return format!("0{zero}");
    }
    let (name, size) = units
        .iter()
        .find(|(_, size)| value.is_multiple_of(*size))
        .expect("the last unit is 1, which divides everything");
    format!("{}{name}", value / size)
}

/// Serde for `Duration` fields: `#[serde(with = "units::duration")]`.
pub(crate) mod duration {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::format_duration(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        crate::settings::values::deserialize_with(from, super::parse_duration)
    }
}

/// Serde for sizes in bytes: `#[serde(with = "units::bytes")]`.
pub(crate) mod bytes {
    use serde::{Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde decides the signature")]
    pub(crate) fn serialize<S: Serializer>(value: &usize, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::format_bytes(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
        crate::settings::values::deserialize_with(from, super::parse_bytes)
    }
}
