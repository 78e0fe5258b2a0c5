//! `/account`: API keys, the webhook secret, usage.

use super::Api;
use super::answer::{Data, json, ok, replayed, success_bytes};
use super::body::{ONE, Raw};
use super::idempotency::IdempotencyHeader;
use super::path::Id;
use super::problem::Problem;
use super::query::Query;
use crate::app::{Answered, Caller, Error};
use crate::domain::account::Mode;
use crate::domain::api_key::ApiKey;
use crate::domain::fault::Faults;
use crate::domain::fields::{Fields, SHORT_TEXT};
use crate::domain::ids::ApiKeyId;
use crate::domain::json::{Json, Object};
use crate::domain::secret::{SigningSecrets, parse_overlap};
use crate::domain::time::{Millis, Timestamp};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// The days of usage that are shown unless the caller says otherwise.
pub(super) const DEFAULT_DAYS: u64 = 7;
/// The most days of usage that can be asked for.
pub(super) const MOST_DAYS: u64 = 366;

/// What is shown of an API key; never the key itself.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ApiKey"))]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKeyView<'a> {
    /// `key_…`: names the key in calls about it.
    id: &'a str,
    /// What its holder calls it.
    name: Option<&'a str>,
    mode: Mode,
    /// The key's last four characters.
    key_preview: &'a str,
    /// When it was made.
    created_at: String,
}

impl<'a> From<&'a ApiKey> for ApiKeyView<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: key.id.as_str(),
            name: key.name.as_deref(),
            mode: key.scope.mode,
            key_preview: &key.preview,
            created_at: key.created_at.to_iso(),
        }
    }
}

/// A new API key.
// Its text says its mode, so the answer need not.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "CreatedApiKey"))]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedKey<'a> {
    /// The key itself, `mnt_live_…` or `mnt_test_…`: here and never again, in a replayed answer neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    /// `key_…`: names the key in calls about it.
    id: &'a str,
    /// What its holder calls it.
    name: Option<&'a str>,
    /// The key's last four characters.
    key_preview: &'a str,
    /// When it was made.
    created_at: String,
}

impl<'a> CreatedKey<'a> {
    pub(super) fn new(key: &'a ApiKey, text: Option<&'a str>) -> Self {
        let ApiKeyView { id, name, key_preview, created_at, .. } = key.into();
        Self { api_key: text, id, name, key_preview, created_at }
    }
}

/// `POST /account/api-keys`: 201 with the key itself, here and never again.
pub(super) async fn create_key(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /account/api-keys", &body.0);
    if let Some(answer) = api.app.answered_before(once.as_ref()).await? {
        return Ok(replayed(StatusCode::CREATED, answer));
    }
    let (name, mode) = new_key(&body.optional_object()?).map_err(Error::Faulty)?;
    let new = api.app.new_api_key(&caller, name, mode)?;
    // The key itself is kept out of the remembered answer: nothing stored may open the account.
    let remembered = success_bytes(&CreatedKey::new(&new.key, None));
    Ok(match api.app.store_api_key(&new.key, once, remembered).await? {
        Answered::Before(answer) => replayed(StatusCode::CREATED, answer),
        Answered::Now(()) => {
            json(StatusCode::CREATED, success_bytes(&CreatedKey::new(&new.key, Some(new.secret.reveal()))))
        }
    })
}

fn new_key(members: &Object) -> Result<(Option<String>, Option<Mode>), Faults> {
    let (fields, mut faults) = (Fields::root(members), Faults::default());
    let name = fields.text("name", SHORT_TEXT, &mut faults);
    let mode = match fields.get("mode").map(Json::as_str) {
        None => None,
        Some(Some("live")) => Some(Mode::Live),
        Some(Some("test")) => Some(Mode::Test),
        Some(_) => {
            faults.invalid("mode", "must be \"live\" or \"test\"");
            None
        }
    };
    faults.check((name, mode))
}

/// The keys that the caller may see, newest first; a test key sees test keys only.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ApiKeyList"))]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyList<'a> {
    pub(super) api_keys: Vec<ApiKeyView<'a>>,
}

