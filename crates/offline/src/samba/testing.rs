//! Writes the formats of a backup, for tests of what reads them.

/// A TDB file of these records.
pub(crate) fn tdb(records: &[(Vec<u8>, Vec<u8>)], chains: u32, is_big_endian: bool) -> Vec<u8> {
    let number = |n: u32| if is_big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
    let mut file = b"TDB file\n".to_vec();
    file.resize(32, 0);
    for n in [0x2601_196d, chains] {
        file.extend(number(n));
    }
    file.resize(168 + 4 + chains as usize * 4, 0);
    for (index, (key, data)) in records.iter().enumerate() {
        // Any chain will do: none is looked for by its hash.
        let head = 172 + index % chains as usize * 4;
        let next = file[head..head + 4].to_vec();
        let at = number(file.len() as u32);
        file[head..head + 4].copy_from_slice(&at);
        let length = (key.len() + data.len() + 4).next_multiple_of(4);
        file.extend(next);
        for n in [length as u32, key.len() as u32, data.len() as u32, index as u32, 0x2601_1999] {
            file.extend(number(n));
        }
        let end = file.len() + length;
        file.extend(key);
        file.extend(data);
        file.resize(end, 0);
    }
    file
}

/// An attribute and its values.
pub(crate) type Attribute<'a> = (&'a str, Vec<Vec<u8>>);

/// A record of LDB as version 1 packs it.
pub(crate) fn packed_v1(dn: &str, attributes: &[Attribute<'_>]) -> Vec<u8> {
    let mut out = 0x2601_1967u32.to_le_bytes().to_vec();
    out.extend((attributes.len() as u32).to_le_bytes());
    out.extend([dn.as_bytes(), b"\0"].concat());
    for (name, values) in attributes {
        out.extend([name.as_bytes(), b"\0"].concat());
        out.extend((values.len() as u32).to_le_bytes());
        for value in values {
            out.extend((value.len() as u32).to_le_bytes());
            out.extend([value, &b"\0"[..]].concat());
        }
    }
    out
}

/// A record of LDB as version 2 packs it.
pub(crate) fn packed_v2(dn: &str, attributes: &[Attribute<'_>]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes(), b"\0"].concat();
    let mut out = 0x2601_1968u32.to_le_bytes().to_vec();
    out.extend((attributes.len() as u32).to_le_bytes());
    out.extend([text(dn), text("canonical")].concat());
    let mut names = vec![];
    let mut contents = vec![];
    for (name, values) in attributes {
        names.extend(text(name));
        names.extend((values.len() as u32).to_le_bytes());
        let longest = values.iter().map(Vec::len).max().unwrap_or(0);
        let width = if longest < 1 << 8 {
            1
        } else if longest < 1 << 16 {
            2
        } else {
            4
        };
        names.push(width as u8);
        for value in values {
            names.extend(&(value.len() as u32).to_le_bytes()[..width]);
            contents.extend([value, &b"\0"[..]].concat());
        }
    }
    out.extend((names.len() as u32 + 4).to_le_bytes());
    out.extend(names);
    out.extend(contents);
    out
}

/// An archive of these files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = vec![];
    for (name, content) in files {
        out.extend(tar_header(name, content.len(), b'0'));
        out.extend(*content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// The header of a file in an archive.
pub(crate) fn tar_header(name: &str, size: usize, kind: u8) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000600");
    put(124, &format!("{size:011o}"));
    put(136, "15251652373");
    put(148, "        ");
    put(257, "ustar\x0000");
    header[156] = kind;
    let sum: u32 = header.iter().map(|octet| u32::from(*octet)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}
