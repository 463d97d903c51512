import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Someone who can sign in. */
export interface Account {
  email: string;
  password: string;
}

/** Environment variables on top of those of `durward dev`. */
export type Settings = Record<string, string>;

const PROGRAM = process.env.DURWARD_BINARY ?? resolve(import.meta.dirname, "../../../target/debug/durward");

/** A real `durward dev` with a directory of its own. */
export class Server {
  readonly url: string;
  readonly admin: Account;
  readonly user: Account;
  readonly #process: ChildProcess;
  /** Where it was started: its data is in `data` below. */
  readonly directory: string;
  readonly #said: string[];

  private constructor(process: ChildProcess, directory: string, said: string[]) {
    const text = said.join("");
    const account = (role: string): Account => {
      const found = new RegExp(`^${role}: (\\S+)\\s+password: (\\S+)`, "m").exec(text);
      if (!found) throw new Error(`no ${role} was printed:\n${text}`);
      return { email: found[1]!, password: found[2]! };
    };
    this.url = /^Serving (http\S+),/m.exec(text)![1]!;
    this.admin = account("admin");
    this.user = account("user");
    this.#process = process;
    this.directory = directory;
    this.#said = said;
  }

  static async start(settings: Settings = {}, port = 0): Promise<Server> {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: cargo build -p durward`);
    const directory = mkdtempSync(join(tmpdir(), "durward-pages-"));
    const child = spawn(PROGRAM, ["dev"], {
      cwd: directory,
      env: {
        PATH: process.env.PATH ?? "",
        DURWARD_SERVER__LISTEN: `127.0.0.1:${port}`,
        // Cheap hashes: what is tried here are the pages.
        DURWARD_PASSWORD__MEMORY_KIB: "8192",
        DURWARD_PASSWORD__ITERATIONS: "1",
        ...settings,
      },
    });
    const said: string[] = [];
    await new Promise<void>((ready, failed) => {
      const timer = setTimeout(() => failed(new Error(`not ready after 60 s:\n${said.join("")}`)), 60_000);
      const hear = (chunk: Buffer) => {
        said.push(chunk.toString());
        if (/^Serving http\S+,.*$/m.test(said.join(""))) {
          clearTimeout(timer);
          ready();
        }
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("exit", (code) => failed(new Error(`ended with ${code}:\n${said.join("")}`)));
    });
    return new Server(child, directory, said);
  }

  /** Everything it has written so far. */
  get log(): string {
    return this.#said.join("");
  }

  /** Stops it as an operator would. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const gone = new Promise((done) => this.#process.once("exit", done));
      this.#process.kill("SIGTERM");
      const timer = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
      await gone;
      clearTimeout(timer);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
