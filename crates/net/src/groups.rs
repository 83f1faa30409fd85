//! Who belongs to a group, by the files of the system.

use std::{fs, io};

/// Whether one of these groups lists the user as a member, as `/etc/group` has it. The group that a user has by
/// `/etc/passwd` need not list it; that one is part of a peer's credentials.
///
/// Users and groups that are kept elsewhere (LDAP) are not known here.
///
/// # Errors
/// What the system answers when one of the files cannot be read.
///
/// ```
/// assert!(!zeroxide_net::groups::list(&[], 0)?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn list(group_ids: &[u32], user_id: u32) -> io::Result<bool> {
    if group_ids.is_empty() {
        return Ok(false);
    }
    let (users, groups) = (fs::read("/etc/passwd")?, fs::read("/etc/group")?);
    Ok(names(&users, user_id).any(|name| is_member(&groups, group_ids, name)))
}

/// The names of a user: `name:password:number:...`, a line each.
fn names(users: &[u8], user_id: u32) -> impl Iterator<Item = &[u8]> {
    entries(users)
        .filter(move |fields| number(fields.get(2)) == Some(user_id))
        .filter_map(|fields| fields.first().copied())
}

/// `name:password:number:member,member`, a line each.
fn is_member(groups: &[u8], group_ids: &[u32], name: &[u8]) -> bool {
    let wanted = |fields: &Vec<&[u8]>| number(fields.get(2)).is_some_and(|group| group_ids.contains(&group));
    entries(groups).filter(wanted).any(|fields| {
        let members = fields.get(3).copied().unwrap_or_default();
        !name.is_empty() && members.split(|octet| *octet == b',').any(|member| member == name)
    })
}

fn entries(file: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    file.split(|octet| *octet == b'\n').map(|line| line.split(|octet| *octet == b':').collect())
}

fn number(field: Option<&&[u8]>) -> Option<u32> {
    // `parse` alone would take a plus sign.
    let digits =
        str::from_utf8(field?).ok().filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &[u8] = b"root:x:0:0:root:/:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbob:x:1001:1001::/:\n\
        # a comment\n:x:7:7::/:\nbroken\nann-too:x:1000:1:";
    const GROUPS: &[u8] =
        b"root:x:0:\nwheel:x:10:root,ann\nann:x:1000:\nvideo:x:44:ann-to,annn,bob\nempty:x:45:,\n\
        broken:x:46\nplus:x:+10:bob\naudio:x:47:ann-too\n";

    fn member(user_id: u32, group_ids: &[u32]) -> bool {
        names(USERS, user_id).any(|name| is_member(GROUPS, group_ids, name))
    }

    #[test]
    fn a_member_is_listed_by_its_whole_name() {
        assert!(member(0, &[10]));
        assert!(member(1000, &[44, 10]));
        assert!(member(1001, &[44]));
        assert!(!member(1000, &[44]), "others have names like it");
        assert!(!member(1001, &[10]));
    }

    #[test]
    fn a_user_with_two_names_is_listed_by_either() {
        assert!(member(1000, &[47]));
    }

    #[test]
    fn whom_no_line_names_is_no_member() {
        assert!(!member(1000, &[1000]), "its own group does not list it");
        assert!(!member(7, &[45]), "no name is no member");
        assert!(!member(4242, &[10, 44, 45, 46, 47]));
        assert!(!member(0, &[]));
        assert!(!member(0, &[46, 99]));
    }
}
