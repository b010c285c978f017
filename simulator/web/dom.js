// Building elements. Data becomes text nodes and attributes only; nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  attach:
    "M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.8-8.8a3.4 3.4 0 0 1 4.8 4.8l-8.8 8.8a1.7 1.7 0 0 1-2.4-2.4l7.9-7.9",
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  down: "M6 9.5l6 6 6-6",
  edit: "M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19z",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  finger:
    "M6 9.500a6.300 6.300 0 0 1 12 2.500c0 2-.1 3.800-.5 5.500M12 8.500a3.500 3.500 0 0 1 3.500 3.500c0 3-.4 5.700-1.400 8M8.500 12a3.500 3.500 0 0 1 .6-2M8.400 14.500c-.2 1.400-.6 2.700-1.200 3.800M12 12c0 3-.6 5.700-1.900 8.200",
  keyboard: "M3 6h18v12H3zM7 10h.01M12 10h.01M17 10h.01M8 14h8",
  link: "M8 16L17 7M9.5 7H17v7.5",
  menu: "M12 5h.01M12 12h.01M12 19h.01",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6",
  plus: "M12 5v14M5 12h14",
  reply: "M10 7V3L3 10l7 7v-4.2c5 0 8.5 1.7 11 5.2-1-6-4-10.5-11-11z",
  send: "M3.5 20.3l17.6-7.4c.8-.4.8-1.5 0-1.8L3.5 3.7c-.7-.3-1.4.3-1.3 1l1 5.5c.1.5.4.8.9.9l9.4.9-9.4.9c-.5.1-.8.4-.9.9l-1 5.5c-.1.7.6 1.3 1.3 1z",
  shield: "M12 3l7.5 3v5.5c0 4.7-3.2 8-7.5 9.5-4.3-1.5-7.5-4.8-7.5-9.5V6z",
  slash:
    "M8 3.5h8a4.5 4.5 0 0 1 4.5 4.5v8a4.5 4.5 0 0 1-4.5 4.5H8A4.5 4.5 0 0 1 3.5 16V8A4.5 4.5 0 0 1 8 3.5zM14 8l-4 8",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3L7 7M17 17l1.7 1.7M5.3 18.7L7 17M17 7l1.7-1.7",
  ticks: "M2 13l4 4 8.5-9.5M11 16.2l.9.8L20.5 7.5",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13",
  users:
    "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.6-3.5 3.2-5.2 6.5-5.2s5.9 1.7 6.5 5.2M16 4.8a3.5 3.5 0 0 1 0 6.4M17.5 14.6c2.2.6 3.6 2.2 4 4.9",
  window: "M4 5h16v14H4zM4 9.5h16",
};

/**
 * Makes an element. Attributes named `on…` are listeners, `true` sets an empty attribute,
 * `null`, `undefined` and `false` leave it out. Children that are null or false are left out.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** An icon drawn with strokes in the current colour; it says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A round button that shows an icon and is called `label`. */
export function iconButton(name, label, onclick, extra = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...extra },
    icon(name),
  );
}

/** Whether this person asked for less movement. */
export function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
