//! A machine on which the product is started, dies without warning, and is started again; with a clock that can be moved.

use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_embedded::{DeliveryQueue, DueIndexAlarms, Limits, Runner};
use minoots_shared::app::clock::Clock;
use minoots_shared::app::{Answered, App, Caller};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::{AccountId, EventId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{DeliveryQuery, Queue as _, Store as _};
use minoots_shared::webhook::client::WebhookClient;
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) const SECOND: Millis = Millis::SECOND;

pub(crate) fn scope() -> Scope {
    Scope { account: AccountId::new("acct"), mode: Mode::Live }
}

pub(crate) struct Machine {
    folder: TempDir,
    limits: Limits,
    /// How far the clock has been moved.
    moved: Arc<AtomicU64>,
    process: Option<Process>,
}

/// One run of the product. Dropping it is its sudden end.
struct Process {
    runtime: Runtime,
    app: Arc<App>,
    store: Arc<EmbeddedStore>,
    queue: Arc<DeliveryQueue>,
    _stop: watch::Sender<bool>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self { folder: TempDir::new().unwrap(), limits, moved: Arc::default(), process: None }
    }

    pub(crate) fn start(&mut self) {
        assert!(self.process.is_none());
        // One thread: what runs is cut off only where it waits, and the tests see every state in between.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let process = self.process(runtime);
        let runner = Runner::new(process.app.clone(), process.store.clone(), process.queue.clone());
        let stopped = process._stop.subscribe();
        process.runtime.spawn(runner.run(stopped, Duration::from_secs(5)));
        self.process = Some(process);
    }

    fn process(&self, runtime: Runtime) -> Process {
        let store = Arc::new(EmbeddedStore::open(self.folder.path(), StoreOptions::default()).unwrap());
        let queue = DeliveryQueue::new(self.limits);
        let webhooks = WebhookClient::new(UrlPolicy::local(), Millis::seconds(30)).unwrap();
        let (moved, system) = (Arc::clone(&self.moved), Clock::system());
        let clock = Clock::new(move || system.now().plus(Millis(moved.load(SeqCst))));
        let app = App::new(store.clone(), Arc::new(DueIndexAlarms), queue.clone(), webhooks, clock);
        let app = Arc::new(app);
        runtime.block_on(app.open_account(&scope().account, None)).unwrap();
        Process { runtime, app, store, queue, _stop: watch::channel(false).0 }
    }

    /// Ends the process where it is: nothing is told to stop, and what is under way is cut off.
    pub(crate) fn kill(&mut self) {
        let Process { runtime, app, store, queue, _stop } = self.process.take().unwrap();
        drop((app, queue));
        // Dropped with it are all tasks, at whatever they were waiting for.
        drop(runtime);
        assert_eq!(Arc::strong_count(&store), 1, "nothing of the process is left");
    }

    pub(crate) fn advance(&self, by: Millis) {
        self.moved.fetch_add(by.0, SeqCst);
    }

    pub(crate) fn store(&self) -> Arc<EmbeddedStore> {
        self.process.as_ref().unwrap().store.clone()
    }

    pub(crate) fn run<T, F: Future<Output = T>>(&self, task: impl FnOnce(Arc<App>) -> F) -> T {
        let process = self.process.as_ref().unwrap();
        process.runtime.block_on(task(process.app.clone()))
    }

    pub(crate) fn create_timer(&self, body: &str) {
        let body = Json::parse(body.as_bytes()).unwrap();
        self.run(|app| async move {
            let key = App::fresh_api_key(Mode::Live);
            let caller = Caller { key: app.api_key_for(key, scope(), None).key };
            match app.create(&caller, &[&body], None, Arc::new(|_, _| None)).await.unwrap() {
                Answered::Now((outcomes, _)) => assert!(outcomes[0].is_ok(), "{:?}", outcomes[0]),
                Answered::Before(_) => panic!("no idempotency key was given"),
            }
        });
    }

    /// Endpoints that are told of everything.
    pub(crate) fn create_endpoints(&self, urls: Vec<String>) {
        self.run(|app| async move {
            let creating = urls.into_iter().map(|url| {
                let body = format!(r#"{{"name": "e", "url": "{url}", "events": ["*"]}}"#);
                let (app, body) = (Arc::clone(&app), Json::parse(body.as_bytes()).unwrap());
                async move { app.create_endpoint(&scope(), &body, None, |_| Vec::new()).await.map(drop) }
            });
            let created = futures::future::join_all(creating).await;
            created.into_iter().for_each(|created| created.unwrap());
        });
    }

    pub(crate) fn send_event(&self, body: &str) -> EventId {
        let body = Json::parse(body.as_bytes()).unwrap();
        self.run(|app| async move {
            match app.send_event(&scope(), &body, None, |_| Vec::new()).await.unwrap() {
                Answered::Now(sent) => sent.id,
                Answered::Before(_) => panic!("no idempotency key was given"),
            }
        })
    }

    /// Sends many events at once.
    pub(crate) fn send_events(&self, count: usize) {
        self.run(|app| async move {
            let sending = (0..count).map(|_| {
                let app = Arc::clone(&app);
                async move {
                    let body = Json::parse(br#"{"type": "a.b", "data": {}}"#).unwrap();
                    app.send_event(&scope(), &body, None, |_| Vec::new()).await.map(drop)
                }
            });
            futures::future::join_all(sending).await.into_iter().for_each(|sent| sent.unwrap());
        });
    }

    /// Hands a timer's deliveries over, once more.
    pub(crate) fn hand_over(&self, timer: &TimerId) {
        let queue = self.process.as_ref().unwrap().queue.clone();
        self.run(|app| async move {
            let deliveries = app.timer(&scope(), timer).await.unwrap().deliveries;
            queue.send(deliveries.into_iter().map(Arc::new).collect()).await.unwrap();
        });
    }

    /// Sends an event and lets the process die as soon as so many of the event's targets have their delivery. It runs in one
    /// thread with the fan-out, and looks after each of its steps.
    pub(crate) fn send_event_and_die_when(&mut self, is_time: impl Fn(usize) -> bool) -> EventId {
        self.kill();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let process = self.process(runtime);
        let (app, store, queue) = (process.app.clone(), process.store.clone(), process.queue.clone());
        let stopped = process._stop.subscribe();
        self.process = Some(process);
        let runner = Runner::new(app, store.clone(), queue);
        let id = self.run(|app| async move {
            tokio::spawn(runner.run(stopped, Duration::from_secs(5)));
            let body = Json::parse(br#"{"type": "a.b", "data": {"n": 1}}"#).unwrap();
            let Ok(Answered::Now(sent)) = app.send_event(&scope(), &body, None, |_| Vec::new()).await else {
                panic!("it was not accepted")
            };
            loop {
                let event = store.event(&scope(), &sent.id).await.unwrap().unwrap();
                if is_time(event.expanded) {
                    return sent.id;
                }
                assert!(!event.remaining().is_empty(), "it is over: too late to die in the middle");
                tokio::task::yield_now().await;
            }
        });
        self.kill();
        id
    }

    /// Returns once no attempt is under way and none is due.
    pub(crate) fn settled(&self) {
        let (store, queue) = (self.store(), self.process.as_ref().unwrap().queue.clone());
        self.run(|app| async move {
            let begin = std::time::Instant::now();
            loop {
                let due = store.due_deliveries(None, app.clock().now(), 1).await.unwrap();
                let all = DeliveryQuery { limit: 1, ..DeliveryQuery::default() };
                let known = store.delivery_page(&scope(), &all).await.unwrap();
                if due.is_empty() && queue.under_way() == 0 && !known.deliveries.is_empty() {
                    return;
                }
                assert!(begin.elapsed() < Duration::from_secs(30), "{due:?} is not attempted");
                tokio::task::yield_now().await;
            }
        });
    }
}
