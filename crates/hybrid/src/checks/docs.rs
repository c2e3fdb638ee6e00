//! The documentation page of each check, made from the rule.

use super::rule::{Needs, Rule, Severity};

impl Needs {
    fn told(self) -> &'static str {
        match self {
            Self::Directory => "the directory",
            Self::Sync => "the directory, and the configuration of the synchronisation (`--sync-config`)",
            Self::Cloud => "the directory, and exports of the cloud (`--cloud`, `--mailboxes`, `--evidence`)",
            Self::SomeCloud => "the directory; the whole of it takes exports of the cloud, too",
        }
    }
}

impl Severity {
    fn told(self) -> &'static str {
        match self {
            Self::Block => "blocks: the user must not be synchronised as it is",
            Self::Warn => "warns: something will be wrong afterwards, and can be put right",
            Self::Info => "informs",
        }
    }
}

/// The page of a check, as `docs/checks/<id>.md` has it.
pub fn page(rule: &Rule) -> String {
    let Rule { id, title, severity, needs, why, evidence, fix, source, .. } = rule;
    format!(
        "# {id}\n\n{}.\n\n| | |\n|---|---|\n| severity | {} |\n| takes | {} |\n| looks at | {} |\n| source | {} |\n\n## Why\n\n{}\n\n\
         ## What to do\n\n{}\n\n[All checks](README.md)\n",
        capital(title),
        severity.told(),
        needs.told(),
        cell(evidence),
        cell(source),
        sentence(why),
        sentence(fix),
    )
}

/// The list of all checks, as `docs/checks/README.md` has it.
pub fn list(rules: &[&Rule]) -> String {
    let mut out = String::from(
        "# The checks of the pre-flight\n\nMade from the rules (`crates/hybrid/src/checks`): `ADRECOVER_BLESS=1 cargo test -p \
         adrecover-hybrid checks::docs` writes these pages again.\n\nA check passes, fails (a check that blocks), warns, is unknown \
         where its evidence is missing, or does not apply. Nothing unknown passes. `blocked`: a check that blocks fails; \
         `incomplete`: one is unknown; `ready`: neither.\n\nThe checks were written from Microsoft's documentation and \
         tried with exports made for the tests and with a Samba domain controller. **None of them has been held against a live tenant or a \
         live synchronisation server.**\n\n| check | is true when it passes | severity |\n|---|---|---|\n",
    );
    for rule in rules {
        out.push_str(&format!(
            "| [`{0}`]({0}.md) | {1} | {2} |\n",
            rule.id,
            cell(rule.title),
            rule.severity.name()
        ));
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Fragments of the rules as sentences of a page.
fn sentence(text: &str) -> String {
    let text = capital(text);
    if text.ends_with(['.', ':', '!', ')']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::checks::RULES;

    /// `docs/checks` is what the rules say.
    #[test]
    fn each_check_has_its_page() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
        let mut pages: BTreeMap<String, String> =
            RULES.iter().map(|rule| (format!("{}.md", rule.id), page(rule))).collect();
        pages.insert("README.md".to_owned(), list(RULES));
        if std::env::var_os("ADRECOVER_BLESS").is_some() {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            for (name, text) in &pages {
                std::fs::write(folder.join(name), text).unwrap();
            }
        }
        let found = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let found: BTreeMap<String, String> = found
            .map(|path| {
                (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    std::fs::read_to_string(path).unwrap(),
                )
            })
            .collect();
        let name = |all: &BTreeMap<String, String>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            name(&found),
            name(&pages),
            "ADRECOVER_BLESS=1 cargo test -p adrecover-hybrid checks::docs"
        );
        for (name, text) in &pages {
            assert_eq!(
                &found[name], text,
                "{name}: ADRECOVER_BLESS=1 cargo test -p adrecover-hybrid checks::docs"
            );
        }
    }

    #[test]
    fn the_rules_are_named_once_and_in_groups() {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        let once: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!((ids.len(), once.len()), (48, 48));
        for rule in RULES {
            assert!(rule.id.starts_with(rule.group().name()), "{}", rule.id);
            for text in [rule.title, rule.why, rule.evidence, rule.fix, rule.source] {
                assert!(!text.is_empty() && !text.contains("  "), "{}: {text}", rule.id);
            }
        }
    }
}
