//! The API: the shared router, behind an HTTP API, a REST API or a function URL.

use super::gateway::{GatewayAnswer, GatewayRequest};
use axum::Router;
use axum::body::to_bytes;
use axum::http::Uri;
use lambda_runtime::{Error, LambdaEvent};
use tower::ServiceExt as _;

/// The router as Lambda calls it. The stage that a gateway puts in front of the path is taken off.
pub struct Api(Router);

impl Api {
    /// Serves `router`.
    pub fn new(router: Router) -> Self {
        Self(router)
    }

    /// An HTTP request, as a gateway hands it over.
    ///
    /// # Errors
    /// The event is no such request.
    pub async fn handle(&self, event: LambdaEvent<GatewayRequest>) -> Result<GatewayAnswer, Error> {
        let version = event.payload.version();
        let stage = event.payload.stage().map(str::to_owned);
        let mut request = event.payload.into_http()?;
        if let Some(uri) = stage.and_then(|stage| without_stage(request.uri(), &stage)) {
            *request.uri_mut() = uri;
        }
        // The router's error type has no values.
        let answer = self.0.clone().oneshot(request).await?;
        let (parts, body) = answer.into_parts();
        Ok(GatewayAnswer::new(version, &parts, &to_bytes(body, usize::MAX).await?))
    }
}

/// `/prod/timers?limit=1` as `/timers?limit=1`; `None` if the path does not begin with the stage.
fn without_stage(uri: &Uri, stage: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix('/')?.strip_prefix(stage)?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let path = if rest.is_empty() { "/" } else { rest };
    uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_taken_off_only_where_it_is_the_first_segment() {
        let cut = |uri: &str, stage| without_stage(&uri.parse().unwrap(), stage).map(|uri| uri.to_string());
        assert_eq!(cut("/prod/timers?limit=1", "prod").as_deref(), Some("/timers?limit=1"));
        assert_eq!(cut("/prod", "prod").as_deref(), Some("/"));
        assert_eq!(cut("/production/timers", "prod"), None);
        assert_eq!(cut("/timers/prod", "prod"), None);
        assert_eq!(cut("/timers", "$default"), None);
    }
}
