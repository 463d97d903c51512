import type { AddressInfo } from "node:net";

import { SMTPServer } from "smtp-server";

/** One mail as it arrived. */
interface Mail {
  to: string[];
  /** Its parts, with quoted-printable undone. */
  text: string;
}

/** A mail server that keeps what it is given. */
export class Mails {
  readonly #server: SMTPServer;
  readonly #mails: Mail[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#server = new SMTPServer({
      disabledCommands: ["STARTTLS", "AUTH"],
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const text = decode(Buffer.concat(chunks).toString("utf8"));
          this.#mails.push({ to: session.envelope.rcptTo.map((one) => one.address), text });
          for (const look of this.#waiting) look();
          done();
        });
      },
    });
  }

  static async start(): Promise<Mails> {
    const mails = new Mails();
    await new Promise<void>((ready) => mails.#server.listen(0, "127.0.0.1", ready));
    return mails;
  }

  /** The value for `mail.url`. */
  get url(): string {
    const { port } = this.#server.server.address() as AddressInfo;
    return `smtp://127.0.0.1:${port}?tls=none`;
  }

  /** The newest link to this page in a mail to this address; waits for it, ten seconds at most. */
  async link(to: string, page: string): Promise<string> {
    const pattern = new RegExp(`https?://[^\\s"<>]+/${page}#token=[\\w-]+`);
    const found = await this.#wait(() => {
      const mails = this.#mails.filter((mail) => mail.to.includes(to));
      return mails.map((mail) => pattern.exec(mail.text)?.[0]).findLast((link) => link !== undefined);
    });
    if (found === undefined) throw new Error(`no mail to ${to} with a link to ${page}`);
    return found;
  }

  /** The newest code of eight digits in a mail to this address, as it stands there: `1234 5678`. */
  async code(to: string): Promise<string> {
    const found = await this.#wait(() => {
      const mails = this.#mails.filter((mail) => mail.to.includes(to));
      return mails.map((mail) => /\b(\d{4} \d{4})\b/.exec(mail.text)?.[1]).findLast((code) => code !== undefined);
    });
    if (found === undefined) throw new Error(`no mail to ${to} with a code`);
    return found;
  }

  async #wait<T>(look: () => T | undefined): Promise<T | undefined> {
    return new Promise((done) => {
      const again = () => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(again);
        done(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(again);
        done(undefined);
      }, 10_000);
      this.#waiting.add(again);
      again();
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((done) => this.#server.close(done));
  }
}

/** Undoes quoted-printable (RFC 2045 section 6.7). */
function decode(text: string): string {
  return text.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