/// `GET /account/api-keys`
pub(super) async fn keys(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let keys = api.app.api_keys(&caller).await?;
    Ok(ok(KeyList { api_keys: keys.iter().map(ApiKeyView::from).collect() }).into_response())
}

/// `PUT /account/api-keys/{id}`: the keys, after one was named.
pub(super) async fn rename_key(
    State(api): State<Api>,
    caller: Caller,
    id: Id<ApiKeyId>,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let members = body.optional_object()?;
    let mut faults = Faults::default();
    let name = Fields::root(&members).text("name", SHORT_TEXT, &mut faults);
    if !members.contains_key("name") {
        faults.invalid("name", "is required: a string, or null for no name");
    }
    let name = faults.check(name).map_err(Error::Faulty)?;
    api.app.rename_api_key(&caller, &id.0, name).await?;
    keys(State(api), caller).await
}

/// `DELETE /account/api-keys/{id}`: the keys that are left.
pub(super) async fn revoke_key(State(api): State<Api>, caller: Caller, id: Id<ApiKeyId>) -> Result<Response, Problem> {
    api.app.revoke_api_key(&caller, &id.0).await?;
    keys(State(api), caller).await
}

/// The secret that signs the webhooks of the account's timers.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "WebhookSecret"))]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretView<'a> {
    /// `whsec_…`
    secret: &'a str,
    /// Until when the secret before it signs beside it; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
}

impl<'a> SecretView<'a> {
    pub(super) fn at(secrets: &'a SigningSecrets, now: Timestamp) -> Self {
        let previous = secrets.previous_at(now);
        Self {
            secret: secrets.current.reveal(),
            previous_expires_at: previous.map(|previous| previous.expires_at.to_iso()),
        }
    }
}

/// `GET /account/webhook-secret`
pub(super) async fn webhook_secret(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let account = api.app.account(&caller).await?;
    let data = SecretView::at(&account.webhook_secrets, api.app.clock().now());
    Ok(ok(Data::of(data)).into_response())
}

/// `POST /account/webhook-secret/rotate`
pub(super) async fn rotate_webhook_secret(
    State(api): State<Api>,
    caller: Caller,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let overlap = parse_overlap(&body.optional_object()?).map_err(Error::Faulty)?;
    let secrets = api.app.rotate_webhook_secret(&caller, overlap).await?;
    let data = SecretView::at(&secrets, api.app.clock().now());
    Ok(ok(Data::of(data)).into_response())
}

/// What the account did, by day.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct UsageAnswer {
    pub(super) usage: Days,
}

/// Days in UTC.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Usage"))]
pub(super) struct Days {
    /// One entry for each day asked for.
    pub(super) days: Vec<Day>,
}

/// Counts of one day.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "UsageOfDay"))]
pub(super) struct Day {
    /// The day in UTC.
    #[cfg_attr(test, schemars(extend("format" = "date")))]
    pub(super) date: String,
    /// Timers created.
    pub(super) timers: u64,
    /// Events accepted.
    pub(super) events: u64,
    /// Deliveries that were taken.
    pub(super) deliveries: u64,
    /// Deliveries that were given up.
    pub(super) failures: u64,
}

/// `GET /account/usage`
pub(super) async fn usage(State(api): State<Api>, caller: Caller, query: Query) -> Result<Response, Problem> {
    let days = query.number("days")?.unwrap_or(DEFAULT_DAYS);
    if days > MOST_DAYS {
        return Err(Problem::invalid("days", &format!("must be at most {MOST_DAYS}")));
    }
    let days = api.app.usage(caller.scope(), days).await?.into_iter().map(|day| Day {
        date: Timestamp(day.day * Millis::DAY.0).to_iso_date(),
        timers: day.timers,
        events: day.events,
        deliveries: day.deliveries,
        failures: day.failures,
    });
    Ok(ok(UsageAnswer { usage: Days { days: days.collect() } }).into_response())
}
