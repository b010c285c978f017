// What opens over a phone or over the page: sheets, menus, toasts, the picture viewer.

import { avatar } from "./avatar.js";
import { calm, el, icon, iconButton } from "./dom.js";
import { fullName } from "./format.js";

const TOAST_MS = 3200;
let sheetCount = 0;

/**
 * Opens a dialog over `host` (a phone; its other parts are inert meanwhile) and resolves with
 * what was chosen, or null when it was closed. `build(close)` returns the body and the buttons.
 */
export function openSheet(host, { title, className = "", build }) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const id = `sheet-${(sheetCount += 1)}`;
    const others = [...host.children].filter((child) => !child.matches(".overlay, .toasts"));
    const close = (value = null) => {
      others.forEach((child) => {
        child.inert = false;
      });
      overlay.remove();
      before?.focus?.({ preventScroll: true });
      resolve(value);
    };
    const { body, buttons } = build(close);
    const dialog = el(
      "div",
      {
        class: `sheet ${className}`,
        role: "dialog",
        "aria-modal": "true",
        "aria-labelledby": id,
        tabindex: "-1",
      },
      el("h2", { id, dir: "auto" }, title),
      ...[body].flat(),
      buttons ? el("div", { class: "sheet-buttons" }, ...buttons) : null,
    );
    const overlay = el(
      "div",
      {
        class: "overlay",
        onclick: (event) => event.target === overlay && close(),
        onkeydown: (event) => event.key === "Escape" && close(),
      },
      dialog,
    );
    host.append(overlay);
    others.forEach((child) => {
      child.inert = true;
    });
    (dialog.querySelector("[data-autofocus]") ?? dialog).focus({ preventScroll: true });
  });
}

const sheetButton = (label, onclick, className = "") =>
  el("button", { type: "button", class: `sheet-button ${className}`, onclick }, label);

/** An alert with one button, as callbacks show them. */
export function alertSheet(host, title, text) {
  return openSheet(host, {
    title,
    build: (close) => ({
      body: el("p", { dir: "auto" }, text),
      buttons: [
        el(
          "button",
          {
            type: "button",
            class: "sheet-button strong",
            "data-autofocus": true,
            onclick: () => close(),
          },
          "OK",
        ),
      ],
    }),
  });
}

/** Asks; resolves true or null. */
export function confirmSheet(host, { title, text, yes, danger = false }) {
  return openSheet(host, {
    title,
    build: (close) => ({
      body: el("p", { dir: "auto" }, text),
      buttons: [
        sheetButton("Cancel", () => close()),
        sheetButton(yes, () => close(true), danger ? "strong danger" : "strong"),
      ],
    }),
  });
}

/** Asks for values; `fields` are `{name, label, value?, required?, hint?}`. Resolves to an object or null. */
export function formSheet(host, { title, fields, yes, extra = null }) {
  return openSheet(host, {
    title,
    className: "form-sheet",
    build: (close) => {
      const inputs = fields.map((field, index) =>
        el("input", {
          name: field.name,
          value: field.value ?? "",
          required: field.required,
          placeholder: field.hint ?? " ",
          autocomplete: "off",
          "data-autofocus": index === 0,
          dir: "auto",
          pattern: field.pattern,
        }),
      );
      const form = el(
        "form",
        {
          id: `form-${sheetCount}`,
          onsubmit: (event) => {
            event.preventDefault();
            close(
              Object.fromEntries([
                ...inputs.map((input) => [input.name, input.value.trim()]),
                ...(extra ? [["extra", extra.value()]] : []),
              ]),
            );
          },
        },
        ...inputs.map((input, index) =>
          el("label", { class: "field" }, el("span", {}, fields[index].label), input),
        ),
        extra?.element,
      );
      return {
        body: form,
        buttons: [
          sheetButton("Cancel", () => close()),
          el("button", { type: "submit", form: form.id, class: "sheet-button strong" }, yes),
        ],
      };
    },
  });
}

/** A list of people or bots with check marks. */
export function checklist(users, { max = Infinity, onChange = () => {} } = {}) {
  const chosen = new Set();
  const items = users.map((user) => {
    const item = el(
      "button",
      {
        type: "button",
        class: "user-item",
        role: "checkbox",
        "aria-checked": "false",
        "aria-label": fullName(user),
        "data-user": user.id,
        onclick: () => toggle(user.id),
      },
      avatar(user.id, fullName(user)),
      userLines(user),
      el("span", { class: "check" }, icon("check")),
    );
    return item;
  });
  const toggle = (id) => {
    if (chosen.has(id)) chosen.delete(id);
    else {
      if (max === 1) chosen.clear();
      if (chosen.size < max) chosen.add(id);
    }
    items.forEach((item) =>
      item.setAttribute("aria-checked", String(chosen.has(Number(item.dataset.user)))),
    );
    onChange(chosen.size);
  };
  return { element: el("div", { class: "user-list" }, ...items), value: () => [...chosen] };
}

