//! Compiles C programs against our header and our library, and runs them.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicUsize, Ordering},
};

/// Where `libzmq.so` is under the names that compilers and loaders look for.
pub(crate) fn library_folder() -> PathBuf {
    let built = env::current_exe().unwrap().with_file_name("libzmq.so");
    assert!(built.exists(), "{} comes with the tests of this package", built.display());
    // One folder a process, because tests of other processes may be at it at the same time.
    let folder = scratch().join(format!("lib-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for name in ["libzmq.so", "libzmq.so.5"] {
        let link = folder.join(name);
        if !link.exists() {
            // Another test of this process may have been faster.
            let _ = std::os::unix::fs::symlink(&built, link);
        }
    }
    folder
}

/// A folder for what tests make.
pub(crate) fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// `crates/capi`.
pub(crate) fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A C compiler with our header.
pub(crate) fn compiler(name: &str) -> Command {
    let mut command = Command::new(name);
    command.arg("-I").arg(here().join("include"));
    command
}

/// Compiles `tests/c/NAME.c` with these arguments and links it with the library.
pub(crate) fn compile(name: &str, arguments: &[&str]) -> PathBuf {
    static COMPILED: AtomicUsize = AtomicUsize::new(0);
    let number = COMPILED.fetch_add(1, Ordering::Relaxed);
    let program = scratch().join(format!("{name}-{}-{number}", std::process::id()));
    let mut command = compiler("cc");
    command.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(&program);
    command.args(arguments).arg(here().join(format!("tests/c/{name}.c")));
    command.arg("-L").arg(library_folder()).arg("-lzmq");
    succeed(&mut command);
    program
}

/// As [`compile`], with C that was made by the test; `include` is where it finds headers of its own.
pub(crate) fn compile_text(name: &str, text: &str, include: &Path) -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let source = scratch().join(format!("{name}-{}-{number}.c", std::process::id()));
    fs::write(&source, text).unwrap();
    let program = source.with_extension("");
    let mut command = compiler("cc");
    command.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Wno-nonnull", "-pthread", "-I"]).arg(include);
    command.arg(&source).arg("-o").arg(&program).arg("-L").arg(library_folder()).arg("-lzmq");
    succeed(&mut command);
    program
}

/// A command that finds our library when it runs.
pub(crate) fn with_library(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", library_folder());
    command
}

/// Runs a command that must succeed, and hands over what it said.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

/// The lines of a file in `tests/data`, in words, without comments.
pub(crate) fn data(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(here().join("tests/data").join(name)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The dynamic symbols that a library defines, as `nm` prints them: with their version, if they have one.
pub(crate) fn exported(library: &Path) -> BTreeSet<String> {
    let output = succeed(Command::new("nm").args(["--dynamic", "--defined-only"]).arg(library));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

/// Debian's libzmq, where it is installed. CI installs it.
pub(crate) fn debians() -> Option<PathBuf> {
    let output = succeed(Command::new("cc").arg("-print-multiarch"));
    let folder = String::from_utf8(output.stdout).unwrap();
    let library = Path::new("/usr/lib").join(folder.trim()).join("libzmq.so.5");
    library.exists().then_some(library)
}
