//! JSON, as it is read and as it is written.

use minoots_shared::domain::json::Json;
use serde_json::value::RawValue;

/// What was read as JSON says the same in each of the forms in which it is written, and a writer's own text stays as it is.
///
/// # Panics
/// If that is not so.
pub fn json(bytes: &[u8]) {
    let Ok(read) = Json::parse(bytes) else { return };
    type Form = fn(&Json) -> String;
    let forms: [(&str, Form); 3] =
        [("compact", Json::to_compact), ("javascript", Json::to_javascript), ("python", Json::to_python)];
    for (name, write) in forms {
        let text = write(&read);
        let again = Json::parse(text.as_bytes());
        let again = again.unwrap_or_else(|error| panic!("{name}: {text} can't be read: {error}"));
        assert_eq!(write(&again), text, "{name}, written twice");
        assert!(says_the_same(&read, &again), "{name}: {read:?} has become {again:?}");
        match name {
            "javascript" => assert!(has_javascripts_order(&again), "{text} is not in JavaScript's order"),
            _ => assert!(has_the_same_order(&read, &again), "{name}: {text} has another order"),
        }
        assert!(name != "python" || text.is_ascii(), "{text} is not as Python writes it");
        // Syntax alone: near the largest double serde_json itself takes some numbers for too large.
        let others = serde_json::from_str::<&RawValue>(&text);
        assert!(others.is_ok(), "{name}: {text} is no JSON to others");
    }
}

/// Whether two values are the same to whoever reads numbers as doubles and objects without an order.
fn says_the_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one.parse::<f64>() == other.parse::<f64>(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| says_the_same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let has = |(key, value)| other.get(key).is_some_and(|other| says_the_same(value, other));
            one.len() == other.len() && one.iter().all(has)
        }
        (one, other) => one == other,
    }
}

/// Whether the keys of all objects come in the same order.
fn has_the_same_order(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            one.iter().zip(other).all(|(one, other)| has_the_same_order(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.keys().eq(other.keys()) && one.values().zip(other.values()).all(|(a, b)| has_the_same_order(a, b))
        }
        _ => true,
    }
}

/// Whether array indices come first, in the order of numbers: an index is what JavaScript writes of a number below 2³²−1.
fn has_javascripts_order(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.iter().all(has_javascripts_order),
        Json::Object(members) => {
            let index = |key: &String| key.parse::<u32>().ok().filter(|number| number.to_string() == *key);
            let places: Vec<_> = members.keys().map(|key| index(key).unwrap_or(u32::MAX)).collect();
            places.is_sorted() && members.values().all(has_javascripts_order)
        }
        _ => true,
    }
}
