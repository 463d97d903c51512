import { type FromClient, type Said, fits } from "./wire.ts";

/** A conversation. Its id is filled in when its first message has begun it. */
export interface Thread {
  id?: string | undefined;
}

/**
 * How far a message is: `unsent` – it waits for a connection or for those before it; `sent`; `answering` – the server has
 * kept it and answers; `done`; `failed` – the server said why; `interrupted` – the connection ended before the answer did.
 */
export type Progress = "unsent" | "sent" | "answering" | "done" | "failed" | "interrupted";

/** A message on its way, and its answer. What stands in it changes. */
export interface Outgoing {
  readonly content: string;
  readonly thread: Thread;
  progress: Progress;
  /** The id under which the server has kept it. Without one nobody knows whether it has. */
  questionId?: string;
  /** The answer's id. */
  answerId?: string;
  /** The answer, as far as it has come. */
  answer: string;
  /** Why it failed. */
  error?: { code: string; detail: string; retryAfter?: number | undefined };
}

/** The server's answer to a message, once it has been begun, continued, finished or refused. */
type About = Said<"message.started"> | Said<"message.delta"> | Said<"message.done"> | Said<"error">;

/**
 * The messages that wait, and the one that is being answered. One at a time: the server's refusals do not say which message
 * they are about.
 */
export class Outbox {
  readonly #waiting: Outgoing[] = [];
  #current: Outgoing | undefined;

  /** Those that have not been sent, the oldest first. */
  get unsent(): readonly Outgoing[] {
    return this.#waiting;
  }

  /** Takes a message. One that the server would not take fails at once. */
  add(content: string, thread: Thread): Outgoing {
    const outgoing: Outgoing = { content, thread, progress: "unsent", answer: "" };
    if (fits(content)) {
      this.#waiting.push(outgoing);
    } else {
      outgoing.progress = "failed";
      outgoing.error = { code: "message_too_big", detail: "The message is too long." };
    }
    return outgoing;
  }

  /** Takes one back that has not been sent. */
  discard(outgoing: Outgoing): boolean {
    const at = this.#waiting.indexOf(outgoing);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  /** Sends the next one, if it is its turn; gives it where it was sent. */
  next(send: (message: FromClient) => boolean): Outgoing | undefined {
    const next = this.#waiting[0];
    if (this.#current || !next) return undefined;
    if (!send({ type: "message", content: next.content, conversation_id: next.thread.id ?? null })) return undefined;
    this.#waiting.shift();
    next.progress = "sent";
    this.#current = next;
    return next;
  }

  /** The server has said something about the message that is being answered; undefined where it was about something else. */
  hear(said: About): Outgoing | undefined {
    const current = this.#current;
    if (!current) return undefined;
    switch (said.type) {
      case "message.started":
        current.progress = "answering";
        current.questionId = said.in_reply_to;
        current.answerId = said.message_id;
        current.thread.id = said.conversation_id;
        return current;
      case "message.delta":
        if (said.message_id !== current.answerId) return undefined;
        current.answer += said.delta;
        return current;
      case "message.done":
        if (said.message_id !== current.answerId) return undefined;
        current.progress = "done";
        current.answer = said.content;
        break;
      case "error":
        if (said.message_id ? said.message_id !== current.answerId : current.progress !== "sent") return undefined;
        current.progress = "failed";
        current.error = { code: said.code, detail: said.detail, retryAfter: said.retry_after ?? undefined };
        break;
    }
    this.#current = undefined;
    return current;
  }

  /** The connection is gone: the message that was being answered will not be answered any more. */
  interrupt(reason: string): Outgoing | undefined {
    const current = this.#current;
    if (!current) return undefined;
    current.progress = "interrupted";
    current.error = { code: reason, detail: "" };
    this.#current = undefined;
    return current;
  }
}
