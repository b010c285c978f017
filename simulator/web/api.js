// The control interface of the simulator: calls, and the stream of events.

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5000;

/** The simulator refused; the message is the sentence it gave. */
export class Refused extends Error {}

/** Calls the control interface. Throws Refused on any answer but success. */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The simulator does not answer.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refused(answer.error ?? `The simulator answered ${response.status}.`);
  return answer;
}

/** Does something as a person: `act(5, "send", {chat, text})`. */
export const act = (personId, action, fields = {}) =>
  call("POST", "/sim/act", { as: personId, do: action, ...fields });

/**
 * Follows the events after `seq`, reconnecting for as long as the page lives.
 * Each event arrives once and in order. `onGap` is called when events were missed for good (the
 * simulator was restarted): the world must be read again. Returns what ends it.
 */
export function follow({ seq, onEvent, onGap, onConnected }) {
  let retry = FIRST_RETRY_MS;
  let ended = false;
  let source;

  function receive(message) {
    const event = JSON.parse(message.data);
    if (event.seq <= seq) return;
    if (event.seq > seq + 1) return onGap();
    seq = event.seq;
    onEvent(event);
  }

  async function reconnect() {
    onConnected(false);
    await new Promise((resolve) => setTimeout(resolve, retry));
    retry = Math.min(retry * 2, LONGEST_RETRY_MS);
    const state = await call("GET", "/sim/state").catch(() => null);
    if (ended) return;
    if (state === null) return reconnect();
    if (state.seq < seq) return onGap();
    connect();
  }

  function connect() {
    source = new EventSource(`/sim/events?after=${seq}`);
    source.onopen = () => {
      retry = FIRST_RETRY_MS;
      onConnected(true);
    };
    source.onmessage = receive;
    source.onerror = () => {
      source.close();
      if (!ended) reconnect();
    };
  }

  connect();
  return () => {
    ended = true;
    source.close();
  };
}
