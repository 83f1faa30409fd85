//! The files of the repository, as git knows them.

use std::fs;

use crate::shell::{command, root};

/// All of them that are text.
pub(super) struct Tree {
    pub(super) files: Vec<Source>,
}

/// One file.
pub(super) struct Source {
    /// Relative to the root.
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Reads what is committed or could be.
    pub(super) fn read() -> Result<Self, String> {
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let output = command("git", &arguments).output().map_err(|error| format!("git: {error}"))?;
        if !output.status.success() {
            return Err(format!("git ls-files: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let paths = String::from_utf8_lossy(&output.stdout).into_owned();
        // A file that is deleted and not yet committed is still listed; binary files are nobody's prose.
        let read = |path: &str| {
            Some(Source { path: path.to_owned(), text: fs::read_to_string(root().join(path)).ok()? })
        };
        Ok(Self { files: paths.split('\0').filter(|path| !path.is_empty()).filter_map(read).collect() })
    }

    /// The file at this path.
    pub(super) fn file(&self, path: &str) -> Option<&Source> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files whose path ends so.
    pub(super) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a Source> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    /// A tree of given files, for tests.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let source = |&(path, text): &(&str, &str)| Source { path: path.to_owned(), text: text.to_owned() };
        Self { files: files.iter().map(source).collect() }
    }
}

impl Source {
    /// Its lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The places where a line shows what `look` finds.
    pub(super) fn places(&self, look: impl Fn(&str) -> Option<String>) -> Vec<String> {
        self.lines().filter_map(|(number, line)| Some(self.place(number, &look(line)?))).collect()
    }

    /// `path:line: what`.
    pub(super) fn place(&self, number: usize, what: &str) -> String {
        format!("{}:{number}: {what}", self.path)
    }
}
