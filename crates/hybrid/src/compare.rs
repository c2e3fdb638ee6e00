//! How names and addresses are compared, wherever they come from.

/// Whether two texts are equal but for case.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || !(a.is_ascii() && b.is_ascii()) && a.to_lowercase() == b.to_lowercase()
}

/// An address without `smtp:`; one of another type with its type.
pub(crate) fn bare(address: &str) -> &str {
    match address.split_at_checked(5) {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("smtp:") => rest,
        _ => address,
    }
}
