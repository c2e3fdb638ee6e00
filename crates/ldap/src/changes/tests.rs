/// A `replPropertyMetaData` value with the given (attribute, version, local number) records.
pub(crate) fn metadata(records: &[(u32, u32, u64)]) -> Vec<u8> {
    let mut out = vec![1, 0, 0, 0, 0, 0, 0, 0];
    out.extend((records.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    for (attribute, version, usn) in records {
        out.extend(attribute.to_le_bytes());
        out.extend(version.to_le_bytes());
        out.extend(13_406_000_000u64.to_le_bytes());
        out.extend([7; 16]);
        out.extend(99u64.to_le_bytes());
        out.extend(usn.to_le_bytes());
    }
    out
}
