//! Reads requests as JSON lines and says of each whether the snippet trusts it.

mod snippet;

use base64::{Engine, engine::general_purpose::STANDARD};
use std::collections::HashMap;

#[derive(serde::Deserialize)]
struct Request {
    headers: HashMap<String, String>,
    body: String,
    secret: String,
}

fn main() {
    for line in std::io::stdin().lines() {
        let request: Request = serde_json::from_str(&line.expect("text")).expect("a request");
        let body = STANDARD.decode(request.body).expect("base64");
        println!("{}", snippet::verify(&request.headers, &body, &request.secret));
    }
}
