// A balance over time, as a line with the area below it.

import { svg } from "./dom.js";

const WIDTH = 320;
const HEIGHT = 88;
const EDGE = 4;

/** `points` are balances at equal distances, oldest first; they are drawn as steps. */
export function chart(points, label) {
  const most = Math.max(...points, 1);
  const least = Math.min(...points, 0);
  const x = (at) => EDGE + (at * (WIDTH - 2 * EDGE)) / (points.length - 1);
  const y = (level) => HEIGHT - EDGE - ((level - least) * (HEIGHT - 3 * EDGE)) / (most - least);
  const line = points
    .map((level, at) => (at === 0 ? `M${x(0)} ${y(level)}` : `H${x(at)}V${y(level)}`))
    .join("");
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": label },
    svg("path", { class: "area", d: `${line}V${HEIGHT}H${x(0)}Z` }),
    svg("path", { class: "line", d: line }),
    svg("circle", { class: "now", cx: x(points.length - 1), cy: y(points.at(-1)), r: 3.5 }),
  );
}
