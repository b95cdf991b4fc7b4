//! Which bytes may stand where, as tables. Source: RFC 9110 section 5.6, RFC 3986 appendix A.

/// `tchar`: what a method, a field name or a chunk-extension name is made of.
#[inline]
pub(crate) fn is_token(b: u8) -> bool {
    TOKEN[b as usize]
}

/// Whether all of `name` are token bytes, without a branch per byte.
#[inline]
pub(crate) fn are_tokens(name: &[u8]) -> bool {
    name.iter().fold(true, |all, &b| all & TOKEN[b as usize])
}

/// Whether `value` holds only field-value bytes: HTAB, SP, VCHAR and obs-text.
///
/// Every byte is looked at whatever came before it, which lets the compiler do 16 at once.
#[inline]
pub(crate) fn is_field_value(value: &[u8]) -> bool {
    !value.iter().fold(false, |bad, &b| bad | ((b < 0x20) & (b != b'\t')) | (b == 0x7f))
}

/// Whether `b` may stand in a field value.
#[inline]
pub(crate) fn is_field_value_byte(b: u8) -> bool {
    b >= 0x20 && b != 0x7f || b == b'\t'
}

/// Bytes that a path may hold without further thought: `pchar` less `%`, `.` and `;`.
#[inline]
pub(crate) fn is_plain_path(b: u8) -> bool {
    PLAIN_PATH[b as usize]
}

/// Bytes of a registered name: unreserved and sub-delims, less the comma, which would let two names
/// joined by some proxy before us pass for one. No percent-encoding: DNS names have none.
#[inline]
pub(crate) fn is_reg_name(b: u8) -> bool {
    REG_NAME[b as usize]
}

/// The value of a hex digit.
#[inline]
pub(crate) fn hex(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        b'A'..=b'F' => Some(b - b'A' + 10),
        _ => None,
    }
}

/// Optional white space: SP or HTAB.
#[inline]
pub(crate) fn is_ows(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

const fn is_sub_delim(b: u8) -> bool {
    matches!(b, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// A table of the bytes for which `$is` holds.
macro_rules! table {
    (|$b:ident| $is:expr) => {{
        let mut table = [false; 256];
        let mut $b = 0u8;
        loop {
            table[$b as usize] = $is;
            if $b == u8::MAX {
                break table;
            }
            $b += 1;
        }
    }};
}

static TOKEN: [bool; 256] = table!(|b| b.is_ascii_alphanumeric()
    || matches!(b, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~'));

static PLAIN_PATH: [bool; 256] = table!(|b| b.is_ascii_alphanumeric()
    || matches!(b, b'-' | b'_' | b'~' | b':' | b'@')
    || is_sub_delim(b) && b != b';');

static REG_NAME: [bool; 256] = table!(|b| b.is_ascii_alphanumeric()
    || matches!(b, b'-' | b'.' | b'_' | b'~')
    || is_sub_delim(b) && b != b',');
