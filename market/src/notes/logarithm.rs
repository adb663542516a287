//! stub
use curve25519_dalek::RistrettoPoint;
/// x
#[derive(Debug)]
pub struct LogTable;
impl LogTable {
    /// x
    pub fn open(&self, _: &RistrettoPoint) -> Option<u64> {
        None
    }
}
