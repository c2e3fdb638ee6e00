//! An LDAP client that is not the program's: OpenLDAP's tools. It sets scenes up and looks at what became of them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::lab::{Account, Lab};
use super::ldif::{self, Ldif};

/// The hand of one account on one lab.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    server: String,
    base: String,
    ca: PathBuf,
    account: Account,
}

/// An entry as the directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its DN.
    pub(crate) dn: String,
    attributes: Vec<(String, Vec<u8>)>,
}

impl Hand {
    /// The administrator's hand.
    pub(crate) fn new(lab: &Lab) -> Self {
        Self::of(lab, lab.account("ADMIN"))
    }

    /// The hand of an account.
    pub(crate) fn of(lab: &Lab, account: Account) -> Self {
        Self { server: lab.server.clone(), base: lab.base.clone(), ca: lab.ca.clone(), account }
    }

    fn tool(&self, program: &str, arguments: &[&str], input: &str) -> Result<String, String> {
        self.carry_out(Command::new(program), arguments, input)
    }

    fn carry_out(&self, mut tool: Command, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = tool
            .args(["-x", "-H", &self.server, "-D", &self.account.name, "-y"])
            .arg(&self.account.password_file)
            .args(arguments)
            .env("LDAPTLS_CACERT", &self.ca)
            .env("LDAPTLS_REQCERT", "demand")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{tool:?}: {e} (package ldap-utils)"));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout).unwrap());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Makes changes.
    pub(crate) fn change(&self, changes: &Ldif) {
        self.try_change(changes).unwrap_or_else(|e| panic!("{e}\nin:\n{}", changes.0));
    }

    /// Makes changes, or says why the server does not.
    pub(crate) fn try_change(&self, changes: &Ldif) -> Result<(), String> {
        self.tool("ldapmodify", &[], &changes.0).map(|_| ())
    }

    /// The live and deleted entries in the domain that a filter matches.
    pub(crate) fn search(&self, filter: &str, attributes: &[&str]) -> Vec<Entry> {
        let base = self.base.clone();
        self.search_in(&base, "sub", filter, attributes)
    }

    /// The live and deleted entries in a scope (`base`, `one`, `sub`) that a filter matches.
    pub(crate) fn search_in(&self, base: &str, scope: &str, filter: &str, attributes: &[&str]) -> Vec<Entry> {
        // Show Recycled, and no referrals to other naming contexts.
        let mut arguments = vec!["-LLL", "-o", "ldif-wrap=no", "-E", "!1.2.840.113556.1.4.2064"];
        arguments.extend(["-E", "1.2.840.113556.1.4.1339", "-b", base, "-s", scope, filter]);
        arguments.extend(attributes);
        let found = self.tool("ldapsearch", &arguments, "");
        let text = match found {
            Ok(text) => text,
            Err(message) if message.contains("(32)") => String::new(),
            Err(message) => panic!("{message}\nsearching {base} for {filter}"),
        };
        ldif::parse(&text).into_iter().map(Entry::new).collect()
    }

    /// The DNs that a search with these arguments of `ldapsearch` finds, or the code with which it ends.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Result<Vec<Entry>, String> {
        // Against Samba a critical control that it does not know lets ldapsearch say so and then wait for ever.
        self.ask_within("6", arguments)
    }

    /// The same, with so many seconds for it: a whole domain takes its time on a busy server.
    pub(crate) fn ask_within(&self, seconds: &str, arguments: &[&str]) -> Result<Vec<Entry>, String> {
        let arguments: Vec<&str> = ["-LLL", "-o", "ldif-wrap=no"].iter().chain(arguments).copied().collect();
        let mut tool = Command::new("timeout");
        tool.args([seconds, "ldapsearch"]);
        let found = self.carry_out(tool, &arguments, "");
        found.map(|text| ldif::parse(&text).into_iter().map(Entry::new).collect())
    }

    /// What `ldapsearch` prints with these arguments, as somebody keeps it in a file.
    pub(crate) fn export(&self, arguments: &[&str]) -> String {
        self.tool("ldapsearch", arguments, "").unwrap_or_else(|e| panic!("{e}\nexporting {arguments:?}"))
    }

    /// The entry of a GUID, live or deleted.
    pub(crate) fn find(&self, guid: impl AsRef<str>, attributes: &[&str]) -> Option<Entry> {
        self.search_in(&format!("<GUID={}>", guid.as_ref()), "base", "(objectClass=*)", attributes).pop()
    }

    /// The entry of a GUID, which is there.
    pub(crate) fn get(&self, guid: impl AsRef<str>, attributes: &[&str]) -> Entry {
        let guid = guid.as_ref();
        self.find(guid, attributes).unwrap_or_else(|| panic!("{guid} is not there"))
    }

    /// Where the entry is, whether it is live, and when it was changed last: the same as before, if nothing was changed.
    pub(crate) fn state(&self, guid: impl AsRef<str>) -> Entry {
        self.get(guid, &["isDeleted", "uSNChanged", "userAccountControl"])
    }

    /// Whether the entry is deleted.
    pub(crate) fn is_deleted(&self, guid: impl AsRef<str>) -> bool {
        self.get(guid, &["isDeleted"]).has("isDeleted")
    }

    /// Logs on as this hand's account; why not, where that fails (`data 52e` is a wrong password, 533 a disabled account).
    pub(crate) fn try_bind(&self) -> Result<(), String> {
        self.tool("ldapsearch", &["-LLL", "-b", "", "-s", "base", "dnsHostName"], "").map(|_| ())
    }
}

impl Entry {
    fn new(mut pairs: Vec<(String, Vec<u8>)>) -> Self {
        let (_, dn) = pairs.remove(0);
        Self { dn: String::from_utf8(dn).unwrap(), attributes: pairs }
    }

    /// The values of an attribute, as octets.
    pub(crate) fn octets(&self, attribute: &str) -> Vec<&[u8]> {
        let of = |pair: &&(String, Vec<u8>)| pair.0.eq_ignore_ascii_case(attribute);
        self.attributes.iter().filter(of).map(|(_, value)| value.as_slice()).collect()
    }

    /// The values of an attribute, sorted.
    pub(crate) fn texts(&self, attribute: &str) -> Vec<String> {
        let mut texts: Vec<String> =
            self.octets(attribute).into_iter().map(|v| String::from_utf8(v.to_vec()).unwrap()).collect();
        texts.sort();
        texts
    }

    /// The only value of an attribute; nothing where it has none.
    pub(crate) fn text(&self, attribute: &str) -> String {
        let texts = self.texts(attribute);
        assert!(texts.len() < 2, "{attribute} has several values: {texts:?}");
        texts.concat()
    }

    /// The names of its attributes.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.attributes.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Whether an attribute has a value.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        !self.octets(attribute).is_empty()
    }

    /// Whether it is an account that is enabled.
    pub(crate) fn is_enabled(&self) -> bool {
        let flags: u32 = self.text("userAccountControl").parse().unwrap();
        flags & 2 == 0
    }

    /// The DN of what it is in.
    pub(crate) fn parent(&self) -> &str {
        let mut escaped = false;
        let end = self.dn.char_indices().find(|(_, c)| {
            let ends = *c == ',' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        end.map_or("", |(i, _)| &self.dn[i + 1..])
    }
}
