//! How definitions are read: what settings say of it.

use gateway_definition::Options;

use crate::settings::Settings;

/// The surroundings that definitions may ask for.
pub(crate) fn options(settings: &Settings) -> Options {
    Options {
        parameters: settings.parameters.clone(),
        account_id: settings.aws.account_id.clone(),
        region: settings.aws.region.clone(),
        url_suffix: settings.aws.url_suffix.clone(),
        buckets: settings.buckets.clone(),
        reads_function_code: true,
        function_urls: settings.function_urls(),
        ..Options::default()
    }
}
