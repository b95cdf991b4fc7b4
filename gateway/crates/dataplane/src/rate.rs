//! What `RateLimit-*` fields tell a client, where the operator wants them told.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers-07. API Gateway sends none of them.

use gateway_telemetry::{ThrottleScope, write_decimal};
use gateway_throttle::Instant;

use crate::admission::{Caller, Rates, Refused};

/// The limit that is nearest to being used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateFacts {
    /// Requests at once, or of the period.
    limit: u64,
    remaining: u64,
    /// Seconds until all of it is there again.
    reset_s: u64,
    /// Seconds until a refused request may be sent again.
    retry_after_s: Option<u64>,
}

const NANOS: u64 = 1_000_000_000;

impl RateFacts {
    /// The limit with the least left; the one that refused, if one did.
    pub(crate) fn of(
        caller: &Caller<'_>,
        rates: &Rates<'_>,
        now: Instant,
        unix_s: u64,
        refused: Option<Refused>,
    ) -> Option<Self> {
        let buckets = rates.iter().map(|(scope, throttle)| {
            let level = throttle.bucket.level(&throttle.limit, now);
            let facts = Self {
                limit: throttle.limit.settings().burst,
                remaining: level.tokens as u64,
                reset_s: level.full_ns.div_ceil(NANOS),
                retry_after_s: None,
            };
            (scope, facts)
        });
        let quota = caller.membership.and_then(|membership| {
            let quota = membership.plan.quota.as_ref()?;
            let index = quota.period.index(unix_s);
            let facts = Self {
                limit: quota.effective_limit(index),
                remaining: membership.member.usage.remaining(quota, unix_s),
                reset_s: quota.period.start_of(index + 1).saturating_sub(unix_s),
                retry_after_s: None,
            };
            Some((ThrottleScope::Quota, facts))
        });
        let mut all = buckets.chain(quota);
        match refused {
            None => all.map(|(_, facts)| facts).min_by_key(|facts| facts.remaining),
            Some(refused) => {
                let (_, facts) = all.find(|(scope, _)| *scope == refused.scope)?;
                let wait_s = refused.wait_ns.div_ceil(NANOS);
                let never = refused.wait_ns == u64::MAX;
                Some(Self { remaining: 0, retry_after_s: (!never).then_some(wait_s), ..facts })
            }
        }
    }

    /// Appends the fields, each a whole line.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut line = |name: &[u8], value: u64| {
            out.extend_from_slice(name);
            write_decimal(value, out);
            out.extend_from_slice(b"\r\n");
        };
        line(b"RateLimit-Limit: ", self.limit);
        line(b"RateLimit-Remaining: ", self.remaining);
        line(b"RateLimit-Reset: ", self.reset_s);
        if let Some(seconds) = self.retry_after_s {
            line(b"Retry-After: ", seconds.max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let facts = RateFacts { limit: 5, remaining: 0, reset_s: 3, retry_after_s: Some(0) };
        let mut out = Vec::new();
        facts.write(&mut out);
        let text = String::from_utf8(out).expect("ASCII");
        let expected = "RateLimit-Limit: 5\r\nRateLimit-Remaining: 0\r\nRateLimit-Reset: 3\r\n\
                        Retry-After: 1\r\n";
        assert_eq!(text, expected);
    }
}
