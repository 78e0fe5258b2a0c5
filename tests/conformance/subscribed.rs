//! Endpoints and events, in my scope and in the neighbours', and what becomes of them: as the product makes them, by its own
//! parsers and renderers.

use crate::calls::{ALL, Sure as _};
use crate::samples::{NOW, answered};
use crate::world::{Neighbour, World};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::endpoint_settings;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::figures::DeliveryCounts;
use minoots_shared::domain::ids::{DeliveryId, EndpointId, EventId};
use minoots_shared::domain::json::{Json, JsonText};
use minoots_shared::domain::secret::WebhookSecret;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{Accepted, DeliveryPage, DeliveryQuery, Store};
use minoots_shared::webhook::event_payload::EventPayload;
use minoots_shared::webhook::guard::UrlPolicy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An endpoint, made at [`NOW`] and as many milliseconds as the numbers in its id say.
pub(crate) fn endpoint(scope: &Scope, id: &str, events: &[&str]) -> Endpoint {
    let events: Vec<_> = events.iter().map(|event| format!("{event:?}")).collect();
    let body = format!(
        r#"{{"name": "{id} é", "url": "https://{id}.example.com/in?key=1", "events": [{}], "headers": {{"X-B": "2", "X-A": "1"}},
             "description": "of {}", "timeout": 7, "payloadFormat": "python"}}"#,
        events.join(","),
        scope.account
    );
    let number: String = id.chars().filter(char::is_ascii_digit).collect();
    let at = NOW.plus(Millis(number.parse().unwrap_or(0)));
    let (id, secret) = (EndpointId::new(id), WebhookSecret::generate(&[scope.account.as_str().len() as u8; 32]));
    let body = Json::parse(body.as_bytes()).expect("the sample is JSON");
    endpoint_settings::parse_new(&body, scope, id, secret, at, &UrlPolicy::strict()).expect("the sample has no faults")
}

/// An endpoint after a change as a caller's PATCH asks for it.
pub(crate) fn changed(endpoint: &Endpoint, body: &str) -> Endpoint {
    let body = Json::parse(body.as_bytes()).expect("the sample is JSON");
    let now = endpoint.updated_at.plus(Millis(5));
    endpoint_settings::parse_change(&body, endpoint, now, &UrlPolicy::strict()).expect("the sample is a change")
}

