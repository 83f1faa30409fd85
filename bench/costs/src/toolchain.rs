//! What instruction counts depend on besides our own code.

use std::process::Command;

/// Compiler, allocator and counter. Two counts can be compared only if these are the same.
pub(crate) fn toolchain() -> Result<String, String> {
    let rustc = first_line("rustc", &["--version"])?;
    // "(59807616e 2026-04-14)" says nothing that the number does not.
    let rustc = rustc.split(" (").next().unwrap_or(&rustc);
    let library = first_line("getconf", &["GNU_LIBC_VERSION"])?;
    let counter = first_line("valgrind", &["--version"])?;
    // The C library chooses how to copy by what the processor can.
    let wide = if has_avx2() { ", avx2" } else { "" };
    Ok(format!("{rustc}, {}, {library}, {counter}{wide}", std::env::consts::ARCH))
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

fn first_line(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned).ok_or_else(|| format!("{program} {arguments:?} said nothing"))
}
