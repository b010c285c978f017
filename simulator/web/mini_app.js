// A Mini App over a chat: its frame, the buttons that are Telegram's, and what a phone lends it.
// It speaks the messages of Telegram's own web client, which telegram-web-app.js sends.

import { act } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { fullName } from "./format.js";
import { chooseUser, formSheet, openSheet, showToast } from "./sheets.js";

const PREPARED = "prepared";
const SECURE_MOST = 10;

/** Opens a Mini App of `bot` over a phone. Resolves once its address is known. */
export async function openMiniApp(phone, bot, url) {
  const answer = await act(phone.person.id, "open_app", { bot: bot.id, url, theme: theme() });
  new MiniApp(phone, bot).open(answer.url);
}

/** The colours of this page, by the names that Telegram gives to Mini Apps. */
function theme() {
  const colours = getComputedStyle(document.documentElement);
  const named = {
    bg_color: "--surface",
    secondary_bg_color: "--surface-2",
    section_bg_color: "--surface",
    text_color: "--text",
    hint_color: "--muted",
    subtitle_text_color: "--muted",
    link_color: "--accent",
    accent_text_color: "--accent",
    button_color: "--accent",
    button_text_color: "--surface",
    destructive_text_color: "--danger",
  };
  return Object.fromEntries(
    Object.entries(named).map(([name, colour]) => [name, colours.getPropertyValue(colour).trim()]),
  );
}

class MiniApp {
  #phone;
  #bot;
  #keptAs;

  constructor(phone, bot) {
    this.#phone = phone;
    this.#bot = bot;
    this.#keptAs = `mini-app-${bot.id}-${phone.person.id}`;
  }

  open(address) {
    const title = fullName(this.#bot);
    this.frame = el("iframe", {
      src: address,
      title,
      sandbox: "allow-scripts allow-forms allow-same-origin allow-popups",
      allow: "clipboard-write",
    });
    this.backButton = iconButton("back", "Back", () => this.#tell("back_button_pressed"), {
      hidden: true,
    });
    this.mainButton = el("button", {
      type: "button",
      class: "main-button",
      dir: "auto",
      hidden: true,
      onclick: () => this.#tell("main_button_pressed"),
    });
    this.element = el(
      "section",
      { class: "mini-app", role: "dialog", "aria-label": title },
      el(
        "header",
        {},
        this.backButton,
        el("h2", { dir: "auto" }, title),
        iconButton("close", "Close", () => this.#close()),
      ),
      this.frame,
      this.mainButton,
    );
    this.origin = new URL(address).origin;
    this.#phone.element.append(this.element);
    addEventListener("message", this.#heard);
  }

  #close() {
    removeEventListener("message", this.#heard);
    this.element.remove();
  }

  #tell(eventType, eventData = {}) {
    this.frame.contentWindow.postMessage(JSON.stringify({ eventType, eventData }), this.origin);
  }

  #heard = (event) => {
    if (event.source !== this.frame.contentWindow || event.origin !== this.origin) return;
    const { eventType, eventData } = JSON.parse(event.data);
    this.#answers[eventType]?.(eventData ?? {});
  };

