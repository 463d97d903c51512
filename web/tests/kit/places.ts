/**
 * A small database of places in MaxMind's format, version 2.0: a tree of the bits of addresses, and the records that its leaves
 * point at. <https://maxmind.github.io/MaxMind-DB/>
 */

/** A network (IPv4, such as `198.51.100.0/24`) and where it is. */
export interface City {
  network: string;
  country: string;
  city: string;
}

/** A number of 16 bits. */
class Short {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

type Field = string | number | bigint | Short | Field[] | { [name: string]: Field };

/** A database of cities. Numbers become 32 bits, or 64 where they are given as bigint. */
export function cities(rows: City[]): Buffer {
  const nodes: (number | undefined)[][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  const records: { node: number; side: number; at: number }[] = [];
  let size = 0;
  for (const { network, country, city } of rows) {
    const record = encode({ city: { names: { en: city } }, country: { iso_code: country } });
    const [address, length] = network.split("/") as [string, string];
    // IPv4 lies at the beginning of IPv6.
    const bits =
      "0".repeat(96) +
      address
        .split(".")
        .map((byte) => Number(byte).toString(2).padStart(8, "0"))
        .join("");
    const depth = 96 + Number(length);
    let node = 0;
    for (let at = 0; at < depth - 1; at += 1) {
      const side = Number(bits[at]);
      nodes[node]![side] ??= nodes.push([undefined, undefined]) - 1;
      node = nodes[node]![side]!;
    }
    records.push({ node, side: Number(bits[depth - 1]), at: size });
    data.push(record);
    size += record.length;
  }
  const tree = Buffer.alloc(nodes.length * 8);
  nodes.forEach((sides, node) => sides.forEach((side, at) => tree.writeUInt32BE(side ?? nodes.length, node * 8 + at * 4)));
  for (const { node, side, at } of records) tree.writeUInt32BE(nodes.length + 16 + at, node * 8 + side * 4);
  const metadata = encode({
    binary_format_major_version: new Short(2),
    binary_format_minor_version: new Short(0),
    build_epoch: BigInt(Math.floor(Date.now() / 1_000)),
    database_type: "Test-City",
    description: { en: "made by a test" },
    ip_version: new Short(6),
    languages: ["en"],
    node_count: nodes.length,
    record_size: new Short(32),
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from("\xab\xcd\xefMaxMind.com", "latin1"), metadata]);
}

function encode(field: Field): Buffer {
  if (typeof field === "string") return Buffer.concat([head(2, Buffer.byteLength(field)), Buffer.from(field)]);
  if (typeof field === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(field);
    return Buffer.concat([head(6, 4), bytes]);
  }
  if (field instanceof Short) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(field.value);
    return Buffer.concat([head(5, 2), bytes]);
  }
  if (typeof field === "bigint") {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(field);
    return Buffer.concat([head(9, 8), bytes]);
  }
  if (Array.isArray(field)) return Buffer.concat([head(11, field.length), ...field.map(encode)]);
  const members = Object.entries(field);
  return Buffer.concat([head(7, members.length), ...members.flatMap(([name, member]) => [encode(name), encode(member)])]);
}

/** A type and a size. Types above 7 stand in a byte of their own. */
function head(kind: number, size: number): Buffer {
  const short = Math.min(size, 29);
  const rest = size < 29 ? [] : [size - 29];
  return Buffer.from(kind > 7 ? [short, kind - 7, ...rest] : [(kind << 5) | short, ...rest]);
}
