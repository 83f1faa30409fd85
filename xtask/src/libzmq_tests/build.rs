//! Building the programs.
//!
//! ```text
//! target/libzmq_tests/tree/tests     libzmq's, copied
//!                         /external  libzmq's, copied
//!                         /src       libzmq's, copied; one program includes some of it
//!                         /include   ours
//!                    /bin            what is built
//! ```
//! The programs include `../include/zmq.h`: that is why they are copied.

use super::{compile, copy};
use crate::shell::{command, root};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What libzmq's configure script finds out on Linux, for a build with drafts and CURVE.
const DEFINITIONS: [&str; 14] = [
    "-DHAVE_FORK",
    "-DHAVE_MKDTEMP",
    "-DZMQ_BUILD_DRAFT",
    "-DZMQ_BUILD_DRAFT_API",
    "-DZMQ_HAVE_BUSY_POLL",
    "-DZMQ_HAVE_CURVE",
    "-DZMQ_HAVE_IPC",
    "-DZMQ_HAVE_LINUX",
    "-DZMQ_HAVE_PPOLL",
    "-DZMQ_HAVE_SO_PEERCRED",
    "-DZMQ_HAVE_SO_PRIORITY",
    "-DZMQ_HAVE_UIO",
    "-DZMQ_IOTHREAD_POLLER_USE_EPOLL",
    "-D_GNU_SOURCE",
];
/// What the programs share.
const SHARED: [&str; 5] = [
    "tests/testutil",
    "tests/testutil_monitoring",
    "tests/testutil_security",
    "tests/testutil_unity",
    "external/unity/unity",
];
/// The one program that knows libzmq's inside: its client of CURVE is made of these, and of libsodium.
const OF_CURVE: [&str; 3] = ["src/err.cpp", "src/random.cpp", "src/clock.cpp"];

/// Where programs are built.
pub(super) struct Bench {
    tree: PathBuf,
    objects: Vec<PathBuf>,
    library: PathBuf,
    programs: PathBuf,
}

impl Bench {
    /// Copies the sources and compiles what all programs share, unless it is there.
    pub(super) fn prepare(place: &Path, prefix: &Path, given: &Path) -> Result<Bench, String> {
        let (tree, programs) = (place.join("tree"), place.join("bin"));
        let (stamp, made_of) = (place.join("made_of"), made_of(prefix, given)?);
        if !fs::read_to_string(&stamp).is_ok_and(|before| before == made_of) {
            let _ = fs::remove_file(&stamp);
            for folder in [&tree, &programs] {
                let _ = fs::remove_dir_all(folder);
                fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            for part in ["tests", "external", "src"] {
                copy(&given.join(part), &tree)?;
            }
            // What a configure script would write; everything is told to the compiler.
            fs::write(tree.join("src/platform.hpp"), "").map_err(|error| format!("platform.hpp: {error}"))?;
            copy(&prefix.join("include"), &tree)?;
        }
        let objects = SHARED.map(|name| programs.join(name.replace('/', "_")).with_extension("o")).to_vec();
        let bench = Bench { tree, objects, library: prefix.join("lib"), programs };
        for (name, object) in SHARED.iter().zip(&bench.objects).filter(|(_, object)| !object.exists()) {
            let (compiler, ending) = if name.starts_with("tests") { ("g++", "cpp") } else { ("cc", "c") };
            let mut line = bench.compiler(compiler);
            line.arg("-c").arg(bench.tree.join(name).with_extension(ending)).arg("-o").arg(object);
            compile(&mut line)?;
        }
        fs::write(&stamp, made_of).map_err(|error| format!("{}: {error}", stamp.display()))?;
        Ok(bench)
    }

    /// The names of all programs.
    pub(super) fn programs(&self) -> Result<Vec<String>, String> {
        let folder = self.tree.join("tests");
        let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let names = files.map_while(Result::ok).map(|file| file.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names
            .filter_map(|name| Some(name.strip_suffix(".cpp")?.to_owned()))
            .filter(|name| name.starts_with("test_"))
            .collect();
        names.sort();
        if names.is_empty() { Err(format!("no programs in {}", folder.display())) } else { Ok(names) }
    }

    /// Builds a program, unless it is there.
    pub(super) fn build(&self, name: &str) -> Result<PathBuf, String> {
        if let Some(program) = self.built(name) {
            return Ok(program);
        }
        let mut line = self.compiler("g++");
        line.arg(self.tree.join("tests").join(name).with_extension("cpp"));
        if name == "test_security_curve" {
            line.args(OF_CURVE.map(|file| self.tree.join(file))).args(["-DZMQ_USE_LIBSODIUM", "-lsodium"]);
        }
        let program = self.programs.join(name);
        line.args(&self.objects)
            .arg("-L")
            .arg(&self.library)
            .args(["-lzmq", "-lpthread", "-o"])
            .arg(&program);
        compile(&mut line)?;
        Ok(program)
    }

    /// The program, if it was built.
    pub(super) fn built(&self, name: &str) -> Option<PathBuf> {
        Some(self.programs.join(name)).filter(|program| program.exists())
    }

    fn compiler(&self, name: &str) -> Command {
        let mut line = command(
            name,
            &["-w", "-include", "assert.h", "-O0", "-DUNITY_USE_COMMAND_LINE_ARGS", "-DUNITY_EXCLUDE_FLOAT"],
        );
        line.args(DEFINITIONS);
        for folder in ["include", "src", "external/unity"] {
            line.arg("-I").arg(self.tree.join(folder));
        }
        line
    }
}

/// What must be the same for programs to be used again.
fn made_of(prefix: &Path, given: &Path) -> Result<String, String> {
    let header = prefix.join("include/zmq.h");
    let text = fs::read_to_string(&header).map_err(|error| format!("{}: {error}", header.display()))?;
    let given = root().join(given);
    Ok(format!("{}\n{DEFINITIONS:?}\n{text}", given.display()))
}
