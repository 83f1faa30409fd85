//! What `cargo xtask install` lays out is found by pkg-config, CMake, the linker and the loader.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{here, scratch, succeed};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A folder that goes with the test: the static library is large.
struct Prefix(PathBuf);

impl std::ops::Deref for Prefix {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Installs what was built for these tests.
fn installed(name: &str) -> Prefix {
    let prefix = scratch().join(format!("{name}-{}", std::process::id()));
    let built = env::current_exe().unwrap().parent().unwrap().to_owned();
    let mut install = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    install.args(["run", "--quiet", "--package", "xtask", "--", "install", "--prefix"]).arg(&prefix);
    succeed(install.arg("--from").arg(built).current_dir(here()));
    Prefix(prefix)
}

fn source() -> PathBuf {
    here().join("tests/c/installed.c")
}

/// Asks pkg-config about the library installed in `prefix`.
fn pkg_config(prefix: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(arguments).arg("libzmq");
    let answer = String::from_utf8(succeed(&mut command).stdout).unwrap();
    answer.split_whitespace().map(str::to_owned).collect()
}

fn runs(program: &Path, library: Option<&Path>) {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH");
    if let Some(folder) = library {
        command.env("LD_LIBRARY_PATH", folder);
    }
    assert_eq!(String::from_utf8(succeed(&mut command).stdout).unwrap(), "4.3.6\n");
}

#[test]
fn a_program_builds_and_runs_through_pkg_config() {
    let prefix = installed("pkg-config");
    assert_eq!(pkg_config(&prefix, &["--modversion"]), ["4.3.6"]);
    let program = prefix.join("dynamic");
    let mut compiler = Command::new("cc");
    compiler.arg(source()).args(pkg_config(&prefix, &["--cflags", "--libs"])).arg("-o").arg(&program);
    succeed(&mut compiler);
    runs(&program, Some(&prefix.join("lib")));

    let program = prefix.join("static");
    let mut compiler = Command::new("cc");
    compiler.arg(source()).args(pkg_config(&prefix, &["--cflags"])).arg(prefix.join("lib/libzmq.a"));
    let private = pkg_config(&prefix, &["--static", "--libs-only-l"]);
    compiler.args(private.iter().filter(|library| *library != "-lzmq")).arg("-o").arg(&program);
    succeed(&mut compiler);
    runs(&program, None);
}

#[test]
fn a_program_builds_and_runs_through_cmake() {
    let prefix = installed("cmake");
    let project = prefix.join("project");
    fs::create_dir_all(&project).unwrap();
    fs::copy(source(), project.join("installed.c")).unwrap();
    let list = "\
cmake_minimum_required(VERSION 3.10)
project(installed C)
find_package(ZeroMQ 4.3 REQUIRED)
add_executable(dynamic installed.c)
target_link_libraries(dynamic ${ZeroMQ_LIBRARY})
add_executable(static installed.c)
target_link_libraries(static libzmq-static)
";
    fs::write(project.join("CMakeLists.txt"), list).unwrap();
    let build = project.join("build");
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    succeed(Command::new("cmake").arg("-S").arg(&project).arg("-B").arg(&build).arg(found));
    succeed(Command::new("cmake").arg("--build").arg(&build));
    runs(&build.join("dynamic"), None);
    runs(&build.join("static"), None);
}

#[test]
fn the_names_of_the_library_lead_to_one_file() {
    let prefix = installed("names");
    let library = prefix.join("lib");
    let target = |name: &str| fs::read_link(library.join(name)).unwrap();
    assert_eq!(target("libzmq.so"), Path::new("libzmq.so.5"));
    assert_eq!(target("libzmq.so.5"), Path::new("libzmq.so.5.2.6"));
    for file in
        ["lib/libzmq.so.5.2.6", "lib/libzmq.a", "include/zmq.h", "include/zmq2.h", "include/zeroxide.h"]
    {
        assert!(fs::metadata(prefix.join(file)).unwrap().is_file(), "{file}");
    }
    // Once more, over what is there.
    let again = installed("names");
    assert_eq!(*again, *prefix);
    std::mem::forget(again);
}
