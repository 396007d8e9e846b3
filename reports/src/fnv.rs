//! FNV-1a, 64 bits wide: a hash that is the same on every machine and in every version.

/// Where it starts.
pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of these bytes, begun at [`START`] or where something else is to count, too; its halves are folded together.
pub(crate) fn folded(start: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = bytes.iter().fold(start, step);
    hash ^ hash >> 32
}
