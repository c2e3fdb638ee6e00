//! The configuration file, the password file, and the arguments of `--set`.

use std::path::Path;

use adrecover_core::request::may_set;
use adrecover_core::value::Value;

use crate::restore::wishes::attribute_wishes;
use crate::{config as file, password};

/// `config.toml`.
pub fn config(data: &[u8]) {
    let folder = Path::new("/etc/x");
    let text = String::from_utf8_lossy(data);
    for wanted in [None, Some("a")] {
        match file::choose(&text, wanted, folder) {
            Ok(Some(profile)) => {
                let paths = [&profile.ca, &profile.password_file];
                for path in paths.into_iter().flatten().filter(|p| p.as_os_str() != "-") {
                    assert!(path.is_absolute(), "{} hangs on the current folder", path.display());
                }
            }
            Ok(None) => assert!(wanted.is_none()),
            Err(error) => {
                assert!(!error.message.contains('\n') && error.message.len() <= 4 * text.len() + 400);
            }
        }
    }
    // Whatever stands where a password would stand is not repeated.
    let refused = |password: &str| {
        let table = toml::Table::from_iter([("password".to_owned(), toml::Value::from(password))]);
        let file = format!("[profiles.a]\nserver = \"dc1\"\n{table}");
        let error = file::choose(&file, Some("a"), folder).expect_err("a password is refused");
        (error.message, error.hint)
    };
    assert_eq!(refused(&text), refused("another"));
}

/// The file of a password.
pub fn password_file(data: &[u8]) {
    let Some(text) = password::decode(data) else { return };
    assert!(text.len() <= 2 * data.len());
    // The same text in each encoding is the same password.
    let utf8 = [b"\xef\xbb\xbf", text.as_bytes(), b"\n"].concat();
    let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
    let little: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).chain(*b"\r\0\n\0").collect();
    let big: Vec<u8> = units.iter().flat_map(|u| u.to_be_bytes()).chain(*b"\0\n").collect();
    assert_eq!(password::decode(&little).as_deref(), Some(&*text));
    // Of a carriage return that is the last character, nobody could tell whether it is meant.
    if !text.ends_with('\r') {
        assert_eq!(password::decode(&utf8).as_deref(), Some(&*text));
        assert_eq!(password::decode(&big).as_deref(), Some(&*text));
    }
}

/// The arguments of `--set`, one in each line. None names a file: nothing is opened here.
pub fn set_args(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let options: Vec<String> = text.lines().filter(|l| !l.contains("=@")).map(str::to_owned).collect();
    let Ok(wishes) = attribute_wishes(&options) else { return };
    for (i, wish) in wishes.iter().enumerate() {
        assert!(may_set(&wish.attribute).is_ok(), "{} is set", wish.attribute);
        let again = |other: &&_| {
            let other: &&adrecover_core::request::AttributeWish = other;
            other.attribute.eq_ignore_ascii_case(&wish.attribute)
        };
        assert_eq!(wishes.iter().find(again).map(std::ptr::from_ref), Some(std::ptr::from_ref(&wishes[i])));
        assert!(wish.values.iter().all(|v| v.to_bytes().is_some_and(|octets| !octets.is_empty())));
    }
    let given = options.iter().filter_map(|o| o.split_once('=')).filter(|(_, value)| !value.is_empty());
    let mut given: Vec<Value> = given.map(|(_, value)| Value::from_bytes(value.as_bytes())).collect();
    for value in wishes.into_iter().flat_map(|w| w.values) {
        let at = given.iter().position(|g| *g == value).expect("it was given");
        given.remove(at);
    }
    assert!(given.is_empty(), "{given:?} is lost");
}
