//! The state folder of a running server, in the form of the test lab's (`tests/lab`), so that whoever reads the one reads the other.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::seed::{LOGINS, Seed};
use crate::tls::{self, Certificates};
use crate::{Clock, Directory, Settings};

/// A lab could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The example company could not be made.
    #[error("the example company: {0}")]
    Seed(crate::Failure),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] tls::NoCertificate),
}

/// A directory with the example company.
pub struct Lab {
    /// The directory.
    pub directory: Directory,
    /// What it takes to serve and to use it.
    pub files: Files,
}

/// What the state folder holds.
pub struct Files {
    /// The certificates.
    pub certificates: Certificates,
    /// The passwords of the [`LOGINS`], by account name in lower case.
    pub passwords: BTreeMap<String, String>,
    seed: serde_json::Value,
    recycle_bin: bool,
    address: IpAddr,
    host: String,
    base: String,
    domain: String,
}

impl Lab {
    /// The example company at an address. `random` fills octets for passwords.
    pub fn new(
        address: IpAddr,
        recycle_bin: bool,
        clock: Clock,
        mut random: impl FnMut() -> u64,
    ) -> Result<Self, LabError> {
        let settings = Settings { random: random(), ..Settings::default() };
        let passwords: BTreeMap<String, String> =
            LOGINS.iter().map(|(login, _)| (login.to_lowercase(), password(&mut random))).collect();
        let mut directory = Directory::new(settings, clock).map_err(LabError::Seed)?;
        let mut seed = Seed::new(&mut directory, &passwords);
        seed.all(recycle_bin).map_err(LabError::Seed)?;
        let seed = seed.to_json();
        let host = directory.host_name();
        let certificates = Certificates::new(&[&host, "localhost"], address)?;
        let (base, domain) = (directory.domain().to_string(), directory.settings.domain.clone());
        let files = Files { certificates, passwords, seed, recycle_bin, address, host, base, domain };
        Ok(Self { directory, files })
    }
}

impl Files {
    /// The GUID of an object of the example company, by its label.
    pub fn guid(&self, label: &str) -> Option<&str> {
        self.seed.get(label)?.get("guid")?.as_str()
    }

    /// An account's logon name.
    pub fn logon(&self, login: &str) -> String {
        format!("{login}@{}", self.domain)
    }

    /// Writes the files of the state folder.
    pub fn write(&self, state: &Path, ldaps: u16) -> Result<(), LabError> {
        let file = |path: PathBuf, text: &str| {
            fs::write(&path, text).map_err(|source| LabError::File { path: path.clone(), source })
        };
        let folder =
            |path: PathBuf| fs::create_dir_all(&path).map_err(|source| LabError::File { path, source });
        folder(state.join("tls"))?;
        folder(state.join("secrets"))?;
        for (login, password) in &self.passwords {
            let path = state.join("secrets").join(login);
            file(path.clone(), password)?;
            private(&path).map_err(|source| LabError::File { path, source })?;
        }
        file(state.join("tls/ca.pem"), &self.certificates.ca_pem)?;
        file(state.join("tls/other-ca.pem"), &tls::unrelated_authority()?)?;
        file(state.join("tls/cert.pem"), &self.certificates.certificate_pem)?;
        file(state.join("tls/key.pem"), &self.certificates.key_pem)?;
        file(state.join("seed.json"), &format!("{:#}\n", self.seed))?;
        file(state.join("env"), &self.env(state, ldaps))
    }

    /// One shell assignment a line.
    fn env(&self, state: &Path, ldaps: u16) -> String {
        let address = self.address;
        let path = |name: &str| state.join(name).display().to_string();
        let port = if ldaps == 636 { String::new() } else { format!(":{ldaps}") };
        let mut pairs: Vec<(String, String)> = [
            ("ADRECOVER_LAB_SERVER", format!("ldaps://{address}{port}")),
            ("ADRECOVER_LAB_NAME", state.file_name().unwrap_or_default().to_string_lossy().into_owned()),
            ("LAB_STATE", state.display().to_string()),
            ("LAB_ADDRESS", address.to_string()),
            ("LAB_HOST", self.host.clone()),
            ("LAB_BASE_DN", self.base.clone()),
            ("LAB_DNS_DOMAIN", self.domain.clone()),
            ("LAB_RECYCLE_BIN", if self.recycle_bin { "1" } else { "0" }.to_owned()),
            ("LAB_STAND_IN", "1".to_owned()),
            ("LAB_CA", path("tls/ca.pem")),
            ("LAB_OTHER_CA", path("tls/other-ca.pem")),
            ("LAB_SEED", path("seed.json")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (login, variable) in LOGINS {
            pairs.push((format!("LAB_{variable}"), self.logon(login)));
            let file = path(&format!("secrets/{}", login.to_lowercase()));
            pairs.push((format!("LAB_{variable}_PASSWORD_FILE"), file));
        }
        pairs.iter().map(|(name, value)| format!("{name}='{}'\n", value.replace('\'', "'\\''"))).collect()
    }
}

/// Nobody else may read it.
#[cfg(unix)]
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A password that passes the policy and needs no quoting anywhere.
fn password(random: &mut impl FnMut() -> u64) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let middle: String =
        (0..20).map(|_| char::from(LETTERS[(random() % LETTERS.len() as u64) as usize])).collect();
    format!("Lab-{middle}-1x")
}
