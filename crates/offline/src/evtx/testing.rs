//! Writes event logs, for tests of what reads them: a file of chunks, in each record a template of its own and its values.
//!
//! The layout is that of [MS-EVEN6] 2.2.12 to 2.2.17 for the binary XML, and of the reader's own description for file and chunks.

mod records;

pub use records::{Value, Written, log};

const CHUNK: usize = 65_536;
const CHUNK_HEADER: usize = 512;

/// A log with one chunk that has these octets where its records are.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn around(records: &[u8]) -> Vec<u8> {
    let most = records.len().min(CHUNK - CHUNK_HEADER);
    let octets = [&[0; CHUNK_HEADER][..], &records[..most]].concat();
    // How many there are is not known: the reader goes on to the end of the octets.
    let last_at = octets.len();
    file(vec![Chunk { octets, first: 1, last: 1000, last_at }], 1001)
}

fn file(chunks: Vec<Chunk>, next: u64) -> Vec<u8> {
    let mut file = b"ElfFile\0".to_vec();
    file.extend(0u64.to_le_bytes());
    file.extend((chunks.len().max(1) as u64 - 1).to_le_bytes());
    file.extend(next.to_le_bytes());
    file.extend(128u32.to_le_bytes());
    for number in [1u16, 3, 4096, chunks.len() as u16] {
        file.extend(number.to_le_bytes());
    }
    file.resize(120, 0);
    file.extend(0u32.to_le_bytes());
    let sum = crc32(&[&file[..120]]);
    file.extend(sum.to_le_bytes());
    file.resize(4096, 0);
    file.extend(chunks.into_iter().flat_map(Chunk::finish));
    file
}

struct Chunk {
    octets: Vec<u8>,
    first: u64,
    last: u64,
    last_at: usize,
}

impl Chunk {
    fn finish(mut self) -> Vec<u8> {
        let free = self.octets.len() as u32;
        let records = crc32(&[&self.octets[CHUNK_HEADER..]]);
        self.octets.resize(CHUNK, 0);
        let mut header = b"ElfChnk\0".to_vec();
        for number in [self.first, self.last, self.first, self.last] {
            header.extend(number.to_le_bytes());
        }
        for number in [128, self.last_at as u32, free, records] {
            header.extend(number.to_le_bytes());
        }
        header.resize(120, 0);
        let sum = crc32(&[&header, &self.octets[128..CHUNK_HEADER]]);
        header.extend(0u32.to_le_bytes());
        header.extend(sum.to_le_bytes());
        self.octets[..128].copy_from_slice(&header);
        self.octets
    }
}

/// CRC-32 (ISO 3309).
fn crc32(parts: &[&[u8]]) -> u32 {
    let step = |sum: u32, octet: &u8| {
        (0..8).fold(
            sum ^ u32::from(*octet),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 },
        )
    };
    !parts.iter().flat_map(|part| part.iter()).fold(u32::MAX, step)
}
