import { expect, test } from "@playwright/test";

import { backoff } from "../../../clients/js/src/chat/backoff.ts";
import { ofClose, ofProblem } from "../../../clients/js/src/chat/ends.ts";
import { Outbox } from "../../../clients/js/src/chat/outbox.ts";
import { type FromClient, MESSAGE_LIMIT, fits, messageSize } from "../../../clients/js/src/chat/wire.ts";
import { Problem } from "../../../clients/js/src/problem.ts";

const pace = { first: 1_000, longest: 30_000 };

test("pauses double up to the longest, and may be any shorter one", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 2_000].map((attempt) => backoff(attempt, pace, () => 1));
  expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  expect(backoff(3, pace, () => 0)).toBe(0);
  expect(backoff(3, pace, () => 0.25)).toBe(2_000);
});

test("what the end of a connection means for the next one", () => {
  const table: [number, string, string, string?][] = [
    [1008, "token_expired", "renew"],
    [1008, "token_revoked", "renew"],
    [1008, "token_missing", "renew"],
    [1008, "account_inactive", "end"],
    [1008, "token_signature", "end"],
    [1008, "token_wrong_audience", "end"],
    [1008, "ambiguous_credentials", "end"],
    [1008, "rate_limited", "wait", "slowly"],
    [1008, "too_many_connections", "wait", "slowly"],
    [1013, "verification_unavailable", "wait"],
    [1013, "too_slow", "wait"],
    [1001, "server_stopping", "wait"],
    [1001, "silent", "wait"],
    [1006, "", "wait"],
    [1009, "message_too_big", "wait"],
    [1002, "protocol_error", "end"],
    [1003, "binary_message", "end"],
    [1007, "not_utf8", "end"],
  ];
  for (const [code, reason, then, pause] of table) {
    const end = ofClose(code, reason);
    expect([end.then, end.reason, end.slowly ?? false], `${code} ${reason}`).toEqual([then, reason || "network", pause === "slowly"]);
  }
  const refused = (status: number, code: string, retry_after?: number) => ofProblem(new Problem(status, { code, retry_after }));
  expect(refused(401, "token_revoked")).toMatchObject({ then: "end", reason: "token_revoked" });
  expect(refused(403, "origin_denied")).toMatchObject({ then: "end" });
  expect(refused(503, "unavailable", 7)).toMatchObject({ then: "wait", retryAfter: 7, slowly: false });
  expect(refused(429, "rate_limited", 9)).toMatchObject({ then: "wait", retryAfter: 9, slowly: true });
  expect(refused(0, "network")).toMatchObject({ then: "wait", reason: "network" });
});

test("messages go one at a time, and a refusal is about the one that was sent", () => {
  const outbox = new Outbox();
  const sent: FromClient[] = [];
  const send = (message: FromClient) => sent.push(message) > 0;
  const thread = {};
  const [first, second] = [outbox.add("first", thread), outbox.add("second", thread)];
  expect(
    outbox.next(() => false),
    "there is no connection",
  ).toBeUndefined();
  expect(outbox.next(send)).toBe(first);
  expect(outbox.next(send), "the first is being answered").toBeUndefined();
  expect(outbox.unsent).toEqual([second]);
  outbox.hear({ type: "message.started", message_id: "a1", conversation_id: "c1", in_reply_to: "q1" });
  const other = outbox.hear({ type: "error", code: "token_expired", detail: "", message_id: null, retry_after: null });
  expect(other, "a refused renewal is not about a message").toBeUndefined();
  outbox.hear({ type: "message.delta", message_id: "a1", conversation_id: "c1", delta: "fi" });
  expect(first).toMatchObject({ progress: "answering", answer: "fi", questionId: "q1", answerId: "a1" });
  outbox.hear({ type: "message.done", message_id: "a1", conversation_id: "c1", content: "first" });
  expect(first).toMatchObject({ progress: "done", answer: "first" });

  // The second one goes into the conversation that the first one has begun.
  expect(outbox.next(send)).toBe(second);
  expect(sent).toEqual([
    { type: "message", content: "first", conversation_id: null },
    { type: "message", content: "second", conversation_id: "c1" },
  ]);
  outbox.hear({ type: "error", code: "rate_limited", detail: "slowly", message_id: null, retry_after: 3 });
  expect(second).toMatchObject({ progress: "failed", error: { code: "rate_limited", retryAfter: 3 } });

  const third = outbox.add("third", thread);
  outbox.next(send);
  expect(outbox.interrupt("network")).toBe(third);
  expect(third.progress).toBe("interrupted");
  expect(outbox.next(send), "it is not sent again by itself").toBeUndefined();
  const fourth = outbox.add("fourth", thread);
  expect(outbox.discard(fourth)).toBe(true);
  expect(outbox.discard(third)).toBe(false);
  expect(outbox.unsent).toEqual([]);
});

test("the limit is counted in bytes, and in JSON where that is longer than a frame", () => {
  expect(messageSize("äöü€")).toBe(9);
  expect(fits("a".repeat(MESSAGE_LIMIT))).toBe(true);
  expect(fits("a".repeat(MESSAGE_LIMIT + 1))).toBe(false);
  expect(fits("ä".repeat(MESSAGE_LIMIT / 2))).toBe(true);
  expect(fits("\n".repeat(MESSAGE_LIMIT - 1))).toBe(false);
  const tooLong = new Outbox().add("a".repeat(MESSAGE_LIMIT + 1), {});
  expect(tooLong).toMatchObject({ progress: "failed", error: { code: "message_too_big" } });
});
