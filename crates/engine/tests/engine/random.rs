//! Random plans under random trouble end as they do without it.

use adrecover_core::plan::{Action, Carried, Step};
use adrecover_core::report::Outcome;
use proptest::prelude::*;

use crate::fake::Fault;
use crate::world::*;

fn more() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3u8).prop_map(|n| set("mail", &[["a@x", "b@x", "c@x"][usize::from(n)]])),
        Just(set("title", &["t"])),
        Just(set("description", &[])),
        Just(password()),
        Just(join()),
        Just(step(Action::Disable)),
    ]
}

fn steps(n: u8) -> impl Strategy<Value = Vec<Step>> {
    let carried = prop_oneof![Just(Carried::Random), Just(Carried::Wanted)];
    (carried, prop::collection::vec(more(), 0..5)).prop_map(move |(carried, more)| {
        let mut steps = vec![reanimate(n, carried)];
        if carried == Carried::Wanted {
            steps.push(password());
        } else {
            steps.push(step(Action::Disable));
        }
        steps.push(upn(&format!("user{n}@x")));
        steps.extend(more);
        steps
    })
}

fn trouble() -> impl Strategy<Value = Vec<(usize, Fault)>> {
    let fault = prop_oneof![
        Just(Fault::LostBefore),
        Just(Fault::LostAfter),
        Just(Fault::DiesBefore),
        Just(Fault::DiesAfter)
    ];
    prop::collection::vec((1..60usize, fault), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn trouble_makes_no_difference(
        one in steps(1), two in steps(2), faults in trouble(), bare: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut calm = world(2);
            calm.no_password_inside = bare;
            let plan = plan(vec![object(&calm, 1, one), object(&calm, 2, two)]);
            Desk::new().done(&mut calm, &plan).await;
            let mut rough = world(2);
            rough.no_password_inside = bare;
            rough.faults = faults.into_iter().collect();
            let desk = Desk::new();
            let (id, mut reports) = desk.run(&mut rough, &plan).await;
            for _ in 0..5 {
                if reports.is_none() {
                    reports = desk.resume(&mut rough, id).await.map(Ok);
                }
            }
            let reports = reports.unwrap().unwrap();
            prop_assert!(reports.iter().all(|r| r.outcome == Outcome::Restored), "{:#?}", reports);
            for n in [1, 2] {
                // A safety measure may have disabled what the plan leaves as it was.
                let (a, b) = (calm.object(guid(n)), rough.object(guid(n)));
                prop_assert_eq!(&a.dn, &b.dn);
                for name in ["mail", "title", "userPrincipalName", "pwdLastSet", "description"] {
                    prop_assert_eq!(a.text(name), b.text(name));
                }
            }
            prop_assert_eq!(rough.exposed(), 0);
            Ok(())
        })?;
    }
}
