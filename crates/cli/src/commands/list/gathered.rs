//! The objects of a list, or the first of them by the order that was asked for.

use std::collections::HashMap;

use adrecover_core::ObjectGuid;
use adrecover_core::deleted::DeletedObject;

use super::order::Order;

/// Objects being gathered. Where a limit is given, not many more than that are kept.
pub(super) struct Gathered {
    // An object that changes meanwhile may come twice; the later state counts.
    objects: HashMap<ObjectGuid, DeletedObject>,
    order: Order,
    limit: usize,
    dropped: usize,
}

impl Gathered {
    pub(super) fn new(order: Order, limit: Option<u32>) -> Self {
        let limit = limit.map_or(usize::MAX, |n| n as usize);
        Self { objects: HashMap::new(), order, limit, dropped: 0 }
    }

    /// Adds one.
    pub(super) fn add(&mut self, object: DeletedObject) {
        self.objects.insert(object.guid, object);
        if self.objects.len() >= self.limit.saturating_mul(2).max(4096) && self.limit < self.objects.len() {
            let mut kept: Vec<_> = self.objects.drain().map(|(_, object)| object).collect();
            self.order.sort(&mut kept);
            self.dropped += kept.len() - self.limit;
            kept.truncate(self.limit);
            self.objects.extend(kept.into_iter().map(|object| (object.guid, object)));
        }
    }

    /// The objects in their order, and how many were left out.
    pub(super) fn finish(self) -> (Vec<DeletedObject>, usize) {
        let mut objects: Vec<_> = self.objects.into_values().collect();
        self.order.sort(&mut objects);
        let dropped = self.dropped + objects.len().saturating_sub(self.limit);
        objects.truncate(self.limit);
        (objects, dropped)
    }
}
