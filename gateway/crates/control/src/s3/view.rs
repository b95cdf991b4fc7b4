//! Answers in XML.

use super::store::{Bucket, Object, Part};
use crate::Answer;
use crate::signature::iso;
use crate::wire::xml::{write_element, write_text};
use crate::wire::{base64, from_base64};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document with this root.
pub(super) fn document(root: &str, inside: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inside}</{root}>"
    );
    Answer {
        status: 200,
        content_type: Some("application/xml"),
        headers: Vec::new(),
        body: body.into_bytes(),
    }
}

/// `<name>text</name>` of each.
pub(super) fn elements(parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parts {
        write_element(name, value, &mut text);
    }
    text
}

/// An ISO time with milliseconds, as S3 writes it.
pub(super) fn time(unix_ms: u64) -> String {
    iso(unix_ms).replace('Z', ".000Z")
}

/// A time as headers have it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http_date(unix_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let iso = iso(unix_ms);
    let day = DAYS[(unix_ms / 86_400_000 % 7) as usize];
    let month = iso[5..7].parse::<usize>().unwrap_or(1).clamp(1, 12);
    let (year, date, clock) = (&iso[..4], &iso[8..10], &iso[11..19]);
    format!("{day}, {date} {} {year} {clock} GMT", MONTHS[month - 1])
}

/// Who owns everything.
pub(super) fn owner(account_id: &str) -> String {
    format!("<Owner>{}</Owner>", elements(&[("ID", account_id)]))
}

/// What a listing asks for.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) delimiter: String,
    /// Keys behind this one.
    pub(super) after: String,
    pub(super) count_max: usize,
    pub(super) is_url: bool,
    pub(super) form: Form,
}

/// Which of the operations that list.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    V2,
    V1,
    Versions,
}

/// `ListObjectsV2` and those like it.
pub(super) fn list(listing: &Listing, bucket: &Bucket, account_id: &str) -> Answer {
    let mut inside = String::new();
    let mut prefixes: Vec<String> = Vec::new();
    let (mut count, mut last, mut is_truncated) = (0, String::new(), false);
    let from = listing.after.clone();
    let range =
        bucket.objects.range(from.clone()..).filter(|(key, _)| **key > from || from.is_empty());
    for (key, object) in range {
        if !key.starts_with(&listing.prefix) {
            // Keys are in order: behind those with the prefix there are no more.
            if key.as_str() > listing.prefix.as_str() {
                break;
            }
            continue;
        }
        let rest = &key[listing.prefix.len()..];
        let cut = (!listing.delimiter.is_empty())
            .then(|| rest.find(&listing.delimiter))
            .flatten()
            .map(|at| format!("{}{}", listing.prefix, &rest[..at + listing.delimiter.len()]));
        let is_known = cut.as_ref().is_some_and(|cut| {
            prefixes.last() == Some(cut) || listing.after.starts_with(cut.as_str())
        });
        if is_known {
            last.clone_from(key);
            continue;
        }
        if count == listing.count_max {
            is_truncated = true;
            break;
        }
        count += 1;
        last.clone_from(key);
        match cut {
            Some(cut) => prefixes.push(cut),
            None => entry(listing, object, account_id, &mut inside),
        }
    }
    let key = |text: &str| if listing.is_url { url(text) } else { text.to_owned() };
    for prefix in &prefixes {
        let prefix = elements(&[("Prefix", &key(prefix))]);
        inside.push_str(&format!("<CommonPrefixes>{prefix}</CommonPrefixes>"));
    }
    let mut head = elements(&[
        ("Name", &listing.name),
        ("Prefix", &key(&listing.prefix)),
        ("MaxKeys", &listing.count_max.to_string()),
        ("IsTruncated", if is_truncated { "true" } else { "false" }),
    ]);
    if !listing.delimiter.is_empty() {
        write_element("Delimiter", &key(&listing.delimiter), &mut head);
    }
    if listing.is_url {
        write_element("EncodingType", "url", &mut head);
    }
    let root = match listing.form {
        Form::V2 => {
            write_element("KeyCount", &count.to_string(), &mut head);
            if is_truncated {
                write_element("NextContinuationToken", &token_of_key(&last), &mut head);
            }
            "ListBucketResult"
        }
        Form::V1 => {
            if is_truncated {
                write_element("NextMarker", &key(&last), &mut head);
            }
            "ListBucketResult"
        }
        Form::Versions => {
            if is_truncated {
                write_element("NextKeyMarker", &key(&last), &mut head);
            }
            "ListVersionsResult"
        }
    };
    head.push_str(&inside);
    document(root, &head)
}

/// What a continuation token begins with, so that other text is known to be none.
const TOKEN: &str = "1 ";

fn token_of_key(key: &str) -> String {
    base64(format!("{TOKEN}{key}").as_bytes())
}

/// The key behind which a listing goes on; none for what is not one of our tokens.
pub(super) fn key_of_token(token: &str) -> Option<String> {
    let text = String::from_utf8(from_base64(token)?).ok()?;
    text.strip_prefix(TOKEN).map(str::to_owned)
}

