// Message text with its entities, as elements. Offsets are UTF-16 units, which is what a string
// index is here, so no counting is needed.

import { el, icon } from "./dom.js";
import { exactTime, formattedMoment } from "./format.js";

const LINK_SCHEMES = new Set(["http:", "https:", "tg:", "ton:", "mailto:", "tel:"]);
const COLLAPSED_QUOTE_LINES = 3;

/** The address if a person may safely follow it, else null. `example.com` counts as https. */
export function safeAddress(address) {
  for (const candidate of [address, `https://${address}`]) {
    if (URL.canParse(candidate) && LINK_SCHEMES.has(new URL(candidate).protocol)) return candidate;
  }
  return null;
}

/** A link that opens chats of this simulator in place, and anything else in a new tab. */
export function linkTo(address, actions, attributes, ...children) {
  const href = safeAddress(address);
  if (href === null) return el("span", attributes, ...children);
  const follow = (event) => {
    if (!actions.isLocalLink(href)) return;
    event.preventDefault();
    actions.openLink(href);
  };
  return el(
    "a",
    { ...attributes, href, target: "_blank", rel: "noopener noreferrer", onclick: follow },
    ...children,
  );
}

function asButton(element, label, onclick) {
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", onclick);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onclick(event);
  });
  return element;
}

function spoiler(children) {
  const inner = el("span", { class: "spoiler-text", "aria-hidden": "true" }, ...children);
  const outer = el("span", { class: "spoiler", "aria-expanded": "false" }, inner);
  return asButton(outer, "Reveal spoiler", () => {
    outer.classList.add("revealed");
    for (const name of ["role", "tabindex", "aria-label", "aria-expanded"])
      outer.removeAttribute(name);
    inner.removeAttribute("aria-hidden");
  });
}

function codeBlock(entity, text, actions) {
  const language = entity.language ?? "";
  return el(
    "div",
    { class: "pre", dir: "ltr" },
    el(
      "div",
      { class: "pre-head" },
      el("span", {}, language || "code"),
      el(
        "button",
        {
          type: "button",
          "aria-label": "Copy code",
          title: "Copy code",
          onclick: () => actions.copy(text),
        },
        icon("copy"),
      ),
    ),
    el("pre", {}, el("code", language ? { "data-language": language } : {}, text)),
  );
}

function expandableQuote(text, children) {
  const quote = el("blockquote", { class: "expandable", dir: "auto" }, ...children);
  if (text.split("\n").length <= COLLAPSED_QUOTE_LINES && text.length < 120) return quote;
  quote.classList.add("collapsed");
  const toggle = el(
    "button",
    {
      type: "button",
      class: "quote-toggle",
      "aria-label": "Show the whole quote",
      "aria-expanded": "false",
      onclick: () => {
        const collapsed = quote.classList.toggle("collapsed");
        toggle.setAttribute("aria-expanded", String(!collapsed));
        toggle.setAttribute("aria-label", collapsed ? "Show the whole quote" : "Show less");
      },
    },
    icon("down"),
  );
  quote.append(toggle);
  return quote;
}

/** A moment in the time zone and language of the browser, or in the words of the bot. */
function moment(entity, children) {
  const written = formattedMoment(entity.unix_time, entity.date_time_format ?? "");
  return el(
    "time",
    {
      class: "moment",
      datetime: new Date(entity.unix_time * 1000).toISOString(),
      title: exactTime(entity.unix_time),
    },
    ...(written ? [written] : children),
  );
}

const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

const DRAW = {
  bold: (e, t, children) => el("strong", {}, ...children),
  italic: (e, t, children) => el("em", {}, ...children),
  underline: (e, t, children) => el("u", {}, ...children),
  strikethrough: (e, t, children) => el("s", {}, ...children),
  spoiler: (e, t, children) => spoiler(children),
  code: (e, text, children, actions) =>
    asButton(el("code", { class: "mono", title: "Copy" }, ...children), null, () =>
      actions.copy(text),
    ),
  pre: (entity, text, children, actions) => codeBlock(entity, text, actions),
  blockquote: (e, t, children) => el("blockquote", { dir: "auto" }, ...children),
  expandable_blockquote: (e, text, children) => expandableQuote(text, children),
  custom_emoji: (e, t, children) => el("span", { class: "custom-emoji" }, ...children),
  date_time: (entity, t, children) => moment(entity, children),
  url: (e, text, children, actions) => linkTo(text, actions, { class: "link" }, ...children),
  text_link: (entity, t, children, actions) =>
    linkTo(entity.url, actions, { class: "link" }, ...children),
  email: (e, text, children, actions) =>
    linkTo(`mailto:${text}`, actions, { class: "link" }, ...children),
  phone_number: (e, text, children, actions) =>
    linkTo(`tel:${text.replace(/[^+\d]/gu, "")}`, actions, { class: "link" }, ...children),
  mention: (e, text, children, actions) =>
    asButton(el("span", { class: "link mention" }, ...children), null, () =>
      actions.openMention(text.slice(1)),
    ),
  text_mention: (entity, t, children, actions) =>
    asButton(el("span", { class: "link mention" }, ...children), null, () =>
      actions.openUser(entity.user.id),
    ),
  bot_command: (e, text, children, actions) =>
    asButton(el("span", { class: "link" }, ...children), null, () => actions.sendText(text)),
  hashtag: (e, t, children) => el("span", { class: "tag" }, ...children),
  cashtag: (e, t, children) => el("span", { class: "tag" }, ...children),
};

function draw(text, start, end, entities, actions) {
  const parts = [];
  const queue = [...entities];
  let cursor = start;
  while (queue.length > 0) {
    const entity = queue.shift();
    const from = Math.max(entity.offset, cursor);
    const to = Math.min(entity.offset + entity.length, end);
    if (from >= to) continue;
    if (from > cursor) parts.push(text.slice(cursor, from));
    const inside = [];
    while (queue.length > 0 && queue[0].offset < to) inside.push(queue.shift());
    queue.unshift(
      ...inside
        .filter((child) => child.offset + child.length > to)
        .map((child) => ({ ...child, offset: to, length: child.offset + child.length - to })),
    );
    const children = draw(text, from, to, inside, actions);
    const make = DRAW[entity.type];
    parts.push(...(make ? [make(entity, text.slice(from, to), children, actions)] : children));
    cursor = BLOCKS.has(entity.type) && text[to] === "\n" && to < end ? to + 1 : to;
  }
  if (cursor < end) parts.push(text.slice(cursor, end));
  return parts;
}

/**
 * The text as a list of nodes and strings. `actions` says what links do: `isLocalLink`, `openLink`,
 * `openMention`, `openUser`, `sendText`, `copy`.
 */
export function richText(text, entities = [], actions) {
  const ordered = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return draw(text, 0, text.length, ordered, actions);
}

/** Whether a text is one to three emoji and nothing else, which is shown large. */
export function onlyEmoji(text) {
  const letters = [...new Intl.Segmenter().segment(text)].map((part) => part.segment);
  return (
    letters.length > 0 &&
    letters.length <= 3 &&
    letters.every((letter) => /\p{Emoji_Presentation}|\p{Emoji}\uFE0F/u.test(letter))
  );
}
