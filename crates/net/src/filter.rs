//! Which addresses may connect.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network whose addresses may connect: `address` or `address/bits`.
///
/// An IPv4 address that comes through an IPv6 socket (`::ffff:1.2.3.4`) is judged as IPv4, so a filter means the
/// same whether the listener is dual-stack or not.
///
/// ```
/// use zeroxide_net::AcceptFilter;
///
/// let filter: AcceptFilter = "192.168.0.0/16".parse()?;
/// assert!(filter.permits([192, 168, 7, 1].into()));
/// assert!(!filter.permits([10, 0, 0, 1].into()));
/// # Ok::<(), zeroxide_net::FilterError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AcceptFilter {
    /// IPv4 addresses that agree with this one in the bits of the mask.
    V4(Ipv4Addr, Mask<32>),
    /// IPv6 addresses that agree with this one in the bits of the mask.
    V6(Ipv6Addr, Mask<128>),
}

/// How many leading bits are compared, 0 to `WIDTH`.
///
/// ```
/// use zeroxide_net::{AcceptFilter, FilterError};
/// let filter: AcceptFilter = "10.1.0.0/16".parse()?;
/// assert!(matches!(filter, AcceptFilter::V4(_, _sixteen_bits)));
/// assert_eq!("10.1.0.0/33".parse::<AcceptFilter>(), Err(FilterError::BadBits));
/// # Ok::<(), FilterError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Mask<const WIDTH: u32>(u32);

/// Why a text is no filter.
///
/// ```
/// use zeroxide_net::{AcceptFilter, FilterError};
/// assert_eq!("localhost".parse::<AcceptFilter>(), Err(FilterError::BadAddress), "names are not looked up");
/// assert_eq!("::1/129".parse::<AcceptFilter>(), Err(FilterError::BadBits));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FilterError {
    /// What stands before the slash is not an IPv4 or IPv6 address.
    BadAddress,
    /// What stands after the slash is not a number of bits that such an address has.
    BadBits,
}

impl AcceptFilter {
    /// Whether `address` may connect.
    pub fn permits(&self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::V4(network, mask), IpAddr::V4(address)) => {
                mask.agree(network.to_bits().into(), address.to_bits().into())
            }
            (Self::V6(network, mask), IpAddr::V6(address)) => {
                mask.agree(network.to_bits(), address.to_bits())
            }
            _ => false,
        }
    }

    /// A network within the IPv4-mapped part of IPv6 is a network of IPv4.
    fn mapped(address: Ipv6Addr, mask: Mask<128>) -> Option<Self> {
        Some(Self::V4(address.to_ipv4_mapped()?, Mask(mask.0.checked_sub(96)?)))
    }
}

impl<const WIDTH: u32> Mask<WIDTH> {
    fn new(bits: u32) -> Option<Self> {
        (bits <= WIDTH).then_some(Self(bits))
    }

    fn agree(self, one: u128, other: u128) -> bool {
        // Shifting by the whole width of u128, which no bits at all would need, is not defined: then nothing is left.
        (one ^ other).checked_shr(WIDTH - self.0).unwrap_or(0) == 0
    }
}

impl FromStr for AcceptFilter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(parse_bits(bits)?)),
            None => (text, None),
        };
        match address.parse().map_err(|_| FilterError::BadAddress)? {
            IpAddr::V4(address) => {
                let mask = Mask::new(bits.unwrap_or(32)).ok_or(FilterError::BadBits)?;
                Ok(Self::V4(address, mask))
            }
            IpAddr::V6(address) => {
                let mask = Mask::new(bits.unwrap_or(128)).ok_or(FilterError::BadBits)?;
                Ok(Self::mapped(address, mask).unwrap_or(Self::V6(address, mask)))
            }
        }
    }
}

fn parse_bits(text: &str) -> Result<u32, FilterError> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(FilterError::BadBits)
}

impl fmt::Display for AcceptFilter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(network, mask) => write!(out, "{network}/{}", mask.0),
            Self::V6(network, mask) => write!(out, "{network}/{}", mask.0),
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::BadAddress => "a filter begins with an IPv4 or IPv6 address",
            Self::BadBits => {
                "after the slash of a filter comes a number of bits, at most 32 for IPv4 and 128 for IPv6"
            }
        })
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_filters_permit() {
        let table = [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1/32", "127.0.0.1", true),
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.9.9.9/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/31", "10.0.0.1", true),
            ("10.0.0.0/31", "10.0.0.2", false),
            ("128.0.0.0/1", "200.0.0.1", true),
            ("128.0.0.0/1", "100.0.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "8.8.8.8", false),
            ("::1", "::1", true),
            ("::1", "::2", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/127", "2001:db8::1", true),
            ("2001:db8::/127", "2001:db8::2", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
        ];
        for (filter, address, permitted) in table {
            let parsed: AcceptFilter = filter.parse().unwrap();
            assert_eq!(parsed.permits(address.parse().unwrap()), permitted, "{filter} {address}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_filter() {
        for text in ["", "/8", "localhost", "127.0.0", "127.0.0.1:5", "[::1]", "1.2.3.4 /8", "::1%lo"] {
            assert_eq!(text.parse::<AcceptFilter>(), Err(FilterError::BadAddress), "{text}")
        }
        for text in
            ["1.2.3.4/", "1.2.3.4/33", "::1/129", "1.2.3.4/-1", "1.2.3.4/+8", "1.2.3.4/8/8", "::/99999999999"]
        {
            assert_eq!(text.parse::<AcceptFilter>(), Err(FilterError::BadBits), "{text}")
        }
    }
}
