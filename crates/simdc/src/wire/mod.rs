//! LDAP on the wire. Requests are read by the codec crate `rasn-ldap`. Replies are written here: entries are what this server's
//! time goes into, the values of an attribute keep their order, and faults are made of octets.

pub mod frame;
pub mod reply;
pub mod request;
