// Building elements. Data becomes text nodes and attributes only; nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  bank: "M3.500 9.500 12 4l8.500 5.500M5 10v7.500M9.700 10v7.500M14.300 10v7.500M19 10v7.500M3.500 20.500h17",
  check: "M5 12.500l4.500 4.500L19 7.500",
  close: "M7 7l10 10M17 7L7 17",
  delete: "M9 5.500h10.500v13H9L3 12zM12 9.500l5 5M17 9.500l-5 5",
  device: "M8 2.500h8a1.500 1.500 0 0 1 1.500 1.500v16a1.500 1.500 0 0 1-1.500 1.500H8A1.500 1.500 0 0 1 6.500 20V4A1.500 1.500 0 0 1 8 2.500zM11 18.500h2",
  down: "M12 5v13M6 12.500l6 6 6-6",
  finger:
    "M6 9.500a6.300 6.300 0 0 1 12 2.500c0 2-.1 3.800-.5 5.500M12 8.500a3.500 3.500 0 0 1 3.500 3.500c0 3-.4 5.700-1.400 8M4.700 14c.2-.9.3-1.500.3-2.500M8.500 12a3.500 3.500 0 0 1 .6-2M8.400 14.500c-.2 1.400-.6 2.700-1.200 3.800M12 12c0 3-.6 5.700-1.900 8.200",
  link: "M10 14a4.500 4.500 0 0 0 6.400 0l3-3A4.500 4.500 0 0 0 13 4.600L11.800 5.800M14 10a4.500 4.500 0 0 0-6.400 0l-3 3A4.500 4.500 0 0 0 11 19.400l1.200-1.200",
  next: "M9 5l7 7-7 7",
  plus: "M12 5v14M5 12h14",
  scan: "M4 8.500V4h4.500M15.500 4H20v4.500M20 15.500V20h-4.500M8.500 20H4v-4.500M4 12h16",
  up: "M12 19V6M6 11.500l6-6 6 6",
  warning: "M12 4.500 21 20H3zM12 10.500v4M12 17.200h.01",
};

/**
 * Makes an element. Attributes named `on…` are listeners, `true` sets an empty attribute; null,
 * undefined and false leave an attribute or a child out.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** An SVG element. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An icon drawn with strokes in the current colour; it says nothing to a screen reader. */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }),
  );
}

/** Words whose direction is their own, whatever surrounds them. */
export const apart = (text, className) => el("bdi", { class: className }, text);

/** A picture of somebody: their initials on their colour. */
export const face = (who, className = "") =>
  el("span", { class: `face hue-${who.hue} ${className}`, "aria-hidden": "true" }, who.initials);

/** Somebody by name and @username. */
export const whom = (who) =>
  el("p", { class: "whom" }, apart(who.name), who.username && [" ", apart(who.username, "quiet")]);
