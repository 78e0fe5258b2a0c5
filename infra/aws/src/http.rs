//! HTTP for the AWS clients, on the library that webhooks are sent with: a second one, with HTTP/2 and all, would make each
//! function a tenth larger.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// One pool of connections for all clients.
#[derive(Clone, Debug)]
struct Http(reqwest::Client);

/// HTTP that trusts these certificates (PEM) and no others; `patience` is for opening a connection.
///
/// # Errors
/// Certificates that can't be read, or no TLS.
pub(crate) fn client(trusted: &[u8], patience: Duration) -> Result<SharedHttpClient, Wrong> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".into());
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // The SDK tries again itself.
        .retry(reqwest::retry::never())
        .connect_timeout(patience)
        .build()?;
    Ok(SharedHttpClient::new(Http(http)))
}

impl HttpClient for Http {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let mut response = http.execute(translated(&request)?).await.map_err(failed)?;
            let status = StatusCode::try_from(response.status().as_u16()).map_err(wrong)?;
            let headers = std::mem::take(response.headers_mut());
            let mut answer = HttpResponse::new(status, response.bytes().await.map_err(failed)?.into());
            for (name, value) in &headers {
                // A value that is no text is none that the SDK reads.
                if let Ok(value) = value.to_str() {
                    answer.headers_mut().append(name.as_str().to_owned(), value.to_owned());
                }
            }
            Ok(answer)
        })
    }
}

fn translated(request: &HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let method = request.method().parse().map_err(wrong)?;
    let mut translated = reqwest::Request::new(method, request.uri().parse().map_err(wrong)?);
    for (name, value) in request.headers() {
        let name: reqwest::header::HeaderName = name.parse().map_err(wrong)?;
        translated.headers_mut().append(name, value.parse().map_err(wrong)?);
    }
    let Some(body) = request.body().bytes() else {
        return Err(ConnectorError::user("a request's body is in memory: none of our calls streams one".into()));
    };
    *translated.body_mut() = Some(body.to_vec().into());
    Ok(translated)
}

fn wrong(error: impl Into<Wrong>) -> ConnectorError {
    ConnectorError::user(error.into())
}

/// As the SDK tells errors apart: both are worth another try.
fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
