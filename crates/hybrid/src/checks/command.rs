//! Texts for commands: what is done about a user, in PowerShell where it is live, as options of `adrecover restore` where it is only
//! planned and the directory still has it deleted.

use adrecover_core::Dn;
use adrecover_core::powershell::{self, Letters, argument};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::subject::Subject;
use crate::evidence::Known;

/// A text as an expression of PowerShell.
pub(crate) fn quoted(text: &str) -> String {
    powershell::quoted(text, Letters::Kept)
}

/// A name as the key of a table of PowerShell.
fn key(name: &str) -> String {
    if name.chars().all(|c| c.is_ascii_alphanumeric()) { name.to_owned() } else { quoted(name) }
}

/// What names the user in a command: its GUID, which no rename changes.
pub(crate) fn identity(subject: &Subject) -> String {
    subject.guid().map_or_else(|| quoted(&subject.dn.to_string()), |guid| guid.to_string())
}

/// Options for the restore of a planned user.
fn restore(options: &str) -> String {
    format!("restore it with {options}")
}

/// The option of a restore that sets one value.
fn option(attribute: &str, value: &str) -> String {
    if attribute.eq_ignore_ascii_case("userPrincipalName") {
        return format!("--upn {}", argument(value));
    }
    if attribute.eq_ignore_ascii_case("sAMAccountName") {
        return format!("--sam-account-name {}", argument(value));
    }
    // What begins with @ names a file.
    if value.starts_with('@') {
        return format!(
            "--set {} (FILE holding {})",
            argument(&format!("{attribute}=@FILE")),
            argument(value)
        );
    }
    format!("--set {}", argument(&format!("{attribute}={value}")))
}

/// Sets attributes of one value each.
pub(super) fn set(subject: &Subject, values: &[(&str, &str)]) -> String {
    if subject.is_planned {
        let options: Vec<String> = values.iter().map(|(name, value)| option(name, value)).collect();
        return restore(&options.join(" "));
    }
    let user = identity(subject);
    match values {
        [(name, value)] if name.eq_ignore_ascii_case("userPrincipalName") => {
            format!("Set-ADUser -Identity {user} -UserPrincipalName {}", quoted(value))
        }
        [(name, value)] if name.eq_ignore_ascii_case("sAMAccountName") => {
            format!("Set-ADUser -Identity {user} -SamAccountName {}", quoted(value))
        }
        [(name, value)] if name.eq_ignore_ascii_case("mail") => {
            format!("Set-ADUser -Identity {user} -EmailAddress {}", quoted(value))
        }
        _ => {
            let values: Vec<String> =
                values.iter().map(|(name, value)| format!("{}={}", key(name), quoted(value))).collect();
            format!("Set-ADUser -Identity {user} -Replace @{{{}}}", values.join("; "))
        }
    }
}

/// Sets an attribute of octets.
pub(super) fn set_octets(subject: &Subject, attribute: &str, octets: &[u8]) -> String {
    let value = match <[u8; 16]>::try_from(octets) {
        Ok(octets) => format!("([guid]'{}').ToByteArray()", Uuid::from_bytes_le(octets)),
        Err(_) => format!("[Convert]::FromBase64String('{}')", STANDARD.encode(octets)),
    };
    if subject.is_planned {
        let option = format!("--set {}", argument(&format!("{attribute}=@FILE")));
        return format!(
            "{}, where FILE holds these octets: [IO.File]::WriteAllBytes('FILE', {value})",
            restore(&option)
        );
    }
    format!("Set-ADUser -Identity {} -Replace @{{{}={value}}}", identity(subject), key(attribute))
}

/// Adds a value to those that an attribute has. A restore sets all of them: those to keep are named again.
pub(super) fn add(subject: &Subject, attribute: &str, value: &str) -> String {
    if !subject.is_planned {
        return format!("Set-ADUser -Identity {} -Add @{{{attribute}={}}}", identity(subject), quoted(value));
    }
    let kept = match subject.texts(attribute) {
        Known::Value(all) => all,
        Known::Absent => vec![],
        Known::NotAsked => {
            let set = restore(&option(attribute, value));
            return format!("{set}, and a --set for each value that is to be kept");
        }
    };
    let options: Vec<String> =
        kept.iter().map(AsRef::as_ref).chain([value]).map(|value| option(attribute, value)).collect();
    restore(&options.join(" "))
}

/// Sets all values of an attribute of several.
pub(super) fn set_all(subject: &Subject, attribute: &str, values: &[String]) -> String {
    if subject.is_planned {
        let options: Vec<String> = values.iter().map(|value| option(attribute, value)).collect();
        return restore(&options.join(" "));
    }
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("Set-ADUser -Identity {} -Replace @{{{attribute}={}}}", identity(subject), values.join(","))
}

/// Empties attributes.
pub(super) fn clear(subject: &Subject, attributes: &[&str]) -> String {
    if subject.is_planned {
        let options: Vec<String> = attributes.iter().map(|name| format!("--set {name}=")).collect();
        return restore(&options.join(" "));
    }
    format!("Set-ADUser -Identity {} -Clear {}", identity(subject), attributes.join(","))
}

