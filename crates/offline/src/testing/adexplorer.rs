//! Writes AD Explorer snapshots.

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Types 1 to 5 and 12.
    Text(String),
    /// Type 6.
    Boolean(bool),
    /// Type 7.
    Integer(i32),
    /// Type 8.
    Octets(Vec<u8>),
    /// Type 9: year, month, day of the week, day, hour, minute, second, thousandths.
    Time([u16; 8]),
    /// Type 10.
    Large(i64),
    /// Type 25.
    Descriptor(Vec<u8>),
}

/// An object: the places of its attributes in the table, and their values.
pub type Object = Vec<(u32, Vec<Value>)>;

/// The octets of a snapshot. Equal values are written once, as AD Explorer does.
pub fn snapshot(made: u64, server: &str, attributes: &[(&str, u32)], objects: &[Object]) -> Vec<u8> {
    let mut out = b"win-ad-ob\0".to_vec();
    out.extend(0x0001_0001u32.to_le_bytes());
    out.extend(made.to_le_bytes());
    out.extend(padded("written by a test", 260));
    out.extend(padded(server, 260));
    out.extend((objects.len() as u32).to_le_bytes());
    out.extend(0u32.to_le_bytes());
    let table_at = out.len();
    out.extend([0; 16]);
    let mut known: Vec<(Vec<Value>, usize)> = vec![];
    for object in objects {
        let start = out.len();
        out.extend([0; 4]);
        out.extend((object.len() as u32).to_le_bytes());
        let slots = out.len();
        out.extend(vec![0; object.len() * 8]);
        for (i, (attribute, values)) in object.iter().enumerate() {
            let at = match known.iter().find(|(other, _)| other == values) {
                Some((_, at)) => *at,
                None => {
                    let at = out.len();
                    out.extend(encoded(values));
                    known.push((values.clone(), at));
                    at
                }
            };
            let offset = at as i64 - start as i64;
            out[slots + i * 8..slots + i * 8 + 4].copy_from_slice(&attribute.to_le_bytes());
            out[slots + i * 8 + 4..slots + i * 8 + 8].copy_from_slice(&(offset as i32).to_le_bytes());
        }
        let length = (out.len() - start) as u32;
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
    let table = out.len() as u64;
    out[table_at..table_at + 8].copy_from_slice(&table.to_le_bytes());
    out.extend((attributes.len() as u32).to_le_bytes());
    for (name, kind) in attributes {
        let dn = wide(&format!("CN={name},CN=Schema,CN=Configuration,DC=x\0"));
        let name = wide(&format!("{name}\0"));
        out.extend((name.len() as u32).to_le_bytes());
        out.extend(name);
        out.extend(1i32.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend((dn.len() as u32).to_le_bytes());
        out.extend(dn);
        out.extend([0; 36]);
    }
    out
}

fn encoded(values: &[Value]) -> Vec<u8> {
    let mut head = (values.len() as u32).to_le_bytes().to_vec();
    let (mut offset, mut body) = (4 + values.len() * 4, vec![]);
    for value in values {
        match value {
            Value::Text(text) => {
                let text = wide(&format!("{text}\0"));
                head.extend((offset as u32).to_le_bytes());
                offset += text.len();
                body.extend(text);
            }
            Value::Octets(octets) => {
                head.extend((octets.len() as u32).to_le_bytes());
                body.extend(octets);
            }
            Value::Boolean(value) => body.extend(u32::from(*value).to_le_bytes()),
            Value::Integer(value) => body.extend(value.to_le_bytes()),
            Value::Large(value) => body.extend(value.to_le_bytes()),
            Value::Time(parts) => body.extend(parts.iter().flat_map(|part| part.to_le_bytes())),
            Value::Descriptor(octets) => {
                body.extend((octets.len() as u32).to_le_bytes());
                body.extend(octets);
            }
        }
    }
    head.extend(body);
    head
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn padded(text: &str, units: usize) -> Vec<u8> {
    let mut out = wide(text);
    out.resize(units * 2, 0);
    out
}
