// Devices that may approve with a finger or a face, and the links that are shared.

import { api } from "./api.js";
import { apart, el, icon } from "./dom.js";
import * as telegram from "./telegram.js";

const KEPT_AS = `chatpay-device-${telegram.myId}`;

export function deviceScreens(app) {
  const { words } = app;

  async function devices() {
    const seen = await api("GET", "/devices");
    const finger = await telegram.finger();
    const mine = finger.keeps ? await telegram.kept(KEPT_AS) : null;
    const added = seen.devices.some((device) => device.id === mine);
    if (finger.able && !added) telegram.mainButton(words.add_device, () => app.attempt(add));
    return el(
      "section",
      { class: "devices" },
      el("span", { class: "hero", "aria-hidden": "true" }, icon("finger")),
      el("h1", { tabindex: "-1" }, words.devices),
      el("p", { class: "quiet" }, words.devices_mean),
      el(
        "ul",
        { class: "list panel" },
        ...seen.devices.map((device) => row(device, device.id === mine)),
        seen.devices.length === 0 && el("li", { class: "row quiet" }, words.no_device),
      ),
      finger.able ? null : el("p", { class: "quiet" }, words.no_finger),
    );
  }

  function row(device, isThis) {
    return el(
      "li",
      { class: "row" },
      el("span", { class: "badge" }, icon("device")),
      el(
        "span",
        { class: "grow" },
        apart(device.name, "name"),
        isThis && el("span", { class: "tag" }, words.this_device),
        el("span", { class: "quiet" }, device.about),
      ),
      el(
        "button",
        {
          type: "button",
          class: "remove",
          "aria-label": `${words.remove}: ${device.name}`,
          onclick: () => app.attempt(() => remove(device, isThis)),
        },
        words.remove,
      ),
    );
  }

  async function add() {
    const { allowed } = await telegram.finger();
    if (!allowed && !(await telegram.allowFinger(words.devices_mean)))
      return app.tell(words.finger_denied);
    const opened = await api("POST", "/devices", { name: telegram.deviceName });
    return app.go("keypad", opened, el("p", { class: "about" }, words.add_device));
  }

  /** After the right PIN: the device keeps its token, or the server forgets the device again. */
  async function enrolled({ token, device, said }) {
    if (await telegram.keepToken(token)) {
      await telegram.keep(KEPT_AS, device);
      telegram.feel("success");
      app.tell(said);
    } else {
      await api("DELETE", `/devices/${encodeURIComponent(device)}`);
      app.tell(words.finger_denied);
    }
    await app.back();
  }

  async function remove(device, isThis) {
    const asks = app.say("remove_asks", { device: device.name });
    if (!(await telegram.ask(asks, words.remove, words.cancel))) return;
    await api("DELETE", `/devices/${encodeURIComponent(device.id)}`);
    if (isThis) {
      await telegram.keepToken("");
      await telegram.forget(KEPT_AS);
    }
    await app.draw();
  }

  /** A link to pass on: into any chat, or to copy. */
  function share(link, title) {
    telegram.mainButton(words.share, () => app.attempt(() => pass(link)));
    const address = el("p", { class: "address", dir: "ltr" }, link.url.replace("https://", ""));
    const copy = async () => {
      await navigator.clipboard.writeText(link.url);
      app.tell(words.copied);
    };
    return el(
      "section",
      { class: "slip" },
      !link.picture && el("span", { class: "hero", "aria-hidden": "true" }, icon("link")),
      el("h1", { tabindex: "-1" }, title),
      el("p", { class: "quiet" }, apart(link.title)),
      link.picture && el("img", { class: "code", src: link.picture, alt: words.code }),
      address,
      el("button", { type: "button", class: "plain", onclick: copy }, words.copy),
    );
  }

  async function pass(link) {
    const { prepared } = telegram.canShare ? await api("POST", "/share", { url: link.url }) : { prepared: "" };
    if (prepared) return telegram.share(prepared);
    const query = new URLSearchParams({ url: link.url, text: link.title });
    return telegram.openLink(`https://t.me/share/url?${query}`);
  }

  return { devices, enrolled, share };
}
