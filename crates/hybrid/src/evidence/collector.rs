//! The script that gathers evidence where adrecover is not: it reads, and writes one folder.

/// The PowerShell script (Windows PowerShell 5.1 and PowerShell 7) that `preflight --collector` writes. Its line ends are line
/// feeds and it is ASCII, so that it is the same in every encoding.
///
/// It was parsed by a grammar of PowerShell in the tests; it was not run against a tenant.
pub const SCRIPT: &str = include_str!("collector.ps1");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SCRIPT;

    /// What the script may call, besides its own functions: nothing that changes the tenant, the mailboxes or the engine.
    const ALLOWED: [&str; 27] = [
        "Add-Content",
        "Connect-ExchangeOnline",
        "Connect-MgGraph",
        "ConvertFrom-Json",
        "ConvertTo-Json",
        "ForEach-Object",
        "Get-ADSyncGlobalSettings",
        "Get-ADSyncRunProfileResult",
        "Get-ADSyncScheduler",
        "Get-ADSyncServerConfiguration",
        "Get-Date",
        "Get-EXOMailbox",
        "Get-Mailbox",
        "Get-Module",
        "Get-WinEvent",
        "Import-Module",
        "Invoke-MgGraphRequest",
        "Join-Path",
        "New-Item",
        "New-Object",
        "Resolve-Path",
        "Select-Object",
        "Set-Content",
        "Set-StrictMode",
        "Where-Object",
        "Write-Output",
        "Write-Warning",
    ];

    fn tree() -> tree_sitter::Tree {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        parser.parse(SCRIPT, None).unwrap()
    }

    fn all<'a>(node: tree_sitter::Node<'a>, out: &mut Vec<tree_sitter::Node<'a>>) {
        out.push(node);
        let mut cursor = node.walk();
        let children: Vec<_> = node.children(&mut cursor).collect();
        children.into_iter().for_each(|child| all(child, out));
    }

    fn texts(kind: &str) -> Vec<&'static str> {
        let tree = tree();
        let mut nodes = vec![];
        all(tree.root_node(), &mut nodes);
        nodes.iter().filter(|n| n.kind() == kind).map(|n| &SCRIPT[n.byte_range()]).collect()
    }

    #[test]
    fn a_grammar_takes_it_and_it_is_ascii() {
        let tree = tree();
        let mut nodes = vec![];
        all(tree.root_node(), &mut nodes);
        let broken = nodes.iter().find(|n| n.is_error() || n.is_missing());
        assert!(broken.is_none(), "{:?}", broken.map(|n| (n.start_position(), &SCRIPT[n.byte_range()])));
        assert!(SCRIPT.is_ascii() && !SCRIPT.contains(['\r', '\t']));
    }

    #[test]
    fn it_calls_what_only_reads() {
        let own: BTreeSet<&str> = texts("function_name").into_iter().collect();
        let called: BTreeSet<&str> = texts("command_name").into_iter().collect();
        assert!(called.len() > 20, "{called:?}");
        for name in &called {
            assert!(own.contains(name) || ALLOWED.contains(name), "the script calls `{name}`");
        }
        for name in ALLOWED {
            assert!(called.contains(name), "`{name}` is allowed and not called");
        }
        // A verb and a noun anywhere, also where the grammar sees no call.
        for word in SCRIPT.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let verbs = [
                "Set-", "Remove-", "Update-", "Start-", "Stop-", "Enable-", "Disable-", "Invoke-",
                "Restore-", "Clear-",
            ];
            let known = ALLOWED.contains(&word) || own.contains(word);
            assert!(known || !verbs.iter().any(|v| word.starts_with(v)), "the script names `{word}`");
        }
    }

    #[test]
    fn it_sends_only_get_and_asks_for_reading_only() {
        for line in SCRIPT.lines().filter(|l| l.contains("Invoke-MgGraphRequest")) {
            assert!(line.contains("-Method GET "), "{line}");
        }
        let mut words = SCRIPT.split(|c: char| !c.is_ascii_alphanumeric());
        let writing =
            words.find(|w| ["POST", "PATCH", "PUT", "DELETE"].iter().any(|m| w.eq_ignore_ascii_case(m)));
        assert_eq!(writing, None);
        let scopes: Vec<&str> =
            SCRIPT.split('\'').filter(|s| s.contains(".Read") && !s.contains(' ')).collect();
        assert!(scopes.len() >= 7 && !SCRIPT.contains("ReadWrite"), "{scopes:?}");
    }

    /// The source of authority blocks where it is not known of a user: it is asked for, unless somebody says not to.
    #[test]
    fn the_source_of_authority_is_asked_for_by_default() {
        assert!(SCRIPT.contains("[switch]$SkipSyncBehavior") && !SCRIPT.contains("WithSyncBehavior"));
        assert!(SCRIPT.contains("elseif (-not $SkipSyncBehavior) {\n        Save-SyncBehavior"));
        for list in ["\"/v1.0/users/$id\"", "\"/v1.0/directory/deletedItems/$id/microsoft.graph.user\""] {
            assert!(SCRIPT.contains(&format!("Add-SyncBehavior $file {list}")), "{list}");
        }
    }

    #[test]
    fn it_fits_both_versions_of_powershell() {
        // Every file is written as UTF-8, and nothing needs version 7.
        for line in SCRIPT.lines().filter(|l| l.contains("Set-Content") || l.contains("Add-Content")) {
            assert!(line.contains("-Encoding utf8") && line.contains("-LiteralPath"), "{line}");
        }
        for newer in [" ? ", "??", "&&", "||", "-Parallel", "-AsArray", "-AsHashtable", "utf8NoBOM"] {
            let code = SCRIPT.lines().filter(|l| !l.trim_start().starts_with('#'));
            let found = code.filter(|l| l.contains(newer)).collect::<Vec<_>>();
            assert!(found.is_empty(), "{newer}: {found:?}");
        }
    }

    #[test]
    fn it_names_the_schema_and_the_datasets_that_are_read() {
        assert!(SCRIPT.contains(&format!("schema = '{}'", crate::evidence::MANIFEST)));
        let mut names = BTreeSet::new();
        for line in SCRIPT.lines() {
            for call in ["Get-GraphList '", "Save-Objects '", "Add-Entry '"] {
                names.extend(line.split(call).nth(1).and_then(|rest| rest.split('\'').next()));
            }
        }
        assert!(names.len() >= 17, "{names:?}");
        for name in names {
            let text = serde_json::Value::from(name);
            assert!(serde_json::from_value::<crate::evidence::Dataset>(text).is_ok(), "{name}");
        }
    }
}
