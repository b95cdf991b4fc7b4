//! Ids made from names, the same at every start.
//!
//! The id of a thing is `digits(fnv1a64(stack ␀ logical id ␀ role))`: FNV-1a over the three names
//! with a zero byte between them, finished with SplitMix64's mixer, written in base 36 from the
//! least significant digit, hashing on when the digits run out. Nothing else goes in, so an id
//! survives restarts, other machines and every change of properties.

/// `chars` lower-case base-36 digits for one role (`RestApi`, `root` …) of one logical id.
pub(crate) fn derived_id(stack: &str, logical_id: &str, role: &str, chars: usize) -> String {
    const DIGITS_PER_HASH: usize = 10; // 36^10 < 2^64
    let mut seed = fnv1a(stack, logical_id, role);
    let mut id = String::with_capacity(chars);
    while id.len() < chars {
        seed = mix(seed);
        digits(seed, DIGITS_PER_HASH.min(chars - id.len()), &mut id);
    }
    id
}

/// The id of a function URL: as many characters as AWS's have.
pub(crate) fn function_url_id(stack: &str, logical_id: &str) -> String {
    const CHARS: usize = 32;
    derived_id(stack, logical_id, "url", CHARS)
}

/// Writes a number's lowest digits in base 36, from the least significant on.
pub(crate) fn digits(mut number: u64, count: usize, text: &mut String) {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    for _ in 0..count {
        text.push(char::from(DIGITS[(number % 36) as usize]));
        number /= 36;
    }
}

/// A UUID-shaped text, for ARNs that hold one.
pub(crate) fn derived_uuid(stack: &str, logical_id: &str, role: &str) -> String {
    let high = mix(fnv1a(stack, logical_id, role));
    let low = mix(high);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

fn fnv1a(stack: &str, logical_id: &str, role: &str) -> u64 {
    let names = [stack.as_bytes(), &[0], logical_id.as_bytes(), &[0], role.as_bytes()];
    names.iter().flat_map(|name| name.iter()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn mix(hash: u64) -> u64 {
    let z = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stack's name from a file's: the stem, without `.template`, of letters, digits and hyphens.
pub(crate) fn stack_name(file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let stem = stem.strip_suffix(".template").unwrap_or(stem);
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = stem.chars().map(clean).collect();
    let name = name.trim_matches('-');
    match name.chars().next() {
        None => "stack".to_owned(),
        Some(first) if first.is_ascii_alphabetic() => name.to_owned(),
        Some(_) => format!("stack-{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_changes() {
        // These are in people's URLs: a change here breaks them.
        assert_eq!(derived_id("t", "Api", "id", 10), "975to29lq0");
        assert_eq!(derived_id("t", "Api", "id", 6), "975to2");
        let id = derived_id("shop", "Api", "RestApi", 10);
        assert_eq!(id.len(), 10);
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_ne!(id, derived_id("shop", "Api2", "RestApi", 10));
        assert_ne!(id, derived_id("shopA", "pi", "RestApi", 10));
        assert_eq!(derived_uuid("s", "l", "r").len(), 36);
    }

    #[test]
    fn a_stack_is_named_after_its_file() {
        assert_eq!(stack_name("dir/rest-catalogue.template.json"), "rest-catalogue");
        assert_eq!(stack_name("my_api.yaml"), "my-api");
        assert_eq!(stack_name("1st.yml"), "stack-1st");
        assert_eq!(stack_name("template"), "template");
        assert_eq!(stack_name(".yaml"), "stack");
    }
}
