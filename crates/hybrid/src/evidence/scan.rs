//! Cuts a stream of JSON into its values, so that each can be read alone: no document is in memory as a whole.

use std::io::Read;

/// The longest single value, in octets: one user with all that it has is far below.
pub(crate) const MAX_VALUE: usize = 8 << 20;
/// The deepest nesting. `serde_json` stops at the same depth.
const MAX_DEPTH: usize = 127;

/// What is wrong with a document, and in which line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct Broken {
    pub(crate) line: u64,
    pub(crate) problem: String,
}

/// A reader of JSON text that knows where values end, and not what they mean.
pub(crate) struct Scanner<R> {
    input: R,
    chunk: Vec<u8>,
    at: usize,
    /// The line that is read, from 1.
    pub(crate) line: u64,
}

impl<R: Read> Scanner<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, chunk: vec![], at: 0, line: 1 }
    }

    pub(crate) fn broken<T>(&self, problem: impl Into<String>) -> Result<T, Broken> {
        Err(Broken { line: self.line, problem: problem.into() })
    }

    fn fill(&mut self) -> Result<bool, Broken> {
        self.chunk.resize(64 * 1024, 0);
        self.at = 0;
        let read = loop {
            match self.input.read(&mut self.chunk) {
                Ok(n) => break n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return self.broken(e.to_string()),
            }
        };
        self.chunk.truncate(read);
        Ok(read > 0)
    }

    /// The next octet, which stays.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        if self.at == self.chunk.len() && !self.fill()? {
            return Ok(None);
        }
        Ok(self.chunk.get(self.at).copied())
    }

    #[inline]
    fn step(&mut self) {
        if self.chunk.get(self.at) == Some(&b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    /// The next octet that is no white space, which stays. A byte order mark, as it comes where text was put behind a file,
    /// counts as white space.
    pub(crate) fn next(&mut self) -> Result<Option<u8>, Broken> {
        while let Some(octet) = self.peek()? {
            if !matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf) {
                return Ok(Some(octet));
            }
            self.step();
        }
        Ok(None)
    }

    /// Goes past one octet that has to be there.
    pub(crate) fn expect(&mut self, octet: u8) -> Result<(), Broken> {
        match self.next()? {
            Some(found) if found == octet => {
                self.step();
                Ok(())
            }
            Some(_) => self.broken(format!("`{}` is missing", char::from(octet))),
            None => self.broken(format!("the file ends where `{}` should be: it is cut", char::from(octet))),
        }
    }

    /// Goes past a comma (`true`) or the end of a list or an object (`false`).
    pub(crate) fn comma_or(&mut self, end: u8) -> Result<bool, Broken> {
        match self.next()? {
            Some(b',') => {
                self.step();
                Ok(true)
            }
            Some(found) if found == end => {
                self.step();
                Ok(false)
            }
            Some(_) => self.broken(format!("`,` or `{}` is missing", char::from(end))),
            None => self.broken("the file ends in the middle: it is cut"),
        }
    }

    /// Puts the next value's text behind `out`.
    pub(crate) fn value(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        let limit = out.len() + MAX_VALUE;
        match self.next()? {
            Some(b'"') => self.string(out, limit),
            Some(b'{' | b'[') => self.nested(out, limit),
            Some(b',' | b':' | b'}' | b']') => self.broken("a value is missing"),
            Some(_) => self.word(out, limit),
            None => self.broken("the file ends where a value should be: it is cut"),
        }
    }

    fn word(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Broken> {
        while let Some(octet) = self.peek()? {
            if matches!(octet, b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                break;
            }
            self.push(octet, out, limit)?;
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, octet: u8, out: &mut Vec<u8>, limit: usize) -> Result<(), Broken> {
        if out.len() >= limit {
            return self.broken(format!("a single value is longer than {MAX_VALUE} octets"));
        }
        out.push(octet);
        self.step();
        Ok(())
    }

    fn string(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Broken> {
        self.push(b'"', out, limit)?;
        loop {
            if self.peek()?.is_none() {
                return self.broken("the file ends within a text: it is cut");
            }
            // As much at once as there is up to a quote or a backslash.
            let rest = &self.chunk[self.at..];
            let plain = rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len());
            if out.len() + plain > limit {
                return self.broken(format!("a single value is longer than {MAX_VALUE} octets"));
            }
            out.extend_from_slice(&rest[..plain]);
            self.line += rest[..plain].iter().filter(|b| **b == b'\n').count() as u64;
            self.at += plain;
            match self.peek()? {
                Some(b'"') => return self.push(b'"', out, limit),
                Some(b'\\') => {
                    self.push(b'\\', out, limit)?;
                    if let Some(octet) = self.peek()? {
                        self.push(octet, out, limit)?;
                    }
                }
                _ => {}
            }
        }
    }

    fn nested(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Broken> {
        let mut depth = 0;
        loop {
            let Some(octet) = self.peek()? else {
                return self.broken("the file ends in the middle of an object or a list: it is cut");
            };
            if octet == b'"' {
                self.string(out, limit)?;
                continue;
            }
            self.push(octet, out, limit)?;
            match octet {
                b'{' | b'[' if depth == MAX_DEPTH => return self.broken("it is nested too deeply"),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<String>, String> {
        let mut scanner = Scanner::new(text.as_bytes());
        let mut out = vec![];
        while scanner.next().map_err(|e| e.to_string())?.is_some() {
            let mut value = vec![];
            scanner.value(&mut value).map_err(|e| e.to_string())?;
            out.push(String::from_utf8(value).unwrap());
        }
        Ok(out)
    }

    #[test]
    fn values_are_cut_where_they_end() {
        assert_eq!(
            values("1 {\"a\":\"}\\\"\"}\n[1,[2]]null").unwrap(),
            ["1", "{\"a\":\"}\\\"\"}", "[1,[2]]", "null"]
        );
    }

    #[test]
    fn a_problem_has_its_line() {
        for (text, problem) in [
            ("{\"a\":\n[1", "line 2: the file ends in the middle of an object or a list: it is cut"),
            ("\n\n\"a", "line 3: the file ends within a text: it is cut"),
            ("\n]", "line 2: a value is missing"),
            (&"[".repeat(200), "line 1: it is nested too deeply"),
        ] {
            assert_eq!(values(text).unwrap_err(), problem);
        }
        let long = format!("\n\"{}\"", "a".repeat(MAX_VALUE));
        assert!(values(&long).unwrap_err().starts_with("line 2: a single value is longer"));
    }
}
