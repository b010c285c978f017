// Dark or light: what the device prefers, until the toggle says otherwise.

import { icon, iconButton } from "./dom.js";

const KEPT_AS = "local-telegram-theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function dark() {
  const chosen = localStorage.getItem(KEPT_AS);
  return chosen ? chosen === "dark" : systemDark.matches;
}

/** Applies the theme, now and when the device changes its mind; returns the toggle. */
export function themeToggle() {
  const show = () => {
    document.documentElement.dataset.theme = dark() ? "dark" : "light";
    button.replaceChildren(icon(dark() ? "sun" : "moon"));
    button.setAttribute("aria-pressed", String(dark()));
  };
  const button = iconButton("moon", "Dark mode", () => {
    localStorage.setItem(KEPT_AS, dark() ? "light" : "dark");
    show();
  });
  systemDark.addEventListener("change", show);
  show();
  return button;
}
