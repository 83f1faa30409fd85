//! Programs of Debian on our library, with nothing changed but where the loader looks: its Python binding, alone and with
//! pip's pyzmq, which brings libzmq, at the other end of the wire; and one that is linked to its CZMQ.

use crate::{
    debian, install, python,
    shell::{command, must, root, works},
};

/// Runs them; `built` is a folder with the library, or it is built in release mode.
pub(crate) fn run(built: Option<&str>) -> Result<(), String> {
    let place = root().join("target/drop_in");
    install::run(&place.to_string_lossy(), built)?;
    let binding = || works(&mut command("/usr/bin/python3", &["-c", "import zmq"]));
    if !binding() || !works(&mut command("pkg-config", &["--exists", "libczmq"])) {
        debian::install(&["python3-zmq", "libczmq-dev", "pkg-config", "gcc"])?;
    }
    let library = place.join("lib");
    must(command("/usr/bin/python3", &["testing/drop_in/smoke.py"]).env("LD_LIBRARY_PATH", &library))?;
    let across = python::ready()?;
    must(
        command("/usr/bin/python3", &["testing/drop_in/across.py"])
            .arg(&across)
            .env("LD_LIBRARY_PATH", &library),
    )?;
    let program = place.join("hello");
    let compile = ["-Wall", "-Wextra", "-Werror", "testing/drop_in/hello.c", "-lczmq", "-lzmq", "-o"];
    must(command("cc", &compile).arg(&program))?;
    must(command(&program, &[]).env("LD_LIBRARY_PATH", &library))
}
