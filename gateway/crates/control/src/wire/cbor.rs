//! CBOR (RFC 8949), as much of it as smithy-rpc-v2-cbor has.

use crate::limits::CBOR_DEPTH_MAX;
use crate::{Answer, ApiError};

/// A document: what the protocols of CloudWatch have in common.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// Seconds since 1970.
    Time(f64),
    List(Vec<Value>),
    /// Members of a structure.
    Map(Vec<(String, Value)>),
    /// Keys and values that are no structure: the query protocol writes them in another way.
    Table(Vec<(String, Value)>),
}

/// The headers of an error for clients that knew the service by the query protocol: its code there.
pub(super) fn query_error(error: &ApiError) -> (&'static str, String) {
    let side = if error.status < 500 { "Sender" } else { "Receiver" };
    ("x-amzn-query-error", format!("{};{side}", error.code))
}

pub(super) fn error(error: &ApiError) -> Answer {
    let document = Value::Map(vec![
        ("__type".to_owned(), Value::Text(shape(error.code))),
        ("message".to_owned(), Value::Text(error.message.clone())),
    ]);
    let mut answer = answer(error.status, &document);
    answer.headers.push(query_error(error));
    answer
}

/// The name of an error in the service's model. Source: botocore, `cloudwatch/2010-08-01`.
pub(super) fn shape(code: &str) -> String {
    let name = match code {
        "InvalidParameterValue" => "InvalidParameterValueException",
        "InvalidParameterCombination" => "InvalidParameterCombinationException",
        "MissingParameter" => "MissingRequiredParameterException",
        "InternalServiceError" => "InternalServiceFault",
        "LimitExceeded" => "LimitExceededFault",
        "ValidationError" => "ValidationException",
        code => code,
    };
    format!("com.amazonaws.cloudwatch#{name}")
}

/// An answer in CBOR.
pub(crate) fn answer(status: u16, document: &Value) -> Answer {
    let mut body = Vec::new();
    write(document, &mut body);
    Answer {
        status,
        content_type: Some("application/cbor"),
        headers: vec![("smithy-protocol", "rpc-v2-cbor".to_owned())],
        body,
    }
}

const TEXT: u8 = 3 << 5;
const LIST: u8 = 4 << 5;
const MAP: u8 = 5 << 5;
const TIME: u8 = 6 << 5 | 1;
const FLOAT: u8 = 7 << 5 | 27;

/// Appends a document.
pub(crate) fn write(document: &Value, out: &mut Vec<u8>) {
    match document {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Value::Number(value) => write_float(*value, out),
        Value::Text(text) => write_text(text, out),
        Value::Time(seconds) => {
            out.push(TIME);
            write_float(*seconds, out);
        }
        Value::List(values) => {
            write_head(LIST, values.len(), out);
            values.iter().for_each(|value| write(value, out));
        }
        Value::Map(members) | Value::Table(members) => {
            write_head(MAP, members.len(), out);
            for (name, value) in members {
                write_text(name, out);
                write(value, out);
            }
        }
    }
}

