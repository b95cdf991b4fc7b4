//! `Fn::Cidr` and `Fn::GetAZs`.

use super::Evaluator;
use crate::limits::CIDR_COUNT_MAX;
use crate::node::{Kind, Node};
use gateway_model::Place;
use std::net::{Ipv4Addr, Ipv6Addr};

impl Evaluator<'_> {
    /// The zones of a region; every region here has `a`, `b` and `c`.
    pub(super) fn zones(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let region = self.present(argument);
        if region.is_unknown() {
            return None;
        }
        let Some(region) = region.as_str() else {
            let text = "Template error: every Fn::GetAZs object requires a string, the region";
            self.error(&argument.place, text);
            return None;
        };
        let region = if region.is_empty() { &self.options.region } else { region };
        let zone = |letter| Node::string(place, format!("{region}{letter}"));
        Some(Kind::Seq(["a", "b", "c"].map(zone).into()))
    }

    pub(super) fn cidr(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let text = "Template error: every Fn::Cidr object requires two to three parameters, (1) a CIDR block, (2) the count of subnets, 1 to 256 and (3) the number of host bits";
        let refuse = || {
            self.error(place, text);
            None
        };
        let (block, count, bits) = match argument.as_seq() {
            Some([block, count]) => (block, count, None),
            Some([block, count, bits]) => (block, count, Some(bits)),
            _ => return refuse(),
        };
        let (block, count) = (self.present(block), self.present(count));
        let bits = bits.map(|bits| self.present(bits));
        if [Some(&block), Some(&count), bits.as_ref()].iter().flatten().any(|n| n.is_unknown()) {
            return None;
        }
        let number = |node: &Node| node.scalar_text()?.parse::<u32>().ok();
        let count = number(&count).filter(|count| (1..=CIDR_COUNT_MAX).contains(count));
        let bits = match &bits {
            None => Some(None),
            Some(node) => number(node).map(Some),
        };
        let (Some(block), Some(count), Some(bits)) = (block.as_str(), count, bits) else {
            return refuse();
        };
        match subnets(block, count, bits) {
            Some(subnets) => {
                let items = subnets.iter().map(|subnet| Node::string(place, subnet.as_str()));
                Some(Kind::Seq(items.collect()))
            }
            None => {
                let text =
                    format!("Template error: Fn::Cidr cannot cut {count} subnets out of {block}");
                self.error(place, text);
                None
            }
        }
    }
}

/// `count` consecutive subnets at the start of `block`, with `host_bits` bits for hosts.
fn subnets(block: &str, count: u32, host_bits: Option<u32>) -> Option<Vec<String>> {
    let (address, prefix) = block.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let (address, width): (u128, u32) = match address.parse::<Ipv4Addr>() {
        Ok(v4) => (u128::from(u32::from(v4)), 32),
        Err(_) => (u128::from(address.parse::<Ipv6Addr>().ok()?), 128),
    };
    let all_bits = width.checked_sub(prefix)?;
    // Without host bits given, IPv4 takes 8 and IPv6 takes 64.
    let host_bits = host_bits.unwrap_or(if width == 32 { 8 } else { 64 });
    let spare = all_bits.checked_sub(host_bits)?;
    if spare < 32 && count > 1 << spare {
        return None;
    }
    let network = address.checked_shr(all_bits).unwrap_or(0).checked_shl(all_bits).unwrap_or(0);
    let subnet = |index: u32| {
        let first = network + u128::from(index).checked_shl(host_bits).unwrap_or(0);
        let prefix = width - host_bits;
        match u32::try_from(first) {
            Ok(v4) if width == 32 => format!("{}/{prefix}", Ipv4Addr::from(v4)),
            _ => format!("{}/{prefix}", Ipv6Addr::from(first)),
        }
    };
    Some((0..count).map(subnet).collect())
}

#[cfg(test)]
mod tests {
    use super::subnets;

    #[test]
    fn subnets_are_cut_from_the_start() {
        let cut = |block, count, bits| subnets(block, count, bits);
        assert_eq!(
            cut("10.0.7.0/16", 2, Some(8)),
            Some(vec!["10.0.0.0/24".into(), "10.0.1.0/24".into()])
        );
        assert_eq!(cut("10.0.0.0/24", 1, None), Some(vec!["10.0.0.0/24".into()]));
        assert_eq!(cut("10.0.0.0/24", 2, None), None);
        assert_eq!(
            cut("2001:db8::/56", 2, None),
            Some(vec!["2001:db8::/64".into(), "2001:db8:0:1::/64".into()])
        );
        for bad in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1"] {
            assert_eq!(cut(bad, 1, None), None, "{bad}");
        }
        assert_eq!(cut("10.0.0.0/0", 1, Some(32)), Some(vec!["0.0.0.0/0".into()]));
        assert_eq!(cut("::/0", 1, Some(128)), Some(vec!["::/0".into()]));
    }
}
