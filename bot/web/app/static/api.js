// Asking the server. Each request carries what Telegram signed; nothing is kept in cookies.

import { initData } from "./telegram.js";

/**
 * The server said no; the message is the sentence it gave, `code` says what kind of no, and
 * `choices` are amounts that may have been meant.
 */
export class Refused extends Error {
  constructor(sentence, code, choices = []) {
    super(sentence);
    this.code = code;
    this.choices = choices;
  }
}

let sentenceWithoutAnswer = "";

/** What to say when the server cannot be reached. */
export function sayWithoutAnswer(sentence) {
  sentenceWithoutAnswer = sentence;
}

/** Throws Refused on any answer but success. */
export async function api(method, path, body) {
  let response;
  try {
    response = await fetch(`/app/api${path}`, {
      method,
      headers: {
        Authorization: `tma ${initData}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
    });
  } catch {
    throw new Refused(sentenceWithoutAnswer, "away");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refused(answer.error ?? sentenceWithoutAnswer, answer.code ?? "", answer.choices);
  return answer;
}
