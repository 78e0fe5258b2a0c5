//! Documents, deflated (RFC 1951) behind a dictionary: what every document repeats (its members' names, a body's frame) takes
//! no room. It is what keeps a timer with its delivery within one write unit.

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// The dictionary, with its number. What is stored can't be read without the one that it was written with: a better one gets
/// the next number, and this one stays as it is.
const DICTIONARY: (u8, &[u8]) = (1, include_bytes!("dictionary_1.txt"));
/// The dictionary's number, and the document's length.
const HEADER: usize = 5;
/// No document is longer: an item has 400 kB, and few documents shrink to a hundredth.
const LONGEST: usize = 64 * 1024 * 1024;

/// A document, deflated.
pub(super) fn deflate(document: &[u8]) -> Vec<u8> {
    let (number, dictionary) = DICTIONARY;
    let mut deflated = vec![number];
    deflated.extend_from_slice(&u32::try_from(document.len()).unwrap_or(u32::MAX).to_le_bytes());
    // Level 8, no zlib header, the default strategy.
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(8, -15, 0));
    // Flushed, the dictionary ends at a whole byte: what follows can be read by whoever has it before them.
    compress_to_output(&mut compressor, dictionary, TDEFLFlush::Sync, |_| true);
    let (status, _) = compress_to_output(&mut compressor, document, TDEFLFlush::Finish, |part| {
        deflated.extend_from_slice(part);
        true
    });
    debug_assert_eq!(status, TDEFLStatus::Done);
    deflated
}

/// The document.
///
/// # Errors
/// Why it can't be read.
pub(super) fn inflate(deflated: &[u8]) -> Result<Vec<u8>, String> {
    let (number, dictionary) = DICTIONARY;
    let Some((header, rest)) = deflated.split_at_checked(HEADER) else { return Err("it is cut off".to_owned()) };
    if header[0] != number {
        return Err(format!("it needs the dictionary {}, which this version does not have", header[0]));
    }
    let length = u32::from_le_bytes([header[1], header[2], header[3], header[4]]) as usize;
    if length > LONGEST {
        return Err(format!("it says that it has {length} bytes"));
    }
    let mut out = vec![0; dictionary.len() + length];
    out[..dictionary.len()].copy_from_slice(dictionary);
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, _, written) = decompress(&mut DecompressorOxide::new(), rest, &mut out, dictionary.len(), flags);
    if status != TINFLStatus::Done || written != length {
        return Err(format!("it can't be inflated: {status:?}, {written} of {length} bytes"));
    }
    Ok(out.split_off(dictionary.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deflated_is_inflated_to_the_same() {
        let (_, dictionary) = DICTIONARY;
        let noise: Vec<u8> = (0..300_000u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        for document in
            [b"".as_slice(), b"{}", dictionary, &dictionary[dictionary.len() - 100..], &noise, &[b'x'; 200_000]]
        {
            assert_eq!(inflate(&deflate(document)).as_deref(), Ok(document));
        }
    }

    #[test]
    fn what_the_dictionary_has_takes_next_to_no_room() {
        let (_, dictionary) = DICTIONARY;
        let part = &dictionary[500..900];
        assert!(deflate(part).len() < 25, "{}", deflate(part).len());
    }

    #[test]
    fn what_is_damaged_is_refused_and_never_panics() {
        let good = deflate(br#"{"form":1,"timer":{"scope":{"account":"acct_"}}}"#);
        for length in 0..good.len() {
            assert!(inflate(&good[..length]).is_err(), "cut off after {length}");
        }
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x55;
            // It may be read as something else, but not crash.
            let _ = inflate(&bad);
        }
        assert!(inflate(&[9, 1, 0, 0, 0, 0]).unwrap_err().contains("dictionary 9"));
        assert!(inflate(&[1, 255, 255, 255, 255, 0]).is_err());
    }
}
