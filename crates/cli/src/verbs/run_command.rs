//! Runs a command for a request: the request is its stdin, its stdout is the reply.

use crate::{
    exit::Failure,
    format::{Format, ReadError},
    terminal::note,
};
use std::{
    io::{BufReader, Read, Write},
    process::{Child, Command, Stdio},
    thread,
};
use zeroxide::Message;

/// Runs `command` in a shell. In the form "lines" the whole output is the reply, without its last line end; in other
/// forms the reply is the first message of the output.
pub(crate) fn run_command(command: &str, format: &Format, request: &Message) -> Result<Message, Failure> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn().map_err(|error| Failure::Failed(format!("{command}: {error}")))?;
    let reply = converse(&mut child, format, request);
    match child.wait() {
        Ok(status) if status.success() => {}
        Ok(status) => note(format_args!("zox: {command}: {status}")),
        Err(error) => note(format_args!("zox: {command}: {error}")),
    }
    reply.map_err(|error| match error {
        ReadError::Io(error) => Failure::Failed(format!("{command}: {error}")),
        ReadError::Malformed(why) => Failure::Failed(format!("{command}: its output is no message: {why}")),
    })
}

fn converse(child: &mut Child, format: &Format, request: &Message) -> Result<Message, ReadError> {
    let mut question = Vec::new();
    format.write(request, &mut question);
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    thread::scope(|scope| {
        // Beside reading, so that neither side waits for the other with a full pipe.
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A command need not read its input.
                let _ = stdin.write_all(&question);
            }
        });
        let Some(stdout) = stdout else { return Ok(Message::new()) };
        read_reply(format, BufReader::new(stdout))
    })
}

fn read_reply(format: &Format, mut output: BufReader<impl Read>) -> Result<Message, ReadError> {
    if let Format::Lines { .. } = format {
        let mut reply = Vec::new();
        output.read_to_end(&mut reply)?;
        reply.pop_if(|last| *last == b'\n');
        return Ok(reply.into());
    }
    let reply = format.read(&mut output)?.unwrap_or_default();
    // A command that still writes shall not fail for it.
    std::io::copy(&mut output, &mut std::io::sink())?;
    Ok(reply)
}
