//! Records of the auditing, out of all that a log has.

use std::collections::BTreeMap;

use adrecover_core::time::{Timestamp, in_calendar};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Who writes the events of the auditing. Others use the same numbers for other things.
const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
/// The events that are read.
const WANTED: [u32; 36] = [
    4720, 4722, 4725, 4726, 4727, 4728, 4729, 4730, 4731, 4732, 4733, 4734, 4741, 4743, 4744, 4746, 4747,
    4748, 4749, 4751, 4752, 4753, 4754, 4756, 4757, 4758, 4759, 4761, 4762, 4763, 4781, 5136, 5137, 5138,
    5139, 5141,
];

/// A record of the auditing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Record {
    /// Its number in the log.
    pub(super) number: u64,
    /// Which event it is.
    pub(super) event: u32,
    /// When it was written.
    pub(super) at: Option<Timestamp>,
    /// The computer that wrote it.
    pub(super) computer: String,
    /// Its named values.
    data: BTreeMap<String, String>,
}

impl Record {
    /// Reads a record that was made JSON; `None` where it is none of those that are wanted.
    pub(super) fn read(number: u64, json: &str) -> Result<Option<Self>, serde_json::Error> {
        // Most records of a Security log are logons.
        if !json.contains(PROVIDER) {
            return Ok(None);
        }
        let root: Value = serde_json::from_str(json)?;
        let event = &root["Event"];
        let system = &event["System"];
        let id = text(&system["EventID"]).and_then(|text| text.parse().ok()).filter(|id| WANTED.contains(id));
        let is_ours = system["Provider"]["#attributes"]["Name"].as_str() == Some(PROVIDER);
        let Some(id) = id.filter(|_| is_ours) else { return Ok(None) };
        let data = event["EventData"].as_object().into_iter().flatten();
        Ok(Some(Self {
            number,
            event: id,
            at: system["TimeCreated"]["#attributes"]["SystemTime"].as_str().and_then(time),
            computer: text(&system["Computer"]).unwrap_or_default(),
            data: data.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
        }))
    }

    /// A value; `None` where there is none, or the sign for that.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.data.get(name).map(String::as_str).filter(|value| !value.is_empty() && *value != "-")
    }

    /// A value that may be empty.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        self.data.get(name).map(String::as_str)
    }

    /// A value that parses.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.value(name)?.parse().ok()
    }
}

fn time(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().and_then(|time| in_calendar(time.with_timezone(&Utc)))
}

/// The text of an element, with attributes or without.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Object(parts) => text(parts.get("#text")?),
        Value::Null | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_others_are_none() {
        let record = |provider: &str, id: &str| {
            let json = format!(
                r##"{{"Event": {{"System": {{"Provider": {{"#attributes": {{"Name": "{provider}"}}}}, "EventID": {id},
                "TimeCreated": {{"#attributes": {{"SystemTime": "2026-11-26T15:14:18.1234567Z"}}}},
                "Computer": "dc1.contoso.test"}},
                "EventData": {{"TargetUserName": "kim", "SubjectUserName": "-", "N": 7, "M": {{"#text": "m"}}}}}}}}"##
            );
            Record::read(9, &json).unwrap()
        };
        let read = record(PROVIDER, "4726").unwrap();
        assert_eq!((read.event, read.number, read.computer.as_str()), (4726, 9, "dc1.contoso.test"));
        assert_eq!(read.at.unwrap().timestamp(), 1_795_706_058);
        assert_eq!((read.value("TargetUserName"), read.value("SubjectUserName")), (Some("kim"), None));
        assert_eq!(
            (read.value("N"), read.value("M"), read.raw("SubjectUserName")),
            (Some("7"), Some("m"), Some("-"))
        );
        let with_attributes = record(PROVIDER, r##"{"#attributes": {"Qualifiers": ""}, "#text": 4726}"##);
        assert_eq!(with_attributes, Some(read));
        assert_eq!((record("Other", "4726"), record(PROVIDER, "4624")), (None, None));
        assert!(Record::read(1, PROVIDER).is_err());
    }
}
