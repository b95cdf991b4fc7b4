//! A minute as bytes, for the disk: what [`write()`] wrote, [`read`] reads, and nothing else.
//!
//! A record is complete in itself, so that a damaged one costs its minute and no other. Its first byte is a version.

use std::collections::BTreeMap;

use super::series::{ApiCounts, ApiSeries, Counts, Durations, PutSeries, Series};
use super::values::Values;
use crate::limits::METRIC_SPREAD_PARTS_MAX;

const VERSION: u8 = 1;
const API_STAGE: u8 = 1;
const API_METHOD: u8 = 2;
const PUT: u8 = 3;
const PUT_WITH_SPREAD: u8 = 4;

/// The bytes of a minute.
pub(crate) fn write<'a>(
    minute: u32,
    rows: impl Iterator<Item = (&'a Series, &'a Counts)>,
) -> Vec<u8> {
    let mut out = vec![VERSION];
    number(minute.into(), &mut out);
    for (series, counts) in rows {
        match (series, counts) {
            (Series::Api(series), Counts::Api(counts)) => write_api(series, counts, &mut out),
            (Series::Put(series), Counts::Put(values)) => write_put(series, values, &mut out),
            (Series::Api(_), Counts::Put(_)) | (Series::Put(_), Counts::Api(_)) => {}
        }
    }
    out
}

fn write_api(series: &ApiSeries, counts: &ApiCounts, out: &mut Vec<u8>) {
    out.push(if series.method.is_some() { API_METHOD } else { API_STAGE });
    for name in [&series.api_id, &series.api_name, &series.stage] {
        text(name, out);
    }
    if let Some((verb, path)) = &series.method {
        text(verb, out);
        text(path, out);
    }
    let ApiCounts { requests, client_errors, server_errors, .. } = *counts;
    let ApiCounts { cached_requests, cache_hits, cache_misses, .. } = *counts;
    for count in [requests, client_errors, server_errors, cached_requests, cache_hits, cache_misses]
    {
        number(count, out);
    }
    for durations in [&counts.latency, &counts.integration_latency] {
        number(durations.sum_micros, out);
        number(durations.parts.len() as u64, out);
        let mut before = 0;
        for &(key, count) in &durations.parts {
            number((key - before).into(), out);
            number(count.into(), out);
            before = key;
        }
    }
}

fn write_put(series: &PutSeries, values: &Values, out: &mut Vec<u8>) {
    out.push(if values.spread.is_some() { PUT_WITH_SPREAD } else { PUT });
    for name in [&series.namespace, &series.metric, &series.unit] {
        text(name, out);
    }
    number(series.dimensions.len() as u64, out);
    for (name, value) in &series.dimensions {
        text(name, out);
        text(value, out);
    }
    for value in [values.count, values.sum, values.min, values.max] {
        real(value, out);
    }
    if let Some(spread) = &values.spread {
        number(spread.len() as u64, out);
        for (key, (count, sum)) in spread {
            number((*key).into(), out);
            real(*count, out);
            real(*sum, out);
        }
    }
}

/// Little groups of seven bits, the last without the eighth.
fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn text(text: &str, out: &mut Vec<u8>) {
    number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn real(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

/// A minute's number and what was counted in it; `None` for bytes that [`write()`] does not write.
pub(crate) fn read(bytes: &[u8]) -> Option<(u32, Vec<(Series, Counts)>)> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return None;
    }
    let minute = u32::try_from(reader.number()?).ok()?;
    let mut rows = Vec::new();
    while !reader.0.is_empty() {
        rows.push(match reader.byte()? {
            API_STAGE => reader.api(false)?,
            API_METHOD => reader.api(true)?,
            PUT => reader.put(false)?,
            PUT_WITH_SPREAD => reader.put(true)?,
            _ => return None,
        });
    }
    Some((minute, rows))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // What does not fit, or has more bytes than it needs.
            if (bits << shift) >> shift != bits || (shift > 0 && byte == 0) {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::try_from(self.number()?).ok()?;
        String::from_utf8(self.take(len)?.to_vec()).ok()
    }

    fn real(&mut self) -> Option<f64> {
        let bytes: [u8; 8] = self.take(8)?.try_into().ok()?;
        Some(f64::from_bits(u64::from_le_bytes(bytes))).filter(|value| value.is_finite())
    }

    fn api(&mut self, has_method: bool) -> Option<(Series, Counts)> {
        let (api_id, api_name, stage) = (self.text()?, self.text()?, self.text()?);
        let method = match has_method {
            true => Some((self.text()?, self.text()?)),
            false => None,
        };
        let mut counts = [0; 6];
        for count in &mut counts {
            *count = self.number()?;
        }
        let [requests, client_errors, server_errors, cached_requests, cache_hits, cache_misses] =
            counts;
        let counts = ApiCounts {
            requests,
            client_errors,
            server_errors,
            cached_requests,
            cache_hits,
            cache_misses,
            latency: self.durations()?,
            integration_latency: self.durations()?,
        };
        let series = ApiSeries { api_id, api_name, stage, method };
        Some((Series::Api(series), Counts::Api(Box::new(counts))))
    }

    fn durations(&mut self) -> Option<Durations> {
        let sum_micros = self.number()?;
        let len = self.number()?;
        let mut parts: Vec<(u16, u32)> = Vec::new();
        for _ in 0..len {
            let step = u16::try_from(self.number()?).ok()?;
            let key = match parts.last() {
                Some((last, _)) => last.checked_add(step).filter(|_| step > 0)?,
                None => step,
            };
            parts.push((key, u32::try_from(self.number()?).ok()?));
        }
        Some(Durations { sum_micros, parts: parts.into() })
    }

    fn put(&mut self, has_spread: bool) -> Option<(Series, Counts)> {
        let (namespace, metric, unit) = (self.text()?, self.text()?, self.text()?);
        let mut dimensions = Vec::new();
        for _ in 0..self.number()? {
            dimensions.push((self.text()?, self.text()?));
        }
        let (count, sum, min, max) = (self.real()?, self.real()?, self.real()?, self.real()?);
        let spread = match has_spread {
            false => None,
            true => {
                let mut spread = BTreeMap::new();
                let len = self.number()?;
                if len > METRIC_SPREAD_PARTS_MAX as u64 {
                    return None;
                }
                for _ in 0..len {
                    let key = u16::try_from(self.number()?).ok()?;
                    if spread.last_key_value().is_some_and(|(last, _)| *last >= key) {
                        return None;
                    }
                    spread.insert(key, (self.real()?, self.real()?));
                }
                Some(spread)
            }
        };
        let series = PutSeries { namespace, metric, dimensions, unit };
        let values = Values { count, sum, min, max, spread };
        Some((Series::Put(series), Counts::Put(Box::new(values))))
    }
}
