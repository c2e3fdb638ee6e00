//! XML of a file: no document type, bounded, and errors that repeat nothing of it.

use roxmltree::{Document, Error, Node, ParsingOptions};

use crate::scope::error::ScopeError;
use crate::scope::source::Source;

/// The most nodes: a connector with its whole schema has some hundred thousand.
const MAX_NODES: u32 = 20_000_000;

/// The document of a file.
pub(crate) fn parse(source: &Source) -> Result<Document<'_>, ScopeError> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(source.text(), options).map_err(|error| match error {
        Error::UnexpectedEndOfStream | Error::UnclosedRootNode | Error::NoRootNode => {
            ScopeError::Cut { at: source.end(), format: "XML" }
        }
        // What a cut inside a tag looks like.
        error if at_the_end(source, &error) => ScopeError::Cut { at: source.end(), format: "XML" },
        error => ScopeError::Malformed { at: source.line(error.pos().row), format: "XML" },
    })
}

fn at_the_end(source: &Source, error: &Error) -> bool {
    let rest = || {
        let mut lines = source.text().split_inclusive('\n').skip(error.pos().row.saturating_sub(1) as usize);
        let line = lines.next().unwrap_or_default();
        let after: usize = line.chars().skip(error.pos().col as usize).map(char::len_utf8).sum();
        lines.next().is_none() && after == 0
    };
    rest()
}

/// The child element of that name, in whatever namespace.
pub(crate) fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    children(node, name).next()
}

/// The child elements of that name, in whatever namespace.
pub(crate) fn children<'a>(node: Node<'a, 'a>, name: &str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children().filter(move |n| n.is_element() && n.tag_name().name() == name)
}

/// What lies at the end of a path of names.
pub(crate) fn descend<'a>(node: Node<'a, 'a>, path: &[&str]) -> Option<Node<'a, 'a>> {
    path.iter().try_fold(node, |node, name| child(node, name))
}

/// The text of an element, trimmed; `None` where there is none.
pub(crate) fn text(node: Node<'_, '_>) -> Option<String> {
    // A comment or CDATA parts it.
    let text: String = node.children().filter_map(|n| n.text().filter(|_| n.is_text())).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The text of a child element.
pub(crate) fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    node.children().find(|n| n.is_element() && n.tag_name().name() == name).and_then(text)
}
