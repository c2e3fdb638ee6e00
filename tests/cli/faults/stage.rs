//! What the fault tests play with: a scene with groups, users that were deleted, the program and a proxy for them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use adrecover_core::metadata;

use super::proxy::{Proxy, Script};
pub(crate) use super::victim::{Shown, Victim};
use crate::support::{Ldif, Object, Output, Run, Scene};

/// `userAccountControl` of an ordinary user, enabled and disabled.
pub(crate) const ENABLED: u32 = 512;
pub(crate) const DISABLED: u32 = 514;

/// A scene with two groups.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    groups: [Object; 2],
}

impl Stage {
    pub(crate) fn new() -> Option<Self> {
        let scene = Scene::new()?;
        let groups = scene.add([scene.group("one"), scene.group("two")]);
        Some(Self { scene, groups })
    }

    /// Users that were deleted, whose userAccountControl was this.
    pub(crate) fn deleted(&self, count: usize, uac: u32) -> Vec<Victim> {
        let first = number(count);
        let accounts: Vec<String> =
            (first..first + count).map(|n| self.scene.account(&format!("v{n}"))).collect();
        let dn = |account: &str| format!("CN={account},{}", self.scene.ou());
        let mut ldif = Ldif::default();
        for account in &accounts {
            let user = [
                ("objectClass", "user".as_bytes().to_vec()),
                ("sAMAccountName", account.clone().into()),
                ("userPrincipalName", format!("{account}@contoso.test").into()),
                ("userAccountControl", uac.to_string().into()),
                ("unicodePwd", utf16("\"Before-the-Deletion.1\"")),
            ];
            let user = user.map(|(name, value)| (name.to_owned(), value));
            ldif = ldif.add(&dn(account), &user).delete(&dn(account));
        }
        self.scene.hand().change(&ldif);
        let mut shown = self.shown(&accounts);
        let mut groups: Vec<String> = self.groups.iter().map(|g| g.dn.clone()).collect();
        groups.sort();
        let victim = |account: String| {
            let shown = shown.remove(&account).unwrap();
            let (_, guid) = shown.dn.split_once("\\0ADEL:").unwrap();
            Victim {
                guid: guid[..36].to_owned(),
                dn: dn(&account),
                upn: format!("{account}@contoso.test"),
                groups: groups.clone(),
                state: self.scene.file(&format!("state-{account}")),
                passwords: shown.passwords,
                keeps_password: false,
                account,
            }
        };
        accounts.into_iter().map(victim).collect()
    }

    /// A file for passwords that are generated for a victim.
    pub(crate) fn passwords(&self, victim: &Victim, number: usize) -> PathBuf {
        self.scene.secret_path(&format!("passwords-{}-{number}", victim.guid))
    }

    /// The program with a victim's journal.
    pub(crate) fn program(&self, victim: &Victim) -> Run {
        self.scene.program().env("ADRECOVER_STATE_DIR", &victim.state)
    }

