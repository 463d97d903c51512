//! From where logins are allowed: the operator's lists of countries and networks.

use std::net::IpAddr;

use durward_proto::{Code, Problem, Role};
use ipnet::IpNet;

use crate::client::Client;
use crate::fault::Fault;
use crate::place::Place;
use crate::service::Core;

/// The lists. An empty one says nothing.
#[derive(Debug, Clone, Default)]
pub struct AccessRules {
    /// ISO 3166-1 alpha-2 codes. From others nobody comes in, unless from a network of [`Self::allow_networks`].
    pub allow_countries: Vec<String>,
    /// From these countries nobody comes in, unless from a network of [`Self::allow_networks`].
    pub deny_countries: Vec<String>,
    /// From these networks everybody comes in; from others only where a list of countries allows it.
    pub allow_networks: Vec<IpNet>,
    /// From these networks nobody comes in.
    pub deny_networks: Vec<IpNet>,
    /// For these roles no list holds.
    pub exempt_roles: Vec<Role>,
    /// For these networks no list holds.
    pub exempt_networks: Vec<IpNet>,
    /// Whether an address comes in of which no country is known, where there are lists of countries.
    pub allows_unknown_country: bool,
}

/// Why a login is not allowed from where it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Network,
    Country,
    UnknownCountry,
}

impl AccessRules {
    fn check(&self, ip: IpAddr, country: Option<&str>, role: &Role) -> Result<(), Denied> {
        let ip = ip.to_canonical();
        let among = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&ip));
        let listed =
            |countries: &[String]| country.is_some_and(|country| countries.iter().any(|other| other == country));
        if self.exempt_roles.contains(role) || among(&self.exempt_networks) {
            return Ok(());
        }
        if among(&self.deny_networks) {
            return Err(Denied::Network);
        }
        if among(&self.allow_networks) {
            return Ok(());
        }
        if self.allow_countries.is_empty() && self.deny_countries.is_empty() {
            return if self.allow_networks.is_empty() { Ok(()) } else { Err(Denied::Network) };
        }
        if country.is_none() {
            return if self.allows_unknown_country { Ok(()) } else { Err(Denied::UnknownCountry) };
        }
        if listed(&self.deny_countries) {
            return Err(Denied::Country);
        }
        match (self.allow_countries.is_empty(), self.allow_networks.is_empty()) {
            (false, _) => listed(&self.allow_countries).then_some(()).ok_or(Denied::Country),
            (true, true) => Ok(()),
            // What is not forbidden is not yet on the list.
            (true, false) => Err(Denied::Network),
        }
    }
}

impl Denied {
    fn as_str(self) -> &'static str {
        match self {
            Self::Network => "the network is not allowed",
            Self::Country => "the country is not allowed",
            Self::UnknownCountry => "the country is not known, and access.unknown_country is deny",
        }
    }
}

impl Core {
    /// Where a client is, as far as that is known.
    pub(crate) fn place_of(&self, client: &Client) -> Option<Place> {
        self.places.find(client.ip.to_canonical())
    }

    /// Whether a user of this role may log in from where the client is. Asked once what they showed was right, so that
    /// nobody learns the lists by guessing.
    ///
    /// # Errors
    /// `place_denied`.
    pub(crate) fn check_access(&self, role: &Role, client: &Client, place: Option<&Place>) -> Result<(), Fault> {
        let country = place.and_then(|place| place.country.as_deref());
        self.policy.access.check(client.ip, country, role).map_err(|denied| {
            let problem =
                Problem::new(Code::PlaceDenied).detail("Logins from this place are not allowed. Ask the operator.");
            Fault::of(problem).because(denied.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(list: &[&str]) -> Vec<IpNet> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn each_list_and_how_they_go_together() {
        let rules = |allow: &[&str], deny: &[&str], allow_nets: &[&str], deny_nets: &[&str]| AccessRules {
            allow_countries: words(allow),
            deny_countries: words(deny),
            allow_networks: nets(allow_nets),
            deny_networks: nets(deny_nets),
            exempt_roles: vec![Role::admin()],
            exempt_networks: nets(&["127.0.0.0/8", "::1/128"]),
            allows_unknown_country: false,
        };
        let none = rules(&[], &[], &[], &[]);
        let only_germany = rules(&["DE"], &[], &["198.51.100.0/24"], &["203.0.113.7/32"]);
        let not_france = rules(&[], &["FR"], &[], &[]);
        let office = rules(&[], &[], &["198.51.100.0/24", "2001:db8::/32"], &[]);
        let office_not_france = rules(&[], &["FR"], &["198.51.100.0/24"], &[]);
        // (rules, address, country, outcome)
        let table = [
            (&none, "192.0.2.1", None, Ok(())),
            (&none, "192.0.2.1", Some("FR"), Ok(())),
            (&only_germany, "192.0.2.1", Some("DE"), Ok(())),
            (&only_germany, "192.0.2.1", Some("FR"), Err(Denied::Country)),
            (&only_germany, "192.0.2.1", None, Err(Denied::UnknownCountry)),
            (&only_germany, "198.51.100.9", Some("FR"), Ok(())),
            (&only_germany, "::ffff:198.51.100.9", Some("FR"), Ok(())),
            (&only_germany, "203.0.113.7", Some("DE"), Err(Denied::Network)),
            (&only_germany, "::ffff:203.0.113.7", Some("DE"), Err(Denied::Network)),
            (&only_germany, "127.0.0.1", None, Ok(())),
            (&not_france, "192.0.2.1", Some("FR"), Err(Denied::Country)),
            (&not_france, "192.0.2.1", Some("DE"), Ok(())),
            (&not_france, "192.0.2.1", None, Err(Denied::UnknownCountry)),
            (&office, "198.51.100.9", None, Ok(())),
            (&office, "2001:db8:7::1", Some("FR"), Ok(())),
            (&office, "192.0.2.1", Some("DE"), Err(Denied::Network)),
            (&office_not_france, "192.0.2.1", Some("DE"), Err(Denied::Network)),
            (&office_not_france, "198.51.100.9", Some("FR"), Ok(())),
        ];
        for (at, (rules, ip, country, outcome)) in table.into_iter().enumerate() {
            assert_eq!(rules.check(ip.parse().unwrap(), country, &Role::user()), outcome, "row {at}");
            assert_eq!(rules.check(ip.parse().unwrap(), country, &Role::admin()), Ok(()), "row {at}, exempt");
        }
        let lenient = AccessRules { allows_unknown_country: true, ..only_germany };
        assert_eq!(lenient.check("192.0.2.1".parse().unwrap(), None, &Role::user()), Ok(()));
    }
}
