//! The words of HTTP that a definition uses.

use crate::closed::closed_names;
use std::fmt;

closed_names! {
    /// A method's verb. `ANY` stands for every verb that has no method of its own.
    pub enum HttpMethod {
        /// `GET`
        Get = "GET",
        /// `HEAD`
        Head = "HEAD",
        /// `POST`
        Post = "POST",
        /// `PUT`
        Put = "PUT",
        /// `PATCH`
        Patch = "PATCH",
        /// `DELETE`
        Delete = "DELETE",
        /// `OPTIONS`
        Options = "OPTIONS",
        /// `ANY`: the seven verbs above.
        Any = "ANY",
    }
}

/// A status code of three digits, 100 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(u16);

impl StatusCode {
    /// Takes a number.
    ///
    /// # Errors
    /// [`InvalidStatusCode`] outside 100 to 599.
    pub fn new(code: u16) -> Result<Self, InvalidStatusCode> {
        match code {
            100..=599 => Ok(Self(code)),
            _ => Err(InvalidStatusCode(code.to_string())),
        }
    }

    /// Reads exactly three digits. Source: the API model's pattern `[1-5]\d\d`.
    ///
    /// # Errors
    /// [`InvalidStatusCode`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidStatusCode> {
        let invalid = || InvalidStatusCode(text.to_owned());
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        Self::new(text.parse().map_err(|_| invalid())?).map_err(|_| invalid())
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A text that is no status code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidStatusCode(pub String);

impl fmt::Display for InvalidStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not a status code: three digits, 100 to 599", self.0)
    }
}

impl std::error::Error for InvalidStatusCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_have_three_digits() {
        assert_eq!(StatusCode::parse("200").map(StatusCode::as_u16), Ok(200));
        for bad in ["", "20", "2000", "099", "600", "2xx", "+20", "٢٠٠"] {
            assert!(StatusCode::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn verbs_are_upper_case() {
        assert_eq!(HttpMethod::parse("ANY"), Ok(HttpMethod::Any));
        assert!(HttpMethod::parse("get").is_err());
        assert!(HttpMethod::parse("TRACE").is_err());
        for method in HttpMethod::ALL {
            assert_eq!(HttpMethod::parse(method.as_str()), Ok(*method));
        }
    }
}
