//! Why zox ends, and the exit code that says so. The codes are listed in `zox --help`.

use std::io;
use zeroxide::{
    EndpointCause, EndpointFailure, OptionError, RecvError, RecvErrorCause, SendError, SendErrorCause,
    SocketError,
};

/// Why a verb did not do what was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A socket or the system failed, or messages were lost.
    Failed(String),
    /// The command line asks for something that does not exist.
    Usage(String),
    /// The time given was over.
    TimedOut(String),
    /// Stdin does not have the promised form.
    Input(String),
    /// A signal came before all was done.
    Interrupted(i32),
    /// The context was ended under a worker: somebody else knows the reason.
    Terminated,
    /// Whoever read stdout left. No error: `| head -1` does this.
    StdoutClosed,
}

impl Failure {
    /// The exit code of the process.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::TimedOut(_) => 3,
            Self::Input(_) => 4,
            Self::Interrupted(signal) => u8::try_from(128 + signal).unwrap_or(255),
            Self::Terminated => 1,
            Self::StdoutClosed => 0,
        }
    }

    /// What to tell the user, if anything.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Failed(text) | Self::Usage(text) | Self::TimedOut(text) | Self::Input(text) => {
                Some(text.clone())
            }
            Self::Interrupted(signal) => Some(format!("stopped by signal {signal} before all was done")),
            Self::Terminated => Some("the context was shut down".to_owned()),
            Self::StdoutClosed => None,
        }
    }

    /// From an error of reading or writing the standard streams.
    pub(crate) fn from_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::StdoutClosed,
            _ => Self::Failed(format!("stdout: {error}")),
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        match error.cause {
            SendErrorCause::TimedOut => Self::TimedOut(error.to_string()),
            SendErrorCause::Terminated | SendErrorCause::Closed => Self::Terminated,
            SendErrorCause::Invalid(_) => Self::Input(format!("{error}: {}", error.message)),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<RecvError> for Failure {
    fn from(error: RecvError) -> Self {
        match error.cause {
            RecvErrorCause::TimedOut => Self::TimedOut(error.to_string()),
            RecvErrorCause::Terminated | RecvErrorCause::Closed => Self::Terminated,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<EndpointFailure> for Failure {
    fn from(error: EndpointFailure) -> Self {
        match error.cause {
            EndpointCause::Malformed(_) | EndpointCause::Option(_) => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<OptionError> for Failure {
    fn from(error: OptionError) -> Self {
        Self::Usage(error.to_string())
    }
}