/// An event that goes to these endpoints.
pub(crate) fn event(scope: &Scope, id: &str, at: Timestamp, targets: &[EndpointId]) -> Event {
    let data = Json::parse(format!(r#"{{"b": 1.0, "a": ["é", "{}"]}}"#, scope.account).as_bytes()).expect("it is JSON");
    Event {
        scope: scope.clone(),
        id: EventId::new(id),
        event_type: "session.started".to_owned(),
        created_at: at,
        data: JsonText::from(&data),
        targets: targets.to_vec(),
        expanded: 0,
    }
}

/// The deliveries of an event's targets from `from` up to `to`.
pub(crate) fn deliveries(event: &Event, endpoints: &[Endpoint], from: usize, to: usize) -> Vec<Arc<Delivery>> {
    let mut payload = EventPayload::new(event);
    let targets = event.targets[from..to].iter();
    let endpoints = targets.filter_map(|target| endpoints.iter().find(|endpoint| endpoint.id == *target));
    endpoints.map(|endpoint| Arc::new(payload.delivery(endpoint))).collect()
}

/// A list of one state, or of an endpoint, or of both.
pub(crate) fn query(endpoint: Option<&EndpointId>, status: Option<DeliveryStatus>, limit: usize) -> DeliveryQuery {
    DeliveryQuery { endpoint: endpoint.cloned(), status, after: None, limit }
}

/// All pages of a list, from the query's position on.
pub(crate) async fn pages(store: &dyn Store, scope: &Scope, mut query: DeliveryQuery) -> Vec<DeliveryPage> {
    let mut pages = Vec::new();
    while pages.len() < ALL {
        let page = store.delivery_page(scope, &query).await.sure();
        assert!(page.deliveries.len() <= query.limit, "{} on a page of {}", page.deliveries.len(), query.limit);
        let next = page.next.clone();
        pages.push(page);
        match next {
            Some(next) => query.after = Some(next),
            None => return pages,
        }
    }
    panic!("the list has no end");
}

/// How many of these stand where.
pub(crate) fn counted<'d>(deliveries: impl IntoIterator<Item = &'d Delivery>) -> DeliveryCounts {
    let mut counts = DeliveryCounts::default();
    deliveries.into_iter().for_each(|delivery| counts.recount(None, Some(delivery)));
    counts
}

impl World<'_> {
    /// Creates endpoints, subscribed to these types, in the neighbours' scopes and in mine.
    pub(crate) async fn subscribe(&mut self, endpoints: &[(&str, &[&str])]) -> Vec<Endpoint> {
        let store = self.store();
        for Neighbour { scope, endpoints: theirs, .. } in &mut self.neighbours {
            for (id, events) in endpoints {
                let endpoint = endpoint(scope, id, events);
                assert_eq!(store.create_endpoint(endpoint.clone(), None).await.sure(), None);
                theirs.insert(endpoint.id.clone(), endpoint);
            }
        }
        let mut mine = Vec::new();
        for (id, events) in endpoints {
            let endpoint = endpoint(&self.mine, id, events);
            assert_eq!(store.create_endpoint(endpoint.clone(), None).await.sure(), None);
            mine.push(endpoint);
        }
        mine
    }

    /// Accepts an event to these endpoints, at the neighbours' and here.
    pub(crate) async fn accept(&mut self, id: &str, at: Timestamp, targets: &[EndpointId]) -> Event {
        let store = self.store();
        for Neighbour { scope, events, .. } in &mut self.neighbours {
            let event = event(scope, id, at, targets);
            assert_eq!(store.accept_event(event.clone(), None).await.sure(), Accepted::New);
            events.insert(event.id.clone(), event);
        }
        let event = event(&self.mine, id, at, targets);
        assert_eq!(store.accept_event(event.clone(), None).await.sure(), Accepted::New);
        event
    }

    /// Fans an event out to all of its targets, at the neighbours' and here.
    pub(crate) async fn expand(&mut self, event: &Event, endpoints: &[Endpoint]) -> Vec<Delivery> {
        let (store, count) = (self.store(), event.targets.len());
        for Neighbour { scope, events, endpoints, deliveries: known, .. } in &mut self.neighbours {
            let theirs = events.get_mut(&event.id).expect("the neighbours have the same events");
            let endpoints: Vec<_> = endpoints.values().cloned().collect();
            let new = deliveries(theirs, &endpoints, 0, count);
            known.extend(new.iter().map(|new| (new.id.clone(), Delivery::clone(new))));
            assert!(store.expand_event(scope, &event.id, 0, count, new).await.sure());
            theirs.expanded = count;
        }
        let new = deliveries(event, endpoints, 0, count);
        assert!(store.expand_event(&self.mine, &event.id, 0, count, new.clone()).await.sure());
        new.iter().map(|delivery| Delivery::clone(delivery)).collect()
    }

    /// An event that happened at `at`, fanned out to these endpoints: one delivery for each.
    pub(crate) async fn told(&mut self, id: &str, at: Timestamp, endpoints: &[Endpoint]) -> Vec<Delivery> {
        let targets: Vec<_> = endpoints.iter().map(|endpoint| endpoint.id.clone()).collect();
        let event = self.accept(id, at, &targets).await;
        self.expand(&event, endpoints).await
    }

    /// Takes note of what is going to be done in a neighbour's scope: an event of one target, fanned out. Not for mine.
    pub(crate) fn done_by_others(&mut self, scope: &Scope, event: &Event, new: &[Arc<Delivery>]) {
        for neighbour in self.neighbours.iter_mut().filter(|neighbour| neighbour.scope == *scope) {
            neighbour.deliveries.extend(new.iter().map(|new| (new.id.clone(), Delivery::clone(new))));
            let theirs = neighbour.events.get_mut(&event.id).expect("the neighbours have the same events");
            theirs.expanded = theirs.targets.len();
        }
    }

    /// My event as it is stored.
    pub(crate) async fn event(&self, id: &EventId) -> Event {
        self.store().event(&self.mine, id).await.sure().expect("the event is stored")
    }

    /// My events that have targets without a delivery.
    pub(crate) async fn unexpanded(&self) -> Vec<EventId> {
        let found = self.store().unexpanded_events(ALL).await.sure();
        found.into_iter().filter(|(scope, _)| *scope == self.mine).map(|(_, id)| id).collect()
    }

    /// The next attempt of my delivery, answered with this code; the delivery after it.
    pub(crate) async fn attempted(&self, id: &DeliveryId, at: Timestamp, code: u16) -> Delivery {
        let store = self.store();
        let begun = store.begin_attempt(&self.mine, id).await.sure().expect("it is open");
        store.finish_attempt(&self.mine, id, answered(&begun, at, code)).await.sure().expect("it is new")
    }

    /// All that a list of mine holds.
    pub(crate) async fn listed(&self, endpoint: Option<&EndpointId>, status: Option<DeliveryStatus>) -> Vec<Delivery> {
        let pages = pages(&*self.store(), &self.mine, query(endpoint, status, 50)).await;
        pages.into_iter().flat_map(|page| page.deliveries).collect()
    }

    /// The figures of all of my deliveries and of each of these endpoints' are those of the deliveries listed.
    pub(crate) async fn figures_agree(&self, endpoints: &[&EndpointId]) {
        let store = self.store();
        assert_eq!(store.delivery_counts(&self.mine).await.sure(), counted(&self.listed(None, None).await));
        for endpoint in endpoints {
            let figures = store.endpoint_figures(&self.mine, endpoint).await.sure();
            assert_eq!(figures.counts, counted(&self.listed(Some(endpoint), None).await), "{endpoint}");
        }
    }
}

