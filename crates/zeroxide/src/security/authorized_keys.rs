//! CURVE keys in files, read again when they change.

use super::{Applicant, Authenticator};
use crate::sync::Mutex;
use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use zeroxide_proto::security::{Credentials, Denial, PublicKey, zap::Grant};

/// Lets in who has a key that stands in a file, or in any file of a directory. Changes act on the next handshake: files
/// are looked at each time, and read again if they are other ones than before.
///
/// A line is a key in Z85, then a name if it is to have one; without, the file's name without its extension is the user
/// id. A line `public-key = "..."`, as in the certificates of CZMQ and PyZMQ, does as well. Lines that hold no key, and
/// files whose names begin with a dot, are passed over. What cannot be read lets nobody in (status 500).
///
/// ```
/// # let directory = std::env::temp_dir().join(format!("zeroxide-keys-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// use zeroxide::AuthorizedKeys;
/// std::fs::write(directory.join("worker-7.pub"), "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n")?;
/// let keys = AuthorizedKeys::open(&directory)?;
/// assert_eq!(keys.count()?, 1);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AuthorizedKeys {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default, Debug)]
struct Known {
    stamps: Vec<Stamp>,
    /// When these stamps were first seen; `None` when the files were read a [`TICK`] later once more, so that no change can
    /// have left the stamps as they are.
    fresh_since: Option<Instant>,
    users: HashMap<PublicKey, String>,
}

/// What tells whether a file has changed. The time of the last change is the system's own, which nobody can set: a file
/// that was put there with its old time of writing, as copies and archives are, has a new one.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Stamp {
    path: PathBuf,
    file: (u64, u64),
    changed: (i64, i64),
    size: u64,
}

/// The clocks of file systems tick this often, or oftener. Within one tick two changes look like one.
const TICK: Duration = Duration::from_secs(2);

impl AuthorizedKeys {
    /// The keys of a file or a directory, which has to be there now and at each handshake.
    ///
    /// # Errors
    /// What the system says when it cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let keys = Self { path: path.into(), known: Mutex::default() };
        keys.count()?;
        Ok(keys)
    }

    /// How many keys stand there now.
    ///
    /// # Errors
    /// What the system says when they cannot be read.
    pub fn count(&self) -> io::Result<usize> {
        let mut known = self.known.lock();
        known.renew(&self.path)?;
        Ok(known.users.len())
    }

    fn user(&self, key: &PublicKey) -> io::Result<Option<String>> {
        let mut known = self.known.lock();
        known.renew(&self.path)?;
        Ok(known.users.get(key).cloned())
    }
}

impl Authenticator for AuthorizedKeys {
    fn authenticate(&self, applicant: &Applicant) -> Result<Grant, Denial> {
        let Credentials::Curve(key) = &applicant.credentials else { return Err(Denial::Refused) };
        let user_id = self.user(key).map_err(|_| Denial::Fault)?.ok_or(Denial::Refused)?;
        Ok(Grant { user_id, ..Grant::default() })
    }
}

impl Known {
    /// Reads the files again if they are other ones than last time.
    fn renew(&mut self, path: &Path) -> io::Result<()> {
        let (now, stamps) = (Instant::now(), stamps(path)?);
        let first_seen = match stamps == self.stamps {
            true => match self.fresh_since {
                None => return Ok(()),
                Some(since) => since,
            },
            false => now,
        };
        let mut users = HashMap::new();
        for stamp in &stamps {
            let name = stamp.path.file_stem().map(|name| name.to_string_lossy().into_owned());
            for line in fs::read(&stamp.path)?.split(|octet| *octet == b'\n') {
                if let Some((key, user)) = key_of(line) {
                    users.insert(key, user.or_else(|| name.clone()).unwrap_or_default());
                }
            }
        }
        let fresh_since = (now.duration_since(first_seen) < TICK).then_some(first_seen);
        *self = Self { stamps, fresh_since, users };
        Ok(())
    }
}

fn stamps(path: &Path) -> io::Result<Vec<Stamp>> {
    let mut paths = vec![path.to_owned()];
    if fs::metadata(path)?.is_dir() {
        let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
        paths = entries.collect::<io::Result<_>>()?;
        let hidden =
            |path: &Path| path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        paths.retain(|path| !hidden(path));
    }
    let mut stamps = Vec::with_capacity(paths.len());
    for path in paths {
        let about = fs::metadata(&path)?;
        if about.is_file() {
            let (file, changed) = ((about.dev(), about.ino()), (about.ctime(), about.ctime_nsec()));
            stamps.push(Stamp { path, file, changed, size: about.len() });
        }
    }
    stamps.sort();
    Ok(stamps)
}

/// The key that stands in a line, and the name behind it.
fn key_of(line: &[u8]) -> Option<(PublicKey, Option<String>)> {
    let line = std::str::from_utf8(line).ok()?.trim();
    let quoted = line.strip_prefix("public-key").and_then(|rest| rest.trim_start().strip_prefix('='));
    if let Some(quoted) = quoted {
        return Some((quoted.trim().trim_matches('"').parse().ok()?, None));
    }
    let (key, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = name.trim();
    Some((key.parse().ok()?, (!name.is_empty()).then(|| name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

    #[test]
    fn a_line_is_a_key_with_a_name_or_without_or_is_passed_over() {
        let key: PublicKey = KEY.parse().unwrap();
        let read = |line: &str| key_of(line.as_bytes());
        assert_eq!(read(KEY), Some((key, None)));
        assert_eq!(
            read(&format!("  {KEY}\tjoe of the mill\r")),
            Some((key, Some("joe of the mill".to_owned())))
        );
        assert_eq!(read(&format!("    public-key = \"{KEY}\"")), Some((key, None)));
        for line in ["", "# a comment", "curve", &KEY[1..], &format!("secret-key = \"{KEY}\"")] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(key_of(&[0xFF; 40]), None);
    }

    /// A file in a place of its own, gone with the value.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("zeroxide-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn two_keys() -> [PublicKey; 2] {
        [1, 2].map(|octet| PublicKey::from([octet; 32]))
    }

    #[test]
    fn a_key_that_takes_the_place_of_another_at_once_is_seen() {
        // All keys have the same size, and the clock of a file system ticks some hundred times a second.
        let place = Place::new("at-once");
        let keys = two_keys();
        fs::write(place.0.join("joe.pub"), "").unwrap();
        let list = AuthorizedKeys::open(&place.0).unwrap();
        for round in 0..50 {
            let (in_it, out_of_it) = (keys[round % 2], keys[1 - round % 2]);
            fs::write(place.0.join("joe.pub"), in_it.to_z85()).unwrap();
            assert_eq!(list.user(&in_it).unwrap().as_deref(), Some("joe"), "round {round}");
            assert_eq!(list.user(&out_of_it).unwrap(), None, "round {round}");
        }
    }

    #[test]
    fn a_file_put_there_with_its_old_time_is_seen() {
        let place = Place::new("old-time");
        let [one, other] = two_keys();
        let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let write = |key: PublicKey| {
            let path = place.0.join("joe.pub");
            fs::write(&path, key.to_z85()).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        };
        write(one);
        let list = AuthorizedKeys::open(&place.0).unwrap();
        assert!(list.user(&one).unwrap().is_some());
        write(other);
        assert_eq!((list.user(&one).unwrap(), list.user(&other).unwrap().is_some()), (None, true));
    }
}
