//! What may happen to a step, as one table: everything that is not in it is a mistake of the program.

use serde::{Deserialize, Serialize};

/// What is written down about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// It is about to be done: written before the effect.
    Started,
    /// It was done.
    Succeeded,
    /// The directory showed it done already; nothing was written.
    Unchanged,
    /// It was refused, or found impossible.
    Failed,
    /// It was left out.
    Skipped,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepState {
    /// Nothing was written down about it.
    #[default]
    Fresh,
    /// It was begun, and whether it took effect is not known: look before acting.
    Started,
    /// It was done.
    Succeeded,
    /// It was done already.
    Unchanged,
    /// It was refused, or found impossible.
    Failed,
    /// It was left out.
    Skipped,
}

impl Event {
    /// Every event with its name in the file.
    pub const ALL: [(Event, &'static str); 5] = [
        (Self::Started, "started"),
        (Self::Succeeded, "succeeded"),
        (Self::Unchanged, "unchanged"),
        (Self::Failed, "failed"),
        (Self::Skipped, "skipped"),
    ];

    /// Its name in the file.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(event, _)| *event == self).map_or("", |(_, name)| name)
    }

    /// The event of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(event, _)| *event)
    }
}

impl StepState {
    /// Whether nothing remains to be done about it.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Succeeded | Self::Unchanged)
    }

    /// The state after an event, or `None` where that event cannot follow.
    pub fn after(self, event: Event) -> Option<Self> {
        match (self, event) {
            // What failed or was left out is carried out when the operation is resumed.
            (Self::Fresh | Self::Failed | Self::Skipped, Event::Started) => Some(Self::Started),
            (Self::Fresh | Self::Failed | Self::Skipped, Event::Unchanged) => Some(Self::Unchanged),
            (Self::Fresh | Self::Failed | Self::Skipped, Event::Failed) => Some(Self::Failed),
            (Self::Fresh | Self::Failed | Self::Skipped, Event::Skipped) => Some(Self::Skipped),
            (Self::Started, Event::Succeeded) => Some(Self::Succeeded),
            (Self::Started, Event::Unchanged) => Some(Self::Unchanged),
            (Self::Started, Event::Failed) => Some(Self::Failed),
            // A write that may have happened is looked at, neither begun again nor called left out; what is done stays
            // done; and nothing is done without having been begun.
            (Self::Started, Event::Started | Event::Skipped)
            | (Self::Fresh | Self::Failed | Self::Skipped, Event::Succeeded)
            | (Self::Succeeded | Self::Unchanged, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [StepState; 6] = [
        StepState::Fresh,
        StepState::Started,
        StepState::Succeeded,
        StepState::Unchanged,
        StepState::Failed,
        StepState::Skipped,
    ];

    #[test]
    fn nothing_is_done_without_an_intent() {
        for state in STATES {
            let done = state.after(Event::Succeeded);
            assert_eq!(done.is_some(), state == StepState::Started, "{state:?}");
        }
    }

    #[test]
    fn what_is_done_stays_done() {
        for state in [StepState::Succeeded, StepState::Unchanged] {
            for (event, _) in Event::ALL {
                assert_eq!(state.after(event), None, "{state:?} {event:?}");
            }
        }
        assert_eq!(StepState::Started.after(Event::Started), None);
        assert_eq!(StepState::Started.after(Event::Skipped), None);
    }

    #[test]
    fn legal_events_lead_to_the_state_of_their_name() {
        for state in STATES {
            for (event, name) in Event::ALL {
                if let Some(next) = state.after(event) {
                    assert_eq!(format!("{next:?}").to_lowercase(), name);
                }
            }
        }
    }

    #[test]
    fn names_come_back() {
        for (event, name) in Event::ALL {
            assert_eq!(Event::from_name(name), Some(event));
            assert_eq!(event.name(), name);
        }
        assert_eq!(Event::from_name("undone"), None);
    }
}
