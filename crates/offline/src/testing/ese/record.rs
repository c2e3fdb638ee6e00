//! Rows: fixed, variable and tagged columns.

use super::Format;

/// A column of a table that is written.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its number.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// Its type ([`super::kind`]).
    pub kind: u32,
    /// The octets of a fixed one.
    pub size: u16,
    /// The code page of its text, else 0.
    pub code_page: u32,
    /// `FIELDFLAG`.
    pub flags: u32,
}

impl Column {
    /// A column of the usual size of its type.
    pub fn new(id: u16, name: &str, kind: u32) -> Self {
        let size = match kind {
            1 | 2 => 1,
            3 | 17 => 2,
            4 | 6 | 14 => 4,
            5 | 7 | 8 | 15 => 8,
            16 => 16,
            _ => 0,
        };
        let code_page = if matches!(kind, 10 | 12) { 1200 } else { 0 };
        Self { id, name: name.to_owned(), kind, size, code_page, flags: 0 }
    }

    /// The same with flags.
    #[must_use]
    pub fn with_flags(mut self, flags: u32) -> Self {
        self.flags = flags;
        self
    }
}

/// What a column of a row gets.
#[derive(Debug, Clone)]
pub enum Tagged {
    /// A value as it is: all that fixed and variable columns can have.
    Plain(Vec<u8>),
    /// A value that is compressed already.
    Compressed(Vec<u8>),
    /// The number of a long value.
    Long(u32),
    /// Several values.
    Many(Vec<Vec<u8>>),
    /// Two values in the short form, the first of which may be compressed already.
    Two {
        /// Whether it is.
        compressed: bool,
        /// The first.
        first: Vec<u8>,
        /// The second.
        second: Vec<u8>,
    },
    /// Explicitly nothing, where the column has a default.
    Null,
}

impl Tagged {
    /// The octet of flags, and the data.
    fn encode(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Plain(value) => (0, value.clone()),
            Self::Compressed(value) => (2, value.clone()),
            Self::Long(id) => (1 | 4, id.to_le_bytes().to_vec()),
            Self::Many(values) => {
                let mut head = Vec::new();
                let mut at = values.len() * 2;
                for value in values {
                    head.extend((at as u16).to_le_bytes());
                    at += value.len();
                }
                head.extend(values.concat());
                (8, head)
            }
            Self::Two { compressed, first, second } => {
                let data = [&[first.len() as u8], &first[..], &second[..]].concat();
                (8 | 0x10 | if *compressed { 2 } else { 0 }, data)
            }
            Self::Null => (0x20, Vec::new()),
        }
    }
}

/// Makes a row. Columns and values are by ascending number.
pub fn encode(format: &Format, columns: &[Column], values: &[(u16, Tagged)]) -> Vec<u8> {
    let value = |id: u16| values.iter().find(|(n, _)| *n == id).map(|(_, v)| v);
    let plain = |id: u16| match value(id) {
        Some(Tagged::Plain(octets)) => Some(octets),
        _ => None,
    };
    let last_fixed = values.iter().map(|(id, _)| *id).filter(|id| *id < 128).max().unwrap_or(0);
    let last_variable =
        values.iter().map(|(id, _)| *id).filter(|id| (128..256).contains(id)).max().unwrap_or(127);
    let mut fixed = Vec::new();
    let mut nulls = vec![0u8; usize::from(last_fixed).div_ceil(8)];
    for column in columns.iter().filter(|c| c.id <= last_fixed) {
        let mut octets = plain(column.id).cloned().unwrap_or_else(|| {
            nulls[usize::from(column.id - 1) / 8] |= 1 << ((column.id - 1) % 8);
            Vec::new()
        });
        octets.resize(column.size.into(), 0);
        fixed.extend(octets);
    }
    let (mut ends, mut variable) = (Vec::new(), Vec::new());
    for id in 128..=last_variable {
        let null = if let Some(octets) = plain(id) {
            variable.extend(octets);
            0
        } else {
            0x8000
        };
        ends.extend((variable.len() as u16 | null).to_le_bytes());
    }
    let mut out = vec![last_fixed as u8, last_variable as u8];
    out.extend((4 + fixed.len() as u16 + nulls.len() as u16).to_le_bytes());
    for part in [fixed, nulls, ends, variable, tagged(format, values)] {
        out.extend(part);
    }
    out
}

fn tagged(format: &Format, values: &[(u16, Tagged)]) -> Vec<u8> {
    let tagged: Vec<_> = values.iter().filter(|(id, _)| *id >= 256).collect();
    assert!(tagged.is_sorted_by_key(|(id, _)| *id));
    let (mut array, mut data) = (Vec::new(), Vec::new());
    for (id, value) in &tagged {
        let (header, octets) = value.encode();
        let has_header = !format.is_small() || header != 0 && header != 0x20;
        let mut word = (tagged.len() * 4 + data.len()) as u16;
        if format.is_small() {
            word |= if has_header { 0x4000 } else { 0 } | if header == 0x20 { 0x2000 } else { 0 };
        }
        array.extend(id.to_le_bytes());
        array.extend(word.to_le_bytes());
        data.extend(has_header.then_some(header));
        data.extend(octets);
    }
    [array, data].concat()
}
