//! Durations, rates and counts as people write them. Errors say what to write instead.

use std::time::Duration;

use crate::limits::RATE_RPS_MAX;

/// `100ms`, `1.5s`, `10m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is no duration: write a number and us, ms, s, m or h, such as 500ms");
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let us = match &text[at..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "m" | "min" => 60e6,
        "h" => 3600e6,
        _ => return Err(wrong()),
    };
    let number = number(&text[..at]).ok_or_else(wrong)?;
    Ok(Duration::from_micros((number * us).round() as u64))
}

/// `100ms..500ms`, or one duration for both ends.
pub(crate) fn durations(text: &str) -> Result<(Duration, Duration), String> {
    let Some((from, to)) = text.split_once("..") else {
        let both = duration(text)?;
        return Ok((both, both));
    };
    let (from, to) = (duration(from)?, duration(to)?);
    if from > to {
        return Err(format!("{text:?} ends before it begins: write the shorter duration first"));
    }
    Ok((from, to))
}

/// `500/s`, `30/m`; a bare number is per second.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let wrong =
        || format!("{text:?} is no rate: write requests per second, such as 500/s, or 30/m");
    let (number_text, per) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match per.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let rps = number(number_text).ok_or_else(wrong)? / seconds;
    if rps > RATE_RPS_MAX {
        return Err(format!("a rate is at most {RATE_RPS_MAX} requests per second"));
    }
    Ok(rps)
}

/// A whole number from `min` to `max`.
pub(crate) fn count(text: &str, min: u64, max: u64) -> Result<u64, String> {
    match text.trim().parse::<u64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!("{text:?} is no number from {min} to {max}")),
    }
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse::<f64>().ok().filter(|number| is_plain && *number < 1e12)
}
