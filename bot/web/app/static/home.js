// What somebody has, what moved, and the receipts.

import { api } from "./api.js";
import { chart } from "./chart.js";
import { apart, el, face, icon, whom } from "./dom.js";
import * as telegram from "./telegram.js";

// Not `dateStyle`, which has numbers and slashes in Arabic.
const DAY = { day: "numeric", month: "short", year: "numeric" };
const TO_THE_MINUTE = { ...DAY, hour: "numeric", minute: "2-digit" };

/** When something moved, in the time zone of whoever looks; in UTC as a tooltip. */
function moment({ at, when }, style) {
  const local = new Intl.DateTimeFormat(document.documentElement.lang, style);
  return el("time", { datetime: new Date(at).toISOString(), title: when }, local.format(at));
}

export function homeScreens(app) {
  const { words } = app;

  async function home() {
    const seen = await api("GET", "/home");
    const [first, ...others] = seen.balances;
    app.recent = seen.recent;
    app.currency = first.currency;
    return el(
      "div",
      { class: "home" },
      el(
        "section",
        { class: "balance" },
        el("h1", { class: "label", tabindex: "-1" }, words.available),
        el("p", { class: "figure" }, apart(first.available)),
        first.held && el("p", { class: "quiet" }, apart(app.say("held", { amount: first.held }))),
        ...others.map((each) => el("p", { class: "quiet" }, apart(each.available))),
        seen.topup &&
          el(
            "button",
            { type: "button", class: "pill", onclick: () => app.attempt(() => app.go("topup")) },
            icon("plus"),
            words.add_money,
          ),
        actions(),
      ),
      el(
        "section",
        { class: "panel" },
        el("h2", {}, words.month),
        chart(seen.chart, words.month),
        el("p", { class: "ends quiet" }, el("span", {}, seen.since), el("span", {}, words.today)),
      ),
      historyPanel(seen.history),
      el(
        "button",
        { type: "button", class: "row panel lone", onclick: () => app.go("devices") },
        el("span", { class: "badge" }, icon("finger")),
        el("span", { class: "grow" }, words.devices),
        icon("next"),
      ),
      seen.play && el("p", { class: "footing" }, seen.play),
    );
  }

  function actions() {
    const action = (name, label, run) =>
      el(
        "button",
        { type: "button", class: "action", onclick: run },
        el("span", { class: "disc" }, icon(name)),
        el("span", {}, label),
      );
    return el(
      "div",
      { class: "actions" },
      action("up", words.pay, () => app.go("pay")),
      action("down", words.ask, () => app.go("ask")),
      telegram.canScan && action("scan", words.scan, scan),
      action("link", words.my_link, () => app.attempt(shareLink)),
    );
  }

  async function scan() {
    const code = await telegram.scan(words.scan_hint);
    if (code === null) return;
    await app.attempt(async () => app.opened(await api("POST", "/codes", { code })));
  }

  async function shareLink() {
    await app.go("share", await api("GET", "/link"), words.my_link);
  }

  function historyPanel({ lines, older }) {
    const list = el("ul", { class: "list" }, ...lines.map(row));
    const more = el(
      "button",
      { type: "button", class: "more", hidden: older === null, onclick: () => app.attempt(next) },
      words.older,
    );
    async function next() {
      const currency = encodeURIComponent(app.currency);
      const page = await api("GET", `/history?before=${older}&currency=${currency}`);
      list.append(...page.lines.map(row));
      older = page.older;
      more.hidden = older === null;
    }
    return el(
      "section",
      { class: "panel" },
      el("h2", {}, words.history),
      lines.length ? list : el("p", { class: "quiet" }, words.nothing_yet),
      more,
    );
  }

  const picture = (seen) =>
    seen.bank ? el("span", { class: "face bank", "aria-hidden": "true" }, icon("bank")) : face(seen.who);

  function row(line) {
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "row", onclick: () => app.go("receipt", line.id) },
        picture(line),
        el(
          "span",
          { class: "grow" },
          apart(line.who.name, "name"),
          el("span", { class: "quiet" }, apart(moment(line, DAY)), line.note && " · ", line.note && apart(line.note)),
        ),
        el("bdi", { class: line.credited ? "sum in" : "sum", dir: "ltr" }, line.amount),
      ),
    );
  }

  async function receipt(id) {
    const seen = await api("GET", `/receipts/${encodeURIComponent(id)}`);
    const facts = [
      [words.when, moment(seen, TO_THE_MINUTE)],
      [words.note, seen.note],
      [words.left_after, seen.left],
      [words.reference, seen.reference],
    ];
    return el(
      "article",
      { class: "slip" },
      picture(seen),
      el("h1", { tabindex: "-1" }, seen.title),
      el("p", { class: "figure" }, apart(seen.amount)),
      whom(seen.who),
      el(
        "dl",
        { class: "facts panel" },
        ...facts
          .filter(([, value]) => value)
          .map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, apart(value)))),
      ),
    );
  }

  return { home, receipt };
}
