//! `contentHandling`: what becomes of a body between text and binary.
//!
//! Source: recorded behaviour, "Binary media types and contentHandling"; the guide's two tables.

use gateway_model::ContentHandling;

use ContentHandling::{ConvertToBinary, ConvertToText};

/// What becomes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// It is text in UTF-8; bytes that are none become U+FFFD.
    Text,
    /// It stays as it is. A template can only read it where it is text in UTF-8.
    Raw,
    /// It is base64, and becomes the bytes that it stands for: [`crate::Failure::api_configuration_error`] where it
    /// is none.
    Decode,
    /// It becomes its base64.
    Encode,
}

impl Conversion {
    /// Of a request's body. `is_binary` says whether its `Content-Type` is one of the binary media types.
    ///
    /// | `Content-Type` is binary? | unset | `CONVERT_TO_TEXT` | `CONVERT_TO_BINARY` |
    /// | --- | --- | --- | --- |
    /// | no | text | text | decoded |
    /// | yes | raw | encoded | raw |
    pub fn of_request(handling: Option<ContentHandling>, is_binary: bool) -> Self {
        match (is_binary, handling) {
            (false, None | Some(ConvertToText)) => Self::Text,
            (false, Some(ConvertToBinary)) => Self::Decode,
            (true, None | Some(ConvertToBinary)) => Self::Raw,
            (true, Some(ConvertToText)) => Self::Encode,
        }
    }

    /// Of an integration's body. `is_binary` says whether its `Content-Type` is one of the binary media types,
    /// `is_binary_wanted` whether the first media type of the client's `Accept` is.
    ///
    /// | body is binary? | client wants binary? | unset | `CONVERT_TO_TEXT` | `CONVERT_TO_BINARY` |
    /// | --- | --- | --- | --- | --- |
    /// | no | no | text | text | decoded |
    /// | no | yes | decoded | text | decoded |
    /// | yes | no | encoded | encoded | raw |
    /// | yes | yes | raw | encoded | raw |
    pub fn of_response(
        handling: Option<ContentHandling>,
        is_binary: bool,
        is_binary_wanted: bool,
    ) -> Self {
        match (is_binary, is_binary_wanted, handling) {
            (false, _, Some(ConvertToText)) | (false, false, None) => Self::Text,
            (false, _, Some(ConvertToBinary)) | (false, true, None) => Self::Decode,
            (true, _, Some(ConvertToText)) | (true, false, None) => Self::Encode,
            (true, _, Some(ConvertToBinary)) | (true, true, None) => Self::Raw,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Conversion::{self, Decode, Encode, Raw, Text};
    use super::{ConvertToBinary, ConvertToText};

    const HANDLINGS: [Option<super::ContentHandling>; 3] =
        [None, Some(ConvertToText), Some(ConvertToBinary)];

    #[test]
    fn the_table_of_requests() {
        let row = |is_binary| HANDLINGS.map(|h| Conversion::of_request(h, is_binary));
        assert_eq!(row(false), [Text, Text, Decode]);
        assert_eq!(row(true), [Raw, Encode, Raw]);
    }

    #[test]
    fn the_table_of_responses() {
        let row = |is_binary, is_wanted| {
            HANDLINGS.map(|h| Conversion::of_response(h, is_binary, is_wanted))
        };
        assert_eq!(row(false, false), [Text, Text, Decode]);
        assert_eq!(row(false, true), [Decode, Text, Decode]);
        assert_eq!(row(true, false), [Encode, Encode, Raw]);
        assert_eq!(row(true, true), [Raw, Encode, Raw]);
    }
}