/// Puts the user below a container; without one it is the reader's to choose.
pub(super) fn move_to(subject: &Subject, container: Option<&Dn>) -> String {
    let container = container.map(ToString::to_string);
    let or_some = |dn: Option<String>| dn.unwrap_or_else(|| "'OU=…'".to_owned());
    if subject.is_planned {
        return restore(&format!("--to {}", or_some(container.map(|dn| argument(&dn)))));
    }
    let to = or_some(container.map(|dn| quoted(&dn)));
    format!("Move-ADObject -Identity {} -TargetPath {to}", identity(subject))
}

/// Gives the user another name.
pub(super) fn rename(subject: &Subject) -> String {
    if subject.is_planned {
        return restore("--new-name NAME");
    }
    format!("Rename-ADObject -Identity {} -NewName NAME", identity(subject))
}

/// Makes the user a member of a group.
pub(super) fn join(subject: &Subject, group: &str) -> String {
    let user = identity(subject);
    if subject.is_planned {
        let line = format!("{user},\"{}\"", group.replace('"', "\"\""));
        return format!("{} and this line in the file: {line}", restore("--groups-from file:groups.csv"));
    }
    format!("Add-ADGroupMember -Identity {} -Members {user}", quoted(group))
}

/// Sets a password.
pub(super) fn set_password(subject: &Subject) -> String {
    if subject.is_planned {
        return restore("--generate-password=FILE");
    }
    format!("Set-ADAccountPassword -Identity {} -Reset", identity(subject))
}

/// Enables the account.
pub(super) fn enable(subject: &Subject) -> String {
    if subject.is_planned {
        return restore("--enable --generate-password=FILE");
    }
    format!("with a password set: Enable-ADAccount -Identity {}", identity(subject))
}

/// A command that no option of a restore stands for: it waits until the user is live.
pub(super) fn once_live(subject: &Subject, command: &str) -> String {
    if subject.is_planned {
        return format!("once it is restored, before the next synchronisation: {command}");
    }
    command.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{GUID, Stage};

    /// Its forms are tested where it is made; here, that it is the strict one.
    #[test]
    fn no_quote_of_the_directory_is_a_quote_of_powershell() {
        assert_eq!(quoted("O'Neill"), "'O''Neill'");
        assert_eq!(quoted("a\u{2019};calc"), "('a' + [char]0x2019 + ';calc')");
        assert_eq!(quoted("$x `n\n"), "('$x `n' + [char]0x000a)");
        assert_eq!(key("a-b"), "'a-b'");
    }

    type Tell = fn(&Subject) -> String;

    /// What is said of a live user and of a planned one.
    #[test]
    fn a_planned_user_gets_options_and_a_live_one_commands() {
        let both = |tell: Tell| {
            let live = Stage::new();
            let planned = Stage::new().changed(|subject| subject.is_planned = true);
            [live.look(|case| tell(case.subject)), planned.look(|case| tell(case.subject))]
        };
        let cases: [(Tell, &str, &str); 11] = [
            (
                |s| set(s, &[("userPrincipalName", "a@b.c")]),
                "Set-ADUser -Identity G -UserPrincipalName 'a@b.c'",
                "--upn a@b.c",
            ),
            (
                |s| set(s, &[("mail", "a@b.c")]),
                "Set-ADUser -Identity G -EmailAddress 'a@b.c'",
                "--set mail=a@b.c",
            ),
            (
                |s| set(s, &[("department", "O'Neill"), ("l", "@/etc/x")]),
                "Set-ADUser -Identity G -Replace @{department='O''Neill'; l='@/etc/x'}",
                "--set \"department=O'Neill\" --set l=@FILE (FILE holding '@/etc/x')",
            ),
            (
                |s| add(s, "proxyAddresses", "smtp:x@contoso.com"),
                "Set-ADUser -Identity G -Add @{proxyAddresses='smtp:x@contoso.com'}",
                "--set proxyAddresses=SMTP:anna@contoso.com --set proxyAddresses=smtp:a.example@contoso.com --set \
                 proxyAddresses=smtp:x@contoso.com",
            ),
            (|s| clear(s, &["a", "b"]), "Set-ADUser -Identity G -Clear a,b", "--set a= --set b="),
            (
                |s| set_octets(s, "x", &[1, 2]),
                "Set-ADUser -Identity G -Replace @{x=[Convert]::FromBase64String('AQI=')}",
                "--set x=@FILE, where FILE holds these octets: [IO.File]::WriteAllBytes('FILE', [Convert]::FromBase64String('AQI='))",
            ),
            (|s| move_to(s, None), "Move-ADObject -Identity G -TargetPath 'OU=…'", "--to 'OU=…'"),
            (|s| rename(s), "Rename-ADObject -Identity G -NewName NAME", "--new-name NAME"),
            (
                |s| join(s, "CN=a,DC=b"),
                "Add-ADGroupMember -Identity 'CN=a,DC=b' -Members G",
                "--groups-from file:groups.csv and this line in the file: G,\"CN=a,DC=b\"",
            ),
            (|s| set_password(s), "Set-ADAccountPassword -Identity G -Reset", "--generate-password=FILE"),
            (
                |s| enable(s),
                "with a password set: Enable-ADAccount -Identity G",
                "--enable --generate-password=FILE",
            ),
        ];
        for (tell, live, planned) in cases {
            let expected = [live.to_owned(), format!("restore it with {planned}")];
            assert_eq!(both(tell).map(|text| text.replace(GUID, "G")), expected);
        }
        let [live, planned] = both(|s| once_live(s, "dsacls"));
        assert_eq!((live.as_str(), planned.starts_with("once it is restored")), ("dsacls", true));
    }
}
