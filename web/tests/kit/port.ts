import { type AddressInfo, createServer } from "node:net";

/** A port that nobody listens on. For servers whose address has to be known before they start, or again after a restart. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
