//! Randomness as an argument: the operating system's in the program, a failing or counting one in tests.

use crate::Error;

/// Fills a buffer with unpredictable bytes, or fails.
pub(crate) type Random = fn(&mut [u8]) -> Result<(), Error>;

/// The operating system's generator.
pub(crate) fn system(buffer: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(buffer).map_err(|_| Error::NoRandomness)
}

/// A random array.
pub(crate) fn array<const N: usize>(random: Random) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    random(&mut bytes)?;
    Ok(bytes)
}
