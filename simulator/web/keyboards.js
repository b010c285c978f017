// Inline keyboards (under a message) and reply keyboards (in place of the device's own).

import { el, icon } from "./dom.js";
import { linkTo } from "./text.js";

const BADGES = {
  url: "link",
  login_url: "link",
  copy_text: "copy",
  web_app: "window",
  request_users: "users",
  request_contact: "person",
};

function contents(spec) {
  const badge = Object.keys(BADGES).find((field) => spec[field]);
  return [
    el("span", { class: "button-label", dir: "auto" }, spec.text),
    badge ? icon(BADGES[badge]) : null,
  ].filter(Boolean);
}

const styleClass = (spec) =>
  ["danger", "success", "primary"].includes(spec.style) ? ` style-${spec.style}` : "";

const isLink = (spec) => Boolean(spec.url ?? spec.login_url);

const shape = (rows) =>
  rows.map((row) => row.map((spec) => (isLink(spec) ? "a" : "b")).join("")).join("/");

/**
 * The keyboard under one message. It is changed in place where the new one has the same shape, so
 * that a press is not lost between pointer down and pointer up while a bot edits its message.
 */
export class InlineKeyboard {
  #press;
  #actions;
  #rows;
  #buttons;

  /** @param press called with the button as the Bot API describes it; the button shimmers until it settles */
  constructor(rows, press, actions) {
    this.#press = press;
    this.#actions = actions;
    this.element = el("div", {
      class: "inline-keyboard",
      role: "group",
      "aria-label": "Buttons of this message",
    });
    this.#draw(rows);
  }

  update(rows) {
    if (shape(rows) !== shape(this.#rows) || shape(rows).includes("a")) return this.#draw(rows);
    this.#rows = rows;
    rows.flat().forEach((spec, index) => {
      const button = this.#buttons[index];
      button.className = `inline-button${styleClass(spec)}`;
      button.replaceChildren(...contents(spec));
    });
  }

  #draw(rows) {
    this.#rows = rows;
    this.#buttons = rows.flat().map((spec, index) => this.#button(spec, index));
    const left = [...this.#buttons];
    this.element.replaceChildren(
      ...rows.map((row) => el("div", { class: "keyboard-row" }, ...left.splice(0, row.length))),
    );
  }

  #button(spec, index) {
    const look = { class: `inline-button${styleClass(spec)}` };
    if (isLink(spec))
      return linkTo(spec.url ?? spec.login_url.url, this.#actions, look, ...contents(spec));
    const button = el(
      "button",
      { type: "button", ...look, onclick: () => this.#pressed(button, index) },
      ...contents(spec),
    );
    return button;
  }

  async #pressed(button, index) {
    const presses = Number(button.dataset.waiting ?? 0) + 1;
    button.dataset.waiting = presses;
    button.setAttribute("aria-busy", "true");
    await this.#press(this.#rows.flat()[index]);
    button.dataset.waiting -= 1;
    if (button.dataset.waiting === "0") button.removeAttribute("aria-busy");
  }
}

/** The rows of a reply keyboard; `press` is called with the button's description. */
export function replyKeyboard(markup, press) {
  const rows = markup.keyboard.map((row) =>
    row.map((key) => (typeof key === "string" ? { text: key } : key)),
  );
  return el(
    "div",
    {
      class: `reply-keyboard${markup.resize_keyboard ? "" : " tall"}`,
      role: "group",
      "aria-label": "Keyboard",
    },
    ...rows.map((row) =>
      el(
        "div",
        { class: "keyboard-row" },
        ...row.map((spec) =>
          el(
            "button",
            {
              type: "button",
              class: `reply-button${styleClass(spec)}`,
              onclick: () => press(spec),
            },
            ...contents(spec),
          ),
        ),
      ),
    ),
  );
}
