//! Request bodies, from options: what is not given is left out.

use super::{Exit, Failure};
use minoots_shared::domain::json::{Json, Object};

/// An object under construction.
#[derive(Default)]
pub(crate) struct Body(Object);

impl Body {
    /// A text, if there is one.
    #[must_use]
    pub(crate) fn text(mut self, name: &str, value: Option<&String>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), Json::String(value.clone()));
        }
        self
    }

    /// Any value, if there is one.
    #[must_use]
    pub(crate) fn json(mut self, name: &str, value: Option<Json>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// An object, unless it is empty.
    #[must_use]
    pub(crate) fn object(self, name: &str, body: Self) -> Self {
        let value = (!body.0.is_empty()).then_some(Json::Object(body.0));
        self.json(name, value)
    }

    /// A list of texts, unless it is empty.
    #[must_use]
    pub(crate) fn texts(self, name: &str, values: &[String]) -> Self {
        let list = values.iter().cloned().map(Json::String).collect();
        self.json(name, (!values.is_empty()).then_some(Json::Array(list)))
    }

    /// A whole number, if there is one.
    #[must_use]
    pub(crate) fn number(self, name: &str, value: Option<u64>) -> Self {
        self.json(name, value.map(|value| Json::Number(value.to_string().into())))
    }

    pub(crate) fn done(self) -> Object {
        self.0
    }
}

/// An option's JSON object, for clap.
pub(crate) fn object(text: &str) -> Result<Json, String> {
    match Json::parse(text.as_bytes()) {
        Ok(value @ Json::Object(_)) => Ok(value),
        Ok(other) => Err(format!("must be a JSON object, not {}", other.kind())),
        Err(error) => Err(format!("must be a JSON object: {error}")),
    }
}

/// `Name: value`, as in HTTP, for clap.
pub(crate) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("must be \"Name: value\"")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Headers as an object.
pub(crate) fn headers(headers: &[(String, String)]) -> Body {
    headers.iter().fold(Body::default(), |body, (name, value)| body.text(name, Some(value)))
}

/// A whole body from a file, or from standard input if it is `-`.
pub(crate) fn from_file(path: &str) -> Result<Object, Failure> {
    let bytes = read(path)?;
    match Json::parse(&bytes) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(other) => Err(Failure::new(Exit::Usage, format!("{path} must hold a JSON object, not {}", other.kind()))),
        Err(error) => Err(Failure::new(Exit::Usage, format!("{path} is not JSON: {error}"))),
    }
}

/// A file's bytes, or those of standard input if it is `-`.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::stdin().read_to_end(&mut bytes).map(|_| bytes),
        path => std::fs::read(path),
    };
    read.map_err(|error| Failure::new(Exit::Usage, format!("{path} can't be read: {error}")))
}
