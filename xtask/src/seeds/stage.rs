//! Where programs run: each play in a network of its own, because programs in books have fixed ports.

use super::plays::{Part, matches};
use crate::shell::{command, works};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A play that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(180);
/// When Enter is pressed: the others have started by then.
const ENTER_AFTER: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A network with nobody else in it, as long as it lives.
pub(super) struct Network {
    holder: Child,
    _held: Option<ChildStdin>,
    unprivileged: bool,
}

impl Network {
    /// Makes one, in which these addresses are ours.
    pub(super) fn new(addresses: &[String]) -> Result<Self, String> {
        let unprivileged = !works(&mut command("unshare", &["--net", "true"]));
        let mut setup = String::from("ip link set lo up");
        for address in addresses {
            setup.push_str(&format!(" && ip address add {address}/32 dev lo"));
        }
        let script = format!("{setup} && echo ready && exec cat");
        let words: &[&str] = if unprivileged { &["--user", "--map-root-user", "--net"] } else { &["--net"] };
        let mut holder = command("unshare", words)
            .args(["sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        let told = holder.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let held = holder.stdin.take();
        let network = Self { holder, _held: held, unprivileged };
        match (told, line.trim()) {
            (Some(Ok(_)), "ready") => Ok(network),
            _ => {
                Err("no network namespace: unshare(1), ip(8) and the right to use them are needed".to_owned())
            }
        }
    }

    /// A program in it, that prints line by line.
    fn program(&self, program: &Path) -> Command {
        let target = self.holder.id().to_string();
        let mut inside = command("nsenter", &["--target", &target, "--net"]);
        if self.unprivileged {
            inside.args(["--user", "--preserve-credentials"]);
        }
        inside.args(["stdbuf", "-oL"]).arg(program);
        inside
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        end(&mut self.holder);
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A part and the program that plays it.
pub(super) struct Actor {
    pub(super) part: &'static Part,
    pub(super) program: PathBuf,
}

/// One running program.
struct Running {
    part: &'static Part,
    child: Child,
    output: PathBuf,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Lets programs run together until all has been said and those that end have ended.
pub(super) fn perform(
    cast: &[Actor],
    network: &Network,
    library: &Path,
    folder: &Path,
) -> Result<(), String> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut running = Vec::new();
    for actor in cast {
        for arguments in actor.part.arguments {
            let output = folder.join(format!("{}.{}.txt", actor.part.role, running.len()));
            let file = File::create(&output).map_err(|error| format!("{}: {error}", output.display()))?;
            let errors = file.try_clone().map_err(|error| error.to_string())?;
            let child = network
                .program(&actor.program)
                .args(*arguments)
                .current_dir(folder)
                .env("LD_LIBRARY_PATH", library)
                .stdin(if actor.part.enter { Stdio::piped() } else { Stdio::null() })
                .stdout(file)
                .stderr(errors)
                .spawn()
                .map_err(|error| format!("{}: {error}", actor.program.display()))?;
            running.push(Running { part: actor.part, child, output, ended: false });
        }
    }
    let began = Instant::now();
    let mut entered = false;
    loop {
        if !entered && began.elapsed() > ENTER_AFTER {
            entered = true;
            // The key is pressed once; programs that do not wait for it have no such input.
            running.iter_mut().filter_map(|one| one.child.stdin.take()).for_each(|mut input| {
                let _ = input.write_all(b"\n");
            });
        }
        let mut missing = Vec::new();
        for one in &mut running {
            missing.extend(one.look()?);
        }
        if missing.is_empty() {
            return Ok(());
        }
        if began.elapsed() > LIMIT {
            return Err(missing.join("; "));
        }
        thread::sleep(LOOK_EVERY);
    }
}

impl Running {
    /// What it has still to do. A program that ended badly ends the play.
    fn look(&mut self) -> Result<Vec<String>, String> {
        let role = self.part.role;
        if !self.ended
            && let Some(status) = self.child.try_wait().map_err(|error| error.to_string())?
        {
            self.ended = true;
            if !status.success() {
                let said = fs::read(&self.output).unwrap_or_default();
                let said = String::from_utf8_lossy(&said).into_owned();
                return Err(format!(
                    "{role} ended with {status}: {}",
                    said.lines().last().unwrap_or_default()
                ));
            }
        }
        let mut missing = Vec::new();
        if self.part.ends && !self.ended {
            missing.push(format!("{role} does not end"));
        }
        let said = fs::read(&self.output).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        for line in self.part.says {
            let times =
                said.lines().filter(|said| line.any.iter().any(|wording| matches(said, wording))).count();
            if times < line.times {
                missing.push(format!("{role} says {:?} {times} times of {}", line.any, line.times));
            }
        }
        Ok(missing)
    }
}
