//! What programs are called: by the file name in their first comment, by the title there, or by what they do.

/// What a program is in the plays; empty if none knows it.
pub(super) fn of(text: &str) -> &'static str {
    let name = name(text);
    let matches = |role: &&Role| role.called.contains(&name.as_str()) && text.contains(role.holding);
    ROLES.iter().find(matches).map_or("", |role| role.name)
}

/// Whether programs can be called so.
#[cfg(test)]
pub(super) fn is_known(name: &str) -> bool {
    ROLES.iter().any(|role| role.name == name)
}

/// The first comment that names a file, or else the first that says anything.
fn name(text: &str) -> String {
    let comments = || {
        let comment = |line: &str| line.trim().strip_prefix("//").map(|rest| rest.trim().to_owned());
        text.lines().filter_map(comment).filter(|comment| !comment.is_empty() && !comment.starts_with("http"))
    };
    let file = |comment: &String| {
        let word = comment.split([':', ' ']).next()?;
        let stem = word.strip_suffix(".c").or_else(|| word.strip_suffix(".cpp"));
        stem.or((word.len() < comment.len() && comment.starts_with(&format!("{word}:"))).then_some(word))
            .map(str::to_owned)
    };
    let first = comments().take(2).find_map(|comment| file(&comment));
    first.or_else(|| comments().next()).unwrap_or_default().to_ascii_lowercase()
}

struct Role {
    name: &'static str,
    /// File names and titles.
    called: &'static [&'static str],
    /// What tells it from others that are called so.
    holding: &'static str,
}

const fn role(name: &'static str, called: &'static [&'static str], holding: &'static str) -> Role {
    Role { name, called, holding }
}

/// Roles that hold more come before those that hold less.
const ROLES: &[Role] = &[
    role("hwserver of the notes", &["hwserver"], "Request: %s"),
    role("hwclient of the notes", &["hwclient"], "Reply: %s"),
    role("rrclient of the notes", &["rrclient"], "Reply[%d]"),
    role("rrworker of the notes", &["rrworker"], "Request: %s"),
    role("rrbroker of the notes", &["rrbroker"], "perror"),
    role("wuserver of the notes", &["wuserver"], "send %s"),
    role("wuclient of the notes", &["wuclient"], "\"8\""),
    role("pub1", &["pub1"], ""),
    role("pub2", &["pub2"], ""),
    role("sub1", &["sub1"], ""),
    role("proxy", &["proxy"], "zmq_proxy"),
    role("hwserver", &["hwserver", "hello world server"], ""),
    role("hwclient", &["hwclient", "hello world client"], ""),
    role("version", &["version", "report 0mq version"], ""),
    role("wuserver", &["wuserver", "weather update server"], ""),
    role("wuclient", &["wuclient", "weather update client"], ""),
    role("taskvent", &["taskvent", "task ventilator"], ""),
    role("taskwork", &["taskwork", "task worker"], ""),
    role("tasksink", &["tasksink", "task sink"], ""),
    role("taskwork2", &["taskwork2", "task worker - design 2"], ""),
    role("tasksink2", &["tasksink2", "task sink - design 2"], ""),
    role("msreader", &["msreader", "reading from multiple sockets"], "nanosleep"),
    role("msreader", &["msreader", "reading from multiple sockets"], "s_sleep"),
    role("mspoller", &["mspoller", "reading from multiple sockets"], "zmq_poll"),
    role("wuproxy", &["wuproxy", "weather proxy device"], ""),
    role("rrclient", &["rrclient", "request-reply client"], ""),
    role("rrworker", &["rrworker", "request-reply worker"], ""),
    role("rrbroker", &["rrbroker", "simple request-reply broker"], ""),
    role("msgqueue", &["msgqueue", "simple message queuing broker"], ""),
    role("mtserver", &["mtserver", "multithreaded hello world server"], ""),
    role("mtrelay", &["mtrelay", "multithreaded relay"], ""),
    role("syncpub", &["syncpub", "synchronized publisher"], ""),
    role("syncsub", &["syncsub", "synchronized subscriber"], ""),
    role("psenvpub", &["psenvpub", "pubsub envelope publisher"], ""),
    role("psenvsub", &["psenvsub", "pubsub envelope subscriber"], ""),
    role("durapub2", &["durapub2", "publisher for durable subscriber"], "ZMQ_SWAP"),
    role("durapub", &["durapub", "publisher for durable subscriber"], ""),
    role("durasub", &["durasub", "durable subscriber"], ""),
    role("identity", IDENTITY, ""),
    role("rtdealer", &["rtdealer", "custom routing router to dealer (xrep to xreq)"], ""),
    role("rtmama", &["rtmama", "custom routing router to mama (xrep to req)"], ""),
    role("rtpapa", &["rtpapa", "custom routing router to papa (xrep to rep)"], ""),
    role("lruqueue", &["lruqueue", "lruqueue2", "least-recently used (lru) queue device"], ""),
    role("testmsg", &["testmsg", "test zmsg class"], ""),
    role("asyncsrv", &["asyncsrv", "asynchronous client-to-server (xreq to xrep)"], ""),
    role("rtrouter", &["rtrouter", "cross-connected xrep sockets addressing each other"], ""),
    role("peering1", &["peering1", "broker peering simulation (part 1)"], ""),
    role("peering2", &["peering2", "broker peering simulation (part 2)"], ""),
    role("peering3", &["peering3", "broker peering simulation (part 3)"], ""),
    role("lpclient", &["lpclient", "lazy pirate client"], ""),
    role("lpserver", &["lpserver", "lazy pirate server"], ""),
    role("spqueue", &["spqueue", "simple pirate queue"], ""),
    role("spworker", &["spworker", "simple pirate worker"], ""),
    role("ppqueue", &["ppqueue", "paranoid pirate queue"], ""),
    role("ppworker", &["ppworker", "paranoid pirate worker"], ""),
];

const IDENTITY: &[&str] = &[
    "identity",
    "demonstrate identities as used by the request-reply pattern.  run this",
    "demonstrate identities",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_file_its_label_or_its_title() {
        assert_eq!(of("//taskvent.c\n//  Task ventilator\n"), "taskvent");
        assert_eq!(of("//rrclient: Request-reply client in C\n\n//  Hello World client\n"), "rrclient");
        assert_eq!(of("//\n//  Task worker - design 2\n//  Adds\n"), "taskwork2");
        assert_eq!(
            of("// https://x/hwserver.c\n// hwserver.c\nprintf(\"Request: %s\")"),
            "hwserver of the notes"
        );
        assert_eq!(of("//  Something else\n"), "");
    }
}
