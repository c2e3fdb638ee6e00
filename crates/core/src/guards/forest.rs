//! Names could not be looked for in the whole forest.

use super::{Block, Case, block};
use crate::facts::ForestCheck;

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let ForestCheck::Unavailable(reason) = &case.domain.forest else { return None };
    if case.request.allow_unchecked_forest || !super::upn::would_change(case) {
        return None;
    }
    let upn = case.identity.user_principal_name.as_deref()?;
    Some(
        block("forest.unchecked", format!("whether `{upn}` is taken in the forest could not be asked: {reason}"))
            .way_out("--server with a global catalogue, or --allow-unchecked-forest to go on with this domain's answer"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use crate::facts::ForestCheck;
    use crate::request::{RestoreRequest, UpnWish};

    #[test]
    fn only_a_logon_name_needs_the_forest() {
        let mut alone = domain();
        alone.forest = ForestCheck::Unavailable("connection refused".into());
        assert!(ids(&object(), &alone, &Default::default()).is_empty());
        let mut request =
            RestoreRequest { upn: Some(UpnWish::Value("a@contoso.com".into())), ..Default::default() };
        assert_eq!(ids(&object(), &alone, &request), ["forest.unchecked"]);
        request.allow_unchecked_forest = true;
        assert!(ids(&object(), &alone, &request).is_empty());
    }
}
