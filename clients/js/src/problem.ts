/** One field that the server did not accept. */
export interface FieldError {
  /** Where it stands in the body: a JSON Pointer (RFC 6901) such as `/email`. */
  pointer: string;
  /** What is wrong with it, in English. */
  detail: string;
}

/**
 * A request that did not succeed: what the server said of it (RFC 9457), or that it could not be reached.
 *
 * `code` is the stable word to decide by: one of those in the server's list of errors, `network` when no answer came, or
 * `unexpected` when what answered was not a durward server.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: FieldError[];
  readonly requestId: string | undefined;
  /** In how many seconds it is worth trying again. */
  readonly retryAfter: number | undefined;
  /** Why a CSRF token was refused. */
  readonly reason: string | undefined;

  constructor(status: number, said: Record<string, unknown>) {
    const code = typeof said.code === "string" ? said.code : "unexpected";
    super(typeof said.detail === "string" ? said.detail : code);
    this.status = status;
    this.code = code;
    this.title = typeof said.title === "string" ? said.title : "";
    this.detail = typeof said.detail === "string" ? said.detail : "";
    this.errors = Array.isArray(said.errors) ? (said.errors as FieldError[]) : [];
    this.requestId = typeof said.request_id === "string" ? said.request_id : undefined;
    this.retryAfter = typeof said.retry_after === "number" ? said.retry_after : undefined;
    this.reason = typeof said.reason === "string" ? said.reason : undefined;
  }

  /** What a refusing answer says. */
  static async of(response: Response): Promise<Problem> {
    const body: unknown = await response.json().catch(() => null);
    return new Problem(response.status, isRecord(body) ? body : {});
  }

  /** No answer came. */
  static network(cause: unknown): Problem {
    return new Problem(0, { code: "network", detail: cause instanceof Error ? cause.message : String(cause) });
  }

  /** What is wrong with the field of this name, if anything is. */
  field(name: string): string | undefined {
    return this.errors.find((error) => error.pointer === `/${name}`)?.detail;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
