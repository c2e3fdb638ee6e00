//! Where the reading of a naming context stands, and how it moves on.

use adrecover_core::change::{FullRead, Phase, Position};

use super::control::DIR_SYNC;
use super::windows::Windows;
use super::{Stand, Way};
use crate::RootDse;
use crate::framer::DirSync;

/// Where the page that is being read begins.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) position: Position,
    /// The parts in which it is read; `None` where the server makes pages of its own.
    pub(super) windows: Option<Windows>,
}

impl Place {
    /// The beginning of a full read.
    pub(super) fn begin(way: Way, root: &RootDse, stand: Stand) -> Self {
        let own_rights = match way {
            Way::Numbers => return Self::by_numbers(stand),
            Way::Best if !root.supports(DIR_SYNC) => return Self::by_numbers(stand),
            Way::Best | Way::DirSync => false,
            Way::OwnRights => true,
        };
        let full = if root.is_samba() { FullRead::Usn { from: 0 } } else { FullRead::Cookie };
        Self::of(Position::DirSync { cookie: vec![], own_rights, full: Some(full) }, stand)
    }

    fn by_numbers(stand: Stand) -> Self {
        Self::of(Position::Usn { after: stand.usn, full: Some(FullRead::Usn { from: 0 }) }, stand)
    }

    /// A position that was reached before.
    pub(super) fn of(position: Position, stand: Stand) -> Self {
        let from = match &position {
            Position::DirSync { full: Some(FullRead::Usn { from }), .. }
            | Position::Usn { full: Some(FullRead::Usn { from }), .. } => Some(*from),
            Position::Usn { full: Some(FullRead::Cookie), .. } => Some(0),
            Position::Usn { after, full: None } => Some(after.saturating_add(1)),
            Position::DirSync { .. } => None,
        };
        Self { position, windows: from.map(|from| Windows::new(from, stand.usn)) }
    }

    pub(super) fn phase(&self) -> Phase {
        if self.full().is_some() { Phase::Full } else { Phase::Following }
    }

    fn full(&self) -> Option<FullRead> {
        let (Position::DirSync { full, .. } | Position::Usn { full, .. }) = &self.position;
        *full
    }

    pub(super) fn way(&self) -> Way {
        match self.position {
            Position::DirSync { own_rights: false, .. } => Way::DirSync,
            Position::DirSync { own_rights: true, .. } => Way::OwnRights,
            Position::Usn { .. } => Way::Numbers,
        }
    }

    /// What is asked for.
    pub(super) fn filter(&self) -> String {
        self.windows.as_ref().map_or_else(|| "(objectClass=*)".to_owned(), Windows::filter)
    }

    /// What will be asked for after this page, where that is known already.
    pub(super) fn next_filter(&self) -> Option<String> {
        self.windows.as_ref()?.following().map(|windows| windows.filter())
    }

    /// The cookie to ask by: none in windows, where it is the one to go on from afterwards.
    pub(super) fn cookie(&self) -> &[u8] {
        match &self.position {
            Position::DirSync { cookie, .. } if self.windows.is_none() => cookie,
            _ => &[],
        }
    }

    /// Takes the next way, where there is one.
    pub(super) fn take_another_way(&mut self, stand: Stand) -> bool {
        match &mut self.position {
            Position::DirSync { own_rights, .. } if !*own_rights => *own_rights = true,
            Position::DirSync { .. } => *self = Self::by_numbers(stand),
            Position::Usn { .. } => return false,
        }
        true
    }

