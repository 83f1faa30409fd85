//! A name for a Unix socket that no other test uses.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A fresh path; its file is removed when the value is dropped.
#[derive(Debug)]
pub struct IpcPath(PathBuf);

impl IpcPath {
    /// A path in the temporary directory, short enough for a socket address.
    #[expect(clippy::new_without_default, reason = "each value differs")]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("zx-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `ipc://` and the file.
    pub fn endpoint(&self) -> String {
        format!("ipc://{}", self.0.display())
    }
}

impl Drop for IpcPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
