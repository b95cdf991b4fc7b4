//! Users and groups by name. Read from the files themselves: a static program has no other way.

use std::fs;
use std::io;

use rustix::process::{getegid, geteuid};

/// The ids of `user`, `user:group` or numbers in their place; `None` when they are the gateway's own, or when it may
/// not change them.
pub(super) fn resolve(named: &str) -> io::Result<Option<(u32, u32)>> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let group = fs::read_to_string("/etc/group").unwrap_or_default();
    let Some(ids) = ids(named, &passwd, &group) else {
        let error = format!("no user or group {named:?}: name one of /etc/passwd, or give numbers");
        return Err(io::Error::new(io::ErrorKind::NotFound, error));
    };
    if ids == (geteuid().as_raw(), getegid().as_raw()) {
        return Ok(None);
    }
    if !geteuid().is_root() {
        tracing::warn!(
            user = named,
            "Functions run as the gateway's user: only root can change it"
        );
        return Ok(None);
    }
    Ok(Some(ids))
}

fn ids(named: &str, passwd: &str, groups: &str) -> Option<(u32, u32)> {
    let (user, group) = named.split_once(':').map_or((named, None), |(u, g)| (u, Some(g)));
    let is_line = |line: &&str| {
        let mut fields = line.split(':');
        fields.next() == Some(user) || fields.nth(1) == Some(user)
    };
    let line: Vec<&str> = passwd.lines().find(is_line).unwrap_or_default().split(':').collect();
    let number = |field: usize| line.get(field)?.parse::<u32>().ok();
    let uid = number(2).or_else(|| user.parse().ok())?;
    let gid = match group {
        None => number(3).unwrap_or(uid),
        Some(group) => {
            let named = |line: &str| {
                let mut fields = line.split(':');
                (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok())?
            };
            groups.lines().find_map(named).or_else(|| group.parse().ok())?
        }
    };
    Some((uid, gid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_names_or_numbers() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/var:/bin/false\n";
        let groups = "root:x:0:\nstaff:x:50:web\n";
        for (named, expect) in [
            ("web", Some((33, 34))),
            ("33", Some((33, 34))),
            ("web:staff", Some((33, 50))),
            ("web:7", Some((33, 7))),
            ("1000", Some((1000, 1000))),
            ("1000:1001", Some((1000, 1001))),
            ("nobody", None),
            ("web:nogroup", None),
            ("", None),
        ] {
            assert_eq!(ids(named, passwd, groups), expect, "{named}");
        }
    }
}
