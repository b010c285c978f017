// The PIN keypad. A key sends a token that means a digit on this one keypad only; the server counts.

import { api } from "./api.js";
import { el, icon } from "./dom.js";
import * as telegram from "./telegram.js";

const LENGTH = 6;
const DELETE = "del";

/** One keypad; `follow` is called with the answer that ends it. */
export function keypad(app, opened, about, follow) {
  let shown = opened;
  let filled = opened.filled;
  let waiting = Promise.resolve();
  let pending = 0;

  const title = el("h1", { tabindex: "-1" });
  const said = el("p", { class: "bad", role: "alert" });
  const dots = el("p", { class: "dots", role: "img" });
  const grid = el("div", { class: "keys", role: "group", dir: "ltr" });
  const element = el("section", { class: "pad" }, about, title, dots, said, grid);

  function draw() {
    title.textContent = shown.title;
    dots.setAttribute("aria-label", app.say("digits", { filled }));
    dots.replaceChildren(
      ...Array.from({ length: LENGTH }, (_, at) => el("i", { class: at < filled ? "full" : null })),
    );
    grid.querySelectorAll("button").forEach((key) => {
      key.disabled = filled === LENGTH;
    });
  }

  function tap(token) {
    if (filled === LENGTH || (token === DELETE && filled === 0)) return;
    filled += token === DELETE ? -1 : 1;
    telegram.feel("tap");
    said.textContent = "";
    draw();
    const keypadId = shown.id;
    const body = { key: token, tap: crypto.randomUUID() };
    pending += 1;
    waiting = waiting.then(() => send(keypadId, body));
  }

  /** Taps are sent one after the other: the server counts them as they arrive. */
  async function send(keypadId, body) {
    const answer = await app.attempt(() =>
      api("POST", `/keypads/${encodeURIComponent(keypadId)}`, body),
    );
    pending -= 1;
    if (!answer) {
      filled = shown.filled;
      return draw();
    }
    if (answer.next !== "keypad") return app.attempt(() => follow(answer));
    const another = answer.keypad.keys[0] !== shown.keys[0];
    shown = answer.keypad;
    if (pending === 0 || another) filled = shown.filled;
    if (shown.said) said.textContent = shown.said;
    if (answer.wrong) {
      telegram.feel("error");
      dots.classList.remove("wrong");
      requestAnimationFrame(() => dots.classList.add("wrong"));
    }
    draw();
    return undefined;
  }

  const digit = (number) =>
    el("button", { type: "button", onclick: () => tap(shown.keys[number]) }, String(number));
  const erase = el(
    "button",
    { type: "button", class: "erase", "aria-label": app.words.delete_digit, onclick: () => tap(DELETE) },
    icon("delete"),
  );
  grid.append(...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(digit), el("span"), digit(0), erase);
  element.addEventListener("keydown", (event) => {
    if (/^[0-9]$/.test(event.key)) tap(shown.keys[Number(event.key)]);
    if (event.key === "Backspace") tap(DELETE);
  });
  if (shown.said) said.textContent = shown.said;
  draw();
  return element;
}
