//! From the declarations of `zmq.h` to calls with every hostile value of each parameter.

use std::{collections::BTreeSet, fmt::Write};

/// Functions that end a live handle: they get one of their own. All others share them.
const ENDING: [&str; 5] = ["zmq_ctx_term", "zmq_ctx_shutdown", "zmq_term", "zmq_ctx_destroy", "zmq_close"];
/// They serve two live sockets until their context ends: they get none that is alive.
const ENDLESS: [&str; 3] = ["zmq_proxy", "zmq_proxy_steerable", "zmq_device"];
/// What is made must be ended.
const MADE: [(&str, &str); 7] = [
    ("zmq_ctx_new", "if (r) zmq_ctx_term(r);"),
    ("zmq_init", "if (r) zmq_ctx_term(r);"),
    ("zmq_socket", "if (r) zmq_close(r);"),
    ("zmq_timers_new", "zmq_timers_destroy(&r);"),
    ("zmq_poller_new", "zmq_poller_destroy(&r);"),
    ("zmq_atomic_counter_new", "zmq_atomic_counter_destroy(&r);"),
    ("zmq_stopwatch_start", "zmq_stopwatch_stop(r);"),
];

/// The arguments for the value with an index.
type Arguments = Box<dyn Fn(&str) -> Vec<String>>;

/// A parameter, or two that belong together.
struct Choice {
    /// How many values there are, in C.
    count: String,
    arguments: Arguments,
}

/// The names of the functions, and the program.
pub(crate) fn write(header: &str) -> (BTreeSet<String>, String) {
    let (mut names, mut text) = (BTreeSet::new(), "#include \"abuse.h\"\n".to_owned());
    for declaration in declarations(header) {
        let (answer, name, parameters) = take_apart(&declaration);
        function(&mut text, &answer, &name, &parameters);
        names.insert(name);
    }
    text.push_str("\nstatic void sweep(void)\n{\n");
    for name in &names {
        writeln!(text, "    call_{name}();").unwrap();
    }
    text.push_str("}\n");
    (names, text)
}

