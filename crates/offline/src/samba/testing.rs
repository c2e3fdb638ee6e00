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

/// A small domain as a backup has it: `sam.ldb`, a schema, a configuration with the Recycle Bin on, and these objects.
pub(crate) struct Domain {
    pub(crate) store: &'static str,
    pub(crate) objects: Vec<Vec<u8>>,
}

const NC: &str = "DC=X";
/// `msDS-OptionalFeatureGUID` of the Recycle Bin.
const BIN: [u8; 16] =
    [0xd8, 0xdc, 0x6d, 0x76, 0xd0, 0xac, 0x5e, 0x44, 0xf3, 0xb9, 0xa7, 0xf9, 0xb6, 0x74, 0x4f, 0x2a];

/// Values of text.
pub(crate) fn texts(values: &[&str]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.as_bytes().to_vec()).collect()
}

/// A link as it lies in a database.
pub(crate) fn link(guid: u8, flags: u8, dn: &str) -> String {
    let guid = format!("{guid:02x}").repeat(16);
    format!(
        "<GUID={guid}>;<RMD_ADDTIME=134401796580000000>;<RMD_CHANGETIME=134401796590000000>;<RMD_FLAGS={flags}>;{dn}"
    )
}

/// An object of the domain.
pub(crate) fn object(guid: u8, dn: &str, mut attributes: Vec<Attribute<'_>>) -> Vec<u8> {
    attributes.insert(0, ("objectGUID", vec![vec![guid; 16]]));
    packed_v2(dn, &attributes)
}

impl Domain {
    /// A group with a member, a user in the Recycle Bin and one that was removed; and these users.
    pub(crate) fn small() -> Self {
        let deleted = format!("CN=Bea\\0ADEL:{}", "12121212-1212-1212-1212-121212121212");
        let members = [
            link(0x11, 0, "CN=Ada,DC=x"),
            link(0x12, 0, &format!("{deleted},CN=Deleted Objects,DC=x")),
            link(0x13, 1, "CN=Old Name,DC=x"),
        ];
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        let (top, user) = (texts(&["top", "domainDNS"]), texts(&["top", "user"]));
        let category = "<GUID=11111111111111111111111111111111>;CN=Gone,DC=x";
        let objects = vec![
            object(0x10, "DC=x", vec![("objectClass", top), ("msDS-Behavior-Version", texts(&["4"]))]),
            object(
                0x20,
                "CN=Team,DC=x",
                vec![("objectClass", texts(&["top", "group"])), ("member", texts(&members))],
            ),
            object(
                0x11,
                "CN=Ada,DC=x",
                vec![
                    ("objectClass", user.clone()),
                    ("sAMAccountName", texts(&["ada"])),
                    ("userPrincipalName", texts(&["Ada@X"])),
                    ("mail", texts(&["ada@x"])),
                    ("unicodePwd", vec![vec![1, 2, 3]]),
                    ("contosoBadge", texts(&["4711"])),
                    ("whenChanged", texts(&["20261126151418.0Z"])),
                ],
            ),
            object(
                0x12,
                &format!("{deleted},CN=Deleted Objects,DC=x"),
                vec![
                    ("objectClass", user.clone()),
                    ("isDeleted", texts(&["TRUE"])),
                    ("sAMAccountName", texts(&["bea"])),
                    ("lastKnownParent", texts(&[category])),
                ],
            ),
            object(0x13, "CN=Cid,DC=x", vec![("objectClass", user)]),
        ];
        Self { store: "tdb", objects }
    }

    /// The files of the archive.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let own = |name: &str, attributes: &[Attribute<'_>]| {
            ([b"DN=", name.as_bytes(), b"\0"].concat(), packed_v2(name, attributes))
        };
        let database = |records: &[Vec<u8>]| {
            let mut all: Vec<_> =
                records.iter().map(|r| ([&b"GUID="[..], &r[..16]].concat(), r.clone())).collect();
            all.push(own("@INDEX:CN:x", &[("@IDX", vec![vec![1; 16]])]));
            all.push(own("@BASEINFO", &[("sequenceNumber", texts(&["1"]))]));
            tdb(&all, 16, false)
        };
        let main = [
            own(
                "@PARTITION",
                &[("backendStore", texts(&[self.store])), ("partition", texts(&["DC=X:sam.ldb.d/DC=X.ldb"]))],
            ),
            own("@SAMBA_DSDB", &[("backupType", texts(&["offline"]))]),
            own(
                "@ROOTDSE",
                &[("defaultNamingContext", texts(&["DC=x"])), ("rootDomainNamingContext", texts(&["DC=x"]))],
            ),
        ];
        let define = |name: &str, link: &str, flags: &str| {
            object(
                0x30,
                &format!("CN={name},CN=Schema,CN=Configuration,DC=x"),
                vec![
                    ("objectClass", texts(&["top", "attributeSchema"])),
                    ("lDAPDisplayName", texts(&[name])),
                    ("attributeSyntax", texts(&["2.5.5.1"])),
                    ("linkID", texts(&[link])),
                    ("searchFlags", texts(&[flags])),
                ],
            )
        };
        let schema = [
            define("member", "2", "0"),
            define("contosoBadge", "0", "128"),
            define("lastKnownParent", "0", "0"),
        ];
        let feature = "CN=Recycle Bin Feature,CN=Configuration,DC=x";
        let configuration = [
            object(
                0x40,
                "CN=Partitions,CN=Configuration,DC=x",
                vec![
                    ("objectClass", texts(&["top", "crossRefContainer"])),
                    ("msDS-Behavior-Version", texts(&["4"])),
                    ("msDS-EnabledFeature", texts(&[&link(0x41, 0, feature)])),
                ],
            ),
            object(
                0x41,
                feature,
                vec![
                    ("objectClass", texts(&["top", "msDS-OptionalFeature"])),
                    ("msDS-OptionalFeatureGUID", vec![BIN.to_vec()]),
                ],
            ),
            object(
                0x42,
                "CN=Directory Service,CN=Configuration,DC=x",
                vec![("objectClass", texts(&["top", "nTDSService"])), ("tombstoneLifetime", texts(&["180"]))],
            ),
        ];
        vec![
            ("backup.txt".to_owned(), b"Backup created".to_vec()),
            ("private/sam.ldb".to_owned(), tdb(&main, 16, false)),
            (format!("private/sam.ldb.d/{NC}.ldb"), database(&self.objects)),
            (format!("private/sam.ldb.d/CN=SCHEMA,CN=CONFIGURATION,{NC}.ldb"), database(&schema)),
            (format!("private/sam.ldb.d/CN=CONFIGURATION,{NC}.ldb"), database(&configuration)),
            ("private/secrets.ldb".to_owned(), vec![9; 100]),
        ]
    }

    /// The archive.
    #[cfg(test)]
    pub(crate) fn archive(&self) -> Vec<u8> {
        let files = self.files();
        tar(&files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>())
    }
}
