//! The routes of a router, as it knows them itself: so that no test can forget a new one.

use axum::Router;
use std::collections::BTreeMap;

/// Every method that HTTP has for a resource.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A path with the methods that it takes.
#[derive(Debug)]
pub(crate) struct Route {
    /// Such as `/timers/{id}`.
    pub(crate) path: String,
    methods: Vec<String>,
}

impl Route {
    /// Whether it takes the method.
    pub(crate) fn takes(&self, method: &str) -> bool {
        self.methods.iter().any(|taken| taken == method)
    }
}

/// All routes. axum has no list of them but the one that it prints: should that change its form, this fails.
pub(crate) fn all(router: &Router) -> Vec<Route> {
    let printed = format!("{router:?}");
    let (own, _) = printed.split_once("fallback_router").expect("axum prints routers as it did");
    let (methods, paths) = own.split_once("node: Node").expect("axum prints routers as it did");
    let methods: BTreeMap<&str, Vec<String>> = numbered(methods)
        .map(|(number, printed)| {
            let (_, allowed) = printed.split_once("allow_header: Bytes(b\"").expect("axum prints routers as it did");
            (
                number,
                allowed
                    .split('"')
                    .next()
                    .expect("axum prints routers as it did")
                    .split(',')
                    .map(str::to_owned)
                    .collect(),
            )
        })
        .collect();
    let routes: Vec<_> = numbered(paths)
        .map(|(number, printed)| Route {
            path: printed.split('"').nth(1).expect("axum prints routers as it did").to_owned(),
            methods: methods[number].clone(),
        })
        .collect();
    assert!(routes.len() > 40 && routes.len() == methods.len(), "{} routes in {printed}", routes.len());
    routes
}

/// What follows each `RouteId(n): `.
fn numbered(printed: &str) -> impl Iterator<Item = (&str, &str)> {
    printed.split("RouteId(").skip(1).map(|entry| entry.split_once("): ").expect("axum prints routers as it did"))
}
