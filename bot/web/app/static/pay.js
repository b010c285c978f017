// Paying and asking: who and how much, the card, the keypad, and what came of it.

import { api, Refused } from "./api.js";
import { apart, el, face, icon, whom } from "./dom.js";
import { keypad } from "./keypad.js";
import * as telegram from "./telegram.js";

export function payScreens(app) {
  const { words } = app;
  const cardPath = (id, rest = "") => `/cards/${encodeURIComponent(id)}${rest}`;

  // --- who, how much, what for ---------------------------------------------------------------

  const field = (name, label, extra = {}) =>
    el(
      "label",
      { class: "field" },
      el("span", { class: "label" }, label),
      el("input", { name, "aria-label": label, autocomplete: "off", dir: "auto", maxlength: 140, ...extra }),
    );

  /** Amounts, each a tap away. */
  const amounts = (offered, choose) =>
    el(
      "div",
      { class: "chips" },
      ...offered.map(({ label, minor, currency }) =>
        el(
          "button",
          { type: "button", class: "chip", onclick: () => choose({ minor, currency }) },
          apart(label),
        ),
      ),
    );

  /**
   * A form whose one button is Telegram's; Enter does the same. An amount that may mean several is
   * asked about: a tap on one of them sends the form with that.
   */
  function form(title, fields, send, label = words.go_on) {
    const doubt = el("div", { role: "alert" });
    const element = el(
      "form",
      { class: "form", novalidate: true },
      el("h1", { tabindex: "-1" }, title),
      ...fields,
      doubt,
      el("button", { type: "submit", class: "unseen", tabindex: "-1", "aria-hidden": "true" }),
    );
    const submit = (chosen = {}) =>
      app.attempt(async () => {
        doubt.replaceChildren();
        try {
          await send({ ...Object.fromEntries(new FormData(element)), ...chosen });
        } catch (error) {
          if (!error.choices?.length) throw error;
          doubt.replaceChildren(el("p", { class: "asks" }, error.message), amounts(error.choices, submit));
        }
      });
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    telegram.mainButton(label, () => submit());
    return element;
  }

  const amountField = (currency = app.currency) =>
    field("amount", words.amount, { inputmode: "decimal", placeholder: `0 ${currency}`, class: "large", maxlength: 40 });
  const noteField = () => field("note", words.what_for, { placeholder: words.optional });
  const whoField = (label) =>
    field("who", label, { placeholder: words.username, autocapitalize: "off", spellcheck: "false", maxlength: 33 });

  /** The latest payees, each a tap away. */
  function faces(input) {
    if (!app.recent?.length) return null;
    const choose = (who) => {
      input.querySelector("input").value = who.username;
    };
    return el(
      "div",
      { class: "faces" },
      ...app.recent.map((who) =>
        el(
          "button",
          { type: "button", onclick: () => choose(who) },
          face(who),
          apart(who.name.split(" ")[0]),
        ),
      ),
    );
  }

  function pay() {
    const who = whoField(words.to_whom);
    return form(words.pay_someone, [faces(who), who, amountField(), noteField()], async (said) => {
      await app.turn("card", await api("POST", "/cards", said));
    });
  }

  function ask() {
    const who = whoField(words.from_whom);
    const hint = el("p", { class: "quiet" }, words.anybody);
    return form(words.ask, [faces(who), who, hint, amountField(), noteField()], async (said) => {
      await app.turn("share", await api("POST", "/requests", said), words.asked);
    });
  }

  /** Play money from the sandbox bank; for a card that lacks it, which is shown again. */
  async function topup(card) {
    const path = card ? cardPath(card, "/topup") : "/topup";
    const offer = await api("GET", path);
    const key = crypto.randomUUID();
    const shown = () => (card ? app.turn("card", card) : app.home());
    const add = async (amount) => {
      const { said } = await api("POST", path, { ...amount, key });
      telegram.feel("success");
      app.tell(said);
      await shown();
    };
    const fields = [
      el("p", { class: "quiet" }, `${offer.about} ${words.any_amount}`),
      amounts(offer.amounts, (chosen) => app.attempt(() => add(chosen))),
      amountField(offer.currency),
      card &&
        el("button", { type: "button", class: "plain", onclick: () => app.attempt(shown) }, words.back),
    ];
    return form(words.add_money, fields, add, words.add_money);
  }

  /** What a link leaves to whoever pays it. */
  function missing(card) {
    const asked =
      card.lacks === "answer" ? field("answer", card.question) : amountField();
    return form(card.payees[0]?.name ?? words.pay_someone, [asked], async (said) => {
      await app.turn("card", await api("PATCH", cardPath(card.id), said));
    });
  }

  // --- the card ------------------------------------------------------------------------------

  async function card(given) {
    const seen = typeof given === "string" ? await api("GET", cardPath(given)) : given;
    if (seen.open && seen.lacks) return missing(seen);
    if (seen.ended) return ended(seen);
    const device = await telegram.finger();
    const finger = seen.affordable && seen.finger && device.keeps;
    const toPin = () => app.attempt(() => (seen.second_look ? app.turn("look", seen) : openKeypad(seen)));
    if (finger) telegram.mainButton(words[`approve_${device.by}`], () => withFinger(seen));
    else if (seen.affordable) telegram.mainButton(seen.verb, toPin);
    else if (seen.topup)
      telegram.mainButton(words.add_money, () => app.attempt(() => app.turn("topup", seen.id)));
    return el(
      "article",
      { class: "slip" },
      el("p", { class: "label" }, seen.heading),
      ...payees(seen),
      el("p", { class: "figure" }, apart(seen.amount)),
      seen.note && el("p", { class: "note" }, apart(seen.note)),
      ...warnings(seen),
      seen.instead &&
        el("button", { type: "button", class: "pill", onclick: () => app.attempt(() => payInstead(seen)) }, seen.instead),
      el("p", { class: seen.affordable ? "quiet" : "bad" }, apart(seen.after)),
      finger && el("button", { type: "button", class: "plain", onclick: toPin }, words.use_pin),
      el(
        "button",
        { type: "button", class: "plain", onclick: () => app.attempt(() => cancel(seen)) },
        words.cancel,
      ),
    );
  }

  const warnings = (seen) =>
    seen.warnings.map((warning) =>
      el("p", { class: "warning" }, icon("warning"), el("span", { dir: "auto" }, warning)),
    );

  /** Before much money goes to somebody new: only who says that they know them sees the keypad. */
  function look(seen) {
    const { sentence, question, yes } = seen.second_look;
    telegram.mainButton(yes, () => app.attempt(() => openKeypad(seen, { known: true })));
    telegram.feel("warning");
    return el(
      "section",
      { class: "slip look" },
      el("span", { class: "hero warm", "aria-hidden": "true" }, icon("warning")),
      el("h1", { tabindex: "-1" }, words.one_moment),
      el("p", {}, sentence),
      ...warnings(seen),
      el("p", { class: "asks" }, question),
      el(
        "button",
        { type: "button", class: "plain", onclick: () => app.attempt(() => app.turn("card", seen.id)) },
        words.back,
      ),
      el(
        "button",
        { type: "button", class: "plain", onclick: () => app.attempt(() => cancel(seen)) },
        words.cancel,
      ),
    );
  }

  function payees(seen) {
    if (seen.payees.length === 1) {
      const [who] = seen.payees;
      return [
        face(who, "big"),
        el("h1", { tabindex: "-1" }, apart(who.name)),
        who.username && el("p", { class: "quiet" }, apart(who.username)),
      ];
    }
    const rows = seen.payees.map((who) =>
      el("li", { class: "row" }, face(who), apart(who.name, "grow name"), apart(who.amount, "sum")),
    );
    return [el("ul", { class: "list panel" }, ...rows)];
  }

  async function payInstead(seen) {
    await app.turn("card", await api("POST", cardPath(seen.id, "/instead")));
  }

  async function cancel(seen) {
    await app.turn("card", await api("POST", cardPath(seen.id, "/cancel")));
  }

  function ended(seen) {
    const [who] = seen.payees;
    telegram.mainButton(words.done, () => app.attempt(() => app.home()));
    return el(
      "article",
      { class: "slip ended" },
      el(
        "span",
        { class: `outcome ${seen.ended.good ? "good" : "over"}`, "aria-hidden": "true" },
        icon(seen.ended.good ? "check" : "close"),
      ),
      el("h1", { tabindex: "-1", role: "status" }, seen.ended.title),
      el("p", { class: "figure" }, apart(seen.amount)),
      who && whom(who),
      seen.note && el("p", { class: "note" }, apart(seen.note)),
      seen.ended.reference &&
        el("p", { class: "quiet" }, `${words.reference} `, apart(seen.ended.reference)),
    );
  }

  // --- approving -----------------------------------------------------------------------------

  async function withFinger(seen) {
    const token = await telegram.fingerToken(words.finger_reason);
    if (!token) {
      telegram.feel("warning");
      return app.attempt(() => openKeypad(seen, { why: words.finger_refused }));
    }
    return app.attempt(async () => {
      try {
        const paid = await api("POST", cardPath(seen.id, "/device"), { token });
        telegram.feel("success");
        await app.turn("card", paid);
      } catch (error) {
        if (!(error instanceof Refused) || !["PinNeeded", "DeviceUnknown"].includes(error.code))
          throw error;
        if (error.code === "DeviceUnknown") await telegram.keepToken("");
        await openKeypad(seen, { why: error.message });
      }
    });
  }

  /** The card's keypad; `known` says that the payer knows the payee, `why` why no finger will do. */
  async function openKeypad(seen, { known = false, why = "" } = {}) {
    const opened = await api("POST", cardPath(seen.id, "/keypad"), { known });
    if (why) opened.said = why;
    const about = el(
      "p",
      { class: "about" },
      apart(seen.amount, "name"),
      " · ",
      apart(seen.payees.map((who) => who.name).join(", ")),
    );
    await app.turn("keypad", opened, about);
  }

  /** What follows a keypad: the card it was for, paid or not, or the first screen. */
  async function followed(answer) {
    if (answer.said) app.tell(answer.said);
    if (answer.next === "enrolled") return app.screens.enrolled(answer);
    if (!answer.card) return app.home();
    const seen = await api("GET", cardPath(answer.card));
    telegram.feel(seen.ended?.good ? "success" : "warning");
    return app.turn("card", seen);
  }

  return { pay, ask, topup, card, look, keypad: (opened, about) => keypad(app, opened, about, followed) };
}
