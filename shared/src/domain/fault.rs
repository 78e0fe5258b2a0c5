//! What is wrong with a request: every fault with its place, not only the first.

/// Which rule a fault broke; the HTTP layer has one error code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// Anything without a code of its own.
    InvalidRequest,
    /// A missing or bad `duration`, `expiresAt` or `extend`.
    InvalidDuration,
    /// A URL that webhooks may not go to.
    InvalidWebhookUrl,
    /// More bytes than the product takes.
    PayloadTooLarge,
}

/// One fault and where it is, as `events.on_expire.webhook`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Dotted path from the body's root; empty for the body itself.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// The rule that it broke.
    pub code: FaultCode,
}

/// All faults of one request, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// A single fault.
    pub fn one(code: FaultCode, path: impl Into<String>, message: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(code, path, message);
        faults
    }

    /// Notes a fault.
    pub fn add(&mut self, code: FaultCode, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { path: path.into(), message: message.into(), code });
    }

    /// Notes a fault without a code of its own.
    pub fn invalid(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.add(FaultCode::InvalidRequest, path, message);
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults, first to last.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }

    /// `value` if nothing was wrong.
    ///
    /// # Errors
    /// The faults, if there are any.
    pub fn check<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}