    /// A file that says who was in which group: every victim in both.
    pub(crate) fn groups_of<'v>(&self, victims: impl IntoIterator<Item = &'v Victim>) -> String {
        let mut csv = String::new();
        for victim in victims {
            csv.extend(self.groups.iter().map(|g| format!("{},\"{}\"\n", victim.guid, g.dn)));
        }
        format!("file:{}", self.scene.file_with(&format!("groups{}.csv", number(1)), csv).display())
    }

    /// A proxy before the lab's LDAPS port, at the lab's address so that its certificate fits.
    pub(crate) fn proxy(&self, script: Script) -> Proxy {
        let address: IpAddr = self.scene.lab.address.parse().unwrap();
        Proxy::start((address, 0).into(), (address, 636).into(), script)
    }

    /// What the directory shows of victims at this moment. None of them is enabled without a password.
    #[track_caller]
    pub(crate) fn look<'v>(&self, victims: impl IntoIterator<Item = &'v Victim>) -> Vec<Shown> {
        let victims: Vec<&Victim> = victims.into_iter().collect();
        let accounts: Vec<String> = victims.iter().map(|v| v.account.clone()).collect();
        let mut shown = self.shown(&accounts);
        let shown: Vec<Shown> = accounts.iter().map(|account| shown.remove(account).unwrap()).collect();
        victims.iter().zip(&shown).for_each(|(victim, shown)| victim.is_safe(shown));
        shown
    }

    /// The same for one.
    #[track_caller]
    pub(crate) fn look_at(&self, victim: &Victim) -> Shown {
        self.look([victim]).remove(0)
    }

    fn shown(&self, accounts: &[String]) -> HashMap<String, Shown> {
        let names: String = accounts.iter().map(|account| format!("(sAMAccountName={account})")).collect();
        let found = self.scene.hand().search(&format!("(|{names})"), &Shown::ATTRIBUTES);
        let mut out = HashMap::new();
        for entry in &found {
            let stamps = entry.octets("replPropertyMetaData")[0];
            let version = |attribute| metadata::find(stamps, attribute).map_or(0, |s| s.version);
            let shown = Shown {
                dn: entry.dn.clone(),
                live: !entry.has("isDeleted"),
                enabled: entry.is_enabled(),
                upn: entry.text("userPrincipalName"),
                groups: entry.texts("memberOf"),
                deletions: version(metadata::IS_DELETED),
                passwords: version(metadata::UNICODE_PWD),
            };
            out.insert(entry.text("sAMAccountName"), shown);
        }
        out
    }

    /// A run went well: it says so, it is so, and the journal has nothing open.
    #[track_caller]
    pub(crate) fn went_well<'v>(
        &self,
        output: &Output,
        victims: impl IntoIterator<Item = &'v Victim>,
        enabled: bool,
    ) {
        let victims: Vec<&Victim> = victims.into_iter().collect();
        assert_eq!(output.code, Some(0), "{output}");
        for (victim, shown) in victims.iter().zip(self.look(victims.iter().copied())) {
            victim.is_truly(&shown, &output.object_of(&victim.guid));
            victim.is_back(&shown, enabled);
        }
        victims[0].has_nothing_open();
    }

    /// The last password that was generated for it opens it, and is nowhere else.
    #[track_caller]
    pub(crate) fn opens(&self, victim: &Victim, files: &[PathBuf], outputs: &[&Output]) {
        let password = files.iter().rev().find_map(|file| password_in(file, &victim.guid));
        let password = password.unwrap_or_else(|| panic!("no password in {files:?}"));
        self.scene.keep_secret(&password);
        for output in outputs {
            assert!(!output.stdout.contains(&password) && !output.stderr.contains(&password), "{output}");
        }
        // 773: it is the right one and must be changed.
        let opened = self.scene.hand_of(&victim.upn, &password).try_bind();
        let opens = opened.as_ref().err().is_none_or(|why| why.contains("data 773"));
        assert!(opens, "the generated password is not the account's: {opened:?}");
    }
}

/// With three seconds for a reply, where one is waited for in vain.
pub(crate) fn impatient(run: Run) -> Run {
    run.env("ADRECOVER_TIMEOUT", "3")
}

/// The first of so many numbers that no other test has.
fn number(count: usize) -> usize {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    NUMBER.fetch_add(count, Ordering::Relaxed)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The last password that a file of generated ones gives for an object.
fn password_in(file: &Path, guid: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().rfind(|line| line.starts_with(guid))?;
    line.rsplit(',').next().map(|password| password.trim_matches('"').to_owned())
}

/// Plays cases on several stages at once. All are played, whatever fails.
pub(crate) fn play<C: std::fmt::Debug + Sync>(cases: &[C], stages: usize, play: impl Fn(&Stage, &C) + Sync) {
    let failures = Mutex::new(vec![]);
    std::thread::scope(|scope| {
        for first in 0..stages {
            let (failures, play) = (&failures, &play);
            scope.spawn(move || {
                let Some(stage) = Stage::new() else { return };
                for case in cases.iter().skip(first).step_by(stages) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| play(&stage, case))) {
                        let text = panic.downcast_ref::<String>().map(String::as_str);
                        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
                        failures.lock().unwrap().push(format!("{case:?}: {text}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}
