//! The little BER that is needed: reading foreign octets without trust and writing requests.
//!
//! LDAP uses definite lengths and single-octet tags only (RFC 4511 5.1), so everything else is refused.

/// What is wrong with an encoding.
pub(crate) type Problem = String;

/// One element: its tag octet and its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
}

/// The bit of a tag octet that says that there are elements inside.
pub(crate) const CONSTRUCTED: u8 = 0x20;

/// The tag octets that are used here.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
}

/// The octets of tag and length, and the length of the contents; `None` while octets are missing.
pub(crate) fn header(octets: &[u8]) -> Result<Option<(usize, usize)>, Problem> {
    let (Some(&tag), Some(&first)) = (octets.first(), octets.get(1)) else {
        return Ok(None);
    };
    if tag & 0x1f == 0x1f {
        return Err(format!("the tag {tag:#04x} of several octets does not exist in LDAP"));
    }
    if first < 0x80 {
        return Ok(Some((2, usize::from(first))));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 8 {
        return Err(format!("a length begins with {first:#04x}"));
    }
    let Some(digits) = octets.get(2..2 + count) else {
        return Ok(None);
    };
    let length = digits.iter().fold(0u64, |n, &b| (n << 8) | u64::from(b));
    // Half of the range keeps every later sum from overflowing.
    match usize::try_from(length) {
        Ok(length) if length <= usize::MAX / 2 => Ok(Some((2 + count, length))),
        _ => Err(format!("a length of {length} octets is announced")),
    }
}

/// Reads the elements of a constructed value one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// The next element, or `None` at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Tlv<'a>>, Problem> {
        // Most elements are short.
        if let [tag, length @ ..0x80, rest @ ..] = self.rest
            && tag & 0x1f != 0x1f
            && let Some((value, after)) = rest.split_at_checked(usize::from(*length))
        {
            self.rest = after;
            return Ok(Some(Tlv { tag: *tag, value }));
        }
        self.next_of_any_length()
    }

    fn next_of_any_length(&mut self) -> Result<Option<Tlv<'a>>, Problem> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (head, length) = header(self.rest)?.ok_or("an element is cut off")?;
        let value = self.rest.get(head..head + length).ok_or("an element is longer than what contains it")?;
        let tag = self.rest[0];
        self.rest = &self.rest[head + length..];
        Ok(Some(Tlv { tag, value }))
    }

    /// The contents of the next element, which must carry this tag.
    #[inline]
    pub(crate) fn expect(&mut self, tag: u8, what: &str) -> Result<&'a [u8], Problem> {
        match self.next()? {
            Some(tlv) if tlv.tag == tag => Ok(tlv.value),
            Some(tlv) => Err(format!("{what} has the tag {:#04x} instead of {tag:#04x}", tlv.tag)),
            None => Err(format!("{what} is missing")),
        }
    }

    /// Fails where anything is left.
    pub(crate) fn end(&self, what: &str) -> Result<(), Problem> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("something follows {what}")) }
    }
}

/// A non-negative INTEGER or ENUMERATED of at most four significant octets.
pub(crate) fn small_number(value: &[u8], what: &str) -> Result<u32, Problem> {
    match value {
        [] => Err(format!("{what} is empty")),
        [first, ..] if first & 0x80 != 0 => Err(format!("{what} is negative")),
        _ if value.len() > 5 => Err(format!("{what} has {} octets", value.len())),
        _ => {
            let number = value.iter().fold(0u64, |n, &b| (n << 8) | u64::from(b));
            u32::try_from(number).map_err(|_| format!("{what} is {number}"))
        }
    }
}

/// One element.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(contents.len() + 6);
    out.push(tag);
    let length = contents.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let skip = digits.iter().take_while(|b| **b == 0).count();
        out.push(0x80 | (digits.len() - skip) as u8);
        out.extend_from_slice(&digits[skip..]);
    }
    out.extend_from_slice(contents);
    out
}

/// A non-negative INTEGER.
pub(crate) fn integer(number: u32) -> Vec<u8> {
    let digits = i64::from(number).to_be_bytes();
    let skip = digits.iter().take_while(|b| **b == 0).count().min(digits.len() - 1);
    let skip = if digits[skip] & 0x80 != 0 { skip - 1 } else { skip };
    element(tag::INTEGER, &digits[skip..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(header(&[0x30, 5]).unwrap(), Some((2, 5)));
        assert_eq!(header(&[0x30, 0x84, 0, 0, 1, 0]).unwrap(), Some((6, 256)));
        assert_eq!(header(&[0x30, 0x84, 0]).unwrap(), None);
        assert!(header(&[0x30, 0x80]).is_err());
        assert!(header(&[0x30, 0x89]).is_err());
        assert!(header(&[0x3f, 0]).is_err());
        assert!(header(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]).is_err());
    }

    proptest! {
        #[test]
        fn numbers_and_elements_come_back(number: u32, length in 0usize..70_000) {
            let encoded = integer(number);
            let mut reader = Reader::new(&encoded);
            prop_assert_eq!(small_number(reader.expect(tag::INTEGER, "n").unwrap(), "n").unwrap(), number);
            let big = element(tag::OCTET_STRING, &vec![7; length]);
            let mut reader = Reader::new(&big);
            prop_assert_eq!(reader.expect(tag::OCTET_STRING, "s").unwrap().len(), length);
            reader.end("s").unwrap();
        }
    }
}
