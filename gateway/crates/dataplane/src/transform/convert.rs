//! `contentHandling`.

use std::borrow::Cow;

use gateway_compile::Failure;
use gateway_compile::templates::Conversion;

use crate::event::base64;

/// The body after its conversion.
///
/// # Errors
/// [`Failure::api_configuration_error`] for base64 that is none. Source: recorded behaviour, "`CONVERT_TO_BINARY`, body
/// not base64".
pub(crate) fn convert(body: &[u8], conversion: Conversion) -> Result<Cow<'_, [u8]>, Failure> {
    Ok(match conversion {
        Conversion::Raw => Cow::Borrowed(body),
        // Most text is; only what is not is looked at piece by piece.
        Conversion::Text if std::str::from_utf8(body).is_ok() => Cow::Borrowed(body),
        Conversion::Text => Cow::Owned(String::from_utf8_lossy(body).into_owned().into_bytes()),
        Conversion::Encode => {
            let mut text = Vec::new();
            base64::encode(body, &mut text);
            Cow::Owned(text)
        }
        Conversion::Decode => {
            let mut bytes = body.to_vec();
            let len =
                base64::decode_in_place(&mut bytes).ok_or(Failure::api_configuration_error())?;
            bytes.truncate(len);
            Cow::Owned(bytes)
        }
    })
}
