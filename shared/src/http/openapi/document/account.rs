//! The operations on events, projects, the account and the service.

use super::operation::Operation;
use super::requests::{ApiKeyChanges, NewApiKey, NewEvent, NewProject, Rotation, parsed};
use super::samples::{NOW, api_key, new_event, scope, secret, session_started};
use super::schemas::Schemas;
use crate::app::{CreatedProject, SentEvent};
use crate::domain::ids::ProjectId;
use crate::domain::new_event;
use crate::domain::secret::SigningSecrets;
use crate::domain::time::Millis;
use crate::http::account::{
    ApiKeyView, CreatedKey, DEFAULT_DAYS, Day, Days, KeyList, MOST_DAYS, SecretView, UsageAnswer,
};
use crate::http::answer::{Data, DataAndMessage, success_bytes};
use crate::http::events::SentEventView;
use crate::http::health::{AccountView, Health, Limits};
use crate::http::problem::Code;
use crate::http::projects::ProjectView;
use serde_json::json;

pub(super) fn operations(schemas: &Schemas) -> Vec<Operation<'_>> {
    let sent = |is_new| SentEvent { id: session_started().id, triggered: usize::from(is_new), is_new };
    let project = json!({"name": "Apollo", "description": "To the moon", "settings": {"region": "eu"}});
    let event = |at, id, summary| Operation::new(schemas, at, (id, "Events"), summary);
    let mut operations = vec![
        event(("post", "/events"), "sendEvent", "Tells an event to every endpoint that is subscribed and active.")
            .about(
                "Once this is answered, every one of them is told. The same `id` with the same content is told once.",
            )
            .takes::<NewEvent>(&[("event", "A session", new_event())])
            .creates()
            .answers::<Data<SentEventView<'_>>>(200, "SentEventAnswer", "The same event was accepted before.", {
                crate::http::events::render(&sent(false))
            })
            .answers::<Data<SentEventView<'_>>>(202, "SentEventAnswer", "The event is accepted.", {
                crate::http::events::render(&sent(true))
            })
            .fails(&[Code::Conflict]),
        event(
            ("post", "/projects"),
            "createProject",
            "Announces a project to the endpoints that subscribe to `project.created`.",
        )
        .about("It is kept nowhere else.")
        .takes::<NewProject>(&[("project", "A project", project.clone())])
        .creates()
        .answers::<DataAndMessage<ProjectView<'_>>>(
            201,
            "CreatedProjectAnswer",
            "The project, as endpoints are told of it.",
            {
                let given = new_event::parse_project(&parsed(&project)).unwrap();
                let id = ProjectId::generate(NOW, &[7; 10]);
                crate::http::projects::render(&CreatedProject { id, given, created_at: NOW })
            },
        ),
    ];
    operations.extend(account(schemas));
    operations
}

fn account(schemas: &Schemas) -> Vec<Operation<'_>> {
    let operation = |at, id, summary| Operation::new(schemas, at, (id, "Account"), summary);
    let (key, text) = api_key();
    let keys = |api_keys| success_bytes(&KeyList { api_keys });
    let secrets = SigningSecrets::new(secret());
    let rotated = secrets.rotated(secret(), NOW, Millis::DAY);
    let given = |secrets: &SigningSecrets| success_bytes(&Data::of(SecretView::at(secrets, NOW)));
    vec![
        operation(("post", "/account/api-keys"), "createApiKey", "Makes an API key.")
            .about("The answer shows the key; no later one does.")
            .may_take::<NewApiKey>(&[("key", "For the build", json!({"name": "ci", "mode": "live"}))])
            .creates()
            .answers::<CreatedKey<'_>>(201, "CreatedApiKeyAnswer", "The key.", {
                success_bytes(&CreatedKey::new(&key, Some(text.reveal())))
            })
            .fails(&[Code::InsufficientPermissions]),
        operation(
            ("get", "/account/api-keys"),
            "listApiKeys",
            "Lists the API keys that the caller may see, newest first.",
        )
        .answers::<KeyList<'_>>(200, "ApiKeyListAnswer", "The keys.", keys(vec![ApiKeyView::from(&key)])),
        operation(("put", "/account/api-keys/{id}"), "renameApiKey", "Names an API key.")
            .takes::<ApiKeyChanges>(&[("name", "A new name", json!({"name": "ci"}))])
            .answers::<KeyList<'_>>(
                200,
                "ApiKeyListAnswer",
                "All keys, after the change.",
                keys(vec![ApiKeyView::from(&key)]),
            )
            .fails(&[Code::NotFound]),
        operation(("delete", "/account/api-keys/{id}"), "revokeApiKey", "Revokes an API key at once.")
            .about("A key may revoke itself.")
            .answers::<KeyList<'_>>(200, "ApiKeyListAnswer", "The keys that are left.", keys(Vec::new()))
            .fails(&[Code::NotFound]),
        operation(
            ("get", "/account/webhook-secret"),
            "getWebhookSecret",
            "Shows the secret that signs timers' webhooks.",
        )
        .answers::<Data<SecretView<'_>>>(200, "WebhookSecretAnswer", "The secret.", given(&secrets)),
        operation(
            ("post", "/account/webhook-secret/rotate"),
            "rotateWebhookSecret",
            "Puts a new secret for timers' webhooks in force.",
        )
        .about("Live and test data share it, so a test key may not.")
        .may_take::<Rotation>(&[("overlap", "Both sign for an hour", json!({"overlap": "1h"}))])
        .answers::<Data<SecretView<'_>>>(200, "WebhookSecretAnswer", "The new secret.", given(&rotated))
        .fails(&[Code::InsufficientPermissions, Code::Conflict]),
        operation(("get", "/account/usage"), "getUsage", "Counts timers, events, deliveries and failures by day.")
            .query("days", "How many days, today included: 7 by default, at most 366.", {
                json!({"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DEFAULT_DAYS})
            })
            .answers::<UsageAnswer>(200, "UsageAnswer", "The counts of each day.", {
                let day = Day { date: NOW.to_iso_date(), timers: 42, events: 7, deliveries: 120, failures: 1 };
                success_bytes(&UsageAnswer { usage: Days { days: vec![day] } })
            }),
        Operation::new(
            schemas,
            ("get", "/health"),
            ("getHealth", "Service"),
            "Says that the service answers; with a key, whose it is.",
        )
        .without_key()
        .answers_bare::<Health>(200, "Health", "It answers.", {
            let limits = Limits { concurrent_timers: -1 };
            let account = AccountView { id: scope().account.as_str().to_owned(), mode: scope().mode, limits };
            serde_json::to_vec(&Health::at(NOW, Some(account))).unwrap()
        }),
    ]
}
