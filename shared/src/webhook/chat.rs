//! Slack's and Discord's forms of a message.

use crate::domain::authority;
use crate::domain::events::Format;
use crate::domain::json::{Json, Object};

/// Hosts that may take another form.
const CHATS: [&str; 3] = ["hooks.slack.com", "discord.com", "discordapp.com"];
/// Discord refuses longer content.
const DISCORD_CONTENT: usize = 2_000;

const SLACK_FIELDS: [&str; 7] = ["channel", "username", "icon_emoji", "icon_url", "attachments", "blocks", "thread_ts"];
const DISCORD_FIELDS: [&str; 5] = ["embeds", "username", "avatar_url", "tts", "allowed_mentions"];

/// The form that a URL's host takes, unless the caller says otherwise.
pub(super) fn format_of(url: &str) -> Format {
    if authority::plain(url).is_some_and(|(host, _)| !CHATS.contains(&host)) {
        return Format::Json;
    }
    let Ok(url) = url::Url::parse(url) else { return Format::Json };
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    match host {
        "hooks.slack.com" => Format::Slack,
        "discord.com" | "discordapp.com" if url.path().starts_with("/api/webhooks/") => Format::Discord,
        _ => Format::Json,
    }
}

/// A Slack message: the text, and what `data` holds for Slack.
pub(super) fn slack(text: &str, data: &Json) -> String {
    let mut message = Object::from([("text".to_owned(), Json::String(text.to_owned()))]);
    take(&SLACK_FIELDS, data, &mut message);
    Json::Object(message).to_javascript()
}

/// A Discord message. Nobody is mentioned unless `data` allows it: a timer's name must not ring a whole server.
pub(super) fn discord(text: &str, data: &Json) -> String {
    let content = text.chars().take(DISCORD_CONTENT).collect();
    let mut message = Object::from([("content".to_owned(), Json::String(content))]);
    let nobody = Object::from([("parse".to_owned(), Json::Array(Vec::new()))]);
    message.insert("allowed_mentions".to_owned(), Json::Object(nobody));
    take(&DISCORD_FIELDS, data, &mut message);
    Json::Object(message).to_javascript()
}

fn take(fields: &[&str], data: &Json, message: &mut Object) {
    let members = data.as_object().into_iter().flatten();
    for (key, value) in members.filter(|(key, _)| fields.contains(&key.as_str())) {
        message.insert(key.clone(), value.clone());
    }
}

/// Slack reads `<!channel>` and the like as commands unless these three are escaped.
pub(super) fn escape_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
