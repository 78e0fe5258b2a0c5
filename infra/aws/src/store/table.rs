//! Calls to the table: each one request, its outcome told apart into what happened and what could not be done.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::error::{failed, gave_up};
use super::item::{Attributes, Item, PK, SK, s};
use super::keys::Key;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, KeysAndAttributes, TransactWriteItem};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::ports::Unavailable;
use std::time::Duration;

/// How many requests one call has under way at once: each costs a connection, and the first a TLS handshake.
pub(super) const AT_ONCE: usize = 8;
/// The most keys of one BatchGetItem.
const MOST_KEYS: usize = 100;
/// How often a write is tried that met a transaction on the same item.
const MOST_TRIES: u32 = 12;

impl DynamoStore {
    /// The item under a key, unless it has had its time.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, Unavailable> {
        let asked = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = asked
            .set_key(Some(key.attributes()))
            .set_return_consumed_capacity(self.costs.wanted())
            .send()
            .await
            .map_err(failed("reading an item"))?;
        self.costs.read(answer.consumed_capacity());
        Ok(answer.item.map(Item).filter(|item| !item.is_over(self.clock.now())))
    }

    /// The items under keys, as far as there are any; in no order.
    pub(super) async fn get_all(&self, keys: Vec<Key>) -> Result<Vec<Item>, Unavailable> {
        let mut keys = keys;
        keys.sort_unstable();
        // A request that names one twice is refused.
        keys.dedup();
        let portions: Vec<Vec<Key>> = keys.chunks(MOST_KEYS).map(<[Key]>::to_vec).collect();
        let reads = portions.into_iter().map(|portion| self.get_portion(portion));
        let found: Vec<Vec<Item>> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn get_portion(&self, keys: Vec<Key>) -> Result<Vec<Item>, Unavailable> {
        let mut found = Vec::with_capacity(keys.len());
        let mut left: Vec<Attributes> = keys.iter().map(Key::attributes).collect();
        for attempt in 0..MOST_TRIES {
            let Some(wanted) = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build().ok()
            else {
                return Ok(found);
            };
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, wanted)
                .set_return_consumed_capacity(self.costs.wanted())
                .send()
                .await
                .map_err(failed("reading items"))?;
            answer.consumed_capacity().iter().for_each(|capacity| self.costs.read(Some(capacity)));
            let items = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
            found.extend(items.into_iter().map(Item).filter(|item| !item.is_over(self.clock.now())));
            // An answer has at most 16 MB, and a throttled table answers in part.
            left = match answer.unprocessed_keys.unwrap_or_default().remove(&self.table) {
                Some(rest) => rest.keys,
                None => return Ok(found),
            };
            pause(attempt).await;
        }
        Err(gave_up("reading items", "the table left keys unprocessed over and over"))
    }

    /// Writes one item. `false`: its condition does not hold, and nothing was written.
    pub(super) async fn write(&self, write: Write) -> Result<bool, Unavailable> {
        let (item, parts) = (write.item.0, write.condition.parts());
        let (expression, names, values) = match parts {
            Some((expression, names, values)) => (Some(expression.to_owned()), Some(names), Some(values)),
            None => (None, None, None),
        };
        for attempt in 0..MOST_TRIES {
            let answer = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item.clone()))
                .set_condition_expression(expression.clone())
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(values.clone())
                .set_return_consumed_capacity(self.costs.wanted())
                .send()
                .await;
            match answer {
                Ok(answer) => {
                    self.costs.written(answer.consumed_capacity());
                    return Ok(true);
                }
                Err(error) => match error.as_service_error() {
                    Some(refused) if refused.is_conditional_check_failed_exception() => return Ok(false),
                    Some(refused) if refused.is_transaction_conflict_exception() => pause(attempt).await,
                    _ => return Err(failed("writing an item")(error)),
                },
            }
        }
        Err(gave_up("writing an item", "transactions on the same item came in between over and over"))
    }

    /// Writes all the items or none. `Some`: nothing was written, and these items' conditions do not hold.
    pub(super) async fn write_all(&self, writes: Vec<Write>) -> Result<Option<Vec<bool>>, Unavailable> {
        if let [write] = &writes[..] {
            return Ok((!self.write(write.clone()).await?).then(|| vec![true]));
        }
        self.write_and_delete(writes, Vec::new()).await
    }

    /// [`Self::write_all`], with items to be deleted: their conditions come last.
    pub(super) async fn write_and_delete(
        &self,
        writes: Vec<Write>,
        removals: Vec<(Key, Condition)>,
    ) -> Result<Option<Vec<bool>>, Unavailable> {
        let token = super::nonce()?;
        for attempt in 0..MOST_TRIES {
            let puts = writes.iter().map(|write| {
                let put = write.clone().put(&self.table).build();
                put.map(|put| TransactWriteItem::builder().put(put).build())
            });
            let deletes = removals.iter().map(|(key, condition)| {
                let delete = condition.delete(&self.table, key).build();
                delete.map(|delete| TransactWriteItem::builder().delete(delete).build())
            });
            let puts = puts.chain(deletes).collect::<Result<Vec<_>, _>>().map_err(|error| Unavailable(error.into()))?;
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(puts))
                .client_request_token(&token)
                .set_return_consumed_capacity(self.costs.wanted())
                .send()
                .await;
            let error = match answer {
                Ok(answer) => {
                    answer.consumed_capacity().iter().for_each(|capacity| self.costs.written(Some(capacity)));
                    return Ok(None);
                }
                Err(error) => error,
            };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons()
                }
                _ => return Err(failed("writing items together")(error)),
            };
            let is = |code| move |reason: &CancellationReason| reason.code() == Some(code);
            if reasons.iter().any(is("ConditionalCheckFailed")) {
                return Ok(Some(reasons.iter().map(is("ConditionalCheckFailed")).collect()));
            }
            if !reasons.iter().any(is("TransactionConflict")) {
                return Err(failed("writing items together")(error));
            }
            pause(attempt).await;
        }
        Err(gave_up("writing items together", "others kept writing the same items"))
    }

    /// Deletes an item.
    pub(super) async fn delete(&self, key: &Key, condition: Condition) -> Result<bool, Unavailable> {
        let asked = self.client.delete_item().table_name(&self.table).set_key(Some(key.attributes()));
        let asked = match condition.parts() {
            None => asked,
            Some((expression, names, values)) => asked
                .condition_expression(expression)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(Some(values)),
        };
        match asked.set_return_consumed_capacity(self.costs.wanted()).send().await {
            Ok(answer) => {
                self.costs.written(answer.consumed_capacity());
                Ok(true)
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(failed("deleting an item")(error)),
        }
    }

    /// One page of a partition between two sort keys, both included, and where the next page begins.
    pub(super) async fn query(&self, query: Query<'_>) -> Result<(Vec<Item>, Option<Attributes>), Unavailable> {
        let (pk, sk) = query.index.map_or((PK, SK), |index| (index.pk, index.sk));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(query.index.map(|index| index.name.to_owned()))
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", pk)
            .expression_attribute_names("#sk", sk)
            .expression_attribute_values(":pk", s(query.partition))
            .expression_attribute_values(":from", s(query.from))
            .expression_attribute_values(":to", s(query.to))
            .scan_index_forward(!query.backwards)
            // An index can't be read consistently.
            .consistent_read(query.index.is_none())
            .set_limit(query.limit)
            .set_exclusive_start_key(query.start)
            .set_return_consumed_capacity(self.costs.wanted())
            .send()
            .await
            .map_err(failed("querying"))?;
        self.costs.read(answer.consumed_capacity());
        let items = answer.items.unwrap_or_default().into_iter().map(Item).collect();
        Ok((items, answer.last_evaluated_key.filter(|key| !key.is_empty())))
    }
}

/// An index of the table.
#[derive(Clone, Copy)]
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) pk: &'static str,
    pub(super) sk: &'static str,
}

/// A query of one partition.
pub(super) struct Query<'a> {
    pub(super) index: Option<Index>,
    pub(super) partition: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) backwards: bool,
    pub(super) limit: Option<i32>,
    pub(super) start: Option<Attributes>,
}

/// Waits before another try, longer each time, and not as long as others do.
pub(super) async fn pause(attempt: u32) {
    let mut random = [0; 2];
    // Without randomness it is the whole wait.
    let share = getrandom::fill(&mut random).map_or(1_000, |()| u64::from(u16::from_le_bytes(random)) % 1_000);
    let most = 20u64 << attempt.min(5);
    tokio::time::sleep(Duration::from_millis(1 + most * share / 1_000)).await;
}
