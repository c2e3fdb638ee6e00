//! `$filter` expressions: the one place where a value becomes part of one.

/// A text as a literal of OData: a quotation mark is doubled (OData 4.01 URL conventions, 2).
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A property that has this value.
pub(crate) fn equal(property: &str, value: &str) -> String {
    format!("{property} eq {}", quoted(value))
}

/// A property that ends so; an advanced query.
pub(crate) fn ends_with(property: &str, value: &str) -> String {
    format!("endsWith({property},{})", quoted(value))
}

/// A list of addresses with this one. The type of an SMTP address is in capitals if it is the primary one; it is not documented
/// that Graph compares without case.
pub(crate) fn has_address(address: &str) -> Vec<String> {
    let has = |text: &str| format!("proxyAddresses/any(p:p eq {})", quoted(text));
    match address.split_once(':') {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("smtp") => {
            vec![has(&format!("smtp:{rest}")), has(&format!("SMTP:{rest}"))]
        }
        Some((kind, _)) if !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric()) => {
            vec![has(address)]
        }
        _ => vec![has(&format!("smtp:{address}")), has(&format!("SMTP:{address}"))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_a_value() {
        assert_eq!(equal("mail", "o'neil' or 1 eq 1"), "mail eq 'o''neil'' or 1 eq 1'");
        assert_eq!(
            has_address("SMTP:a@x"),
            ["proxyAddresses/any(p:p eq 'smtp:a@x')", "proxyAddresses/any(p:p eq 'SMTP:a@x')"]
        );
        assert_eq!(has_address("X500:/o=a"), ["proxyAddresses/any(p:p eq 'X500:/o=a')"]);
        assert_eq!(has_address("a@x").len(), 2);
    }
}
