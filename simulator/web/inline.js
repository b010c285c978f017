// What a bot offers for what is typed after its name: a list above the text field. Choosing from
// it sends a message via the bot; sending the text itself may call the bot in as a guest.

import { act, Refused } from "./api.js";
import { el } from "./dom.js";
import { replied } from "./message.js";

const TYPING_PAUSE_MS = 250;
const ASKED = /^@(\w{3,32})\s([\s\S]*)$/u;

export class InlineResults {
  #phone;
  #onChosen;
  #asked = "";
  #timer = 0;
  #picked = -1;

  /**
   * @param phone whose text field it belongs to: `person`, `world`, `attempt`, `openLink`
   * @param onChosen called when a result was sent
   */
  constructor(phone, onChosen) {
    this.#phone = phone;
    this.#onChosen = onChosen;
    this.element = el("div", {
      class: "suggestions inline-results",
      role: "listbox",
      "aria-label": "Results",
      hidden: true,
    });
  }

  /** Asks the bot that the text names, once the typing pauses. */
  update(conversation, text) {
    const [, username, query] = ASKED.exec(text) ?? [];
    const bot = username && this.#phone.world.byUsername(username);
    if (!bot?.inline) return this.clear();
    const asked = `${conversation.chat.key} ${text}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(conversation, bot, query, asked), TYPING_PAUSE_MS);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#asked = "";
    this.element.hidden = true;
  }

  /** Takes an arrow key, or Enter once a result is picked; false for any other key. */
  key(event) {
    const options = [...this.element.querySelectorAll("[role=option]")];
    if (this.element.hidden || options.length === 0) return false;
    if (event.key === "Enter" && this.#picked >= 0) options[this.#picked].click();
    else if (event.key === "Escape") this.clear();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = this.#picked < 0 && step < 0 ? 0 : this.#picked;
      this.#picked = (from + step + options.length) % options.length;
      options.forEach((option, at) => option.setAttribute("aria-selected", at === this.#picked));
      options[this.#picked].scrollIntoView({ block: "nearest" });
    } else return false;
    return true;
  }

  async #ask(conversation, bot, query, asked) {
    const fields = { chat: conversation.chat.key, bot: bot.id, query };
    try {
      const answer = await act(this.#phone.person.id, "inline", fields);
      if (asked === this.#asked) this.#draw(conversation, bot, answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.element.hidden = true;
    }
  }

  #draw(conversation, bot, { query_id: queryId, results, button }) {
    this.#picked = -1;
    const options = results.map((result) =>
      el(
        "button",
        {
          type: "button",
          role: "option",
          tabindex: "-1",
          "aria-selected": "false",
          onclick: () => this.#choose(conversation, queryId, result),
        },
        el("strong", { dir: "auto" }, result.title ?? "Photo"),
        el("span", { class: "detail", dir: "auto" }, result.description ?? ""),
      ),
    );
    this.element.replaceChildren(...(button ? [this.#lead(bot, button)] : []), ...options);
    this.element.hidden = !button && options.length === 0;
  }

  #lead(bot, { text, start_parameter: parameter }) {
    const address = `https://t.me/${bot.username}?start=${parameter}`;
    return el(
      "button",
      { type: "button", class: "inline-lead", onclick: () => this.#phone.openLink(address) },
      text,
    );
  }

  async #choose(conversation, queryId, result) {
    const chosen = act(this.#phone.person.id, "choose", {
      chat: conversation.chat.key,
      query_id: queryId,
      result_id: result.id,
      ...replied(conversation.replyTo),
    });
    if (!(await this.#phone.attempt(chosen))) return;
    conversation.replyTo = null;
    this.clear();
    this.#onChosen();
  }
}
