// Dark or light: the system's choice until the reader makes one.

import { byId } from "./paint.js";

/** Let the button change the theme; `changed` repaints what is not styled by CSS. */
export function followTheme(changed) {
  const button = byId("theme");
  const root = document.documentElement;
  const label = () => {
    const other = root.dataset.theme === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to ${other} theme`);
    button.title = `Switch to ${other} theme`;
  };
  const change = (theme) => {
    root.dataset.theme = theme;
    label();
    changed();
  };
  button.addEventListener("click", () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Storage is switched off: the choice holds until the page is left.
    }
    change(theme);
  });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", (event) => {
    if (!hasChosen()) change(event.matches ? "light" : "dark");
  });
  label();
}

function hasChosen() {
  try {
    return localStorage.getItem("theme") !== null;
  } catch {
    return false;
  }
}
