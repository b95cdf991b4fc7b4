//! How wide a text may be, at most, in the sans-serifs that readers have.

/// Pixels that a text of this size takes at most. The measure is DejaVu Sans, the widest of the common ones.
pub(super) fn width_px(said: &str, size_px: f64) -> f64 {
    said.chars().map(em).sum::<f64>() * size_px
}

/// The text, or its start and an ellipsis, in at most `room_px`.
pub(super) fn cut(said: &str, size_px: f64, room_px: f64) -> String {
    if width_px(said, size_px) <= room_px {
        return said.to_owned();
    }
    let mut used = width_px("…", size_px);
    let mut out = String::new();
    for c in said.chars() {
        used += em(c) * size_px;
        if used > room_px {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
        'A'..='Z' | '<' | '>' | '=' | '+' | '~' | '#' | '^' | '_' => 0.84,
        '\u{20}'..='\u{7e}' | 'µ' | '\u{2013}' => 0.65,
        _ => 1.1,
    }
}
