//! One view on what PowerShell wrote, be it JSON or Clixml: objects, lists and texts, with their lines.

use std::collections::HashMap;

use roxmltree::{Document, Node as XmlNode};

use crate::scope::error::ScopeError;
use crate::scope::model::Place;
use crate::scope::source::Source;
use crate::scope::{json, xml};

/// A value of a file.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    /// A slice of a JSON text.
    Json(&'a Source, &'a str),
    /// An element of Clixml.
    Clixml(&'a Clixml<'a>, XmlNode<'a, 'a>),
}

/// A Clixml file (the XML of `Export-Clixml`).
pub(crate) struct Clixml<'a> {
    source: &'a Source,
    document: &'a Document<'a>,
    /// Objects by their `RefId`: one that was written before is only referred to.
    objects: HashMap<&'a str, XmlNode<'a, 'a>>,
}

impl<'a> Clixml<'a> {
    /// Over a document.
    pub(crate) fn new(source: &'a Source, document: &'a Document<'a>) -> Self {
        let is_object = |n: &XmlNode<'a, 'a>| n.tag_name().name() == "Obj";
        let objects = document
            .descendants()
            .filter(is_object)
            .filter_map(|n| Some((n.attribute("RefId")?, n)))
            .collect();
        Self { source, document, objects }
    }

    /// The objects of the file.
    pub(crate) fn objects(&'a self) -> Vec<Node<'a>> {
        let top = self.document.root_element().children().filter(XmlNode::is_element);
        // What was piped stands side by side, an array as one object.
        top.flat_map(|n| Node::Clixml(self, n).items().unwrap_or_else(|| vec![Node::Clixml(self, n)]))
            .collect()
    }
}

/// The fields of an object.
pub(crate) struct Fields<'a> {
    at: Place,
    is_clixml: bool,
    list: Vec<(String, Node<'a>)>,
}

impl<'a> Node<'a> {
    /// The fields; `None` where it is no object.
    pub(crate) fn fields(self) -> Option<Fields<'a>> {
        let list = match self {
            Self::Json(source, raw) => {
                json::fields(raw)?.into_iter().map(|(name, raw)| (name, Self::Json(source, raw))).collect()
            }
            Self::Clixml(file, node) => {
                let node = file.resolve(node);
                let groups = node.children().filter(|n| matches!(n.tag_name().name(), "Props" | "MS"));
                let mut groups = groups.peekable();
                groups.peek()?;
                let fields = groups.flat_map(|group| group.children().filter(XmlNode::is_element));
                fields.filter_map(|n| Some((unescaped(n.attribute("N")?), Self::Clixml(file, n)))).collect()
            }
        };
        Some(Fields { at: self.place(), is_clixml: matches!(self, Self::Clixml(..)), list })
    }

    /// The items of a list; `None` where it is none. `{"value":[…],"Count":1}` is how PowerShell 5.1 writes some lists.
    pub(crate) fn items(self) -> Option<Vec<Self>> {
        match self {
            Self::Json(source, raw) => {
                let of =
                    |raw| Some(json::items(raw)?.into_iter().map(|raw| Self::Json(source, raw)).collect());
                of(raw).or_else(|| {
                    let fields = json::fields(raw)?;
                    let is_list = fields.len() == 2 && fields.iter().any(|(name, _)| name == "Count");
                    fields.iter().find(|(name, _)| is_list && name == "value").and_then(|(_, raw)| of(raw))
                })
            }
            Self::Clixml(file, node) => {
                let lists = ["LST", "IE", "QUE", "STK"];
                let node = file.resolve(node);
                let list = node.children().find(|n| lists.contains(&n.tag_name().name()))?;
                Some(list.children().filter(XmlNode::is_element).map(|n| Self::Clixml(file, n)).collect())
            }
        }
    }

    /// A text, number or boolean as text; `None` for anything else.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Json(_, raw) => json::scalar(raw),
            Self::Clixml(file, node) => {
                let node = file.resolve(node);
                match node.tag_name().name() {
                    "Nil" => None,
                    // Of an enumeration.
                    "Obj" => xml::child_text(node, "ToString").map(|t| unescaped(&t)),
                    _ => Some(unescaped(&xml::text(node).unwrap_or_default())),
                }
            }
        }
    }

    /// Whether there is nothing.
    pub(crate) fn is_null(self) -> bool {
        match self {
            Self::Json(_, raw) => raw == "null",
            Self::Clixml(_, node) => node.tag_name().name() == "Nil",
        }
    }

    /// Where it stands.
    pub(crate) fn place(self) -> Place {
        match self {
            Self::Json(source, raw) => source.place_of(raw),
            Self::Clixml(file, node) => file.source.place(node.range().start),
        }
    }
}

impl<'a> Clixml<'a> {
    fn resolve(&self, node: XmlNode<'a, 'a>) -> XmlNode<'a, 'a> {
        let is_reference = node.tag_name().name() == "Ref";
        let target = node.attribute("RefId").filter(|_| is_reference).and_then(|id| self.objects.get(id));
        target.copied().unwrap_or(node)
    }
}

impl<'a> Fields<'a> {
    /// Where the object begins.
    pub(crate) fn at(&self) -> Place {
        self.at.clone()
    }

    /// A field that has a value, by its name in any case.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        let found = self.list.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, node)| *node).filter(|node| !node.is_null())
    }

    /// Whether there is a field of that name, with a value or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.list.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(name, _)| name.as_str())
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Node::text).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
    }

    /// A boolean, in whatever way it is written.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        boolean(&self.text(name)?)
    }

    /// The items of a list; none where the field is not there or null. A text in place of a list is what PowerShell's depth limit
    /// leaves of it.
    pub(crate) fn list(&self, name: &'static str) -> Result<Vec<Node<'a>>, ScopeError> {
        let Some(node) = self.get(name) else { return Ok(vec![]) };
        match node.items() {
            Some(items) => Ok(items),
            None if node.text().is_some() && node.fields().is_none() => Err(self.truncated(node, name)),
            // One object where a list is meant.
            None => Ok(vec![node]),
        }
    }

    /// The fields of an object. A text in its place is what PowerShell's depth limit leaves of it.
    pub(crate) fn object(&self, name: &'static str) -> Result<Option<Fields<'a>>, ScopeError> {
        let Some(node) = self.get(name) else { return Ok(None) };
        match node.fields() {
            Some(fields) => Ok(Some(fields)),
            None => Err(self.truncated(node, name)),
        }
    }

    /// The error of a value that was cut off.
    pub(crate) fn truncated(&self, node: Node<'a>, field: &'static str) -> ScopeError {
        ScopeError::Truncated { at: node.place(), field, is_clixml: self.is_clixml }
    }
}

/// A boolean as any of these tools writes it.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Some(true),
        "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Clixml writes control characters, and an underscore before `x`, as `_x000A_` ([MS-PSRP] 2.2.5.3.2).
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        match code.and_then(|c| u32::from_str_radix(c, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push_str(&rest[..at]);
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clixml_escapes() {
        assert_eq!(unescaped("a_x000A_b_x005F_xc _x _xZZZZ_ _x00"), "a\nb_xc _x _xZZZZ_ _x00");
    }
}