fn write_float(value: f64, out: &mut Vec<u8>) {
    out.push(FLOAT);
    out.extend_from_slice(&value.to_bits().to_be_bytes());
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_head(TEXT, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn write_head(major: u8, len: usize, out: &mut Vec<u8>) {
    match len {
        0..24 => out.push(major | len as u8),
        24..0x100 => out.extend_from_slice(&[major | 24, len as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// Reads one document that fills `bytes`; `None` where it does not, or has what no operation has.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { bytes };
    let document = reader.value(0)?;
    reader.bytes.is_empty().then_some(document)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

/// The length of a text, a list or a map; `None` goes on up to a mark.
type Length = Option<usize>;

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > CBOR_DEPTH_MAX {
            return None;
        }
        let head = self.take(1)?[0];
        let (major, info) = (head >> 5, head & 0x1f);
        match major {
            0 => Some(Value::Number(self.argument(info)? as f64)),
            1 => Some(Value::Number(-1.0 - self.argument(info)? as f64)),
            3 => self.text(info).map(Value::Text),
            4 => self.list(info, depth),
            5 => self.map(info, depth),
            6 => match (self.argument(info)?, self.value(depth + 1)?) {
                (1, Value::Number(seconds)) => Some(Value::Time(seconds)),
                _ => None,
            },
            7 => self.simple(info),
            _ => None,
        }
    }

    fn argument(&mut self, info: u8) -> Option<u64> {
        let len = match info {
            0..24 => return Some(info.into()),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return None,
        };
        Some(self.take(len)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn length(&mut self, info: u8) -> Option<Length> {
        match info {
            31 => Some(None),
            info => usize::try_from(self.argument(info)?).ok().map(Some),
        }
    }

    /// Whether what goes on up to a mark ends here.
    fn ends(&mut self, length: Length, so_far: usize) -> Option<bool> {
        match length {
            Some(length) => Some(so_far >= length),
            None if *self.bytes.first()? == 0xff => {
                self.take(1)?;
                Some(true)
            }
            None => Some(false),
        }
    }

    fn text(&mut self, info: u8) -> Option<String> {
        match self.length(info)? {
            Some(len) => String::from_utf8(self.take(len)?.to_vec()).ok(),
            None => {
                let mut text = String::new();
                while !self.ends(None, 0)? {
                    let head = self.take(1)?[0];
                    let len = match (head >> 5, head & 0x1f) {
                        (3, info) => self.length(info)??,
                        _ => return None,
                    };
                    text.push_str(std::str::from_utf8(self.take(len)?).ok()?);
                }
                Some(text)
            }
        }
    }

    fn list(&mut self, info: u8, depth: usize) -> Option<Value> {
        let length = self.length(info)?;
        let mut values = Vec::new();
        while !self.ends(length, values.len())? {
            values.push(self.value(depth + 1)?);
        }
        Some(Value::List(values))
    }

    fn map(&mut self, info: u8, depth: usize) -> Option<Value> {
        let length = self.length(info)?;
        let mut members = Vec::new();
        while !self.ends(length, members.len())? {
            let Value::Text(name) = self.value(depth + 1)? else { return None };
            members.push((name, self.value(depth + 1)?));
        }
        Some(Value::Map(members))
    }

    fn simple(&mut self, info: u8) -> Option<Value> {
        match info {
            20 | 21 => Some(Value::Bool(info == 21)),
            // `null` and `undefined`.
            22 | 23 => Some(Value::Null),
            25 => {
                let bytes: [u8; 2] = self.take(2)?.try_into().ok()?;
                Some(Value::Number(half(u16::from_be_bytes(bytes))))
            }
            26 => {
                let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
                Some(Value::Number(f32::from_be_bytes(bytes).into()))
            }
            27 => {
                let bytes: [u8; 8] = self.take(8)?.try_into().ok()?;
                Some(Value::Number(f64::from_be_bytes(bytes)))
            }
            _ => None,
        }
    }
}

/// A number of sixteen bits. Source: RFC 8949, appendix D.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let value = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hex: &str, expect: Option<Value>) {
        let digits: Vec<_> = hex.bytes().map(|digit| (digit as char).to_digit(16)).collect();
        let bytes = digits.chunks(2).map(|pair| match pair {
            [Some(high), Some(low)] => (high * 16 + low) as u8,
            _ => panic!("{hex}"),
        });
        assert_eq!(read(&bytes.collect::<Vec<_>>()), expect, "{hex}");
    }

    fn number(value: f64) -> Option<Value> {
        Some(Value::Number(value))
    }

    /// Source: RFC 8949, appendix A.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        check("00", number(0.0));
        check("1864", number(100.0));
        check("1903e8", number(1_000.0));
        check("1a000f4240", number(1_000_000.0));
        check("1b000000e8d4a51000", number(1e12));
        check("3903e7", number(-1_000.0));
        check("f93c00", number(1.0));
        check("f97bff", number(65_504.0));
        check("f90001", number(5.960_464_477_539_063e-8));
        check("f9c400", number(-4.0));
        check("fa47c35000", number(100_000.0));
        check("fbc010666666666666", number(-4.1));
        check("f5", Some(Value::Bool(true)));
        check("f6", Some(Value::Null));
        check("c11a514b67b0", Some(Value::Time(1_363_896_240.0)));
        check("c1fb41d452d9ec200000", Some(Value::Time(1_363_896_240.5)));
        let text = |text: &str| Value::Text(text.to_owned());
        check("62c3bc", Some(text("ü")));
        check("7f657374726561646d696e67ff", Some(text("streaming")));
        let one_two = vec![Value::Number(1.0), Value::Number(2.0)];
        check("820102", Some(Value::List(one_two.clone())));
        check("9f0102ff", Some(Value::List(one_two)));
        let map = Value::Map(vec![("a".to_owned(), Value::Number(1.0))]);
        check("a1616101", Some(map.clone()));
        check("bf616101ff", Some(map));
    }

    #[test]
    fn what_no_operation_has_is_refused() {
        for hex in [
            "",
            "18",
            "62c3",
            "62c328",
            "81",
            "a16161",
            "a10101",
            "ff",
            "9f01",
            "1c",
            "4101",
            "f8ff",
            "c2f6",
            "c161",
            "0000",
            "5f4101ff",
            "7f00ff",
            "9bffffffffffffffff",
        ] {
            check(hex, None);
        }
        check(&"81".repeat(CBOR_DEPTH_MAX + 2), None);
        let deep = "81".repeat(CBOR_DEPTH_MAX) + "00";
        let expect =
            (0..CBOR_DEPTH_MAX).fold(Value::Number(0.0), |value, _| Value::List(vec![value]));
        check(&deep, Some(expect));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for len in [0, 23, 24, 255, 256, 65_535, 65_536] {
            let value = Value::Map(vec![
                ("text".to_owned(), Value::Text("a".repeat(len))),
                ("list".to_owned(), Value::List(vec![Value::Bool(false); len])),
                ("time".to_owned(), Value::Time(len as f64)),
            ]);
            let mut bytes = Vec::new();
            write(&value, &mut bytes);
            assert_eq!(read(&bytes), Some(value));
        }
    }
}
