//! Who is calling.

use super::Api;
use super::problem::{Code, Problem};
use crate::app::Caller;
use crate::domain::api_key::ApiKeySecret;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Some(key) = shown_key(parts)? else {
            let message = "show an API key in the header x-api-key, or as Authorization: Bearer KEY";
            return Err(Problem::new(Code::AuthRequired, message));
        };
        api.admit(&key).await
    }
}

/// The caller of a route that also serves callers without a key.
pub(super) struct MaybeCaller(pub(super) Option<Caller>);

impl FromRequestParts<Api> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match shown_key(parts)? {
            Some(key) => Ok(Self(Some(api.admit(&key).await?))),
            None => Ok(Self(None)),
        }
    }
}

impl Api {
    /// The holder of a key, unless it calls too often.
    async fn admit(&self, key: &ApiKeySecret) -> Result<Caller, Problem> {
        let caller = self.app.authenticate(key).await?;
        let caller =
            caller.ok_or_else(|| Problem::new(Code::InvalidApiKey, "this API key is unknown or was revoked"))?;
        if let Some(limit) = &self.rate_limit {
            limit.admit(&caller)?;
        }
        Ok(caller)
    }
}

/// The key in `x-api-key`, else in `Authorization: Bearer`.
fn shown_key(parts: &Parts) -> Result<Option<ApiKeySecret>, Problem> {
    let unreadable = || Problem::new(Code::InvalidApiKey, "the API key has characters that no key has");
    let text = |name| match parts.headers.get(name) {
        Some(value) => value.to_str().map(|text| Some(text.trim())).map_err(|_| unreadable()),
        None => Ok(None),
    };
    if let Some(key) = text(axum::http::HeaderName::from_static("x-api-key"))?.filter(|key| !key.is_empty()) {
        return Ok(Some(ApiKeySecret::new(key)));
    }
    let Some((scheme, key)) = text(AUTHORIZATION)?.and_then(|text| text.split_once(' ')) else { return Ok(None) };
    // Scheme names are case-insensitive (RFC 9110, section 11.1).
    let key = Some(key.trim()).filter(|key| scheme.eq_ignore_ascii_case("bearer") && !key.is_empty());
    Ok(key.map(ApiKeySecret::new))
}
