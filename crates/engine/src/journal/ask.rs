//! Questions that a later run asks of the journal about objects, not operations.

use std::collections::{HashMap, HashSet};

use adrecover_core::ObjectGuid;
use adrecover_core::plan::{Action, ObjectPlan, Step};
use rusqlite::params;

use super::{Journal, JournalError, Operation, OperationId, StepRecord, StepState};

impl Operation {
    /// Whether every step is done, or belongs to an object that the plan leaves alone.
    pub fn is_finished(&self) -> bool {
        let done = |(object, steps): (&ObjectPlan, &Vec<StepRecord>)| {
            let mut steps = object.steps.iter().zip(steps);
            !(object.writes() || object.goes_beyond())
                || steps.all(|(s, r)| r.state.is_done() || s.action.is_by_hand())
        };
        self.plan.objects.iter().zip(&self.steps).all(done)
    }

    /// Whether a step that sets a password is still to be done.
    pub fn needs_password(&self) -> bool {
        let pending = |(object, steps): (&ObjectPlan, &Vec<StepRecord>)| {
            let mut steps = object.steps.iter().zip(steps);
            object.writes()
                && steps.any(|(s, r)| matches!(s.action, Action::SetPassword { .. }) && !r.state.is_done())
        };
        self.plan.objects.iter().zip(&self.steps).any(pending)
    }

    /// Whether this operation brought the object back, as far as was written down.
    fn brought_back(&self, index: usize) -> bool {
        let steps = self.plan.objects[index].steps.iter().zip(&self.steps[index]);
        steps.into_iter().any(|(s, r)| s.action.brings_back() && r.state == StepState::Succeeded)
    }

    /// The GUID of an object of the plan: its own, or that of what was created in its place.
    pub fn guid(&self, index: usize) -> Option<ObjectGuid> {
        let created = self.steps.get(index)?.iter().find_map(|record| record.after.guid);
        created.or_else(|| Some(self.plan.objects.get(index)?.guid))
    }
}

impl Journal {
    /// Of these objects, those on which this journal set a password that somebody knows since it brought them back.
    pub fn passwords_set(&self, guids: &HashSet<ObjectGuid>) -> Result<HashSet<ObjectGuid>, JournalError> {
        let mut out = HashSet::new();
        for id in self.operations_on(guids)? {
            let operation = self.load(&id)?;
            for (index, (object, steps)) in operation.plan.objects.iter().zip(&operation.steps).enumerate() {
                let Some(guid) = operation.guid(index).filter(|guid| guids.contains(guid)) else { continue };
                for (step, _) in
                    object.steps.iter().zip(steps).filter(|(_, r)| r.state == StepState::Succeeded)
                {
                    match step.action {
                        Action::Reanimate { .. } | Action::Create { .. } => out.remove(&guid),
                        Action::SetPassword { .. } => out.insert(guid),
                        _ => false,
                    };
                }
            }
        }
        Ok(out)
    }

    /// Of these objects, those that this journal brought back and was to give a password, which it did not.
    pub fn passwords_owed(&self, guids: &HashSet<ObjectGuid>) -> Result<HashSet<ObjectGuid>, JournalError> {
        let mut out = HashSet::new();
        for id in self.operations_on(guids)? {
            let operation = self.load(&id)?;
            for (index, object) in operation.plan.objects.iter().enumerate() {
                let of = |(s, _): &(&Step, &StepRecord)| matches!(s.action, Action::SetPassword { .. });
                let password = object.steps.iter().zip(&operation.steps[index]).find(of);
                match password.map(|(step, record)| step.already || record.state.is_done()) {
                    Some(true) => out.remove(&object.guid),
                    Some(false) if guids.contains(&object.guid) && operation.brought_back(index) => {
                        out.insert(object.guid)
                    }
                    _ => false,
                };
            }
        }
        Ok(out)
    }

