//! Why a socket ends, and how that is said in its close frame.

use durward_proto::Code;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client closed it, or is gone.
    Gone,
    /// It may not go on: 1008, with the code as the reason.
    Refused(Code),
    /// It may be opened again later: 1013.
    Later(Code),
    /// The client does not read what it is sent: 1013.
    Slow,
    /// Nothing was heard of the client for too long: 1001.
    Silent,
    /// The server stops: 1001.
    Stopping,
    /// A message over the limit: 1009.
    TooBig,
    /// A binary message: 1003.
    Binary,
    /// Text that is not UTF-8: 1007.
    NotUtf8,
    /// Against RFC 6455: 1002.
    Protocol,
}

impl End {
    /// For a code: what only cannot be found out now is no refusal.
    pub(crate) fn of(code: Code) -> Self {
        if code.status() == 503 { Self::Later(code) } else { Self::Refused(code) }
    }

    /// For what the stream says.
    pub(crate) fn of_error(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::TooBig,
            Error::Utf8(_) => Self::NotUtf8,
            Error::Protocol(_) => Self::Protocol,
            _ => Self::Gone,
        }
    }

    /// The word for it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Refused(code) | Self::Later(code) => code.as_str(),
            Self::Gone => "gone",
            Self::Slow => "too_slow",
            Self::Silent => "silent",
            Self::Stopping => "server_stopping",
            Self::TooBig => "message_too_big",
            Self::Binary => "binary_message",
            Self::NotUtf8 => "not_utf8",
            Self::Protocol => "protocol_error",
        }
    }

    /// The close frame (RFC 6455 section 7.4.1).
    pub(crate) fn frame(self) -> CloseFrame {
        let code = match self {
            Self::Gone => CloseCode::Normal,
            Self::Refused(_) => CloseCode::Policy,
            Self::Later(_) | Self::Slow => CloseCode::Again,
            Self::Silent | Self::Stopping => CloseCode::Away,
            Self::TooBig => CloseCode::Size,
            Self::Binary => CloseCode::Unsupported,
            Self::NotUtf8 => CloseCode::Invalid,
            Self::Protocol => CloseCode::Protocol,
        };
        CloseFrame { code, reason: self.reason().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes() {
        let table = [
            (End::of(Code::TokenExpired), 1008, "token_expired"),
            (End::of(Code::TokenMissing), 1008, "token_missing"),
            (End::of(Code::RateLimited), 1008, "rate_limited"),
            (End::of(Code::TooManyConnections), 1008, "too_many_connections"),
            (End::of(Code::VerificationUnavailable), 1013, "verification_unavailable"),
            (End::TooBig, 1009, "message_too_big"),
            (End::Binary, 1003, "binary_message"),
            (End::Stopping, 1001, "server_stopping"),
            (End::Slow, 1013, "too_slow"),
        ];
        for (end, code, reason) in table {
            let frame = end.frame();
            assert_eq!((u16::from(frame.code), frame.reason.as_str()), (code, reason));
        }
        for code in Code::ALL {
            assert!(code.as_str().len() <= 123, "a close frame has room for 123 bytes of reason");
        }
    }
}
