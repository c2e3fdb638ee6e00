//! The forms in which exports hold their objects: a list, an answer of Graph with `value`, one object, or one of these after
//! the other (JSON Lines, pages).

use std::borrow::Cow;
use std::io::Read;

use serde::Deserialize;

use super::scan::{Broken, Scanner};

/// What is done with what is found.
pub(crate) trait Sink {
    /// Why it stops.
    type Stop: From<Broken>;

    /// A list begins; `context` is what an answer of Graph says about itself.
    fn list_starts(&mut self, context: Option<&str>) -> Result<(), Self::Stop>;
    /// One object, of a list or alone, that begins in this line.
    fn object(&mut self, text: &[u8], line: u64, is_alone: bool) -> Result<(), Self::Stop>;
    /// The list ends; `has_more` if it names a next page.
    fn list_ends(&mut self, has_more: bool) -> Result<(), Self::Stop>;
}

#[derive(Deserialize, Default)]
struct Wrapper<'a> {
    #[serde(rename = "@odata.context", borrow, default)]
    context: Option<Cow<'a, str>>,
    #[serde(rename = "@odata.nextLink", borrow, default)]
    next: Option<Cow<'a, str>>,
}

/// Reads a whole file of JSON.
pub(crate) fn read<R: Read, S: Sink>(input: R, sink: &mut S) -> Result<(), S::Stop> {
    let mut scanner = Scanner::new(input);
    let mut text = vec![];
    while let Some(first) = scanner.next()? {
        match first {
            b'[' => {
                sink.list_starts(None)?;
                list(&mut scanner, &mut text, sink)?;
                sink.list_ends(false)?;
            }
            b'{' => object(&mut scanner, &mut text, sink)?,
            _ => scanner.broken("neither an object nor a list")?,
        }
    }
    Ok(())
}

fn list<R: Read, S: Sink>(scanner: &mut Scanner<R>, text: &mut Vec<u8>, sink: &mut S) -> Result<(), S::Stop> {
    scanner.expect(b'[')?;
    if scanner.next()? == Some(b']') {
        return Ok(scanner.expect(b']')?);
    }
    loop {
        text.clear();
        let first = scanner.next()?;
        let line = scanner.line;
        scanner.value(text)?;
        match first {
            Some(b'{') => sink.object(text, line, false)?,
            // What `ConvertTo-Json` writes for nothing within a list.
            Some(b'n') if text == b"null" => {}
            _ => return Err(Broken { line, problem: "a list of values that are no objects".into() }.into()),
        }
        if !scanner.comma_or(b']')? {
            return Ok(());
        }
    }
}

/// An object alone, or a list that is wrapped: which of the two is known when its properties have been seen.
fn object<R: Read, S: Sink>(
    scanner: &mut Scanner<R>,
    item: &mut Vec<u8>,
    sink: &mut S,
) -> Result<(), S::Stop> {
    scanner.expect(b'{')?;
    let line = scanner.line;
    let mut own = b"{".to_vec();
    let mut lists = 0;
    let mut is_open = scanner.next()? != Some(b'}');
    if !is_open {
        scanner.expect(b'}')?;
    }
    while is_open {
        let start = own.len();
        if scanner.next()? != Some(b'"') {
            scanner.broken("the name of a property is missing")?;
        }
        if start > 1 {
            own.push(b',');
        }
        let name = own.len();
        scanner.value(&mut own)?;
        scanner.expect(b':')?;
        if own[name..].eq_ignore_ascii_case(b"\"value\"") && scanner.next()? == Some(b'[') && lists == 0 {
            own.truncate(start);
            lists += 1;
            let so_far = [own.as_slice(), b"}"].concat();
            let wrapper: Wrapper = serde_json::from_slice(&so_far).unwrap_or_default();
            sink.list_starts(wrapper.context.as_deref())?;
            list(scanner, item, sink)?;
        } else {
            own.push(b':');
            scanner.value(&mut own)?;
        }
        if own.len() > super::scan::MAX_VALUE {
            scanner.broken("a single object is too long")?;
        }
        is_open = scanner.comma_or(b'}')?;
    }
    own.push(b'}');
    if lists == 0 {
        return sink.object(&own, line, true);
    }
    let wrapper: Wrapper = serde_json::from_slice(&own).map_err(|e| Broken {
        line: line + (e.line() as u64).saturating_sub(1),
        problem: "not JSON".into(),
    })?;
    sink.list_ends(wrapper.next.is_some_and(|link| !link.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log(Vec<String>);

    impl Sink for Log {
        type Stop = Broken;

        fn list_starts(&mut self, context: Option<&str>) -> Result<(), Broken> {
            self.0.push(format!("[{}", context.unwrap_or_default()));
            Ok(())
        }

        fn object(&mut self, text: &[u8], line: u64, is_alone: bool) -> Result<(), Broken> {
            self.0.push(format!(
                "{line}{}{}",
                if is_alone { "!" } else { ":" },
                String::from_utf8_lossy(text)
            ));
            Ok(())
        }

        fn list_ends(&mut self, has_more: bool) -> Result<(), Broken> {
            self.0.push(format!("]{}", if has_more { "+" } else { "" }));
            Ok(())
        }
    }

    fn log(text: &str) -> Result<String, String> {
        let mut log = Log::default();
        read(text.as_bytes(), &mut log).map(|()| log.0.join(" ")).map_err(|e| e.to_string())
    }

    #[test]
    fn every_form_is_taken_apart() {
        for (text, found) in [
            ("[]", "[ ]"),
            ("[{\"a\":1},\n{}]", "[ 1:{\"a\":1} 2:{} ]"),
            ("{\"a\":[1], \"b\":{\"value\":[]}}", "1!{\"a\":[1],\"b\":{\"value\":[]}}"),
            ("{}\n{\"a\":1}\n", "1!{} 2!{\"a\":1}"),
            (
                "{\"@odata.context\":\"c\",\"value\":[{\"a\":1}],\"@odata.nextLink\":\"x\"}",
                "[c 1:{\"a\":1} ]+",
            ),
            ("{\"@odata.nextLink\":\"x\",\"value\":[]}", "[ ]+"),
            ("{\"value\":[{}],\"Count\":1}\n{\"value\":[]}", "[ 1:{} ] [ ]"),
            ("{\"value\":\"x\"}", "1!{\"value\":\"x\"}"),
            ("[null,{}]", "[ 1:{} ]"),
        ] {
            assert_eq!(log(text).as_deref(), Ok(found), "{text}");
        }
    }

    #[test]
    fn what_is_cut_or_no_document_is_refused() {
        for (text, problem) in [
            ("[{\"a\":1},\n{\"b\"", "line 2: the file ends in the middle of an object or a list: it is cut"),
            ("[{}", "line 1: the file ends in the middle: it is cut"),
            ("{\"value\":[{}]", "line 1: the file ends in the middle: it is cut"),
            ("[1,2]", "line 1: a list of values that are no objects"),
            ("[{}{}]", "line 1: `,` or `]` is missing"),
            ("{\"a\"1}", "line 1: `:` is missing"),
            ("{,}", "line 1: the name of a property is missing"),
            ("\ntrue", "line 2: neither an object nor a list"),
        ] {
            assert_eq!(log(text), Err(problem.to_owned()), "{text}");
        }
    }
}
