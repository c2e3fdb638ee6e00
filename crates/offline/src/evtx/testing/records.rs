//! The records of a log that is written: in each a template of its own, and its values.

use adrecover_core::Sid;

use super::{CHUNK, CHUNK_HEADER, Chunk, file};

/// A value of a record.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    Text(String),
    /// A SID.
    Sid(Sid),
    /// A GUID, by its octets.
    Guid([u8; 16]),
    /// A number of two octets.
    U16(u16),
    /// A number of eight octets.
    U64(u64),
    /// A FILETIME.
    Time(u64),
}

impl Value {
    fn kind(&self) -> u8 {
        match self {
            Self::Text(_) => 0x01,
            Self::U16(_) => 0x06,
            Self::U64(_) => 0x0a,
            Self::Guid(_) => 0x0f,
            Self::Time(_) => 0x11,
            Self::Sid(_) => 0x13,
        }
    }

    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => utf16(text),
            Self::U16(number) => number.to_le_bytes().to_vec(),
            Self::U64(number) | Self::Time(number) => number.to_le_bytes().to_vec(),
            Self::Guid(octets) => octets.to_vec(),
            Self::Sid(sid) => sid.to_wire(),
        }
    }
}

/// An event to be written.
#[derive(Debug, Clone)]
pub struct Written {
    /// Who writes it.
    pub provider: &'static str,
    /// Its number (`EventID`).
    pub id: u16,
    /// Its named values.
    pub data: Vec<(&'static str, Value)>,
}

/// The time of the first record; each later one is a second younger. 2026-11-26T15:14:18Z.
pub(crate) const FIRST: u64 = 134_401_796_580_000_000;

/// A log of these events.
pub fn log(events: &[Written]) -> Vec<u8> {
    let mut chunks: Vec<Chunk> = vec![];
    for (index, event) in events.iter().enumerate() {
        let number = index as u64 + 1;
        let is_full = |chunk: &Chunk| chunk.octets.len() > CHUNK - 8192;
        if chunks.last().is_none_or(is_full) {
            chunks.push(Chunk { octets: vec![0; CHUNK_HEADER], first: number, last: number, last_at: 0 });
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.add(number, event);
        }
    }
    file(chunks, events.len() as u64 + 1)
}

impl Chunk {
    fn add(&mut self, number: u64, event: &Written) {
        let at = self.octets.len();
        (self.last, self.last_at) = (number, at);
        self.octets.extend([0x2a, 0x2a, 0, 0, 0, 0, 0, 0]);
        self.octets.extend(number.to_le_bytes());
        let time = FIRST + number.saturating_sub(1) * 10_000_000;
        self.octets.extend(time.to_le_bytes());
        self.octets.extend([0x0f, 1, 1, 0]);
        let values = self.template(number, time, event);
        self.octets.extend((values.len() as u32).to_le_bytes());
        for value in &values {
            self.octets.extend((value.octets().len() as u16).to_le_bytes());
            self.octets.extend([value.kind(), 0]);
        }
        self.octets.extend(values.iter().flat_map(Value::octets));
        self.octets.push(0);
        let size = (self.octets.len() - at + 4) as u32;
        self.octets.extend(size.to_le_bytes());
        self.octets[at + 4..at + 8].copy_from_slice(&size.to_le_bytes());
    }

    /// An instance of a template that is defined here; gives the values for it.
    fn template(&mut self, number: u64, time: u64, event: &Written) -> Vec<Value> {
        self.octets.extend([0x0c, 1]);
        self.octets.extend((number as u32).to_le_bytes());
        let definition = self.octets.len() as u32 + 4;
        self.octets.extend(definition.to_le_bytes());
        self.octets.extend(0u32.to_le_bytes());
        self.octets.extend((number as u32).to_le_bytes());
        self.octets.extend([7; 12]);
        let size_at = self.octets.len();
        self.octets.extend([0; 4]);
        self.octets.extend([0x0f, 1, 1, 0]);
        let mut values = vec![];
        self.open("Event", &[]);
        self.open("System", &[]);
        self.open("Provider", &[("Name", Content::Text(event.provider))]);
        self.octets.push(0x03);
        self.element("EventID", &[], Value::U16(event.id), &mut values);
        let slot = values.len() as u16;
        values.push(Value::Time(time));
        self.open("TimeCreated", &[("SystemTime", Content::Slot(slot, 0x11))]);
        self.octets.push(0x03);
        self.element("EventRecordID", &[], Value::U64(number), &mut values);
        self.element("Channel", &[], Value::Text("Security".into()), &mut values);
        self.element("Computer", &[], Value::Text("dc1.contoso.test".into()), &mut values);
        self.octets.push(0x04);
        self.open("EventData", &[]);
        self.octets.push(0x02);
        for (name, value) in &event.data {
            self.element("Data", &[("Name", Content::Text(name))], value.clone(), &mut values);
        }
        self.octets.extend([0x04, 0x04, 0x00]);
        let size = (self.octets.len() - size_at - 4) as u32;
        self.octets[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
        values
    }

    /// An element with one value.
    fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, Content<'_>)],
        value: Value,
        values: &mut Vec<Value>,
    ) {
        self.open(name, attributes);
        self.octets.extend([0x02, 0x0d]);
        self.octets.extend((values.len() as u16).to_le_bytes());
        self.octets.extend([value.kind(), 0x04]);
        values.push(value);
    }

    /// The beginning of an element, up to the sign that its attributes end.
    fn open(&mut self, name: &str, attributes: &[(&str, Content<'_>)]) {
        self.octets.push(if attributes.is_empty() { 0x01 } else { 0x41 });
        // It depends on no value; the length of its data is not looked at.
        self.octets.extend([0xff, 0xff, 0, 0, 0, 0]);
        self.name(name);
        if !attributes.is_empty() {
            self.octets.extend(0u32.to_le_bytes());
        }
        for (name, content) in attributes {
            self.octets.push(0x06);
            self.name(name);
            match content {
                Content::Text(text) => {
                    self.octets.extend([0x05, 0x01]);
                    self.octets.extend((text.encode_utf16().count() as u16).to_le_bytes());
                    self.octets.extend(utf16(text));
                }
                Content::Slot(slot, kind) => {
                    self.octets.push(0x0d);
                    self.octets.extend(slot.to_le_bytes());
                    self.octets.push(*kind);
                }
            }
        }
        if matches!(name, "Event" | "System") {
            self.octets.push(0x02);
        }
    }

    /// A name, which lies right behind the place that points to it.
    fn name(&mut self, name: &str) {
        let at = self.octets.len() as u32 + 4;
        self.octets.extend(at.to_le_bytes());
        self.octets.extend(0u32.to_le_bytes());
        self.octets.extend(0u16.to_le_bytes());
        self.octets.extend((name.encode_utf16().count() as u16).to_le_bytes());
        self.octets.extend(utf16(name));
        self.octets.extend([0, 0]);
    }
}

/// What an attribute of an element is.
enum Content<'a> {
    Text(&'a str),
    /// A value of the record: its number and type.
    Slot(u16, u8),
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
