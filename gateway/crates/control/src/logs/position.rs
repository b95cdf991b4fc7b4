//! Positions of events, as clients see them: 56 digits, in the order of the events.

use gateway_store::LogPosition;

use super::{Result, invalid};

/// Sequence tokens mean nothing any more; clients are still given one.
pub(super) const SEQUENCE_TOKEN: &str = "49590302938479384759182039485763948571029384756192837465";

/// Digits of a position.
const DIGITS: usize = 56;
/// Those of its sequence.
const SEQUENCE_DIGITS: usize = 20;

/// The id of an event.
pub(super) fn id(position: LogPosition) -> String {
    let LogPosition { unix_ms, sequence } = position;
    format!("3{unix_ms:035}{sequence:020}")
}

/// The position that an id names.
pub(super) fn parse(id: &str) -> Option<LogPosition> {
    let is_id = id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_digit());
    let digits = id.strip_prefix('3').filter(|_| is_id)?;
    let (unix_ms, sequence) = digits.split_at(digits.len() - SEQUENCE_DIGITS);
    Some(LogPosition { unix_ms: unix_ms.parse().ok()?, sequence: sequence.parse().ok()? })
}

/// The position right behind this one.
pub(super) fn after(position: LogPosition) -> LogPosition {
    match position.sequence.checked_add(1) {
        Some(sequence) => LogPosition { sequence, ..position },
        None => LogPosition { unix_ms: position.unix_ms.saturating_add(1), sequence: 0 },
    }
}

/// The position right before this one.
pub(super) fn before(position: LogPosition) -> LogPosition {
    match position.sequence.checked_sub(1) {
        Some(sequence) => LogPosition { sequence, ..position },
        None => match position.unix_ms.checked_sub(1) {
            Some(unix_ms) => LogPosition { unix_ms, sequence: u64::MAX },
            None => position,
        },
    }
}

/// Where a page of GetLogEvents goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Behind this event.
    Forward(LogPosition),
    /// Before this event.
    Backward(LogPosition),
}

impl Token {
    pub(super) fn parse(token: &str) -> Result<Self> {
        let refused = || invalid("The specified nextToken is invalid.");
        let (direction, rest) = token.split_once('/').ok_or_else(refused)?;
        let position = rest.strip_suffix("/s").and_then(parse).ok_or_else(refused)?;
        match direction {
            "f" => Ok(Self::Forward(position)),
            "b" => Ok(Self::Backward(position)),
            _ => Err(refused()),
        }
    }

    pub(super) fn write(self) -> String {
        match self {
            Self::Forward(position) => format!("f/{}/s", id(position)),
            Self::Backward(position) => format!("b/{}/s", id(position)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_positions_and_read_back() {
        let positions = [(0, 0), (0, 1), (0, u64::MAX), (1, 0), (17, 5), (u64::MAX, u64::MAX)];
        let ids = positions.map(|(unix_ms, sequence)| id(LogPosition { unix_ms, sequence }));
        assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == DIGITS));
        for ((unix_ms, sequence), id) in positions.iter().zip(&ids) {
            let position = LogPosition { unix_ms: *unix_ms, sequence: *sequence };
            assert_eq!(parse(id), Some(position));
            for token in [Token::Forward(position), Token::Backward(position)] {
                assert_eq!(Token::parse(&token.write()), Ok(token));
            }
            if position != LogPosition::default() {
                assert_eq!(after(before(position)), position);
            }
        }
        let nine = "9".repeat(56);
        for wrong in ["", "f/1/s", "3", &nine, "x/1", &format!("f/{}", ids[0]), "f//s"] {
            assert!(parse(wrong).is_none() && Token::parse(wrong).is_err(), "{wrong}");
        }
    }
}