/// The declarations, each in one line and without its end.
fn declarations(header: &str) -> Vec<String> {
    let mut text = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let statements = text.split("\nZMQ_EXPORT ").skip(1).map(|after| after.split_once(';').unwrap().0);
    statements.map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// `int zmq_close(void *socket)`: the answer's type, the name, and types and names of the parameters.
fn take_apart(declaration: &str) -> (String, String, Vec<(String, String)>) {
    let (head, tail) = declaration.split_once('(').unwrap();
    let parameters = tail.strip_suffix(')').unwrap();
    let last = |text: &str| {
        let at = text.rfind([' ', '*']).unwrap() + 1;
        (text[..at].trim().to_owned(), text[at..].to_owned())
    };
    let (answer, name) = last(head);
    let parameters =
        if parameters == "void" { Vec::new() } else { parameters.split(", ").map(last).collect() };
    (answer, name, parameters)
}

fn choice(count: &str, arguments: impl Fn(&str) -> Vec<String> + 'static) -> Choice {
    Choice { count: count.to_owned(), arguments: Box::new(arguments) }
}

/// One of the values of an array of `abuse.h`.
fn among(array: &str) -> Choice {
    let array = array.to_owned();
    choice(&format!("COUNT({array})"), move |index| vec![format!("{array}[{index}]")])
}

/// The values of the first parameters, and how many parameters they are.
fn values(name: &str, parameters: &[(String, String)]) -> (Choice, usize) {
    let shape: Vec<(&str, &str)> =
        parameters.iter().map(|(kind, word)| (kind.as_str(), word.as_str())).collect();
    let handles = if ENDLESS.contains(&name) { "dead_handle" } else { "any_handle" };
    let one = match *shape.first().unwrap() {
        // Pairs first: memory and its size, a list and its length.
        ("const void *" | "const uint8_t *", "data" | "value" | "routing_id") if shape.len() > 1 => {
            return (
                choice("COUNT(octets)", |i| vec![format!("octets[{i}].data"), format!("octets[{i}].size")]),
                2,
            );
        }
        ("void *", "data") => {
            return (choice("COUNT(octets)", |i| vec![format!("room({i})"), format!("octets[{i}].size")]), 2);
        }
        ("void *", "value") => {
            return (choice("ROOMS", |i| vec![format!("room_value({i})"), format!("room_size({i})")]), 2);
        }
        ("struct iovec *", "parts") if shape[1].0 == "size_t" => {
            return (choice("LISTS", |i| vec![format!("list({i})"), format!("list_size({i})")]), 2);
        }
        ("struct iovec *", "parts") => {
            return (choice("LISTS", |i| vec![format!("empty_list({i})"), format!("list_count({i})")]), 2);
        }
        ("zmq_pollitem_t *", "items") => {
            return (
                choice("LISTS_OF_ITEMS", |i| vec![format!("items({i})"), format!("items_count({i})")]),
                2,
            );
        }
        ("zmq_poller_event_t *", "events") => {
            return (choice("LISTS", |i| vec![format!("events({i})"), format!("events_count({i})")]), 2);
        }
        ("zmq_poller_event_t *", "event") => choice("2", |i| vec![format!("({i} ? happened : NULL)")]),
        // These are plain memory, as in libzmq: whoever hands in other memory gets what that does.
        ("void *", "counter") => choice("2", |i| vec![format!("({i} ? live[9] : NULL)")]),
        ("void *", kind @ ("watch" | "thread")) => {
            let kind = kind.to_owned();
            choice("2", move |i| vec![format!("({i} ? fresh_{kind}() : NULL)")])
        }
        ("void **", "counter") => choice("3", |i| vec![format!("place({i} < 2 ? {i} : 4, fresh_counter)")]),
        ("void *", "context" | "socket") if ENDING.contains(&name) => {
            let kind = shape[0].1.to_owned();
            choice("DEAD_HANDLES + 1", move |i| {
                vec![format!("({i} < DEAD_HANDLES ? dead_handle({i}) : fresh_{kind}())")]
            })
        }
        (
            "void *",
            "context" | "socket" | "frontend" | "backend" | "capture" | "control" | "timers" | "poller",
        ) => choice(if handles == "dead_handle" { "DEAD_HANDLES" } else { "HANDLES" }, move |i| {
            vec![format!("{handles}({i})")]
        }),
        ("void **", kind) => {
            let kind = kind.to_owned();
            choice("5", move |i| vec![format!("place({i}, fresh_{kind})")])
        }
        ("void *", "user_data" | "hint" | "argument") => {
            choice("2", |i| vec![format!("({i} ? here : NULL)")])
        }
        ("zmq_msg_t *" | "const zmq_msg_t *", "source") => {
            choice("MESSAGES", |i| vec![format!("message({i}, 1)")])
        }
        ("zmq_msg_t *" | "const zmq_msg_t *", _) => choice("MESSAGES", |i| vec![format!("message({i}, 0)")]),
        ("zmq_free_fn *", _) => choice("2", |i| vec![format!("({i} ? let_go : NULL)")]),
        ("zmq_timer_fn", _) => choice("2", |i| vec![format!("({i} ? tick : NULL)")]),
        ("zmq_thread_fn *", _) => choice("1", |_| vec!["NULL".to_owned()]),
        ("const char *", _) => among("texts"),
        ("char *" | "uint8_t *", _) => choice("2", |i| vec![format!("({i} ? (void *)space : NULL)")]),
        ("int *", _) => choice("2", |i| vec![format!("({i} ? &number : NULL)")]),
        ("int", "seconds") => choice("1", |_| vec!["0".to_owned()]),
        ("int", _) => among("ints"),
        ("short", _) => among("shorts"),
        ("uint32_t", _) => among("ids"),
        ("uint64_t", _) => among("longs"),
        ("size_t", _) => among("sizes"),
        ("long", "timeout_milliseconds") => choice("2", |i| vec![i.to_owned()]),
        ("zmq_fd_t *", _) => choice("2", |i| vec![format!("({i} ? &number : NULL)")]),
        ("zmq_fd_t", _) => choice("COUNT(fds)", |i| vec![format!("fds[{i}]")]),
        ("const sigset_t *", _) => choice("2", |i| vec![format!("({i} ? &no_signals : NULL)")]),
        (kind, word) => panic!("{name}: there are no values for {kind} {word} yet"),
    };
    (one, 1)
}

/// Calls a function with every combination of the values of its parameters.
fn function(text: &mut String, answer: &str, name: &str, parameters: &[(String, String)]) {
    writeln!(text, "\nstatic void call_{name}(void)\n{{").unwrap();
    let (mut left, mut indices, mut arguments) = (parameters, Vec::new(), Vec::new());
    while !left.is_empty() {
        let (choice, taken) = values(name, left);
        let index = format!("i{}", indices.len());
        arguments.extend((choice.arguments)(&index));
        indices.push((index, choice.count));
        left = &left[taken..];
    }
    if indices.is_empty() {
        indices.push(("once".to_owned(), "1".to_owned()));
    }
    for (index, count) in &indices {
        writeln!(text, "    for (int {index} = 0; {index} < (int)({count}); {index}++)").unwrap();
    }
    writeln!(text, "    {{\n        if (!wanted()) continue;").unwrap();
    // The values have a place of their own, so that what a call was made with can be told.
    let told: Vec<String> = indices.iter().map(|(index, _)| index.clone()).collect();
    let numbers = ["-1"; 5].map(str::to_owned);
    let told = told.into_iter().chain(numbers).take(5).collect::<Vec<_>>().join(", ");
    writeln!(text, "        about(\"{name}\", {told});").unwrap();
    let call = format!("{name}({})", arguments.join(", "));
    let answers = answer != "void";
    if answers {
        writeln!(text, "        {answer} r = {call};\n        (void)r;").unwrap();
    } else {
        writeln!(text, "        {call};").unwrap();
    }
    if let Some(refusal) = refusal(answer, name, parameters) {
        writeln!(text, "        if (i0 < DEAD_HANDLES && !({refusal})) accepted();").unwrap();
    }
    if let Some((_, end)) = MADE.iter().find(|(made, _)| *made == name) {
        writeln!(text, "        {end}").unwrap();
    }
    writeln!(text, "        put_away();\n    }}\n}}").unwrap();
}

/// How a function says no to a first parameter that is no handle.
fn refusal(answer: &str, name: &str, parameters: &[(String, String)]) -> Option<&'static str> {
    let (kind, word) = parameters.first()?;
    let handle =
        kind == "void *" && matches!(word.as_str(), "context" | "socket" | "frontend" | "timers" | "poller");
    match answer {
        _ if !handle => None,
        "int" | "long" => Some("r == -1"),
        "void *" => Some("r == NULL"),
        _ if name == "zmq_connect_peer" => Some("r == 0"),
        _ => None,
    }
}