/// A neighbour has the endpoints, events and deliveries that it had: nothing of them was attempted.
pub(crate) async fn noticed_nothing(store: &dyn Store, neighbour: &Neighbour) {
    let Neighbour { scope, endpoints, events, deliveries, .. } = neighbour;
    let mut newest_first: Vec<_> = endpoints.values().cloned().collect();
    newest_first.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    assert_eq!(store.endpoints(scope).await.sure(), newest_first, "a neighbour's endpoints");
    let subscribed: Vec<_> = endpoints.values().filter(|one| one.takes("session.started")).map(|one| &one.id).collect();
    let found = store.subscribers(scope, "session.started").await.sure();
    assert_eq!(found.iter().collect::<Vec<_>>(), subscribed, "a neighbour's subscribers");
    for event in events.values() {
        assert_eq!(store.event(scope, &event.id).await.sure().as_ref(), Some(event), "a neighbour's event");
    }
    let found = store.unexpanded_events(ALL).await.sure();
    let mut found: Vec<_> = found.iter().filter(|(of, _)| of == scope).map(|(_, id)| id).collect();
    found.sort();
    let waiting = events.values().filter(|event| !event.remaining().is_empty()).map(|event| &event.id);
    assert_eq!(found, waiting.collect::<Vec<_>>(), "a neighbour's events to fan out");
    let listed = pages(store, scope, query(None, None, 100)).await.into_iter().flat_map(|page| page.deliveries);
    let listed: BTreeMap<_, _> = listed.map(|delivery| (delivery.id.clone(), delivery)).collect();
    assert_eq!(listed, *deliveries, "a neighbour's deliveries as they are listed");
    assert_eq!(store.delivery_counts(scope).await.sure(), counted(deliveries.values()), "a neighbour's counts");
    for endpoint in endpoints.keys() {
        let theirs = deliveries.values().filter(|delivery| delivery.source.endpoint() == Some(endpoint));
        let figures = store.endpoint_figures(scope, endpoint).await.sure();
        assert_eq!(figures.counts, counted(theirs), "a neighbour's figures");
    }
}
