//! The schemas of the document, made from the types that requests are documented by and that answers are written from.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};
use std::cell::RefCell;

/// Named schemas, collected while operations are described.
pub(super) struct Schemas {
    requests: RefCell<SchemaGenerator>,
    answers: RefCell<SchemaGenerator>,
    named: RefCell<Map<String, Value>>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            requests: RefCell::new(settings.clone().for_deserialize().into_generator()),
            answers: RefCell::new(settings.for_serialize().into_generator()),
            named: RefCell::default(),
        }
    }

    /// A reference to the schema of what callers send.
    pub(super) fn request<T: JsonSchema>(&self) -> Value {
        self.requests.borrow_mut().subschema_for::<T>().to_value()
    }

    /// A reference to the schema of what the service sends.
    pub(super) fn sent<T: JsonSchema>(&self) -> Value {
        self.answers.borrow_mut().subschema_for::<T>().to_value()
    }

    /// A reference to the schema `name`: an answer's, without the flag that says it is a success.
    pub(super) fn bare_answer<T: JsonSchema>(&self, name: &str) -> Value {
        let schema = T::json_schema(&mut self.answers.borrow_mut());
        self.name(name, schema)
    }

    /// The same for an answer that says `"success": true`.
    pub(super) fn answer<T: JsonSchema>(&self, name: &str) -> Value {
        let mut schema = T::json_schema(&mut self.answers.borrow_mut());
        let members = schema.ensure_object();
        let mut properties = Map::from_iter([("success".to_owned(), json!({"type": "boolean", "const": true}))]);
        properties.extend(members["properties"].as_object().cloned().unwrap());
        members.insert("properties".to_owned(), Value::Object(properties));
        let mut required = vec![Value::from("success")];
        required.extend(members.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
        members.insert("required".to_owned(), Value::Array(required));
        self.name(name, schema)
    }

    fn name(&self, name: &str, schema: Schema) -> Value {
        let known = self.named.borrow_mut().insert(name.to_owned(), schema.clone().to_value());
        assert!(known.is_none_or(|known| known == *schema.as_value()), "two schemas are called {name}");
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// All named schemas, in the order of their names.
    pub(super) fn into_components(self) -> Value {
        let mut all = self.named.into_inner();
        all.extend(self.answers.into_inner().take_definitions(true));
        all.values_mut().for_each(leave_out_null);
        for (name, schema) in self.requests.into_inner().take_definitions(true) {
            let known = all.insert(name.clone(), schema.clone());
            assert!(known.is_none_or(|known| known == schema), "two schemas are called {name}");
        }
        // What was asked for stands in answers as it was given. Only in the events that endpoints are told of it is left out.
        let events = &mut all["Timer"]["properties"]["events"];
        *events = json!({"$ref": "#/components/schemas/TimerEvents", "description": events["description"]});
        all["Timer"]["required"].as_array_mut().unwrap().push("events".into());
        all.sort_keys();
        let mut all = Value::Object(all);
        tidy(&mut all);
        all
    }
}

/// An answer leaves a member out rather than to say null: the generator offers both.
fn leave_out_null(schema: &mut Value) {
    let required = schema["required"].clone();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|known| known == name));
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, property) in properties.filter(|(name, _)| !is_required(name)) {
        if let Some([kind, null]) = property["type"].as_array().map(Vec::as_slice)
            && null == "null"
        {
            property["type"] = kind.clone();
        }
        if let Some([kind, null]) = property["anyOf"].as_array().map(Vec::as_slice)
            && *null == json!({"type": "null"})
        {
            let kind = kind.clone();
            let members = property.as_object_mut().unwrap();
            members.shift_remove("anyOf");
            members.extend(kind.as_object().cloned().unwrap());
        }
    }
}

/// Says what the generator can't know, and leaves out what no reader needs.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(members) => {
            // Rust's widths of integers are no registered formats.
            let rust = members
                .get("format")
                .and_then(Value::as_str)
                .is_some_and(|format| format == "double" || format.trim_start_matches('u').starts_with("int"));
            if rust {
                members.shift_remove("format");
            }
            if members.get("maximum") == Some(&u16::MAX.into()) {
                members.shift_remove("maximum");
            }
            if members.get("default") == Some(&Value::Null) {
                members.shift_remove("default");
            }
            choices(members);
            if let Some(Value::String(about)) = members.get_mut("description") {
                // The lines of a comment are no lines of a text; those of a list are.
                *about = about.replace("\n\n", "\0").replace("\n- ", "\r- ").replace('\n', " ");
                *about = about.replace('\0', "\n\n").replace('\r', "\n");
            }
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                let instants = properties.iter_mut().filter(|(name, _)| name.ends_with("At"));
                let instants = instants.filter_map(|(_, property)| property.as_object_mut());
                for property in instants.filter(|property| property.contains_key("type")) {
                    property.entry("format").or_insert("date-time".into());
                }
            }
            members.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// Turns a choice between constants, each with its own description, into an enumeration with one description.
fn choices(members: &mut Map<String, Value>) {
    let Some(Value::Array(given)) = members.get("oneOf") else { return };
    let pairs: Option<Vec<_>> = given
        .iter()
        .map(|choice| {
            Some((choice.get("const")?.as_str()?.to_owned(), choice.get("description")?.as_str()?.to_owned()))
        })
        .collect();
    let Some(pairs) = pairs else { return };
    let about = members.get("description").and_then(Value::as_str).unwrap_or_default();
    let lines: Vec<_> = pairs.iter().map(|(name, about)| format!("- `{name}`: {about}")).collect();
    let about = format!("{about}\n\n{}", lines.join("\n"));
    members.shift_remove("oneOf");
    members.insert("description".to_owned(), about.into());
    members.insert("type".to_owned(), "string".into());
    members.insert("enum".to_owned(), pairs.into_iter().map(|(name, _)| name).collect());
}
