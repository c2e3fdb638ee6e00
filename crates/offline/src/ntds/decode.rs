//! Values as LDAP gives them, from values as they are stored.

use adrecover_core::time;

use super::layout::{integer, rows_at};
use super::names::{Context, Names};
use super::schema::{Attribute, Syntax};
use crate::ese::Column;
use crate::ese::bytes::{array, u32_at};

/// The value as LDAP gives it; what is wrong with it otherwise.
pub(super) fn value(
    context: Context<'_>,
    names: &mut Names,
    attribute: &Attribute,
    column: &Column,
    octets: &[u8],
) -> Result<Vec<u8>, String> {
    let wrong = || format!("{} octets are no value of its syntax", octets.len());
    Ok(match attribute.syntax {
        Syntax::Octets => octets.to_vec(),
        Syntax::Text => column.text(octets).into_bytes(),
        Syntax::Integer => integer(octets).ok_or_else(wrong)?.to_string().into_bytes(),
        Syntax::Boolean => if integer(octets).ok_or_else(wrong)? != 0 { "TRUE" } else { "FALSE" }.into(),
        Syntax::Time => {
            let seconds = u64::try_from(integer(octets).ok_or_else(wrong)?).map_err(|_| wrong())?;
            let time = time::from_dstime(seconds).ok_or("its time is beyond any calendar")?;
            time::to_generalized(time).into_bytes()
        }
        Syntax::Oid => {
            let id = integer(octets).ok_or_else(wrong)? as u32;
            let name = context.schema.name(id).filter(|_| !attribute.keeps_oid).map(str::to_owned);
            let oid = name.or_else(|| context.schema.prefixes.oid(id));
            oid.ok_or_else(|| format!("nothing is known by the number {id}"))?.into_bytes()
        }
        Syntax::Dn => {
            let dnt = i32::from_le_bytes(array(octets, 0).ok_or_else(wrong)?);
            dn(context, names, dnt)?.into_bytes()
        }
        Syntax::DnBinary | Syntax::DnText => with_dn(context, names, attribute.syntax, octets)?,
        Syntax::Descriptor => match <[u8; 8]>::try_from(octets) {
            Ok(number) => descriptor(context, number)?,
            // Databases before Windows Server 2003 had it in its place.
            Err(_) => octets.to_vec(),
        },
        Syntax::Sid => sid(octets).ok_or_else(wrong)?,
    })
}

fn dn(context: Context<'_>, names: &mut Names, dnt: i32) -> Result<String, String> {
    let found = names.dn(context, dnt).ok_or_else(|| format!("the name of object {dnt} cannot be read"))?;
    Ok(found.to_string())
}

/// A SID as LDAP has it, and the other way round: here its last part is big-endian, so that the SIDs of a domain sort by it.
pub(super) fn sid(octets: &[u8]) -> Option<Vec<u8>> {
    let mut out = octets.to_vec();
    let last = out.len().checked_sub(4).filter(|at| *at >= 8)?;
    out[last..].reverse();
    Some(out)
}

/// A DN with octets or text behind it: number, length, data. LDAP writes `B:n:hex:DN` and `S:n:text:DN` ([MS-ADTS]
/// 3.1.1.2.2.2.2).
fn with_dn(
    context: Context<'_>,
    names: &mut Names,
    syntax: Syntax,
    octets: &[u8],
) -> Result<Vec<u8>, String> {
    let wrong = || format!("{} octets are no DN with data", octets.len());
    let dnt = i32::from_le_bytes(array(octets, 0).ok_or_else(wrong)?);
    let length = u32_at(octets, 4).ok_or_else(wrong)? as usize;
    let rest = octets.get(8..).unwrap_or_default();
    // The length counts itself in one of the two forms that are told of.
    let data = rest.get(..length).or_else(|| rest.get(..length.checked_sub(4)?)).ok_or_else(wrong)?;
    let dn = dn(context, names, dnt)?;
    Ok(joined(syntax == Syntax::DnText, data, &dn))
}

/// `B:n:hex:DN`, or `S:n:text:DN`.
pub(super) fn joined(is_text: bool, data: &[u8], dn: &str) -> Vec<u8> {
    if is_text {
        let text = crate::ese::utf16(data);
        return format!("S:{}:{text}:{dn}", text.chars().count()).into_bytes();
    }
    let hex: String = data.iter().map(|b| format!("{b:02X}")).collect();
    format!("B:{}:{hex}:{dn}", hex.len()).into_bytes()
}

/// A security descriptor by its number.
fn descriptor(context: Context<'_>, number: [u8; 8]) -> Result<Vec<u8>, String> {
    let id = i64::from_le_bytes(number);
    let missing = || format!("security descriptor {id} is not there");
    let table =
        context.layout.descriptors(context.database).ok_or("there is no table of security descriptors")?;
    let (key, value) = table.column("sd_id").zip(table.column("sd_value")).ok_or_else(missing)?;
    let of = |row: &crate::ese::Row| {
        let record = context.database.record(table, row)?;
        let is_it = integer(record.get(key).ok()?.first()?) == Some(id);
        let cell = record.get(value).ok().filter(|_| is_it)?;
        cell.first().map(<[u8]>::to_vec)
    };
    let index = super::layout::index_on(table, key.id);
    let found =
        index.and_then(|index| rows_at(context.database, table, index, &number)?.find_map(|row| of(&row)));
    match (found, index) {
        (Some(found), _) => Ok(found),
        (None, Some(_)) => Err(missing()),
        (None, None) => context.database.rows(table).find_map(|row| of(&row)).ok_or_else(missing),
    }
}
