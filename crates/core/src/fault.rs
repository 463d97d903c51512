//! What went wrong: words for the client, and apart from them the cause for the log.

use durward_proto::problem::FieldError;
use durward_proto::{Code, Problem};
use durward_store::StoreError;
use durward_verify::{Denied, Refusal};

/// A refusal or a failure. What the client may see is [`Fault::problem`]; the cause stays in the log.
#[derive(Debug)]
pub struct Fault {
    problem: Box<Problem>,
    cause: Option<String>,
}

impl Fault {
    /// A refusal in the code's own words.
    pub fn new(code: Code) -> Self {
        Self::of(Problem::new(code))
    }

    /// A refusal in words of its own.
    pub fn of(problem: Problem) -> Self {
        Self { problem: Box::new(problem), cause: None }
    }

    /// A value that is not allowed.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError::new(pointer, detail)])
    }

    /// Values that are not allowed.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self::of(Problem::new(Code::ValidationFailed).errors(errors))
    }

    /// Something the server needs is not to be had now. `cause` goes to the log only.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let problem = Problem::new(Code::Unavailable).detail("Please try again in a moment.").retry_after(1);
        Self { problem: Box::new(problem), cause: Some(cause.into()) }
    }

    /// With what happened, for the log only.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What the client is told.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What the client is told, to send it.
    pub fn into_problem(self) -> Problem {
        *self.problem
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.problem.code
    }

    /// What happened, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }
}

/// Whatever the database did, the client did nothing wrong: 503, never 401 and never 500. Only whose account or session went
/// between the check of their token and the row that belongs to it is nobody any more.
impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone { .. } => Self::from(Refusal::Revoked).because(error.to_string()),
            error => Self::unavailable(error.to_string()),
        }
    }
}

impl From<Denied> for Fault {
    fn from(_: Denied) -> Self {
        Self::of(Problem::new(Code::Forbidden).detail("Your account's role does not allow this."))
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let problem = Problem::new(refusal.code()).detail(refusal.detail());
        Self::of(if refusal.code().status() == 503 { problem.retry_after(1) } else { problem })
    }
}
