//! Filters that a person typed.

/// A filter that does not parse, and the part that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the LDAP filter is wrong: {0}")]
pub struct BadFilter(pub String);

/// Checks a filter. One without parentheses gets them: `cn=a` is taken for `(cn=a)`.
pub fn checked_filter(text: &str) -> Result<String, BadFilter> {
    let trimmed = text.trim();
    let filter = if trimmed.starts_with('(') { trimmed.to_owned() } else { format!("({trimmed})") };
    match crate::message::Filter::parse(&filter) {
        Ok(_) => Ok(filter),
        Err(error) => Err(BadFilter(wrong_part(&filter).unwrap_or_else(|| error.to_string()))),
    }
}

fn wrong_part(filter: &str) -> Option<String> {
    let mut open = vec![];
    let mut leaves = vec![];
    let mut inner = false;
    for (at, c) in filter.char_indices() {
        match c {
            '(' => {
                open.push(at);
                inner = false;
            }
            ')' => {
                let Some(start) = open.pop() else {
                    return Some(format!("the `)` at character {} closes nothing", place(filter, at)));
                };
                if !inner {
                    leaves.push(&filter[start..=at]);
                }
                inner = true;
                if open.is_empty() && at + 1 < filter.len() {
                    return Some(format!("`{}` follows its end", &filter[at + 1..]));
                }
            }
            _ => {}
        }
    }
    if let Some(start) = open.last() {
        return Some(format!("the `(` at character {} is not closed", place(filter, *start)));
    }
    let bad = leaves.iter().find(|leaf| ldap3::parse_filter(leaf).is_err())?;
    Some(format!("`{bad}` is not `(attribute=value)`"))
}

fn place(filter: &str, octet: usize) -> usize {
    filter[..octet].chars().count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_filters_pass() {
        assert_eq!(checked_filter("cn=a*").unwrap(), "(cn=a*)");
        assert_eq!(checked_filter(" (&(a=b)(!(c=d))) ").unwrap(), "(&(a=b)(!(c=d)))");
    }

    #[test]
    fn the_wrong_part_is_named() {
        for (filter, part) in [
            ("(&(cn=a)(mail))", "`(mail)`"),
            ("(&(cn=a)(mail=b)", "character 1 is not closed"),
            ("(cn=a))", "follows its end"),
            ("(cn=a)(b=c)", "`(b=c)` follows"),
            ("(|(cn=é)(=x))", "`(=x)`"),
            ("", "()"),
        ] {
            let error = checked_filter(filter).unwrap_err().to_string();
            assert!(error.contains(part), "{filter}: {error}");
        }
    }
}
