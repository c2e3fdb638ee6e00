//! The domain controllers that the tests run against.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// A running lab (`tests/lab`).
#[derive(Debug)]
pub(crate) struct Lab {
    /// The URL of its LDAPS port.
    pub(crate) server: String,
    /// The address that it listens on.
    pub(crate) address: String,
    /// The domain's DN.
    pub(crate) base: String,
    /// The container that the operator may restore into.
    pub(crate) home: String,
    /// The certificate authority of its certificate.
    pub(crate) ca: PathBuf,
    /// One that has nothing to do with it.
    pub(crate) other_ca: PathBuf,
    variables: HashMap<String, String>,
    seed: Value,
}

/// An account to log on with.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Its logon name.
    pub(crate) name: String,
    /// The file with its password.
    pub(crate) password_file: PathBuf,
}

/// The lab without a Recycle Bin; `None` where tests that need one are to be skipped.
pub(super) fn plain() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| Lab::of_variable("ADRECOVER_TEST_LAB")).as_ref()
}

/// The lab with the Recycle Bin on.
pub(super) fn with_bin() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| Lab::of_variable("ADRECOVER_TEST_LAB_BIN")).as_ref()
}

/// The lab with 20,000 users, all members of one group.
#[cfg(feature = "kerberos")]
pub(super) fn crowded() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| Lab::of_variable("ADRECOVER_TEST_LAB_CROWD")).as_ref()
}

/// The stand-in with the Recycle Bin off, beside the others.
pub(super) fn stand_in() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| Lab::of_variable("ADRECOVER_TEST_STAND_IN")).as_ref()
}

/// The stand-in with the Recycle Bin on: the only server here that undeletes from it.
pub(super) fn stand_in_with_bin() -> Option<&'static Lab> {
    static LAB: OnceLock<Option<Lab>> = OnceLock::new();
    LAB.get_or_init(|| Lab::of_variable("ADRECOVER_TEST_STAND_IN_BIN")).as_ref()
}

impl Lab {
    fn of_variable(variable: &str) -> Option<Self> {
        if let Some(state) = std::env::var_os(variable).filter(|v| !v.is_empty()) {
            return Some(Self::read(Path::new(&state)));
        }
        let may_skip = std::env::var("ADRECOVER_WITHOUT_LAB").is_ok_and(|v| v == "1");
        assert!(
            may_skip && std::env::var_os("CI").is_none_or(|v| v.is_empty()),
            "{variable} does not name a running lab: tests/run starts them and runs the tests \
             (ADRECOVER_WITHOUT_LAB=1 skips these tests)"
        );
        eprintln!("skipped: {variable} does not name a running lab");
        None
    }

    fn read(state: &Path) -> Self {
        let read = |name: &str| {
            let path = state.join(name);
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        let variables: HashMap<String, String> = read("env")
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').replace("'\\''", "'")))
            .collect();
        let of = |name: &str| variables.get(name).unwrap_or_else(|| panic!("the lab has no {name}")).clone();
        Self {
            server: of("ADRECOVER_LAB_SERVER"),
            address: of("LAB_ADDRESS"),
            home: format!("OU=OnPremises,{}", of("LAB_BASE_DN")),
            base: of("LAB_BASE_DN"),
            ca: of("LAB_CA").into(),
            other_ca: of("LAB_OTHER_CA").into(),
            seed: serde_json::from_str(&read("seed.json")).unwrap(),
            variables,
        }
    }

    /// One of the settings that the lab printed.
    pub(crate) fn setting(&self, name: &str) -> &str {
        self.variables.get(name).unwrap_or_else(|| panic!("the lab has no {name}"))
    }

    /// Whether it has a KDC: the stand-in has none.
    #[cfg(feature = "kerberos")]
    pub(crate) fn has_kerberos(&self) -> bool {
        self.variables.contains_key("LAB_KRB5_CONF")
    }

    /// An account of the lab: `ADMIN`, `OPERATOR`, `READER` or `JOE`.
    pub(crate) fn account(&self, who: &str) -> Account {
        let of = |name: String| self.variables.get(&name).unwrap_or_else(|| panic!("no {name}")).clone();
        Account {
            name: of(format!("LAB_{who}")),
            password_file: of(format!("LAB_{who}_PASSWORD_FILE")).into(),
        }
    }

    /// What `seed.json` says of an example object. These are shared by all tests: they are only looked at.
    pub(crate) fn seed(&self, label: &str) -> &Value {
        let entry = &self.seed[label];
        assert!(entry.is_object(), "the seed has no `{label}`");
        entry
    }

    /// The passwords of its accounts.
    pub(super) fn passwords(&self) -> Vec<String> {
        ["ADMIN", "OPERATOR", "READER", "JOE", "AGENT"]
            .map(|who| std::fs::read_to_string(self.account(who).password_file).unwrap())
            .into()
    }
}