  #answers = {
    web_app_close: () => this.#close(),
    web_app_setup_back_button: ({ is_visible }) => {
      this.backButton.hidden = !is_visible;
    },
    web_app_setup_main_button: ({ is_visible, is_active, text }) => {
      this.mainButton.hidden = !is_visible;
      this.mainButton.disabled = !is_active;
      this.mainButton.textContent = text;
    },
    web_app_open_popup: (asked) => this.#popup(asked),
    web_app_open_scan_qr_popup: (asked) => this.#scan(asked),
    web_app_open_tg_link: ({ path_full }) => this.#phone.openLink(`https://t.me${path_full}`),
    web_app_send_prepared_message: ({ id }) => this.#share(id),
    web_app_biometry_get_info: () => this.#tell("biometry_info_received", this.#biometry()),
    web_app_biometry_request_access: (asked) => this.#allowFinger(asked),
    web_app_biometry_request_auth: (asked) => this.#finger(asked),
    web_app_biometry_update_token: (asked) => this.#keep(asked),
    ...this.#storage("secure", SECURE_MOST),
    ...this.#storage("device", Infinity),
  };

  // --- the finger ----------------------------------------------------------------------------

  #kept() {
    return JSON.parse(localStorage.getItem(this.#keptAs) ?? "{}");
  }

  #biometry() {
    const { granted = false, requested = false, token = "" } = this.#kept();
    return {
      available: true,
      type: "finger",
      access_requested: requested,
      access_granted: granted,
      token_saved: token !== "",
      device_id: this.#keptAs,
    };
  }

  async #allowFinger({ reason }) {
    const granted = await this.#ask(`Let ${fullName(this.#bot)} use your fingerprint?`, reason, [
      ["Don't allow", false, ""],
      ["Allow", true, "strong"],
    ]);
    const kept = { ...this.#kept(), requested: true, granted: granted === true };
    localStorage.setItem(this.#keptAs, JSON.stringify(kept));
    this.#tell("biometry_info_received", this.#biometry());
  }

  async #finger({ reason }) {
    const right = await this.#ask("Touch the sensor", reason, [
      ["Cancel", false, ""],
      ["Wrong finger", false, ""],
      ["My finger", true, "strong"],
    ]);
    const answer = right
      ? { status: "authorized", token: this.#kept().token }
      : { status: "failed" };
    this.#tell("biometry_auth_requested", answer);
  }

  #keep({ token }) {
    const { granted } = this.#kept();
    if (granted) localStorage.setItem(this.#keptAs, JSON.stringify({ ...this.#kept(), token }));
    const kept = token ? "updated" : "removed";
    this.#tell("biometry_token_updated", { status: granted ? kept : "failed" });
  }

  #ask(title, text, choices) {
    return openSheet(this.#phone.element, {
      title,
      className: "finger-sheet",
      build: (close) => ({
        body: [el("span", { class: "finger" }, icon("finger")), el("p", { dir: "auto" }, text ?? "")],
        buttons: choices.map(([label, value, look]) =>
          el(
            "button",
            { type: "button", class: `sheet-button ${look}`, onclick: () => close(value) },
            label,
          ),
        ),
      }),
    });
  }

  // --- what the phone keeps ------------------------------------------------------------------

  /** The answers of one of its two stores, which holds so many items for each bot and person. */
  #storage(kind, most) {
    const place = () => `${this.#keptAs}-${kind}`;
    const items = () => JSON.parse(localStorage.getItem(place()) ?? "{}");
    const tell = (what, data) => this.#tell(`${kind}_storage_${what}`, data);
    return {
      [`web_app_${kind}_storage_save_key`]: ({ req_id, key, value }) => {
        const { [key]: _, ...kept } = items();
        if (value !== null) kept[key] = value;
        if (Object.keys(kept).length > most) return tell("failed", { req_id, error: "QUOTA_EXCEEDED" });
        localStorage.setItem(place(), JSON.stringify(kept));
        return tell("key_saved", { req_id });
      },
      [`web_app_${kind}_storage_get_key`]: ({ req_id, key }) =>
        tell("key_received", { req_id, value: items()[key] ?? null }),
      [`web_app_${kind}_storage_clear`]: ({ req_id }) => {
        localStorage.removeItem(place());
        tell("cleared", { req_id });
      },
    };
  }

  // --- popups, codes, sharing ----------------------------------------------------------------

  async #popup({ title, message, buttons }) {
    const pressed = await openSheet(this.#phone.element, {
      title: title || fullName(this.#bot),
      build: (close) => ({
        body: el("p", { dir: "auto" }, message),
        buttons: buttons.map(({ id, type, text }) =>
          el(
            "button",
            {
              type: "button",
              class: `sheet-button ${type === "destructive" ? "danger" : ""}`,
              onclick: () => close(id),
            },
            text || "OK",
          ),
        ),
      }),
    });
    this.#tell("popup_closed", pressed === null ? {} : { button_id: pressed });
  }

  /** A camera that sees what is typed. */
  async #scan({ text }) {
    const fields = [{ name: "code", label: text || "What the code says", required: true }];
    const seen = await formSheet(this.#phone.element, { title: "QR code", fields, yes: "Scan" });
    if (seen) this.#tell("qr_text_received", { data: seen.code });
    else this.#tell("scan_qr_popup_closed");
  }

  async #share(id) {
    const { world, person } = this.#phone;
    const extras = world
      .chatsOf(person.id)
      .map((chat) => ({ label: world.title(chat, person.id), icon: "send", value: chat.key }));
    const chat = await chooseUser(this.#phone.element, { title: "Share", users: [], extras });
    if (chat === null) return this.#tell("prepared_message_failed", { error: "USER_DECLINED" });
    const result = { chat, query_id: id, result_id: PREPARED };
    const sent = await this.#phone.attempt(act(person.id, "choose", result));
    if (!sent) return this.#tell("prepared_message_failed", { error: "UNKNOWN_ERROR" });
    showToast(this.#phone.element, "Sent");
    return this.#tell("prepared_message_sent");
  }
}
