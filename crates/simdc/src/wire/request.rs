//! Requests, as the codec reads them, in the terms of the directory.

use adrecover_core::directory::{Change, ChangeKind, Scope};
use rasn::prelude::*;
use rasn_ldap::{
    AuthenticationChoice, ChangeOperation, Filter, LdapMessage, PartialAttribute, ProtocolOp,
    SearchRequestScope,
};

use crate::Failure;

/// A control of a request.
#[derive(Debug, Clone)]
pub struct Control {
    /// Its OID.
    pub oid: String,
    /// Whether the request is to fail where it is not known.
    pub critical: bool,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

/// A message of a client.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its number.
    pub id: u32,
    /// What is asked.
    pub request: Request,
    /// Its controls.
    pub controls: Vec<Control>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Request {
    /// A logon with a name and a password.
    Bind {
        /// The name.
        name: String,
        /// The password.
        password: Vec<u8>,
    },
    /// A logon in another way, by its name.
    OtherBind(String),
    /// The end of the connection.
    Unbind,
    /// The end of a request that is under way.
    Abandon(u32),
    /// A search.
    Search(Box<Search>),
    /// Changes of one object.
    Modify {
        /// Its DN.
        dn: String,
        /// The changes, in order.
        changes: Vec<Change>,
    },
    /// A new object.
    Add {
        /// Its DN.
        dn: String,
        /// Its attributes.
        attributes: Vec<(String, Vec<Vec<u8>>)>,
    },
    /// The end of an object.
    Delete(String),
    /// A new name or place.
    ModifyDn {
        /// The DN of today.
        dn: String,
        /// The new RDN.
        new_rdn: String,
        /// The new container, where that changes.
        new_superior: Option<String>,
    },
    /// Whether an object has a value.
    Compare {
        /// Its DN.
        dn: String,
        /// The attribute.
        attribute: String,
        /// The value.
        value: Vec<u8>,
    },
    /// An extended operation.
    Extended {
        /// Its OID.
        oid: String,
    },
    /// What only a server may send.
    Unknown,
}

/// A search.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where it begins.
    pub base: String,
    /// How far it looks.
    pub scope: Scope,
    /// The most entries; 0 for no limit.
    pub size_limit: u32,
    /// Whether values are left out.
    pub types_only: bool,
    /// What is looked for.
    pub filter: Filter,
    /// What is wanted of each.
    pub attributes: Vec<String>,
}

/// Reads a message that is known to be whole.
pub fn read(octets: &[u8]) -> Result<Message, Failure> {
    let message: LdapMessage =
        rasn::ber::decode(octets).map_err(|_| Failure::protocol("Error decoding ldap message"))?;
    let controls = message.controls.unwrap_or_default().into_iter().map(|control| Control {
        oid: String::from_utf8_lossy(&control.control_type).into_owned(),
        critical: control.criticality,
        value: control.control_value.map(|value| value.to_vec()),
    });
    Ok(Message {
        id: message.message_id,
        controls: controls.collect(),
        request: request(message.protocol_op),
    })
}

fn request(operation: ProtocolOp) -> Request {
    match operation {
        ProtocolOp::BindRequest(bind) => match bind.authentication {
            AuthenticationChoice::Simple(password) => {
                Request::Bind { name: bind.name.0, password: password.to_vec() }
            }
            AuthenticationChoice::Sasl(sasl) => Request::OtherBind(sasl.mechanism.0),
            _ => Request::OtherBind("unknown".to_owned()),
        },
        ProtocolOp::UnbindRequest(_) => Request::Unbind,
        ProtocolOp::AbandonRequest(id) => Request::Abandon(id.0),
        ProtocolOp::SearchRequest(search) => Request::Search(Box::new(Search {
            base: search.base_object.0,
            scope: match search.scope {
                SearchRequestScope::BaseObject => Scope::Base,
                SearchRequestScope::SingleLevel => Scope::OneLevel,
                _ => Scope::Subtree,
            },
            size_limit: search.size_limit,
            types_only: search.types_only,
            filter: search.filter,
            attributes: search.attributes.into_iter().map(|name| name.0).collect(),
        })),
        ProtocolOp::ModifyRequest(modify) => Request::Modify {
            dn: modify.object.0,
            changes: modify.changes.into_iter().map(|c| change(c.operation, c.modification)).collect(),
        },
        ProtocolOp::AddRequest(add) => Request::Add {
            dn: add.entry.0,
            attributes: add.attributes.into_iter().map(|a| (a.r#type.0, values(&a.vals))).collect(),
        },
        ProtocolOp::DelRequest(dn) => Request::Delete(dn.0.0),
        ProtocolOp::ModDnRequest(rename) => Request::ModifyDn {
            dn: rename.entry.0,
            new_rdn: rename.new_rdn.0,
            new_superior: rename.new_superior.map(|dn| dn.0),
        },
        ProtocolOp::CompareRequest(compare) => Request::Compare {
            dn: compare.entry.0,
            attribute: compare.ava.attribute_desc.0,
            value: compare.ava.assertion_value.to_vec(),
        },
        ProtocolOp::ExtendedReq(extended) => {
            Request::Extended { oid: String::from_utf8_lossy(&extended.request_name).into_owned() }
        }
        _ => Request::Unknown,
    }
}

fn values(values: &SetOf<OctetString>) -> Vec<Vec<u8>> {
    values.to_vec().into_iter().map(|value| value.to_vec()).collect()
}

fn change(operation: ChangeOperation, modification: PartialAttribute) -> Change {
    let kind = match operation {
        ChangeOperation::Add => ChangeKind::Add,
        ChangeOperation::Delete => ChangeKind::Delete,
        _ => ChangeKind::Replace,
    };
    Change { attribute: modification.r#type.0, kind, values: values(&modification.vals) }
}

/// The value of the paged results control (RFC 2696).
#[derive(AsnType, Decode, Debug, Clone)]
pub struct PagedValue {
    /// The page size.
    pub size: i64,
    /// Where to go on; empty at the beginning.
    pub cookie: OctetString,
}

/// The value of controls that are one number: SD flags, Extended DN, Search Options.
#[derive(AsnType, Decode, Debug, Clone)]
pub struct NumberValue {
    /// The number.
    pub number: i64,
}

/// The value of the DirSync control ([MS-ADTS] 3.1.1.3.4.1.3).
#[derive(AsnType, Decode, Debug, Clone)]
pub struct DirSyncValue {
    /// Flags, as a signed number.
    pub flags: i64,
    /// The most octets of a reply.
    pub max_bytes: i64,
    /// Where to go on; empty at the beginning.
    pub cookie: OctetString,
}

/// Reads the value of a control.
pub fn value_of<T: Decode>(value: Option<&[u8]>) -> Result<T, Failure> {
    let wrong = || Failure::protocol("Error processing control");
    rasn::ber::decode(value.ok_or_else(wrong)?).map_err(|_| wrong())
}