fn entry(listing: &Listing, object: &Object, account_id: &str, out: &mut String) {
    let key = if listing.is_url { url(&object.key) } else { object.key.clone() };
    let mut inside = elements(&[
        ("Key", &key),
        ("LastModified", &time(object.modified_ms)),
        ("ETag", &format!("\"{}\"", object.etag)),
        ("Size", &object.bytes.to_string()),
        ("StorageClass", "STANDARD"),
    ]);
    let element = match listing.form {
        Form::Versions => {
            inside.push_str(&elements(&[("VersionId", "null"), ("IsLatest", "true")]));
            inside.push_str(&owner(account_id));
            "Version"
        }
        Form::V2 | Form::V1 => "Contents",
    };
    out.push_str(&format!("<{element}>{inside}</{element}>"));
}

/// `ListParts`, without what stands around them.
pub(super) fn parts(parts: &std::collections::BTreeMap<u32, Part>) -> String {
    let mut text = String::new();
    for (number, part) in parts {
        let inside = elements(&[
            ("PartNumber", &number.to_string()),
            ("LastModified", &time(part.modified_ms)),
            ("ETag", &format!("\"{}\"", part.etag)),
            ("Size", &part.bytes.to_string()),
        ]);
        text.push_str(&format!("<Part>{inside}</Part>"));
    }
    text
}

/// Percent-encoded, but for slashes.
pub(super) fn url(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The texts of all elements of a name, in order. For the few small documents that clients send.
pub(super) fn texts(document: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = document;
    while let Some((_, after)) = rest.split_once(&open) {
        let Some((text, after)) = after.split_once(&close) else { break };
        found.push(unescape(text));
        rest = after;
    }
    found
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((name, after)) = after.split_once(';') else {
            out.push('&');
            rest = after;
            continue;
        };
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
        let c = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(hex), _) => number(hex, 16).and_then(char::from_u32),
                (None, Some(digits)) => number(digits, 10).and_then(char::from_u32),
                (None, None) => None,
            },
        };
        match c {
            Some(c) => out.push(c),
            None => {
                out.push('&');
                write_text(name, &mut out);
                out.push(';');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_headers() {
        // The example of RFC 9110.
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn texts_of_elements_are_unescaped() {
        let document = "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>&#x41;/c&#32;d</Key></Object></Delete>";
        assert_eq!(texts(document, "Key"), ["a&b", "A/c d"]);
        assert!(texts("<Key>open", "Key").is_empty());
    }

    #[test]
    fn tokens_are_told_from_other_text() {
        for key in ["", "a/1", "grün"] {
            assert_eq!(key_of_token(&token_of_key(key)).as_deref(), Some(key));
        }
        for text in ["", "zz", "a/1", "junk", "YS8x"] {
            assert_eq!(key_of_token(text), None, "{text}");
        }
    }

    fn bucket(keys: &[&str]) -> Bucket {
        let objects = keys.iter().map(|key| {
            let object = Object { key: (*key).to_owned(), ..Object::default() };
            ((*key).to_owned(), object)
        });
        Bucket { objects: objects.collect(), ..Bucket::default() }
    }

    /// Pages through a listing: keys and common prefixes of all pages, and how many pages.
    fn pages(
        bucket: &Bucket,
        prefix: &str,
        delimiter: &str,
        count_max: usize,
    ) -> (Vec<String>, usize) {
        let mut listing = Listing {
            prefix: prefix.to_owned(),
            delimiter: delimiter.to_owned(),
            count_max,
            ..Listing::default()
        };
        let (mut found, mut count) = (Vec::new(), 0);
        loop {
            count += 1;
            assert!(count < 20, "the pages end");
            let text = String::from_utf8(list(&listing, bucket, "1").body).unwrap();
            found.extend(texts(&text, "Key"));
            // The first is the one that was asked for.
            found.extend(texts(&text, "Prefix").into_iter().skip(1));
            match texts(&text, "NextContinuationToken").pop() {
                Some(token) => listing.after = key_of_token(&token).expect("ours"),
                None => return (found, count),
            }
        }
    }

    #[test]
    fn listings_page_over_keys_and_common_prefixes() {
        let bucket = bucket(&["a/1", "a/2", "b", "c/x/1", "c/x/2", "c/y", "d"]);
        assert_eq!(
            pages(&bucket, "", "", 1000),
            (["a/1", "a/2", "b", "c/x/1", "c/x/2", "c/y", "d"].map(str::to_owned).into(), 1)
        );
        assert_eq!(pages(&bucket, "", "", 3).1, 3);
        for count_max in 1..5 {
            let (mut found, _) = pages(&bucket, "", "/", count_max);
            found.sort();
            assert_eq!(found, ["a/", "b", "c/", "d"], "{count_max}");
        }
        assert_eq!(pages(&bucket, "c/", "/", 1000).0, ["c/y", "c/x/"]);
        assert_eq!(pages(&bucket, "zz", "/", 1000).0, [""; 0]);
    }
}
