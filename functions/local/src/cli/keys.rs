//! `minoots keys`.

use super::body::Body;
use super::client::path;
use super::output::{answer, field, printable, table};
use super::{Connection, Failure};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::Value;

/// API keys.
#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Action {
    /// List keys: their names and beginnings, never the keys themselves.
    List,
    /// Make a key, and print it: it is shown only now.
    Create {
        /// What people call it.
        #[arg(long)]
        name: Option<String>,
        /// Whose data it opens: live or test. Without it, that of the key which makes it.
        #[arg(long)]
        mode: Option<Mode>,
    },
    /// Revoke keys, by their ids, at once.
    Revoke {
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    Live,
    Test,
}

pub(crate) async fn run(keys: &Keys) -> Result<(), Failure> {
    let client = keys.connection.client()?;
    let json = keys.connection.json;
    match &keys.action {
        Action::List => answer(json, &client.get("/account/api-keys").await?, |value| {
            let keys = value["apiKeys"].as_array().map(Vec::as_slice).unwrap_or_default();
            let row =
                |key: &Value| ["id", "mode", "keyPreview", "createdAt", "name"].map(|name| field(key, name)).to_vec();
            table(&["ID", "MODE", "KEY", "CREATED", "NAME"], &keys.iter().map(row).collect::<Vec<_>>())
        }),
        Action::Create { name, mode } => {
            let mode = mode.map(|mode| if matches!(mode, Mode::Live) { "live" } else { "test" }.to_owned());
            let body = Body::default().text("name", name.as_ref()).text("mode", mode.as_ref()).done();
            let created = client.post("/account/api-keys", body).await?;
            answer(json, &created, |value| field(value, "apiKey") + "\n")?;
            if !json {
                eprintln!(
                    "Keep it: it is shown only now. To revoke it: minoots keys revoke {}",
                    field(&created.value, "id")
                );
            }
            Ok(())
        }
        Action::Revoke { ids } => {
            for id in ids {
                let revoked = client.call(Method::DELETE, &path("/account/api-keys/", id, ""), None).await?;
                answer(json, &revoked, |_| format!("{}  revoked\n", printable(id)))?;
            }
            Ok(())
        }
    }
}
