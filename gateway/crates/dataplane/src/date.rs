//! The `Date` field, made once a second.

use std::cell::Cell;

use gateway_telemetry::clock::http_date;

/// The text of the present second.
pub(crate) struct Date {
    second: Cell<u64>,
    text: Cell<[u8; 29]>,
}

impl Date {
    pub(crate) fn new() -> Self {
        Self { second: Cell::new(0), text: Cell::new(http_date(0)) }
    }

    /// IMF-fixdate of the second that `unix_ms` lies in.
    #[inline]
    pub(crate) fn at(&self, unix_ms: u64) -> [u8; 29] {
        let second = unix_ms / 1000;
        if self.second.get() != second {
            self.second.set(second);
            self.text.set(http_date(second));
        }
        self.text.get()
    }
}