    /// What the newest operation that brought this object back planned for it, and for what it brought back at or below
    /// the object's DN. The object itself comes first.
    pub fn restored_with(&self, guid: ObjectGuid) -> Result<Vec<ObjectPlan>, JournalError> {
        let Some(id) = self.restored_by(guid)? else { return Ok(vec![]) };
        let operation = self.load(&id.to_string())?;
        let is_it = |(index, _): &(usize, &ObjectPlan)| operation.guid(*index) == Some(guid);
        let found = operation.plan.objects.iter().enumerate().find(is_it);
        let Some(root) = found.map(|(_, object)| ObjectPlan { guid, ..object.clone() }) else {
            return Ok(vec![]);
        };
        let with = operation
            .plan
            .objects
            .iter()
            .enumerate()
            .filter(|(i, o)| o.guid != guid && o.dn.is_at_or_below(&root.dn) && operation.brought_back(*i))
            .map(|(_, o)| o.clone());
        let with: Vec<ObjectPlan> = with.collect();
        Ok([vec![root], with].concat())
    }

    /// The newest operation that brought an object back.
    pub fn restored_by(&self, guid: ObjectGuid) -> Result<Option<OperationId>, JournalError> {
        let newest: Option<String> = self.run(|c| {
            c.prepare_cached("SELECT MAX(operation) FROM restored WHERE guid = ?")?
                .query_row([guid.to_string()], |r| r.get(0))
        })?;
        newest.map(|id| id.parse()).transpose()
    }

    /// What was created in the place of an object, newest first.
    pub fn recreated(
        &self,
        old: ObjectGuid,
        domain_sid: Option<&str>,
    ) -> Result<Vec<ObjectGuid>, JournalError> {
        let ids: Vec<String> = self.run(|c| {
            c.prepare_cached(
                "SELECT id FROM operations WHERE command = 'recreate' AND domain_sid IS ? ORDER BY started_at DESC, id DESC",
            )?
            .query_map([domain_sid], |r| r.get(0))?
            .collect()
        })?;
        let mut out = vec![];
        for id in ids {
            let operation = self.load(&id)?;
            for (index, object) in operation.plan.objects.iter().enumerate().filter(|(_, o)| o.guid == old) {
                out.extend(operation.guid(index).filter(|guid| *guid != object.guid));
            }
        }
        Ok(out)
    }

    /// What was planned for each of these objects when it was brought back the last time.
    pub fn plans_of(&self, guids: &[ObjectGuid]) -> Result<HashMap<ObjectGuid, ObjectPlan>, JournalError> {
        let mut by_operation: HashMap<String, HashSet<ObjectGuid>> = HashMap::new();
        for guid in guids {
            if let Some(id) = self.restored_by(*guid)? {
                by_operation.entry(id.to_string()).or_default().insert(*guid);
            }
        }
        let mut out = HashMap::new();
        for (id, wanted) in by_operation {
            let operation = self.load(&id)?;
            for (index, object) in operation.plan.objects.iter().enumerate() {
                if let Some(guid) = operation.guid(index).filter(|guid| wanted.contains(guid)) {
                    out.insert(guid, ObjectPlan { guid, ..object.clone() });
                }
            }
        }
        Ok(out)
    }

    /// The operations with an event about any of these objects, oldest first.
    fn operations_on(&self, guids: &HashSet<ObjectGuid>) -> Result<Vec<String>, JournalError> {
        let rows: Vec<(String, String)> = self.run(|c| {
            c.prepare_cached("SELECT DISTINCT operation, guid FROM events ORDER BY operation")?
                .query_map(params![], |r| Ok((r.get(0)?, r.get(1)?)))?
                .collect()
        })?;
        let mut out: Vec<String> = rows
            .into_iter()
            .filter(|(_, guid)| guid.parse().is_ok_and(|g| guids.contains(&g)))
            .map(|(id, _)| id)
            .collect();
        out.dedup();
        Ok(out)
    }
}
