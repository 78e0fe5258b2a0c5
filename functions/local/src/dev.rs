//! `minoots dev`: API, due times and deliveries in one process.

use crate::clock::{self, DevClock};
use crate::options::Dev;
use crate::visitors::Visitors;
use crate::{changes, credentials, inbox, process, serve, welcome};
use axum::Extension;
use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_embedded::{DeliveryQueue, DueIndexAlarms, Limits, Runner, Standstill};
use minoots_shared::app::App;
use minoots_shared::domain::ids::AccountId;
use minoots_shared::domain::secret::WebhookSecret;
use minoots_shared::domain::time::Millis;
use minoots_shared::http::dashboard::LocalServer;
use minoots_shared::http::{self, RateLimit};
use minoots_shared::webhook::client::{ClientError, WebhookClient};
use minoots_shared::webhook::guard::UrlPolicy;
use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// The one account of a local server.
const ACCOUNT: &str = "local";
/// How long attempts and requests under way may take to end once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} can't be listened on: {1}; choose another with --port or --host")]
    Listen(SocketAddr, std::io::Error),
    #[error(transparent)]
    Store(#[from] minoots_embedded::store::OpenError),
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    #[error(transparent)]
    Clock(#[from] clock::KeptError),
    #[error("--webhook-secret must be 1 to 512 bytes long")]
    WebhookSecret,
    #[error(transparent)]
    Webhooks(#[from] ClientError),
    #[error("the account can't be set up: {0}")]
    Account(#[from] minoots_shared::app::Error),
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(options: &Dev) -> Result<(), Error> {
    log();
    process::prepare();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(dev(options))
}

async fn dev(options: &Dev) -> Result<(), Error> {
    // The port first: a second server must not touch the first one's data.
    let address = SocketAddr::new(options.host, options.port);
    let listener = TcpListener::bind(address).await.map_err(|error| Error::Listen(address, error))?;
    let retention = Millis::days(options.retention_days);
    let store = Arc::new(EmbeddedStore::open(&options.data_dir, StoreOptions { retention })?);
    let dev_clock = DevClock::open(&options.data_dir, options.speed)?;
    let clock = dev_clock.clock();
    let queue = DeliveryQueue::new(Limits::default());
    let policy = if options.strict_webhooks { UrlPolicy::strict() } else { UrlPolicy::local() };
    let webhooks = WebhookClient::new(policy, options.webhook_timeout)?;
    let app = App::new(store.clone(), Arc::new(DueIndexAlarms), queue.clone(), webhooks, clock.clone());
    let app = Arc::new(app);

    let account = AccountId::new(ACCOUNT);
    let secret = options.webhook_secret.as_ref().map(|text| WebhookSecret::chosen(text).ok_or(Error::WebhookSecret));
    let secret = secret.transpose()?;
    app.open_account(&account, secret.clone()).await.map_err(minoots_shared::app::Error::from)?;
    if let Some(secret) = &secret {
        app.set_webhook_secret(&account, secret).await?;
    }
    let settings = app.limit_timers(&account, options.max_timers).await?;
    let key = credentials::api_key(&app, &account, options.api_key.as_deref(), &options.data_dir).await?;

    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let url = format!("http://{}", reachable(listener.local_addr()?));
    let standstill = Standstill::new(Arc::clone(&store), Arc::clone(&queue));
    let router = http::router(app.clone(), options.rate_limit.map(RateLimit::new))
        .merge(inbox::router(clock))
        .merge(clock::route::router(Arc::clone(&dev_clock), standstill))
        .merge(changes::router(store.committed(), stopped.clone()))
        .layer(Extension(LocalServer));
    let answers = Visitors::new(&options.allowed_hosts, &options.allowed_origins).guard(router);
    let serving = tokio::spawn(serve::serve(listener, answers, stopped.clone(), PATIENCE));
    let running = tokio::spawn(Runner::new(app, store, queue).run(stopped, PATIENCE));

    print!("{}", welcome::welcome(&url, &key, &settings, &options.data_dir, options.strict_webhooks, &dev_clock));
    std::io::stdout().flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = dev_clock.keep_up() => {}
    }
    tracing::info!("stopping: requests and attempts under way may end");
    stop.send_replace(true);
    let _ = tokio::join!(serving, running);
    dev_clock.close();
    Ok(())
}

/// An address that this machine itself can call.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}

/// Logs to standard error, as `RUST_LOG` says: text in a terminal, else JSON.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        subscriber.compact().with_target(false).init();
    } else {
        subscriber.json().flatten_event(true).with_target(false).init();
    }
}
