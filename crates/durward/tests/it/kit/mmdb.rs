//! Small databases of places in MaxMind's format, version 2.0: a tree of the bits of addresses, and the records that its
//! leaves point at. <https://maxmind.github.io/MaxMind-DB/>

use std::net::IpAddr;

use ipnet::IpNet;

/// What stands in a record.
enum Field {
    Text(String),
    Double(f64),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(&'static str, Field)>),
    List(Vec<Field>),
}

/// When the databases say that they were made: 2026-11-01.
pub const BUILT: u64 = 1_793_491_200;

/// A database of cities: network, country, city, latitude, longitude.
pub fn cities(rows: &[(&str, &str, &str, f64, f64)]) -> Vec<u8> {
    cities_built(BUILT, rows)
}

/// The same, made at another time.
pub fn cities_built(built: u64, rows: &[(&str, &str, &str, f64, f64)]) -> Vec<u8> {
    let records = rows.iter().map(|(network, country, city, latitude, longitude)| {
        let names = Field::Map(vec![("en", text(city))]);
        let location =
            Field::Map(vec![("latitude", Field::Double(*latitude)), ("longitude", Field::Double(*longitude))]);
        let record = Field::Map(vec![
            ("city", Field::Map(vec![("names", names)])),
            ("country", Field::Map(vec![("iso_code", text(country))])),
            ("location", location),
        ]);
        (*network, record)
    });
    database("Test-City", built, records.collect())
}

/// A database of autonomous systems: network, number.
pub fn networks(rows: &[(&str, u32)]) -> Vec<u8> {
    let records = rows.iter().map(|(network, number)| {
        let number = ("autonomous_system_number", Field::Number(*number));
        (*network, Field::Map(vec![number, ("autonomous_system_organization", text("Test"))]))
    });
    database("Test-ASN", BUILT, records.collect())
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

/// A node's two sides: nothing, another node, or a record's place in the data.
#[derive(Clone, Copy)]
enum Side {
    Nothing,
    Node(usize),
    Data(usize),
}

fn database(kind: &str, built: u64, records: Vec<(&str, Field)>) -> Vec<u8> {
    let (mut nodes, mut data) = (vec![[Side::Nothing; 2]], Vec::new());
    for (network, record) in records {
        let at = data.len();
        put(&mut data, &record);
        let network: IpNet = network.parse().unwrap();
        let (bits, length) = match network.network() {
            // IPv4 lies at the beginning of IPv6.
            IpAddr::V4(v4) => (u128::from(u32::from(v4)), 96 + network.prefix_len()),
            IpAddr::V6(v6) => (u128::from(v6), network.prefix_len()),
        };
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                nodes[node][side] = Side::Data(at);
                break;
            }
            node = match nodes[node][side] {
                Side::Node(next) => next,
                _ => {
                    nodes.push([Side::Nothing; 2]);
                    let next = nodes.len() - 1;
                    nodes[node][side] = Side::Node(next);
                    next
                }
            };
        }
    }
    let count = nodes.len();
    let value = |side: &Side| match *side {
        Side::Nothing => count,
        Side::Node(next) => next,
        Side::Data(at) => count + 16 + at,
    };
    let mut bytes: Vec<u8> =
        nodes.iter().flatten().flat_map(|side| u32::try_from(value(side)).unwrap().to_be_bytes()).collect();
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = Field::Map(vec![
        ("binary_format_major_version", Field::Short(2)),
        ("binary_format_minor_version", Field::Short(0)),
        ("build_epoch", Field::Long(built)),
        ("database_type", text(kind)),
        ("description", Field::Map(vec![("en", text("made by a test"))])),
        ("ip_version", Field::Short(6)),
        ("languages", Field::List(vec![text("en")])),
        ("node_count", Field::Number(u32::try_from(count).unwrap())),
        ("record_size", Field::Short(32)),
    ]);
    put(&mut bytes, &metadata);
    bytes
}

fn put(bytes: &mut Vec<u8>, field: &Field) {
    match field {
        Field::Text(text) => {
            head(bytes, 2, text.len());
            bytes.extend(text.as_bytes());
        }
        Field::Double(value) => {
            head(bytes, 3, 8);
            bytes.extend(value.to_be_bytes());
        }
        Field::Short(value) => {
            head(bytes, 5, 2);
            bytes.extend(value.to_be_bytes());
        }
        Field::Number(value) => {
            head(bytes, 6, 4);
            bytes.extend(value.to_be_bytes());
        }
        Field::Long(value) => {
            head(bytes, 9, 8);
            bytes.extend(value.to_be_bytes());
        }
        Field::Map(members) => {
            head(bytes, 7, members.len());
            for (name, member) in members {
                put(bytes, &text(name));
                put(bytes, member);
            }
        }
        Field::List(items) => {
            head(bytes, 11, items.len());
            items.iter().for_each(|item| put(bytes, item));
        }
    }
}

/// A type and a size. Types above 7 stand in a byte of their own.
fn head(bytes: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, rest) = if size < 29 { (size, None) } else { (29, Some(u8::try_from(size - 29).unwrap())) };
    let short = u8::try_from(short).unwrap();
    if kind > 7 {
        bytes.extend([short, kind - 7]);
    } else {
        bytes.push(kind << 5 | short);
    }
    bytes.extend(rest);
}
