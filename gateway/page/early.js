// Runs before the first paint, so that the page never flashes in the other theme.
(function () {
  let theme = null;
  try {
    theme = localStorage.getItem("theme");
  } catch {
    theme = null; // storage is switched off: the system's choice counts
  }
  if (theme !== "dark" && theme !== "light") {
    theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  }
  document.documentElement.dataset.theme = theme;
})();
