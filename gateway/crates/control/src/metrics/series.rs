//! What is counted of a series in a minute, as it is kept.

use super::values::{Values, key_of, largest_whole, smallest};
use crate::limits::METRIC_SPREAD_PARTS_MAX;

/// A series of what the gateway serves: a stage, or a method with metrics of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiSeries {
    /// The API's id.
    pub api_id: String,
    /// The API's name.
    pub api_name: String,
    /// The stage.
    pub stage: String,
    /// The verb and the resource's path of a method with metrics of its own.
    pub method: Option<(String, String)>,
}

/// What one series of the gateway counted in a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiCounts {
    /// Requests.
    pub requests: u64,
    /// Those that were answered 4XX.
    pub client_errors: u64,
    /// Those that were answered 5XX.
    pub server_errors: u64,
    /// Those on a stage with a cache.
    pub cached_requests: u64,
    /// Those that the cache answered.
    pub cache_hits: u64,
    /// Those that asked it in vain.
    pub cache_misses: u64,
    /// How long requests took.
    pub latency: Durations,
    /// How long integrations took.
    pub integration_latency: Durations,
}

impl ApiCounts {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.cached_requests += other.cached_requests;
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
        self.latency.merge(&other.latency);
        self.integration_latency.merge(&other.integration_latency);
    }
}

/// Durations: their sum, and how many are about how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    pub(super) sum_micros: u64,
    /// By [`key_of`] microseconds, ascending.
    pub(super) parts: Box<[(u16, u32)]>,
}

impl Durations {
    /// From their sum and, shortest first, how many have about which length.
    pub fn new(sum_micros: u64, counts: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut parts: Vec<(u16, u32)> = Vec::new();
        for (micros, count) in counts {
            let (key, count) = (key_of(micros as f64), u32::try_from(count).unwrap_or(u32::MAX));
            match parts.last_mut() {
                Some((last, so_far)) if *last == key => *so_far = so_far.saturating_add(count),
                _ => parts.push((key, count)),
            }
        }
        Self { sum_micros, parts: parts.into() }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.parts.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    fn merge(&mut self, other: &Self) {
        self.sum_micros += other.sum_micros;
        let mut parts = self.parts.to_vec();
        for &(key, count) in &other.parts {
            match parts.binary_search_by_key(&key, |(key, _)| *key) {
                Ok(at) => parts[at].1 = parts[at].1.saturating_add(count),
                Err(at) => parts.insert(at, (key, count)),
            }
        }
        self.parts = parts.into();
    }

    /// In milliseconds. The sum and the count are exact. The shortest and the longest are those of the parts that they
    /// lie in, so that neither is off by more than a sixteenth, and a single one is exact.
    pub(crate) fn values(&self) -> Values {
        let count = self.count() as f64;
        let ms = |micros: f64| micros / 1000.0;
        let sum = ms(self.sum_micros as f64);
        let [(first, _), .., (last, _)] = &self.parts[..] else {
            let Some(&(key, _)) = self.parts.first() else { return Values::default() };
            let average = sum / count;
            let (min, max) = match count {
                1.0 => (sum, sum),
                _ => (ms(smallest(key)).min(average), ms(largest_whole(key)).max(average)),
            };
            let spread = Some([(key, (count, sum))].into());
            return Values { count, sum, min, max, spread };
        };
        let spread = self.parts.iter().map(|&(key, count)| {
            let count = f64::from(count);
            (key, (count, count * ms(largest_whole(key))))
        });
        let (min, max) = (ms(smallest(*first)), ms(largest_whole(*last)));
        Values { count, sum, min, max, spread: Some(spread.collect()) }
    }
}

/// A metric that somebody put.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PutSeries {
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// Sorted by name.
    pub(crate) dimensions: Vec<(String, String)>,
    pub(crate) unit: String,
}

