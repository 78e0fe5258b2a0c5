//! Long texts of deliveries and events, kept beside the items that name them: an item has at most 400 kB, and every attempt's end
//! writes it whole. Each has its own item, named by its digest: writing one twice does no harm, and one that no record came to name is
//! deleted in time.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::digest::hex;
use super::item::Item;
use super::keys::Key;
use super::record::{Held, Record};
use super::table::AT_ONCE;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Unavailable;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Above this a record's texts are moved out, in bytes as JSON: writing them once is cheaper then than writing them with
/// every attempt.
const MOST_TOGETHER: usize = 24 * 1024;
/// The same for a delivery that has an item of its own.
const MOST_ALONE: usize = 3 * 1024;
/// A part's length, in bytes. Quoted as JSON it is at most twice as long, and an item has at most 400 kB.
const LONGEST: usize = 150_000;
/// A text below this stays.
const LEAST: usize = 1024;
/// How long a text is kept: twice the longest timer, and longer than anything that is retained after a timer's end. A
/// timer can be paused for years; then its early deliveries' bodies are gone.
const KEPT: Millis = Millis::days(800);

impl DynamoStore {
    /// Moves texts out of a record that is about to be written, if it is large. Its writing then names them.
    pub(super) async fn move_texts_out(&self, record: &mut Record) -> Result<(), Unavailable> {
        let scope = record.timer.scope.clone();
        self.move_out(&scope, &mut record.deliveries, MOST_TOGETHER).await
    }

    /// The same for an endpoint's delivery. An event's body is the same for many of them, and kept once.
    pub(super) async fn move_own_texts_out(&self, held: &mut Held) -> Result<(), Unavailable> {
        let scope = held.delivery.scope.clone();
        self.move_out(&scope, std::slice::from_mut(held), MOST_ALONE).await
    }

    async fn move_out(&self, scope: &Scope, all: &mut [Held], most: usize) -> Result<(), Unavailable> {
        let size = |held: &Held| held.delivery.body.len() + held.delivery.response_body.as_ref().map_or(0, String::len);
        if all.iter().map(size).sum::<usize>() <= most {
            return Ok(());
        }
        let mut out: Vec<(String, Arc<str>)> = Vec::new();
        for held in all {
            if held.body_at.is_none() && held.delivery.body.len() >= LEAST {
                held.body_at = Some(name(&mut out, std::mem::take(&mut held.delivery.body)));
            }
            if held.response_at.is_none()
                && let Some(response) = held.delivery.response_body.take_if(|response| response.len() >= LEAST)
            {
                held.response_at = Some(name(&mut out, response.into()));
            }
        }
        let until = self.clock.now().plus(KEPT);
        let writes =
            out.into_iter().map(|(digest, text)| async move { self.write_text(scope, &digest, &text, until).await });
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
        Ok(())
    }

    /// Keeps a text of any length in parts, and returns what names them.
    pub(super) async fn write_texts(
        &self,
        scope: &Scope,
        text: &str,
        until: Timestamp,
    ) -> Result<Vec<String>, Unavailable> {
        let (mut digests, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.floor_char_boundary(LONGEST));
            let digest = digest(part);
            self.write_text(scope, &digest, part, until).await?;
            digests.push(digest);
            rest = behind;
        }
        Ok(digests)
    }

    async fn write_text(&self, scope: &Scope, digest: &str, text: &str, until: Timestamp) -> Result<bool, Unavailable> {
        let item = Item::new(&Key::text(scope, digest)).until(until).document(&text)?;
        self.write(Write { item, condition: Condition::Always }).await
    }

    /// A delivery with its texts.
    pub(super) async fn with_texts(&self, scope: &Scope, held: Held) -> Result<Delivery, Unavailable> {
        let mut delivery = held.delivery;
        if let Some(digest) = held.body_at {
            delivery.body = self.text(scope, &digest).await?.unwrap_or_default().into();
        }
        if let Some(digest) = held.response_at {
            delivery.response_body = self.text(scope, &digest).await?;
        }
        Ok(delivery)
    }

    pub(super) async fn text(&self, scope: &Scope, digest: &str) -> Result<Option<String>, Unavailable> {
        match self.get(&Key::text(scope, digest)).await? {
            Some(item) => Ok(Some(item.read()?)),
            None => Ok(None),
        }
    }
}

fn name(out: &mut Vec<(String, Arc<str>)>, text: Arc<str>) -> String {
    let digest = digest(&text);
    out.push((digest.clone(), text));
    digest
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
