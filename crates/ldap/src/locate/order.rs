//! The order in which the servers of SRV records are tried (RFC 2782).

/// One server of an SRV answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The server's DNS name, without a dot at the end.
    pub host: String,
    /// The port of plain LDAP.
    pub port: u16,
    /// The lower the earlier.
    pub priority: u16,
    /// Among those of one priority: the higher the more often first.
    pub weight: u16,
}

/// Puts servers in order: by priority, and among those of one priority at random by weight. `random` gives a number below its
/// argument.
pub fn order(mut targets: Vec<Target>, mut random: impl FnMut(u32) -> u32) -> Vec<Target> {
    // Those without weight come first, as the RFC says, so that they have a chance too.
    targets.sort_by(|a, b| {
        (a.priority, a.weight != 0, &a.host, a.port).cmp(&(b.priority, b.weight != 0, &b.host, b.port))
    });
    let mut ordered = Vec::with_capacity(targets.len());
    while let Some(first) = targets.first() {
        let priority = first.priority;
        let equal = targets.iter().take_while(|t| t.priority == priority).count();
        let sum: u32 = targets[..equal].iter().map(|t| u32::from(t.weight)).sum();
        let chosen = random(sum + 1);
        let mut running = 0;
        let at = targets[..equal].iter().position(|t| {
            running += u32::from(t.weight);
            running >= chosen
        });
        ordered.push(targets.remove(at.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn target(host: &str, priority: u16, weight: u16) -> Target {
        Target { host: host.into(), port: 389, priority, weight }
    }

    #[test]
    fn priority_comes_before_weight() {
        let targets = vec![target("c", 10, 0), target("b", 0, 1), target("a", 0, 100)];
        let names = |random: u32| -> Vec<String> {
            order(targets.clone(), |below| random.min(below - 1)).into_iter().map(|t| t.host).collect()
        };
        assert_eq!(names(0), ["a", "b", "c"]);
        assert_eq!(names(101), ["b", "a", "c"]);
        assert!(order(vec![], |_| 0).is_empty());
    }

    #[test]
    fn a_weight_is_how_often_it_is_first() {
        let targets = vec![target("none", 0, 0), target("one", 0, 1), target("three", 0, 3)];
        let mut first: HashMap<String, u32> = HashMap::new();
        for number in 0..5 {
            let host = order(targets.clone(), |below| if below == 5 { number } else { 0 }).remove(0).host;
            *first.entry(host).or_default() += 1;
        }
        assert_eq!((first["none"], first["one"], first["three"]), (1, 1, 3));
    }
}