/// Values that somebody put.
pub(crate) fn put_values(values: &[(f64, f64)]) -> Values {
    let mut all = Values::default();
    for &(value, count) in values.iter().filter(|(_, count)| *count > 0.0) {
        // AWS has no percentiles of negative values either.
        let spread = (value >= 0.0).then(|| {
            // Of both zeros the one without a sign.
            [(key_of(value + 0.0), (count, value * count))].into()
        });
        let one = Values { count, sum: value * count, min: value, max: value, spread };
        all.merge(&one);
    }
    bound(&mut all);
    all
}

/// Values whose parts are too many have none.
pub(crate) fn bound(values: &mut Values) {
    if values.spread.as_ref().is_some_and(|spread| spread.len() > METRIC_SPREAD_PARTS_MAX) {
        values.spread = None;
    }
}

/// Names what is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Series {
    Api(ApiSeries),
    Put(PutSeries),
}

impl Series {
    /// About how many bytes of memory its name takes.
    pub(crate) fn bytes(&self) -> usize {
        let texts: usize = match self {
            Self::Api(ApiSeries { api_id, api_name, stage, method }) => {
                let method = method.as_ref().map_or(0, |(verb, path)| verb.len() + path.len());
                api_id.len() + api_name.len() + stage.len() + method
            }
            Self::Put(PutSeries { namespace, metric, dimensions, unit }) => {
                let pairs = dimensions
                    .iter()
                    .map(|pair| pair.0.len() + pair.1.len() + size_of::<(String, String)>());
                namespace.len() + metric.len() + unit.len() + pairs.sum::<usize>()
            }
        };
        texts + size_of::<Self>()
    }
}

/// What is kept of a series in a minute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Counts {
    Api(Box<ApiCounts>),
    Put(Box<Values>),
}

impl Counts {
    pub(crate) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Api(own), Self::Api(other)) => own.merge(other),
            (Self::Put(own), Self::Put(other)) => {
                own.merge(other);
                bound(own);
            }
            // A series is of one kind.
            (Self::Api(_), Self::Put(_)) | (Self::Put(_), Self::Api(_)) => {}
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let parts = match self {
            Self::Api(counts) => {
                let parts = counts.latency.parts.len() + counts.integration_latency.parts.len();
                size_of::<ApiCounts>() + parts * size_of::<(u16, u32)>()
            }
            Self::Put(values) => {
                let parts = values.spread.as_ref().map_or(0, |spread| spread.len());
                // A tree has room in its nodes for what is to come.
                size_of::<Values>() + 2 * parts * size_of::<(u16, (f64, f64))>()
            }
        };
        parts + size_of::<(u32, Self)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_duration_is_exact_and_several_are_within_a_sixteenth() {
        let one = Durations::new(12_345, [(12_799, 1)].into_iter()).values();
        assert_eq!((one.count, one.sum, one.min, one.max), (1.0, 12.345, 12.345, 12.345));
        let mut both = Durations::new(12_345, [(12_799, 1)].into_iter());
        both.merge(&Durations::new(100_000, [(102_399, 1)].into_iter()));
        let both = both.values();
        assert_eq!((both.count, both.sum), (2.0, 112.345));
        assert!(both.min <= 12.345 && both.min > 12.345 * 15.0 / 16.0, "{both:?}");
        assert!(both.max >= 100.0 && both.max < 100.0 * 17.0 / 16.0, "{both:?}");
        assert_eq!(Durations::default().values(), Values::default());
    }

    #[test]
    fn negative_values_have_no_spread_and_zeros_have_one_part() {
        assert_eq!(put_values(&[(-1.0, 1.0), (2.0, 1.0)]).spread, None);
        let zeros = put_values(&[(-0.0, 1.0), (0.0, 2.0)]);
        assert_eq!(zeros.spread.map(|spread| spread.len()), Some(1));
        assert_eq!(put_values(&[(3.0, 0.0)]), Values::default());
    }

    #[test]
    fn a_spread_is_bounded() {
        let values: Vec<_> = (0..2_000).map(|n| (1.1_f64.powi(n - 1_000), 1.0)).collect();
        let all = put_values(&values);
        assert_eq!((all.count, all.spread), (2_000.0, None));
    }
}
