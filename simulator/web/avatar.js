// A round picture with someone's initials in their colour.

import { el } from "./dom.js";
import { colourOf, initials } from "./format.js";

export function avatar(id, name, size = "medium") {
  return el(
    "span",
    { class: `avatar avatar-${size} colour-${colourOf(id)}`, "aria-hidden": "true" },
    initials(name),
  );
}
