//! Long texts of deliveries, kept beside their timer's item: an item has at most 400 kB, and every attempt's end writes it
//! whole. Each has its own item, named by its digest: writing one twice does no harm, and one that no record came to name is
//! deleted in time.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::item::Item;
use super::keys::{Key, hex};
use super::record::{Held, Record};
use super::table::AT_ONCE;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::Unavailable;
use sha2::{Digest as _, Sha256};

/// Above this a record's texts are moved out, in bytes as JSON: writing them once is cheaper then than writing them with
/// every attempt.
const MOST_TOGETHER: usize = 24 * 1024;
/// A text below this stays.
const LEAST: usize = 1024;
/// How long a text is kept: twice the longest timer, and longer than anything that is retained after a timer's end. A
/// timer can be paused for years; then its early deliveries' bodies are gone.
const KEPT: Millis = Millis::days(800);

impl DynamoStore {
    /// Moves texts out of a record that is about to be written, if it is large. Its writing then names them.
    pub(super) async fn move_texts_out(&self, record: &mut Record) -> Result<(), Unavailable> {
        let size = |held: &Held| held.delivery.body.len() + held.delivery.response_body.as_ref().map_or(0, String::len);
        if record.deliveries.iter().map(size).sum::<usize>() <= MOST_TOGETHER {
            return Ok(());
        }
        let scope = record.timer.scope.clone();
        let mut out: Vec<(String, String)> = Vec::new();
        for held in &mut record.deliveries {
            if held.body_at.is_none() && held.delivery.body.len() >= LEAST {
                held.body_at = Some(name(&mut out, std::mem::take(&mut held.delivery.body)));
            }
            if held.response_at.is_none()
                && let Some(response) = held.delivery.response_body.take_if(|response| response.len() >= LEAST)
            {
                held.response_at = Some(name(&mut out, response));
            }
        }
        let until = self.clock.now().plus(KEPT);
        let writes = out.into_iter().map(|(digest, text)| {
            let scope = &scope;
            async move {
                let item = Item::new(&Key::text(scope, &digest)).until(until).document(&text)?;
                self.write(Write { item, condition: Condition::Always }).await
            }
        });
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
        Ok(())
    }

    /// A delivery with its texts.
    pub(super) async fn with_texts(&self, scope: &Scope, held: Held) -> Result<Delivery, Unavailable> {
        let mut delivery = held.delivery;
        if let Some(digest) = held.body_at {
            delivery.body = self.text(scope, &digest).await?.unwrap_or_default();
        }
        if let Some(digest) = held.response_at {
            delivery.response_body = self.text(scope, &digest).await?;
        }
        Ok(delivery)
    }

    async fn text(&self, scope: &Scope, digest: &str) -> Result<Option<String>, Unavailable> {
        match self.get(&Key::text(scope, digest)).await? {
            Some(item) => Ok(Some(item.read()?)),
            None => Ok(None),
        }
    }
}

fn name(out: &mut Vec<(String, String)>, text: String) -> String {
    let digest = hex(&Sha256::digest(text.as_bytes()));
    out.push((digest.clone(), text));
    digest
}
