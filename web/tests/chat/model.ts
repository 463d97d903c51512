import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A language model's server with Ollama's API, whose answers come when the test says so. */
export class Model {
  readonly #server;
  #asked: { content: string; answer: ServerResponse }[] = [];

  private constructor() {
    this.#server = createServer((request, answer) => {
      if (request.url === "/api/tags") {
        answer.end(JSON.stringify({ models: [{ name: "llama3.2:3b" }] }));
        return;
      }
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { messages } = JSON.parse(body) as { messages: { content: string }[] };
        answer.writeHead(200, { "Content-Type": "application/x-ndjson" });
        answer.flushHeaders();
        this.#asked.push({ content: messages.at(-1)!.content, answer });
      });
    });
  }

  static async start(): Promise<Model> {
    const model = new Model();
    await new Promise<void>((ready) => model.#server.listen(0, "127.0.0.1", ready));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What it has been asked, all in all. */
  get questions(): string[] {
    return this.#asked.map(({ content }) => content);
  }

  /** A piece of the answer to the last question. */
  say(content: string): void {
    this.#write({ message: { role: "assistant", content }, done: false });
  }

  /** The end of it. */
  finish(): void {
    this.#write({ message: { role: "assistant", content: "" }, done: true });
    this.#asked.at(-1)!.answer.end();
  }

  /** It breaks off. */
  break(): void {
    this.#asked.at(-1)!.answer.destroy();
  }

  #write(part: unknown): void {
    this.#asked.at(-1)!.answer.write(`${JSON.stringify(part)}\n`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
