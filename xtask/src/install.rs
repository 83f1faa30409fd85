//! The drop-in library as compilers, pkg-config, CMake and loaders look for it.
//!
//! ```text
//! PREFIX/lib/       libzmq.so -> libzmq.so.5 -> libzmq.so.5.2.6, libzmq.a
//!           pkgconfig/libzmq.pc, cmake/ZeroMQ/ZeroMQConfig.cmake, ZeroMQConfigVersion.cmake
//! PREFIX/include/   zmq.h, zmq_utils.h, zmq2.h, zeroxide.h
//! ```
//! Nothing in it names PREFIX: the whole may be moved.

use crate::shell::{cargo, must, root};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The file; its number is libzmq's, of the version that it stands in for.
const LIBRARY: &str = "libzmq.so.5.2.6";
/// The names that lead to it: for loaders, and for compilers.
const LINKS: [(&str, &str); 2] = [("libzmq.so.5", LIBRARY), ("libzmq.so", "libzmq.so.5")];
const HEADERS: [&str; 4] = ["zmq.h", "zmq_utils.h", "zmq2.h", "zeroxide.h"];

/// Builds the library, or takes it from the folder `built`, and lays everything out.
pub(crate) fn run(prefix: &str, built: Option<&str>) -> Result<(), String> {
    let built = match built {
        Some(folder) => PathBuf::from(folder),
        None => build()?,
    };
    let prefix = std::path::absolute(prefix).map_err(|error| format!("{prefix}: {error}"))?;
    let (library, include) = (prefix.join("lib"), prefix.join("include"));
    put(&built.join("libzmq.so"), &library.join(LIBRARY))?;
    for (name, target) in LINKS {
        link(target, &library.join(name))?;
    }
    put(&built.join("libzmq.a"), &library.join("libzmq.a"))?;
    let ours = root().join("crates/capi");
    for header in HEADERS {
        put(&ours.join("include").join(header), &include.join(header))?;
    }
    let packaging = ours.join("packaging");
    put(&packaging.join("libzmq.pc"), &library.join("pkgconfig/libzmq.pc"))?;
    for file in ["ZeroMQConfig.cmake", "ZeroMQConfigVersion.cmake"] {
        put(&packaging.join(file), &library.join("cmake/ZeroMQ").join(file))?;
    }
    println!("installed in {}", prefix.display());
    Ok(())
}

fn build() -> Result<PathBuf, String> {
    must(&mut cargo(&["build", "--locked", "--release", "--package", "zeroxide-capi"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release"))
}

/// Copies a file to a folder that need not be there yet. A program that has the old one open keeps it.
fn put(from: &Path, to: &Path) -> Result<(), String> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    remove(to)?;
    fs::copy(from, to).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))?;
    Ok(())
}

fn link(target: &str, name: &Path) -> Result<(), String> {
    remove(name)?;
    std::os::unix::fs::symlink(target, name).map_err(|error| format!("{}: {error}", name.display()))
}

fn remove(file: &Path) -> Result<(), String> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", file.display())),
        _ => Ok(()),
    }
}
