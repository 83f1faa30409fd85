//! Programs and bindings that people use, on our library: those of Python with nothing changed but the one file that the
//! wheel of pyzmq brings, those of other languages with nothing changed but where the loader looks, and a client of npm's,
//! which has libzmq in it, across the wire.

use crate::{
    debian, install, python,
    shell::{command, must, root, works},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PLACE: &str = "target/programs";
/// Run by the interpreter whose pyzmq has our library inside.
const OF_PYTHON: [&str; 4] = ["jupyter.py", "ipyparallel.py", "locust.py", "aio.py"];
/// npm's package, which brings libzmq: it stays at the other end of the wire.
const OF_NODE: &str = "zeromq@6.8.0";
/// Debian's packages that the other languages need.
const PACKAGES: [&str; 5] = ["cppzmq-dev", "g++", "php-zmq", "ruby-ffi-rzmq", "libzmq-ffi-perl"];

/// Runs them all and says of each how it went; `built` is a folder with the library, or it is built in release mode.
pub(crate) fn run(built: Option<&str>) -> Result<(), String> {
    let place = root().join(PLACE);
    install::run(&place.to_string_lossy(), built)?;
    let library = place.join("lib/libzmq.so.5");
    let python = environment(&library)?;
    let mut failed = Vec::new();
    for program in OF_PYTHON {
        let mut run = limited(&python);
        // IPython's programs write where its configuration is.
        run.arg(script(program)).env("HOME", &place).env("PATH", path_with(&python));
        failed.extend(note(program, &mut run));
    }
    failed.extend(other_languages(&place)?);
    failed.extend(node(&place)?);
    if failed.is_empty() { Ok(()) } else { Err(format!("not well on our library: {}", failed.join(", "))) }
}

/// CZMQ's own tests, one by one: `source` is a tree of its sources, which are built against our headers and our library.
pub(crate) fn czmq(source: &str, built: Option<&str>) -> Result<(), String> {
    let place = root().join("target/czmq");
    install::run(&place.to_string_lossy(), built)?;
    let build = place.join("build");
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", place.display());
    must(command("cmake", &["-Wno-dev", "-S", source, "-B"]).arg(&build).args([
        &prefix,
        "-DENABLE_DRAFTS=ON",
        "-DCMAKE_BUILD_TYPE=Debug",
    ]))?;
    must(command("cmake", &["--build"]).arg(&build))?;
    let tests = || {
        let mut tests = limited(&build.join("czmq_selftest"));
        // They read and write below where they are started.
        tests.current_dir(source).env("LD_LIBRARY_PATH", place.join("lib"));
        tests
    };
    let listed = tests().arg("-l").output().map_err(|error| format!("czmq_selftest: {error}"))?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names: Vec<&str> =
        listed.lines().filter_map(|line| line.strip_prefix("    ")?.split_whitespace().next()).collect();
    let failed: Vec<&str> = names.iter().copied().filter(|name| !works(tests().args(["-t", name]))).collect();
    println!("{} of CZMQ's {} own tests pass", names.len() - failed.len(), names.len());
    match failed.as_slice() {
        [] if !names.is_empty() => Ok(()),
        failed => Err(format!("not well on our library: {}", failed.join(", "))),
    }
}

/// An environment with pyzmq's wheel, in which our library takes the place of the one that it brings.
fn environment(library: &Path) -> Result<PathBuf, String> {
    let folder = root().join(PLACE).join("python");
    let python = folder.join("bin/python");
    if !python.exists() {
        must(command(python::ready()?, &["-m", "venv"]).arg(&folder))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    must(command(&python, &install).arg(script("requirements.txt")))?;
    let bundled = bundled(&folder).ok_or("pyzmq's wheel brings no libzmq; it cannot be swapped")?;
    fs::copy(library, &bundled).map_err(|error| format!("{}: {error}", bundled.display()))?;
    let ours = "import sys, zmq; sys.exit(zmq.zmq_version() != '4.3.6')";
    must(&mut command(&python, &["-c", ours]))?;
    Ok(python)
}

/// The library that pyzmq's wheel brings: `lib/python3.N/site-packages/pyzmq.libs/libzmq-HASH.so.5.2.5`.
fn bundled(environment: &Path) -> Option<PathBuf> {
    let entries =
        |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = entries(&environment.join("lib")).map(|version| version.join("site-packages/pyzmq.libs"));
    folders
        .flat_map(|folder| entries(&folder).collect::<Vec<_>>())
        .find(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libzmq")))
}

/// Those that link to, or load, `libzmq.so.5`. Returns which of them failed.
fn other_languages(place: &Path) -> Result<Vec<String>, String> {
    let there = "test -e /usr/include/zmq.hpp && php -m | grep -q zmq && ruby -e 'require \"ffi-rzmq\"' && perl -e 'use ZMQ::FFI'";
    if !works(&mut command("sh", &["-c", there])) {
        debian::install(&PACKAGES)?;
    }
    let library = place.join("lib");
    let echo = place.join("echo");
    must(
        command("g++", &["-std=c++17", "-Wall", "-DZMQ_BUILD_DRAFT_API", "-I"])
            .arg(place.join("include"))
            .arg(script("echo.cpp"))
            .arg("-L")
            .arg(&library)
            .arg("-lzmq")
            .arg("-o")
            .arg(&echo),
    )?;
    let mut failed = Vec::new();
    failed.extend(note("echo.cpp", limited(&echo).env("LD_LIBRARY_PATH", &library)));
    for (interpreter, program) in [("php", "requests.php"), ("ruby", "requests.rb"), ("perl", "requests.pl")]
    {
        let mut run = limited(Path::new(interpreter));
        run.arg(script(program)).arg(library.join("libzmq.so.5")).env("LD_LIBRARY_PATH", &library);
        failed.extend(note(program, &mut run));
    }
    Ok(failed)
}

/// A client of npm's. Returns its name if it failed.
fn node(place: &Path) -> Result<Option<String>, String> {
    if !works(&mut command("npm", &["--version"])) {
        debian::install(&["nodejs", "npm"])?;
    }
    let modules = place.join("node");
    must(
        command("npm", &["install", "--silent", "--no-audit", "--no-fund", OF_NODE, "--prefix"])
            .arg(&modules),
    )?;
    let folder = modules.join("sockets");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut run = limited(Path::new("node"));
    run.arg(script("across.js")).arg(&folder).env("NODE_PATH", modules.join("node_modules"));
    Ok(note("across.js", run.env("LD_LIBRARY_PATH", place.join("lib"))))
}

/// A program that may take so long and no longer.
fn limited(program: &Path) -> Command {
    let mut limited = command("timeout", &["--kill-after=10", "180"]);
    limited.arg(program);
    limited
}

/// Runs one and says how it went; its name if it failed.
fn note(name: &str, run: &mut Command) -> Option<String> {
    let outcome = must(run);
    println!("{name}: {}", outcome.as_ref().err().map_or("well", String::as_str));
    outcome.err().map(|_| name.to_owned())
}

fn script(name: &str) -> PathBuf {
    root().join("testing/programs").join(name)
}

/// Programs of the environment start others of it by name.
fn path_with(python: &Path) -> std::ffi::OsString {
    let own = python.parent().into_iter().map(Path::to_path_buf);
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.chain(std::env::split_paths(&inherited))).unwrap_or(inherited)
}
