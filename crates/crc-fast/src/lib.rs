//! Stands in for the crate of the same name, of which the S3 SDK needs three checksums. It carries
//! the tables of every CRC there is, which no linker can take out, and they do not compress: 0.6 MB
//! in the zip of each function. Here are those three, by the crate `crc`; see
//! docs/decisions/0030-ec2-sdk.md. The names are those that `aws-smithy-checksums` calls.

use std::fmt;

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc};

static CRC32: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static CRC64_NVME: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// The checksums that Amazon S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC32.
    Crc32IsoHdlc,
    /// CRC32C.
    Crc32Iscsi,
    /// CRC64NVME.
    Crc64Nvme,
}

/// A checksum in the making.
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Narrow(crc::Digest<'static, u32>),
    Wide(crc::Digest<'static, u64>),
}

impl Digest {
    /// The checksum of nothing yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Narrow(CRC32.digest()),
            CrcAlgorithm::Crc32Iscsi => State::Narrow(CRC32C.digest()),
            CrcAlgorithm::Crc64Nvme => State::Wide(CRC64_NVME.digest()),
        })
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Narrow(digest) => digest.update(bytes),
            State::Wide(digest) => digest.update(bytes),
        }
    }

    /// The checksum of all bytes so far, in the low bits.
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::Narrow(digest) => u64::from(digest.finalize()),
            State::Wide(digest) => digest.finalize(),
        }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Digest").field(&self.finalize()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms.
    #[test]
    fn the_checksums_are_those_of_the_catalogue() {
        for (algorithm, check) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let mut digest = Digest::new(algorithm);
            digest.update(b"1234");
            digest.update(b"56789");
            assert_eq!(digest.finalize(), check, "{algorithm:?}");
        }
    }
}