function userLines(user) {
  return el(
    "span",
    { class: "user-lines" },
    el("span", { class: "user-name", dir: "auto" }, fullName(user)),
    el(
      "span",
      { class: "user-handle" },
      user.username ? `@${user.username}` : user.is_bot ? "bot" : "no username",
    ),
  );
}

/** The user picker of a reply keyboard: one to `max` of `users`. Resolves to ids or null. */
export function pickUsers(host, { title, users, max }) {
  return openSheet(host, {
    title,
    className: "picker-sheet",
    build: (close) => {
      const send = sheetButton("Send", () => close(list.value()), "strong");
      send.disabled = true;
      const count = el("span", { class: "picker-count", "aria-live": "polite" }, `0 of ${max}`);
      const list = checklist(users, {
        max,
        onChange: (chosen) => {
          send.disabled = chosen === 0;
          count.textContent = `${chosen} of ${max}`;
        },
      });
      return {
        body: [users.length ? list.element : el("p", {}, "There is nobody to choose from.")],
        buttons: [count, sheetButton("Cancel", () => close()), send],
      };
    },
  });
}

/** One of `users`, or one of the `extras` (`{label, icon, value}`). */
export function chooseUser(host, { title, users, extras = [] }) {
  return openSheet(host, {
    title,
    className: "picker-sheet",
    build: (close) => ({
      body: el(
        "div",
        { class: "user-list" },
        ...extras.map((extra) =>
          el(
            "button",
            { type: "button", class: "user-item", onclick: () => close(extra.value) },
            el("span", { class: "avatar avatar-medium plain" }, icon(extra.icon)),
            el("span", { class: "user-name" }, extra.label),
          ),
        ),
        ...users.map((user) =>
          el(
            "button",
            {
              type: "button",
              class: "user-item",
              "data-user": user.id,
              onclick: () => close(user.id),
            },
            avatar(user.id, fullName(user)),
            userLines(user),
          ),
        ),
      ),
      buttons: [sheetButton("Cancel", () => close())],
    }),
  });
}

/** A context menu at a point of the page; `items` are `{label, icon, run, danger?}`. */
export function openMenu(host, { x, y }, items) {
  host.querySelector(".menu")?.remove();
  const before = document.activeElement;
  const close = () => {
    menu.remove();
    removeEventListener("pointerdown", outside, true);
    before?.focus?.({ preventScroll: true });
  };
  const outside = (event) => !menu.contains(event.target) && close();
  const entries = items.map((item) =>
    el(
      "button",
      {
        type: "button",
        role: "menuitem",
        class: item.danger ? "danger" : "",
        onclick: () => {
          close();
          item.run();
        },
      },
      icon(item.icon),
      el("span", {}, item.label),
    ),
  );
  const menu = el(
    "div",
    {
      class: "menu",
      role: "menu",
      onkeydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) {
          event.preventDefault();
          entries.at((entries.indexOf(document.activeElement) + step) % entries.length).focus();
        }
        if (event.key === "Escape" || event.key === "Tab") {
          event.preventDefault();
          close();
        }
      },
    },
    ...entries,
  );
  host.append(menu);
  const box = host.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(x - box.left, box.width - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y - box.top, box.height - menu.offsetHeight - 8))}px`;
  addEventListener("pointerdown", outside, true);
  entries[0].focus({ preventScroll: true });
}

/** A short notice at the top of a phone. */
export function showToast(host, text) {
  let tray = host.querySelector(":scope > .toasts");
  if (!tray) {
    tray = el("div", { class: "toasts", role: "status", "aria-live": "polite" });
    host.append(tray);
  }
  const toast = el("div", { class: "toast", dir: "auto" }, text);
  tray.replaceChildren(toast);
  setTimeout(() => {
    toast.classList.add("leaving");
    setTimeout(() => toast.remove(), calm() ? 0 : 200);
  }, TOAST_MS);
}

/** A picture over the whole page. Small ones (a QR code) grow by whole steps and stay crisp. */
export function enlarge(file, label) {
  const step = Math.floor(
    Math.min((innerWidth * 0.9) / file.width, (innerHeight * 0.85) / file.height),
  );
  const image = el("img", {
    src: file.file_url,
    alt: label,
    class: step >= 2 ? "enlarged" : null,
  });
  if (step >= 2) image.style.width = `${file.width * step}px`;
  const viewer = el(
    "dialog",
    {
      class: "viewer",
      "aria-label": label,
      onclick: () => viewer.close(),
      onclose: () => viewer.remove(),
    },
    image,
    iconButton("close", "Close", () => viewer.close()),
  );
  document.body.append(viewer);
  viewer.showModal();
}