    /// Moves on after a page that was read to its end and held so many objects, with what the server said of DirSync. Whether it was
    /// the last; or what is wrong.
    pub(super) fn turn(
        &mut self,
        found: usize,
        said: Option<DirSync>,
        stand: Stand,
    ) -> Result<bool, &'static str> {
        let has_more = match said {
            Some(said) => self.take_cookie(said, found)?,
            None => false,
        };
        let Some(windows) = &mut self.windows else {
            if let (Position::DirSync { full, .. }, false) = (&mut self.position, has_more) {
                *full = None;
            }
            return Ok(!has_more);
        };
        let end = windows.high();
        windows.advance(found);
        let from = windows.low();
        match (&mut self.position, end) {
            (Position::DirSync { full, .. }, None) => *full = None,
            (Position::DirSync { full, .. }, Some(_)) => *full = full.map(|_| FullRead::Usn { from }),
            (Position::Usn { full: full @ Some(_), .. }, Some(_)) => *full = Some(FullRead::Usn { from }),
            // What changed since it began comes once more: it may have been in a window that was read before that.
            (Position::Usn { full: full @ Some(_), .. }, None) => *full = None,
            (Position::Usn { after, full: None }, high) => *after = high.unwrap_or(stand.usn).max(*after),
        }
        Ok(end.is_none())
    }

    /// Whether there is more by the cookie that came.
    fn take_cookie(&mut self, said: DirSync, found: usize) -> Result<bool, &'static str> {
        let Position::DirSync { cookie, full, .. } = &mut self.position else { return Ok(false) };
        if self.windows.is_none() {
            if said.has_more && found == 0 && *cookie == said.cookie {
                return Err("an empty page, with the cookie that it was asked for by");
            }
            *cookie = said.cookie;
            return Ok(said.has_more);
        }
        if said.has_more {
            // It has pages of its own after all: from the beginning, by these.
            *full = Some(FullRead::Cookie);
            cookie.clear();
            self.windows = None;
            return Err("a part of a reply where the whole one was awaited");
        }
        if cookie.is_empty() {
            // That of the first window: what changes from now on is told by it.
            *cookie = said.cookie;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(usn: u64) -> Stand {
        let invocation = adrecover_core::ObjectGuid::from_wire(&[1; 16]).unwrap();
        Stand { invocation, usn }
    }

    fn said(has_more: bool, cookie: &[u8]) -> Option<DirSync> {
        Some(DirSync { has_more, cookie: cookie.to_vec() })
    }

    fn root(samba: bool) -> RootDse {
        let vendor_name = samba.then(|| "Samba Team".to_owned());
        let supported_controls = [DIR_SYNC.to_owned()].into();
        RootDse { vendor_name, supported_controls, ..RootDse::default() }
    }

    #[test]
    fn samba_is_read_in_windows_and_followed_by_the_first_cookie() {
        let mut place = Place::begin(Way::Best, &root(true), stand(7_000));
        assert_eq!((place.cookie(), place.filter().as_str()), (&b""[..], "(uSNChanged<=4095)"));
        assert_eq!(place.turn(9, said(false, b"first"), stand(7_000)), Ok(false));
        let full = Some(FullRead::Usn { from: 4_096 });
        assert_eq!(place.position, Position::DirSync { cookie: b"first".into(), own_rights: false, full });
        // As it was kept: it goes on there, and asks without the cookie.
        let mut place = Place::of(place.position, stand(7_500));
        assert_eq!((place.cookie(), place.filter().as_str()), (&b""[..], "(uSNChanged>=4096)"));
        assert_eq!((place.phase(), place.turn(9, said(false, b"later"), stand(1))), (Phase::Full, Ok(true)));
        assert_eq!((place.phase(), place.way()), (Phase::Following, Way::DirSync));
        let place = Place::of(place.position, stand(7_500));
        assert_eq!((place.cookie(), place.filter().as_str()), (&b"first"[..], "(objectClass=*)"));
        // A server that makes pages where none are awaited is read from the beginning, by these.
        let mut place = Place::begin(Way::Best, &root(true), stand(7));
        assert!(place.turn(9, said(true, b"more"), stand(7)).is_err());
        assert_eq!((place.windows.is_none(), place.cookie(), place.phase()), (true, &b""[..], Phase::Full));
    }

    #[test]
    fn by_numbers() {
        let mut place = Place::begin(Way::Numbers, &root(false), stand(7_000));
        assert_eq!(place.turn(1, None, stand(7_000)), Ok(false));
        assert_eq!(place.turn(1, None, stand(7_000)), Ok(true));
        assert_eq!(place.position, Position::Usn { after: 7_000, full: None });
        let mut place = Place::of(place.position, stand(30_000));
        assert_eq!(place.filter(), "(&(uSNChanged>=7001)(uSNChanged<=11096))");
        assert_eq!(place.turn(4_000, None, stand(30_000)), Ok(false));
        assert_eq!(place.position, Position::Usn { after: 11_096, full: None });
        while place.turn(4_000, None, stand(30_000)) == Ok(false) {}
        assert_eq!(place.position, Position::Usn { after: 30_000, full: None });
    }

    #[test]
    fn the_ways_in_turn() {
        let mut place = Place::begin(Way::Best, &root(false), stand(7));
        let ways: Vec<Way> = std::iter::from_fn(|| {
            let way = place.way();
            place.take_another_way(stand(7)).then_some(way)
        })
        .collect();
        assert_eq!((ways, place.way()), (vec![Way::DirSync, Way::OwnRights], Way::Numbers));
        assert_eq!(Place::begin(Way::Best, &RootDse::default(), stand(7)).way(), Way::Numbers);
    }
}
