// The Mini App: where it begins, and the way from screen to screen.

import { api, Refused, sayWithoutAnswer } from "./api.js";
import { el } from "./dom.js";
import { payScreens } from "./pay.js";
import { homeScreens } from "./home.js";
import { deviceScreens } from "./devices.js";
import * as telegram from "./telegram.js";

const TOAST_MS = 3500;

const main = document.querySelector("main");
const notice = document.querySelector(".said");

/** What all screens share: words, the way between screens, and what is said in passing. */
class App {
  #way = [];
  #hiding = 0;

  async start() {
    telegram.begin();
    const { words, language, direction, currency, start } = await api("GET", "/words");
    this.words = words;
    this.currency = currency;
    document.documentElement.lang = language;
    document.documentElement.dir = direction;
    sayWithoutAnswer(words.no_answer);
    this.screens = { ...homeScreens(this), ...payScreens(this), ...deviceScreens(this) };
    const intent = new URLSearchParams(location.search).get("intent");
    const code = start || (intent ? `i_${intent}` : "");
    await this.go("home");
    if (code) await this.attempt(async () => this.opened(await api("POST", "/codes", { code })));
  }

  /** The words by name, with their {fields} filled in. */
  say(name, fields = {}) {
    return Object.entries(fields).reduce(
      (text, [field, value]) => text.replace(`{${field}}`, value),
      this.words[name],
    );
  }

  /** Opens a screen above the present one. */
  async go(name, ...details) {
    this.#way.push([name, ...details]);
    await this.draw();
  }

  /** Opens a screen in place of the present one. */
  async turn(name, ...details) {
    this.#way.pop();
    await this.go(name, ...details);
  }

  /** Goes back to the first screen. */
  async home() {
    this.#way = [["home"]];
    await this.draw();
  }

  async back() {
    this.#way.pop();
    await this.draw();
  }

  /** A card: its missing part, or the card itself. */
  opened(card) {
    return this.go("card", card);
  }

  async draw() {
    const [name, ...details] = this.#way.at(-1);
    telegram.mainButton("", null);
    telegram.backButton(this.#way.length > 1 ? () => this.attempt(() => this.back()) : null);
    const drawn = await this.screens[name](...details);
    main.replaceChildren(drawn);
    main.dataset.screen = name;
    scrollTo(0, 0);
    (main.querySelector("[data-autofocus]") ?? main.querySelector("h1"))?.focus({
      preventScroll: true,
    });
  }

  /** Says something in passing. */
  tell(sentence) {
    clearTimeout(this.#hiding);
    notice.textContent = sentence;
    notice.classList.toggle("shown", Boolean(sentence));
    this.#hiding = setTimeout(() => notice.classList.remove("shown"), TOAST_MS);
  }

  /** Does something that the server may refuse; undefined, and its sentence shown, if it does. */
  async attempt(doing) {
    notice.classList.remove("shown");
    telegram.busy(true);
    try {
      return await doing();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      telegram.feel("error");
      this.tell(error.message);
      return undefined;
    } finally {
      telegram.busy(false);
    }
  }
}

const app = new App();
app.start().catch((error) => {
  if (!(error instanceof Refused)) throw error;
  main.replaceChildren(el("p", { class: "sorry", role: "alert" }, error.message));
});
