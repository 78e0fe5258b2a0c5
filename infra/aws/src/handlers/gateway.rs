//! HTTP as gateways hand it to a function and take it back: payload 2.0 of HTTP APIs and function URLs, payload 1.0 of REST
//! APIs. <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
//!
//! Only what a request consists of is read. The ready-made crate reads all that gateways say, knows every alphabet, and would
//! make the function a tenth larger.

use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

type Many<T> = Option<BTreeMap<String, Option<T>>>;

/// A gateway's event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRequest {
    #[serde(default)]
    request_context: RequestContext,
    headers: Many<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    // Of payload 2.0.
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    cookies: Option<Vec<String>>,
    // Of payload 1.0.
    http_method: Option<String>,
    path: Option<String>,
    query_string_parameters: Many<String>,
    multi_value_query_string_parameters: Many<Vec<String>>,
    multi_value_headers: Many<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
struct RequestContext {
    stage: Option<String>,
    http: Option<Http>,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

/// The form of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

impl GatewayRequest {
    pub(super) fn version(&self) -> Version {
        if self.http_method.is_some() { Version::One } else { Version::Two }
    }

    /// The gateway's stage, which its path may begin with.
    pub(super) fn stage(&self) -> Option<&str> {
        self.request_context.stage.as_deref()
    }

    /// The request, with its path and query.
    ///
    /// # Errors
    /// The event has no method or path, or its body is not what it says it is.
    pub(super) fn into_http(self) -> Result<Request<Body>, Error> {
        let query = self.query();
        let method = self.http_method.or_else(|| Some(self.request_context.http?.method));
        let method = method.ok_or("the event is no HTTP request: it has no method")?;
        let path = self.raw_path.or(self.path).ok_or("the event is no HTTP request: it has no path")?;
        let mut uri = encoded(&path, b"/:@!$&'()*+,;=-._~");
        if !query.is_empty() {
            write!(uri, "?{query}")?;
        }
        let body = match self.body {
            Some(body) if self.is_base64_encoded => Body::from(STANDARD.decode(body)?),
            body => Body::from(body.unwrap_or_default()),
        };
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes())?).uri(uri).body(body)?;
        let single = self.headers.into_iter().flatten().map(|(name, value)| (name, Vec::from_iter(value)));
        let many = self.multi_value_headers.into_iter().flatten();
        let many: Vec<_> = many.map(|(name, values)| (name, values.unwrap_or_default())).collect();
        let cookies = self.cookies.map(|cookies| ("cookie".to_owned(), vec![cookies.join("; ")]));
        // Where there are both, the many say all that the single ones do.
        let all = if many.is_empty() { single.collect() } else { many };
        for (name, values) in all.into_iter().chain(cookies) {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
                request.headers_mut().append(&name, value);
            }
        }
        Ok(request)
    }

    /// The query as it was sent, or, of payload 1.0, which has it taken apart and decoded, as it may have been.
    fn query(&self) -> String {
        if let Some(raw) = &self.raw_query_string {
            return encoded(raw, b"/?:@!$&'()*+,;=-._~");
        }
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: &str| pairs.push(format!("{}={}", encode(name), encode(value)));
        match &self.multi_value_query_string_parameters {
            Some(many) => many.iter().for_each(|(name, values)| {
                values.iter().flatten().for_each(|value| add(name, value));
            }),
            None => {
                let single = self.query_string_parameters.iter().flatten();
                single.for_each(|(name, value)| add(name, value.as_deref().unwrap_or_default()));
            }
        }
        pairs.join("&")
    }
}

/// A text as a part of a URI: letters, digits, `plain` and what is encoded already stay.
fn encoded(text: &str, plain: &[u8]) -> String {
    let bytes = text.as_bytes();
    let stays = |(place, byte): (usize, &u8)| {
        let hex = |at: usize| bytes.get(place + at).is_some_and(u8::is_ascii_hexdigit);
        byte.is_ascii_alphanumeric() || plain.contains(byte) || (*byte == b'%' && hex(1) && hex(2))
    };
    bytes.iter().enumerate().fold(String::with_capacity(text.len()), |mut uri, (place, byte)| {
        if stays((place, byte)) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
        uri
    })
}

/// A text that is not encoded, as a part of a query.
fn encode(text: &str) -> String {
    encoded(&text.replace('%', "%25"), b"-._~")
}

/// An answer as gateways take it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayAnswer {
    status_code: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    body: String,
    is_base64_encoded: bool,
}

impl GatewayAnswer {
    /// A text stays one; other bytes are encoded.
    pub(super) fn new(version: Version, parts: &Parts, body: &[u8]) -> Self {
        let (text, is_base64_encoded) = match str::from_utf8(body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (STANDARD.encode(body), true),
        };
        let mut headers = values(&parts.headers);
        // Payload 2.0 has one value for each name, and cookies, which can't be joined, apart.
        let cookies = match version {
            Version::One => Vec::new(),
            Version::Two => headers.remove(header::SET_COOKIE.as_str()).unwrap_or_default(),
        };
        let (headers, multi_value_headers) = match version {
            Version::One => (BTreeMap::new(), headers),
            Version::Two => {
                (headers.into_iter().map(|(name, values)| (name, values.join(", "))).collect(), BTreeMap::new())
            }
        };
        let status_code = parts.status.as_u16();
        Self { status_code, headers, multi_value_headers, cookies, body: text, is_base64_encoded }
    }
}

