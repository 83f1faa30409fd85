//! Links the system's libzmq (Debian's `libzmq3-dev`).

fn main() {
    println!("cargo::rustc-link-lib=zmq");
    println!("cargo::rerun-if-changed=build.rs");
}
