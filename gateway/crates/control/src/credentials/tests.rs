use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn a_file_is_made_once_and_only_its_owner_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("credentials");
    let (made, is_new) = Credentials::at(&path).unwrap();
    assert!(is_new);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!((made.access_key_id.len(), made.secret_access_key.len()), (20, 40));
    let (read, is_new) = Credentials::at(&path).unwrap();
    assert!(!is_new);
    assert_eq!(read, made);
    assert_ne!(Credentials::generate().unwrap(), made);
    assert!(!format!("{made:?}").contains(&made.secret_access_key));
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("credentials");
    Credentials::at(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = Credentials::at(&path).unwrap_err().to_string();
    assert!(error.contains("0640") && error.contains("chmod 600"), "{error}");
}

#[test]
fn a_file_without_a_key_is_refused_and_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("credentials");
    fs::write(&path, "[other]\naws_access_key_id = a\naws_secret_access_key = b\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Credentials::at(&path), Err(CredentialsError::Malformed { .. })));
    assert!(fs::read_to_string(&path).unwrap().contains("[other]"));
}

#[test]
fn temporary_credentials_are_found_until_they_expire() {
    let admin = Credentials::generate().unwrap();
    let role = Identity::Role { role: "deploy".to_owned(), session: "s-1".to_owned() };
    let given = admin.temporary(&role, 1_000).unwrap();
    let token = Some(&*given.session_token);
    let found = admin.find(&given.access_key_id, token, 999_999).unwrap();
    assert_eq!(found, (given.secret_access_key.clone(), role));
    let expired = admin.find(&given.access_key_id, token, 1_000_000).unwrap_err();
    assert_eq!(expired.code, "ExpiredTokenException");
    assert_eq!(admin.find(&given.access_key_id, None, 0).unwrap_err(), unknown());
}

#[test]
fn no_other_token_is_taken() {
    let admin = Credentials::generate().unwrap();
    let given = admin.temporary(&Identity::Root, 1_000).unwrap();
    let other = Credentials::generate().unwrap();
    let token = &given.session_token;
    assert_eq!(other.find(&given.access_key_id, Some(token), 0).unwrap_err(), unknown());
    assert_eq!(admin.find("ASIAAAAAAAAAAAAAAAAA", Some(token), 0).unwrap_err(), unknown());
    for index in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'0' { b'1' } else { b'0' };
        let changed = String::from_utf8(bytes).unwrap();
        let found = admin.find(&given.access_key_id, Some(&changed), 0);
        assert_eq!(found.unwrap_err(), unknown(), "byte {index}");
    }
    for text in ["", "ä", "zz", &token[..63], &token[..token.len() - 1]] {
        assert_eq!(admin.find(&given.access_key_id, Some(text), 0).unwrap_err(), unknown());
    }
}
