//! Method settings of a stage, and rates that people wrote.

use std::collections::HashSet;

use gateway_model::limits::CACHE_TTL_SECONDS_MAX;
use gateway_model::{
    Diagnostic, HttpMethod, LoggingLevel, MethodSetting, MethodSettingKey, Place, Stage,
};
use gateway_throttle::Settings;

use super::context::StageContext;
use crate::limits::{BURST_DEFAULT, RATE_RPS_DEFAULT};
use crate::plan::ExecutionLog;

/// Switches a limit off; so IaC tools write it.
const OFF: i64 = -1;

/// The settings that hold for one method, the narrowest first.
pub(super) struct MethodSettings<'a> {
    entries: Vec<(MethodSettingKey, &'a MethodSetting)>,
}

impl<'a> MethodSettings<'a> {
    /// The settings of a method: those of its path and verb, then of its path, then of its verb, then of
    /// all. What an entry does not set is left to the next.
    pub(super) fn of(stage: &'a Stage, path: &str, verb: HttpMethod) -> Self {
        let key = |path: Option<&str>, http_method| MethodSettingKey {
            resource_path: path.map(str::to_owned),
            http_method,
        };
        let all = &stage.method_settings;
        if all.is_empty() {
            return Self { entries: Vec::new() };
        }
        let keys = [
            key(Some(path), Some(verb)),
            key(Some(path), None),
            key(None, Some(verb)),
            MethodSettingKey::ALL,
        ];
        let found = keys.into_iter().filter_map(|key| all.get(&key).map(|entry| (key, entry)));
        Self { entries: found.collect() }
    }

    /// The first entry that has this field, with the key it stands under.
    pub(super) fn first<T>(
        &self,
        field: impl Fn(&'a MethodSetting) -> Option<T>,
    ) -> Option<(T, &MethodSettingKey)> {
        self.entries.iter().find_map(|(key, entry)| Some((field(entry)?, key)))
    }

    /// What the execution log tells of the method's requests.
    pub(super) fn log(&self) -> Option<ExecutionLog> {
        let (level, _) = self.first(|entry| entry.logging_level)?;
        let has_data = self.first(|entry| entry.data_trace_enabled).is_some_and(|(is, _)| is);
        match level {
            LoggingLevel::Off => None,
            LoggingLevel::Error => Some(ExecutionLog { is_info: false, has_data }),
            LoggingLevel::Info => Some(ExecutionLog { is_info: true, has_data }),
        }
    }

    /// The limit of the method on its stage.
    pub(super) fn throttle(&self) -> Option<Settings> {
        let rate_rps = self.first(|entry| entry.throttling_rate_limit).map(|(rate, _)| rate);
        let burst = self.first(|entry| entry.throttling_burst_limit).map(|(burst, _)| burst);
        // What is wrong was said where it stands.
        throttle(rate_rps, burst).unwrap_or(None)
    }

    /// Whether the method has metrics of its own.
    pub(super) fn metrics(&self) -> bool {
        self.first(|entry| entry.metrics_enabled).is_some_and(|(is_on, _)| is_on)
    }
}

impl StageContext<'_, '_> {
    /// Says what is wrong with the method settings, whether or not a method takes them.
    pub(super) fn check_method_settings(&mut self) {
        let (stage, api) = (self.stage, self.api);
        if stage.method_settings.is_empty() {
            return;
        }
        let mut met = HashSet::new();
        for resource in api.resources.values() {
            met.insert((Some(&*resource.path), None));
            for verb in resource.methods.keys().copied() {
                met.extend([(Some(&*resource.path), Some(verb)), (None, Some(verb))]);
            }
        }
        for (key, entry) in &stage.method_settings {
            let (rate, burst) = (entry.throttling_rate_limit, entry.throttling_burst_limit);
            if let Err(text) = throttle(rate, burst) {
                self.error(&entry.place, format!("method setting {key}: {text}"));
            }
            if entry.cache_ttl_seconds.is_some_and(|ttl_s| ttl_s > CACHE_TTL_SECONDS_MAX) {
                let text =
                    format!("Cache TTL must be between 0 and {CACHE_TTL_SECONDS_MAX} seconds");
                self.error(&entry.place, text);
            }
            let is_met = met.contains(&(key.resource_path.as_deref(), key.http_method));
            // `*/*` of an API without a method is no slip.
            if !is_met && *key != MethodSettingKey::ALL {
                let text = format!("method setting {key} is for no method of the API");
                self.diagnostics.push(no_such_method(&entry.place, text));
            }
        }
    }
}

/// A warning about settings for a method that is not there.
pub(super) fn no_such_method(place: &Place, text: String) -> Diagnostic {
    let help = "name a resource's whole path, such as /pets/{id}, and a verb that it has";
    Diagnostic::warning(place, text).with_help(help)
}

/// A limit as written, checked. What one of the two leaves out is AWS's account limit, as if it had been
/// patched into empty settings; without either, or with a -1, there is no limit.
pub(super) fn throttle(
    rate_rps: Option<f64>,
    burst: Option<i64>,
) -> Result<Option<Settings>, &'static str> {
    if rate_rps.is_none() && burst.is_none() {
        return Ok(None);
    }
    let (rate_rps, burst) = (rate_rps.unwrap_or(RATE_RPS_DEFAULT), burst.unwrap_or(BURST_DEFAULT));
    if rate_rps == OFF as f64 || burst == OFF {
        return Ok(None);
    }
    if !rate_rps.is_finite() || rate_rps < 0.0 {
        return Err("a rate limit is a number of requests per second, or -1 for none");
    }
    match u64::try_from(burst) {
        Ok(burst) => Ok(Some(Settings { rate_rps, burst })),
        Err(_) => Err("a burst limit is a number of requests, or -1 for none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_or_a_burst_alone_takes_the_account_limit_for_the_other() {
        let limit = |rate_rps, burst| Ok(Some(Settings { rate_rps, burst }));
        assert_eq!(throttle(None, None), Ok(None));
        assert_eq!(throttle(Some(2.5), Some(7)), limit(2.5, 7));
        assert_eq!(throttle(Some(2.5), None), limit(2.5, 5_000));
        assert_eq!(throttle(None, Some(7)), limit(10_000.0, 7));
        assert_eq!(throttle(Some(0.0), Some(0)), limit(0.0, 0));
    }

    #[test]
    fn minus_one_switches_off_and_other_negatives_are_wrong() {
        for (rate_rps, burst) in [(Some(-1.0), None), (Some(5.0), Some(-1)), (Some(-1.0), Some(-1))]
        {
            assert_eq!(throttle(rate_rps, burst), Ok(None));
        }
        for rate_rps in [-2.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(throttle(Some(rate_rps), Some(1)).is_err(), "{rate_rps}");
        }
        assert!(throttle(Some(1.0), Some(-2)).is_err());
    }
}
