//! Holds every request against the project's description of Graph (`contract.json`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::expression::{self, Comparison};

const TEXT: &str = include_str!("../contract.json");

#[derive(Deserialize)]
pub(super) struct Entity {
    properties: String,
    filter: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Operation {
    call: String,
    pub(super) entity: String,
    #[serde(default)]
    pub(super) list: bool,
    query: String,
    #[serde(default)]
    body: Option<Value>,
}

/// The description.
#[derive(Deserialize)]
pub(super) struct Contract {
    entities: BTreeMap<String, Entity>,
    operations: Vec<Operation>,
}

/// A request that fits the description.
pub(super) struct Fit<'a> {
    pub(super) operation: &'a Operation,
    pub(super) id: Option<String>,
    pub(super) filter: Option<Vec<Comparison>>,
    pub(super) select: Option<Vec<String>>,
    pub(super) top: Option<usize>,
}

impl Contract {
    pub(super) fn read() -> Self {
        serde_json::from_str(TEXT).expect("the description is in its form")
    }

    /// The calls, for tests that want each of them made.
    pub(super) fn calls(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|o| o.call.as_str())
    }

    pub(super) fn knows(&self, entity: &str, property: &str) -> bool {
        self.entities.get(entity).is_some_and(|e| e.properties.split(' ').any(|p| p == property))
    }

    /// The call of the description that a request is, if it is one in every respect.
    pub(super) fn check(
        &self,
        (method, path): (&str, &str),
        query: &[(String, String)],
        is_eventual: bool,
        body: &[u8],
    ) -> Result<Fit<'_>, String> {
        let (operation, id) =
            self.find(method, path).ok_or_else(|| format!("no such call: {method} {path}"))?;
        let entity = self.entities.get(&operation.entity).ok_or("no such entity")?;
        let mut fit = Fit { operation, id, filter: None, select: None, top: None };
        let mut counts = false;
        for (name, value) in query {
            if !operation.query.split(' ').any(|known| known == name) {
                return Err(format!("{} does not take {name}", operation.call));
            }
            match name.as_str() {
                "$select" => {
                    let all: Vec<String> = value.split(',').map(str::to_owned).collect();
                    if let Some(bad) = all.iter().find(|p| !self.knows(&operation.entity, p)) {
                        return Err(format!("{} has no {bad}", operation.entity));
                    }
                    fit.select = Some(all);
                }
                "$filter" => {
                    let parsed = expression::parse(value).ok_or_else(|| format!("not a filter: {value}"))?;
                    fit.filter = Some(parsed);
                }
                "$top" => {
                    let top = value.parse().ok().filter(|n| (1..=999).contains(n));
                    fit.top = Some(top.ok_or_else(|| format!("$top={value}"))?);
                }
                "$count" if value == "true" => counts = true,
                _ => return Err(format!("{name}={value}")),
            }
        }
        let is_advanced = check_filter(entity, fit.filter.as_deref().unwrap_or_default())?;
        if is_advanced && !(is_eventual && counts) {
            return Err("an advanced query needs ConsistencyLevel: eventual and $count=true".into());
        }
        check_body(operation, body)?;
        Ok(fit)
    }

    fn find(&self, method: &str, path: &str) -> Option<(&Operation, Option<String>)> {
        self.operations.iter().find_map(|operation| {
            let (known_method, known) = operation.call.split_once(' ')?;
            let (known, given): (Vec<&str>, Vec<&str>) =
                (known.split('/').collect(), path.split('/').collect());
            let mut id = None;
            let fits = known_method == method
                && known.len() == given.len()
                && known.iter().zip(&given).all(|(known, given)| {
                    if *known == "{id}" && Uuid::try_parse(given).is_ok() {
                        id = Some((*given).to_owned());
                        return true;
                    }
                    known == given
                });
            fits.then_some((operation, id))
        })
    }
}

/// Whether a filter needs an advanced query; an error where it cannot be asked at all.
fn check_filter(entity: &Entity, filter: &[Comparison]) -> Result<bool, String> {
    if filter.len() > 15 {
        return Err("more alternatives than Graph takes".into());
    }
    let mut is_advanced = false;
    for comparison in filter {
        let known = entity.filter.get(&comparison.property).map_or("", String::as_str);
        let mut operators = known.split(' ').map(|o| (o.trim_end_matches('!'), o.ends_with('!')));
        let found = operators.find(|(operator, _)| *operator == comparison.operator);
        let (operator, needs) = found
            .ok_or_else(|| format!("{} cannot be asked by {}", comparison.property, comparison.operator))?;
        is_advanced |= needs || operator == "endsWith";
    }
    Ok(is_advanced)
}

fn check_body(operation: &Operation, body: &[u8]) -> Result<(), String> {
    let Some(schema) = &operation.body else {
        return if body.is_empty() { Ok(()) } else { Err("a body where there is none".into()) };
    };
    let value: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON".to_owned())?;
    check_value(schema, &value, "body")
}

fn check_value(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if value.is_null() && schema["nullable"] == Value::Bool(true) {
        return Ok(());
    }
    let text = value.as_str();
    let fits = match schema["type"].as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "string" => text.is_some(),
        "guid" => text.is_some_and(|t| Uuid::try_parse(t).is_ok()),
        "country" => text.is_some_and(|t| t.len() == 2 && t.bytes().all(|b| b.is_ascii_uppercase())),
        _ => false,
    };
    if !fits {
        return Err(format!("{place} is no {}", schema["type"]));
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(required).is_none() {
            return Err(format!("{place} lacks {required}"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let schema =
            schema["properties"].get(name).ok_or_else(|| format!("{place} has the unknown {name}"))?;
        check_value(schema, inner, &format!("{place}.{name}"))?;
    }
    value.as_array().into_iter().flatten().try_for_each(|item| check_value(&schema["items"], item, place))
}
