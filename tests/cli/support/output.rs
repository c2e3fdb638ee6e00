//! What a run of the program left.

use serde_json::Value;

use super::schema;

/// What the program printed, and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) command: String,
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Output {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The one JSON document on standard output, which is what its schema says.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}\n{self}"));
        schema::check(&document, self);
        document
    }

    /// The JSON values on standard output, one a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}\n{self}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The report of the only object of a restore.
    #[track_caller]
    pub(crate) fn object(&self) -> Value {
        let report = self.json();
        let objects = report["objects"].as_array().unwrap_or_else(|| panic!("no report\n{self}"));
        assert_eq!(objects.len(), 1, "{self}");
        objects[0].clone()
    }

    /// The report of one object among several.
    #[track_caller]
    pub(crate) fn object_of(&self, guid: impl AsRef<str>) -> Value {
        let report = self.json();
        let objects = report["objects"].as_array().unwrap_or_else(|| panic!("no report\n{self}"));
        let found = objects.iter().find(|o| o["guid"] == guid.as_ref());
        found.unwrap_or_else(|| panic!("{} is not reported\n{self}", guid.as_ref())).clone()
    }

    /// The GUIDs of the items of a list, or of the objects of a report, in order.
    #[track_caller]
    pub(crate) fn guids(&self) -> Vec<String> {
        let document = self.json();
        let rows = [&document["items"], &document["objects"]].into_iter().find_map(Value::as_array);
        let rows = rows.unwrap_or_else(|| panic!("neither a list nor a report\n{self}"));
        rows.iter().map(|row| row["guid"].as_str().unwrap().to_owned()).collect()
    }

    /// The ids of what stands in the way of the only object.
    #[track_caller]
    pub(crate) fn blocks(&self) -> Vec<String> {
        ids_of_blocks(&self.object())
    }

    /// The error document, whose code is the exit code.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let document = self.json();
        assert_eq!(document["schema"], "adrecover/error/v1", "{self}");
        assert_eq!(document["error"]["code"].as_i64(), self.code.map(i64::from), "{self}");
        document["error"].clone()
    }

    /// Insists that standard output or standard error says something.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "it does not say {text:?}\n{self}");
        self
    }

    /// Insists that neither standard output nor standard error says something.
    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "it says {text:?}\n{self}");
        self
    }
}

/// The ids of what stands in the way of an object, from its report.
pub(crate) fn ids_of_blocks(object: &Value) -> Vec<String> {
    let blocks = object["blockedBy"].as_array().unwrap_or_else(|| panic!("no report: {object}"));
    blocks.iter().map(|block| block["id"].as_str().unwrap().to_owned()).collect()
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        let code = code.map_or("a signal".to_owned(), |c| c.to_string());
        write!(f, "$ {command}\nexit: {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
