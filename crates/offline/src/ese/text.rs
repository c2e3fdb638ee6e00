//! Text in the code pages that columns have.

use super::catalog::CodePage;

/// 0x80 to 0x9f of Windows-1252; 0 where nothing is assigned.
const WESTERN: [u16; 32] = [
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
    0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
    0x0153, 0, 0x017e, 0x0178,
];

/// The text; what cannot be text is replaced, so that nothing can fail on it.
pub(crate) fn decode(value: &[u8], code_page: CodePage) -> String {
    match code_page {
        CodePage::Unicode => utf16(value),
        CodePage::Western | CodePage::Ascii => value.iter().map(|b| western(*b)).collect(),
    }
}

/// UTF-16, little-endian. Half a unit at the end, as a fixed column of odd length has it, is taken for its lower half.
pub(crate) fn utf16(value: &[u8]) -> String {
    let units = value.chunks(2).map(|c| u16::from_le_bytes([c[0], c.get(1).copied().unwrap_or(0)]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn western(octet: u8) -> char {
    let unit = match octet {
        0x80..=0x9f => u32::from(WESTERN[usize::from(octet - 0x80)]),
        _ => u32::from(octet),
    };
    char::from_u32(unit).filter(|c| *c != '\0' || octet == 0).unwrap_or(char::REPLACEMENT_CHARACTER)
}
