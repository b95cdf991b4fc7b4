use super::{FieldName, is_name};

#[track_caller]
fn check(name: &[u8], expect: FieldName) {
    assert_eq!(FieldName::of(name), expect, "{}", name.escape_ascii());
}

#[test]
fn every_known_name_is_found_in_any_case() {
    for &known in FieldName::ALL {
        let name = known.as_str();
        check(name.as_bytes(), known);
        check(name.to_ascii_lowercase().as_bytes(), known);
        check(name.to_ascii_uppercase().as_bytes(), known);
    }
}

#[test]
fn a_name_that_differs_in_one_byte_is_other() {
    for &known in FieldName::ALL {
        for at in 0..known.as_str().len() {
            let mut name = known.as_str().as_bytes().to_vec();
            name[at] = if name[at] == b'_' { b'+' } else { b'_' };
            check(&name, FieldName::Other);
        }
    }
}

#[test]
fn underscores_are_never_merged_with_hyphens() {
    check(b"content_length", FieldName::Other);
    check(b"Transfer_Encoding", FieldName::Other);
    check(b"x_forwarded_for", FieldName::Other);
    check(b"", FieldName::Other);
}

#[test]
fn framing_fields_are_hop_by_hop_and_credentials_are_not() {
    assert!(FieldName::TransferEncoding.is_hop_by_hop());
    assert!(FieldName::Connection.is_hop_by_hop());
    assert!(!FieldName::Authorization.is_hop_by_hop());
    assert!(!FieldName::ContentLength.is_hop_by_hop());
    assert!(!FieldName::Host.is_hop_by_hop());
}

#[test]
fn names_compare_as_tokens_whatever_their_case() {
    let tokens: Vec<u8> = (0..=255).filter(|&b| crate::bytes::is_token(b)).collect();
    for known in FieldName::ALL {
        let known = known.as_str().as_bytes();
        for at in 0..known.len() {
            for &byte in &tokens {
                let mut name = known.to_ascii_uppercase();
                name[at] = byte;
                assert_eq!(is_name(&name, known), name.eq_ignore_ascii_case(known), "{name:?}");
            }
        }
        assert!(!is_name(&known[1..], known));
    }
}
