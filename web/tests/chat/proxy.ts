import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/** The network between the browser and the server: it can be cut, and it can go silent without anybody being told. */
export class Proxy {
  readonly #pairs = new Set<[Socket, Socket]>();
  readonly #server;
  #silent = false;
  /** Where the server is; known once that has started. */
  target = 0;

  private constructor() {
    this.#server = createServer((near) => {
      const far = connect(this.target, "127.0.0.1");
      const pair: [Socket, Socket] = [near, far];
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [far, near] as const]) {
        from.on("data", (chunk) => {
          if (!this.#silent) to.write(chunk);
        });
        from.on("close", () => {
          if (this.#silent) return;
          to.destroy();
          this.#pairs.delete(pair);
        });
        from.on("error", () => to.destroy());
      }
    });
  }

  static async start(): Promise<Proxy> {
    const proxy = new Proxy();
    await new Promise<void>((ready) => proxy.#server.listen(0, "127.0.0.1", ready));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks off everything that is open. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  /** From now on nothing arrives anywhere, and nobody is told. */
  silence(): void {
    this.#silent = true;
  }

  /** As before; what was on its way is lost. */
  restore(): void {
    this.#silent = false;
    this.cut();
  }

  async stop(): Promise<void> {
    this.restore();
    await new Promise((done) => this.#server.close(done));
  }
}