fn values(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        all.entry(name.as_str().to_owned()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use axum::response::Response;
    use serde_json::{Value, json};

    fn request(event: Value) -> Request<Body> {
        serde_json::from_value::<GatewayRequest>(event).unwrap().into_http().unwrap()
    }

    fn uri_of(path: &str, query: &str) -> String {
        let http = json!({"method": "GET"});
        request(json!({"rawPath": path, "rawQueryString": query, "requestContext": {"http": http}})).uri().to_string()
    }

    fn rest(more: Value) -> Value {
        let mut event = json!({"httpMethod": "POST", "path": "/timers", "requestContext": {"stage": "prod"}});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    #[test]
    fn a_path_and_a_query_reach_the_router_as_they_were_sent_or_in_a_form_that_means_the_same() {
        assert_eq!(uri_of("/timers/a", ""), "/timers/a");
        assert_eq!(
            uri_of("/timers/%C3%A9%2F", "cursor=a%3D&limit=1&x=a+b"),
            "/timers/%C3%A9%2F?cursor=a%3D&limit=1&x=a+b"
        );
        assert_eq!(
            uri_of("/timers/é \"<%", "status=a b|{}&é=%zz"),
            "/timers/%C3%A9%20%22%3C%25?status=a%20b%7C%7B%7D&%C3%A9=%25zz"
        );
        assert_eq!(uri_of("/a?b#c", ""), "/a%3Fb%23c");
    }

    #[test]
    fn a_rest_apis_decoded_query_is_encoded_again_with_all_values_of_a_name() {
        let many = json!({"team": ["a&b", "50%"], "x y": ["é=+"]});
        let event = rest(json!({"multiValueQueryStringParameters": many, "queryStringParameters": {"team": "50%"}}));
        assert_eq!(request(event).uri().query(), Some("team=a%26b&team=50%25&x%20y=%C3%A9%3D%2B"));
        let event = rest(json!({"queryStringParameters": {"limit": "2", "status": null}}));
        assert_eq!(request(event).uri().query(), Some("limit=2&status="));
    }

    #[tokio::test]
    async fn headers_and_bodies_are_the_requests_own() {
        let both =
            json!({"headers": {"X-A": "2"}, "multiValueHeaders": {"X-A": ["1", "2"], "bad name": ["x"]}, "body": null});
        let two = request(rest(both));
        assert_eq!(two.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(two.headers().len(), 2);
        let event = rest(json!({"headers": {"X-A": "2", "X-B": null}, "body": "AP8=", "isBase64Encoded": true}));
        let (parts, body) = request(event).into_parts();
        assert_eq!((parts.method, &parts.headers["x-a"]), (Method::POST, &HeaderValue::from_static("2")));
        assert_eq!(to_bytes(body, 10).await.unwrap(), [0, 255].as_slice());
        let cookies = json!({"rawPath": "/", "cookies": ["a=1", "b=2"], "requestContext": {"http": {"method": "GET"}}});
        assert_eq!(request(cookies).headers()["cookie"], "a=1; b=2");
    }

    #[test]
    fn what_is_no_request_is_refused_in_words() {
        for (event, word) in [
            (json!({}), "method"),
            (json!({"httpMethod": "GET"}), "path"),
            (rest(json!({"body": "é", "isBase64Encoded": true})), "symbol"),
        ] {
            let refused = serde_json::from_value::<GatewayRequest>(event).unwrap().into_http().unwrap_err();
            assert!(refused.to_string().contains(word), "{refused}");
        }
    }

    #[test]
    fn an_answer_is_in_the_form_that_its_gateway_reads() {
        let answer =
            Response::builder().status(201).header("vary", "a").header("vary", "b").header("set-cookie", "c=1");
        let (parts, ()) = answer.header("set-cookie", "d=2").body(()).unwrap().into_parts();
        let two = serde_json::to_value(GatewayAnswer::new(Version::Two, &parts, "é".as_bytes())).unwrap();
        let cookies = json!(["c=1", "d=2"]);
        assert_eq!(
            two,
            json!({"statusCode": 201, "headers": {"vary": "a, b"}, "cookies": cookies, "body": "é", "isBase64Encoded": false})
        );
        let one = serde_json::to_value(GatewayAnswer::new(Version::One, &parts, &[0, 255])).unwrap();
        let headers = json!({"vary": ["a", "b"], "set-cookie": cookies});
        assert_eq!(
            one,
            json!({"statusCode": 201, "multiValueHeaders": headers, "body": "AP8=", "isBase64Encoded": true})
        );
    }
}
