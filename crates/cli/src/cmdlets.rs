//! The parameters of `Restore-ADObject` and `Get-ADObject` for who has them in the fingers: they are read as the options that mean the
//! same, and are in no help page.

use std::ffi::OsString;

/// A parameter of PowerShell and what it is here. With a value it is followed by it, as there.
const SAME: [(&str, &str); 9] = [
    ("-WhatIf", "--dry-run"),
    ("-Confirm:$false", "--yes"),
    ("-Confirm:False", "--yes"),
    ("-Identity", "--guid"),
    ("-NewName", "--new-name"),
    ("-TargetPath", "--to"),
    ("-SearchBase", "--under"),
    ("-LDAPFilter", "--ldap-filter"),
    ("-Server", "--server"),
];

/// The arguments with parameters of PowerShell, in any case, as options. What comes after `--` is left alone.
pub(crate) fn translated(arguments: Vec<OsString>) -> Vec<OsString> {
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let is_option = |at: usize| (1..end).contains(&at);
    arguments
        .into_iter()
        .enumerate()
        .map(|(at, argument)| {
            let text = argument.to_str().filter(|_| is_option(at));
            let found = text.and_then(|text| SAME.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)));
            found.map_or(argument, |(_, option)| (*option).into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_options() {
        let read = |line: &str| -> String {
            let arguments = translated(line.split(' ').map(OsString::from).collect());
            arguments.iter().map(|a| a.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            read("adrecover restore -Identity 3c45 -TargetPath OU=a -NewName b -whatif -Confirm:$false"),
            "adrecover restore --guid 3c45 --to OU=a --new-name b --dry-run --yes"
        );
        let plain = "adrecover list -v -o json --server x -- -WhatIf";
        assert_eq!(read(plain), plain);
        assert_eq!(read("-WhatIf list"), "-WhatIf list", "the name of the program");
    }
}
