//! The API: the shared router, behind an HTTP API, a REST API or a function URL.

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::response::Response;
use lambda_http::request::RequestContext;
use lambda_http::{Body, IntoResponse, RequestExt as _};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::Service;

/// The router as Lambda calls it. The stage that a gateway puts in front of the path is taken off.
#[derive(Clone)]
pub struct Api(Router);

impl Api {
    /// Serves `router`.
    pub fn new(router: Router) -> Self {
        Self(router)
    }
}

impl Service<lambda_http::Request> for Api {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.0, context)
    }

    fn call(&mut self, mut request: lambda_http::Request) -> Self::Future {
        let stage = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.stage.clone(),
            Some(RequestContext::ApiGatewayV1(context)) => context.stage.clone(),
            _ => None,
        };
        if let Some(uri) = stage.and_then(|stage| without_stage(request.uri(), &stage)) {
            *request.uri_mut() = uri;
        }
        let answer = self.0.call(request.map(axum::body::Body::new));
        Box::pin(async move { answer.await.map(Answer) })
    }
}

/// The router's answer. Its body is text for the gateway if it is UTF-8, and else Base64: it need not be known what each type
/// of content is, nor the tables of all alphabets with which `lambda_http` would find out.
pub struct Answer(Response);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = lambda_http::Response<Body>> + Send>> {
        let (parts, body) = self.0.into_parts();
        Box::pin(async move {
            // What the router answers is in memory, so that nothing can fail.
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            let body = match String::from_utf8(bytes.into()) {
                Ok(text) if text.is_empty() => Body::Empty,
                Ok(text) => Body::Text(text),
                Err(binary) => Body::Binary(binary.into_bytes()),
            };
            lambda_http::Response::from_parts(parts, body)
        })
    }
}

/// `/prod/timers?limit=1` as `/timers?limit=1`; `None` if the path does not begin with the stage.
fn without_stage(uri: &Uri, stage: &str) -> Option<Uri> {
    let rest = uri.path().strip_prefix('/')?.strip_prefix(stage)?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let path = if rest.is_empty() { "/" } else { rest };
    let text = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_text_unless_it_is_none() {
        let body = |bytes: &'static [u8]| async move {
            let answer = Answer(Response::new(axum::body::Body::from(bytes)));
            answer.into_response().await.into_body()
        };
        assert_eq!(body(b"").await, Body::Empty);
        assert_eq!(body("{\"é\":1}".as_bytes()).await, Body::Text("{\"é\":1}".to_owned()));
        assert_eq!(body(b"\x89PNG\r\n\xff").await, Body::Binary(b"\x89PNG\r\n\xff".to_vec()));
    }

    #[test]
    fn a_stage_is_taken_off_only_where_it_is_the_first_segment() {
        let cut = |uri: &str, stage| without_stage(&uri.parse().unwrap(), stage).map(|uri| uri.to_string());
        assert_eq!(cut("/prod/timers?limit=1", "prod").as_deref(), Some("/timers?limit=1"));
        assert_eq!(cut("https://h.example/prod/timers", "prod").as_deref(), Some("https://h.example/timers"));
        assert_eq!(cut("/prod", "prod").as_deref(), Some("/"));
        assert_eq!(cut("/production/timers", "prod"), None);
        assert_eq!(cut("/timers/prod", "prod"), None);
        assert_eq!(cut("/timers", "$default"), None);
    }
}
