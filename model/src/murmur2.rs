//! The hash that keys are placed by.

/// Austin Appleby's MurmurHash2 for 32 bits with Kafka's seed, as the Java client computes it.
/// Source: 0.11.0.2 `Utils.murmur2`.
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut hash = SEED ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        let mut last = [0; 4];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash ^ u32::from_le_bytes(last)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    (hash ^ hash >> 15).cast_signed()
}

/// The value without its sign bit, which is not the absolute value. Source: 0.11.0.2 `Utils.toPositive`.
pub fn to_positive(value: i32) -> u32 {
    value.cast_unsigned() & 0x7fff_ffff
}

#[cfg(test)]
#[path = "murmur2_test.rs"]
mod murmur2_test;
