//! The hash of keys, and the partition that follows from it, against what the test suites of other clients expect.

use super::{murmur2, to_positive};

/// The Java client's: apache/kafka, `clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java`, `testMurmur2`;
/// with the hash without its sign as a Go client expects it: burdiyan/kafkautil, `partitioner_test.go`, `TestMurmur2`
/// ("generated offline using JVM Kafka client for version 1.0.0"), which adds the vector of bytes that are no text.
const KAFKAUTIL: [(&[u8], i32, u32); 7] = [
    (b"21", -973_932_308, 1_173_551_340),
    (b"foobar", -790_332_482, 1_357_151_166),
    (&[12, 42, 56, 24, 109, 111], 274_204_207, 274_204_207),
    (b"a-little-bit-long-string", -985_981_536, 1_161_502_112),
    (b"a-little-bit-longer-string", -1_486_304_829, 661_178_819),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971, 2_088_585_677),
    (b"abc", 479_470_107, 479_470_107),
];

/// The C client's: confluentinc/librdkafka, `src/rdmurmur2.c`, `unittest_murmur2`. Its `short_unaligned + 1` and so on
/// are the same texts from a later byte on.
const LIBRDKAFKA: [(&str, u32); 11] = [
    ("kafka", 0xd067_cf64),
    ("giberish123456789", 0x8f55_2b0c),
    ("1234", 0x9fc9_7b14),
    ("234", 0xe7c0_09ca),
    ("34", 0x8739_30da),
    ("4", 0x5a4b_5ca1),
    ("PreAmbleWillBeRemoved,ThePrePartThatIs", 0x7842_4f1c),
    ("reAmbleWillBeRemoved,ThePrePartThatIs", 0x4a62_b377),
    ("eAmbleWillBeRemoved,ThePrePartThatIs", 0xe0e4_e09e),
    ("AmbleWillBeRemoved,ThePrePartThatIs", 0x62b8_b43f),
    ("", 0x106e_08d9),
];

/// The JavaScript client's, whose Java-compatible partitioner this is: tulios/kafkajs,
/// `src/producer/partitioners/defaultJava/murmur2.spec.js`. Before 2.0 its default was another hash.
const KAFKAJS: [(&str, i32); 17] = [
    ("0", 971_027_396),
    ("1", -1_993_445_489),
    ("128", -326_012_175),
    ("2187", -1_508_407_203),
    ("16384", -325_739_742),
    ("78125", -1_654_490_814),
    ("279936", 1_462_227_128),
    ("823543", -2_014_198_330),
    ("2097152", 607_668_903),
    ("4782969", -1_182_699_775),
    ("10000000", -1_830_336_757),
    ("19487171", -1_603_849_305),
    ("35831808", -857_013_643),
    ("62748517", -1_167_431_028),
    ("105413504", -381_294_639),
    ("170859375", -1_658_323_481),
    ("100:48069", 1_009_543_857),
];

/// The Python client's, which expects partitions of a topic with 1,000 of them: dpkp/kafka-python,
/// `test/test_partitioner.py`, `test_murmur2_java_compatibility`.
const KAFKA_PYTHON: [(&[u8], u32); 6] =
    [(b"", 681), (b"a", 524), (b"ab", 434), (b"abc", 107), (b"123456789", 566), (b"\x00 ", 742)];

#[test]
fn the_hash_with_and_without_its_sign_is_that_of_the_java_client_and_of_kafkautil() {
    for (key, hash, positive) in KAFKAUTIL {
        assert_eq!(murmur2(key), hash, "{key:?}");
        assert_eq!(to_positive(murmur2(key)), positive, "{key:?}");
    }
}

#[test]
fn the_hash_is_that_of_librdkafka() {
    for (key, hash) in LIBRDKAFKA {
        assert_eq!(murmur2(key.as_bytes()), hash.cast_signed(), "{key:?}");
    }
}

#[test]
fn the_hash_is_that_of_kafkajs() {
    for (key, hash) in KAFKAJS {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key:?}");
    }
}

#[test]
fn the_partition_of_a_key_is_that_of_kafka_python() {
    for (key, partition) in KAFKA_PYTHON {
        assert_eq!(to_positive(murmur2(key)) % 1_000, partition, "{key:?}");
    }
}
