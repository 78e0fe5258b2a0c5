//! The table as the template describes it, for tests and for whoever brings their own.

use super::due::DUE;
use super::error::failed;
use super::item::{PK, SK};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use minoots_shared::ports::Unavailable;

/// Creates the table: on demand, with its due index. Deletion by `ttl` is switched on by another call.
///
/// # Errors
/// DynamoDB's, and that a table of this name exists.
pub async fn create_table(client: &Client, table: &str) -> Result<(), Unavailable> {
    let wrong = |error: aws_sdk_dynamodb::error::BuildError| Unavailable(error.into());
    let index = GlobalSecondaryIndex::builder()
        .index_name(DUE.name)
        .key_schema(key(DUE.pk, KeyType::Hash)?)
        .key_schema(key(DUE.sk, KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .map_err(wrong)?;
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(PK, KeyType::Hash)?)
        .key_schema(key(SK, KeyType::Range)?)
        .attribute_definitions(attribute(PK)?)
        .attribute_definitions(attribute(SK)?)
        .attribute_definitions(attribute(DUE.pk)?)
        .attribute_definitions(attribute(DUE.sk)?)
        .global_secondary_indexes(index)
        .send()
        .await
        .map_err(failed("creating the table"))?;
    Ok(())
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, Unavailable> {
    let built = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    built.map_err(|error| Unavailable(error.into()))
}

fn attribute(name: &str) -> Result<AttributeDefinition, Unavailable> {
    let built = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    built.map_err(|error| Unavailable(error.into()))
}
