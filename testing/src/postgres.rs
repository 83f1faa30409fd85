//! A PostgreSQL of one's own: its files in a directory that goes with it, reached over a socket in there.

use crate::{Process, eventually};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// A database server that writes to its disk as a real one does; gone when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    directory: PathBuf,
    programs: PathBuf,
    server: Option<Process>,
}

impl Postgres {
    /// Makes its files and starts it; it serves when this returns.
    ///
    /// # Panics
    /// When PostgreSQL is not installed (`apt-get install postgresql`) or does not start.
    pub fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("zeroxide-postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).expect("a directory for PostgreSQL");
        let mut this = Self { directory, programs: programs(), server: None };
        if geteuid().is_root() {
            chown(&this.directory, Some(number_of("-u")), Some(number_of("-g"))).expect("chown");
        }
        let mut make = this.command("initdb");
        // The files of an empty cluster need not outlive the machine; what is written later is synced.
        make.args([
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--username=titanic",
            "-D",
        ]);
        let made = make.arg(this.files()).output().expect("initdb");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        this.restart();
        this
    }

    /// The address of its database, for tables in this schema, which is made if it is not there.
    pub fn address(&self, schema: &str) -> String {
        self.ask(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        let host = self.directory.display();
        format!("host={host} user=titanic dbname=postgres options='-c search_path={schema}'")
    }

    /// What `psql` says to this.
    ///
    /// # Panics
    /// When it is not well said.
    pub fn ask(&self, statement: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "titanic", "-d", "postgres", "-c", statement]);
        let answer = psql.arg("-h").arg(&self.directory).output().expect("psql");
        assert!(answer.status.success(), "{statement}: {}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8(answer.stdout).expect("UTF-8").trim_end().to_owned()
    }

    /// Ends it as a crash does: at once, and nothing that was under way is finished. Nobody can reach it until it is started
    /// again.
    pub fn crash(&mut self) {
        self.signal(Signal::QUIT);
        if let Some(mut server) = self.server.take() {
            server.wait();
        }
    }

    /// Starts it again; it serves when this returns.
    pub fn restart(&mut self) {
        self.crash();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.files()).arg("-k").arg(&self.directory);
        command.args(["-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "max_connections=40"]);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.directory.join("log"));
        command.stdout(Stdio::null()).stderr(log.expect("a log"));
        self.server = Some(Process::start(&mut command).expect("postgres"));
        let ready = || {
            let mut asked = self.command("pg_isready");
            asked.args(["-q", "-h"]).arg(&self.directory).status().expect("pg_isready").success()
        };
        eventually(ready);
    }

    /// Kills one of its processes (SIGKILL), that which has the connection of this application: the server then ends all
    /// others, and recovers as after a crash. False if there is none.
    pub fn kill_backend(&self, application: &str) -> bool {
        let chosen =
            format!("SELECT pid FROM pg_stat_activity WHERE application_name LIKE '{application}' LIMIT 1");
        let Some(pid) = self.ask(&chosen).parse().ok().and_then(Pid::from_raw) else { return false };
        kill_process(pid, Signal::KILL).is_ok()
    }

    /// Stops all of it where it is: whoever asks it hears nothing.
    pub fn freeze(&self) {
        self.each(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.each(Signal::CONT);
    }

    /// To the server, which starts no more processes when it stands still, and then to all its processes.
    fn each(&self, signal: Signal) {
        let Some(server) = &self.server else { return };
        self.signal(signal);
        let children = format!("/proc/{0}/task/{0}/children", server.id());
        let children = fs::read_to_string(children).expect("the server's processes");
        for process in children.split_whitespace() {
            let pid = process.parse().ok().and_then(Pid::from_raw).expect("a process");
            let _ = kill_process(pid, signal);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(server) = &self.server {
            let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw).expect("a process");
            kill_process(pid, signal).expect("a signal to the server");
        }
    }

    fn files(&self) -> PathBuf {
        self.directory.join("files")
    }

    /// One of its programs, by whoever may run it: never root. It ends if this process does.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        if geteuid().is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        command.arg("--pdeathsig=QUIT").arg(self.programs.join(program)).current_dir(&self.directory);
        command.env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.resume();
        self.crash();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Where Debian puts them; the newest.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path));
    let newest = newest.map(|path| path.join("bin")).filter(|path| path.join("initdb").exists());
    newest.expect("PostgreSQL is not installed: apt-get install postgresql")
}

/// Who `postgres` is on this machine.
fn number_of(which: &str) -> u32 {
    let told = Command::new("id").args([which, "postgres"]).output().expect("id");
    String::from_utf8_lossy(&told.stdout).trim().parse().expect("there is no user postgres")
}
