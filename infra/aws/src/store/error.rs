//! What can go wrong between here and AWS, for callers that can only try again.

use aws_sdk_dynamodb::error::SdkError;
use minoots_shared::ports::Unavailable;

/// An AWS call that failed, with what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {why}")]
pub(crate) struct Failed {
    doing: &'static str,
    why: String,
}

/// What was stored can't be understood.
#[derive(Debug, thiserror::Error)]
#[error("the table's item {pk} {sk} can't be read: {why}")]
pub(crate) struct Unreadable {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) why: String,
}

/// The service's own words, with its error code; the SDK's `Display` keeps both to itself.
pub(crate) fn failed<E, R>(doing: &'static str) -> impl Fn(SdkError<E, R>) -> Unavailable
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
    SdkError<E, R>: std::error::Error,
{
    move |error| {
        let mut why = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(cause) = next {
            why = format!("{why}: {cause}");
            next = cause.source();
        }
        Unavailable(Box::new(Failed { doing, why }))
    }
}

/// A step that could not be taken although every call was answered.
pub(crate) fn gave_up(doing: &'static str, why: impl Into<String>) -> Unavailable {
    Unavailable(Box::new(Failed { doing, why: why.into() }))
}

impl From<Unreadable> for Unavailable {
    fn from(unreadable: Unreadable) -> Self {
        Self(Box::new(unreadable))
    }
}
