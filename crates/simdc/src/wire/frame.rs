//! Where a message begins and ends.

/// What is wrong with a message before it is even read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadFrame {
    /// It does not begin as a message must.
    NoMessage,
    /// It is larger than `MaxReceiveBuffer` allows.
    TooLarge,
    /// It is nested deeper than any request that means something.
    TooDeep,
}

/// The deepest nesting: the codec reads filters by recursion.
const MAX_DEPTH: usize = 256;

/// The length of the message at the start of a buffer; `None` while it cannot be told yet.
pub fn length(buffer: &[u8], limit: usize) -> Result<Option<usize>, BadFrame> {
    let Some(&tag) = buffer.first() else { return Ok(None) };
    if tag != 0x30 {
        return Err(BadFrame::NoMessage);
    }
    let Some((content, head)) = header(buffer)? else { return Ok(None) };
    if content > limit {
        return Err(BadFrame::TooLarge);
    }
    Ok(Some(head + content))
}

/// The length of an element's content and of what stands before it.
fn header(buffer: &[u8]) -> Result<Option<(usize, usize)>, BadFrame> {
    let Some(&first) = buffer.get(1) else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some((usize::from(first), 2)));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=8).contains(&count) {
        return Err(BadFrame::NoMessage);
    }
    let Some(digits) = buffer.get(2..2 + count) else { return Ok(None) };
    let content = digits.iter().fold(0u64, |sum, digit| sum << 8 | u64::from(*digit));
    usize::try_from(content).map(|content| Some((content, 2 + count))).map_err(|_| BadFrame::TooLarge)
}

/// Refuses a message that is nested too deep.
pub fn check_depth(message: &[u8]) -> Result<(), BadFrame> {
    let mut ends: Vec<usize> = vec![];
    let mut at = 0;
    while at < message.len() {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        let rest = &message[at..];
        let Ok(Some((content, head))) = header(rest) else { return Err(BadFrame::NoMessage) };
        let end = at.saturating_add(head).saturating_add(content);
        if end > message.len() {
            return Err(BadFrame::NoMessage);
        }
        let is_constructed = rest[0] & 0x20 != 0;
        if is_constructed {
            ends.push(end);
            at += head;
        } else {
            at = end;
        }
        if ends.len() > MAX_DEPTH {
            return Err(BadFrame::TooDeep);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(length(&[], 100), Ok(None));
        assert_eq!(length(&[0x30], 100), Ok(None));
        assert_eq!(length(&[0x30, 5], 100), Ok(Some(7)));
        assert_eq!(length(&[0x30, 0x82, 1], 1000), Ok(None));
        assert_eq!(length(&[0x30, 0x82, 1, 0], 1000), Ok(Some(260)));
        assert_eq!(length(&[0x30, 0x82, 1, 0], 100), Err(BadFrame::TooLarge));
        assert_eq!(
            length(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255], 100),
            Err(BadFrame::TooLarge)
        );
        assert_eq!(length(b"GET / HTTP/1.1", 100), Err(BadFrame::NoMessage));
    }

    #[test]
    fn nesting() {
        assert_eq!(check_depth(&[0x30, 3, 2, 1, 5]), Ok(()));
        assert_eq!(check_depth(&[0x30, 3, 2, 2, 5]), Err(BadFrame::NoMessage));
        let mut deep = vec![];
        for _ in 0..1000 {
            let mut outer = vec![0x30, 0x84];
            outer.extend((deep.len() as u32).to_be_bytes());
            outer.extend(&deep);
            deep = outer;
        }
        assert_eq!(check_depth(&deep), Err(BadFrame::TooDeep));
    }
}
