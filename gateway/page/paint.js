// Painting at most once a frame, and only what changed.

const waiting = new Set();
let asked = false;

/** Run `draw` before the next frame, once however often it is asked for. */
export function onNextFrame(draw) {
  waiting.add(draw);
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const now = [...waiting];
    waiting.clear();
    for (const each of now) each();
  });
}

/** Change an element's text if it differs: the browser then lays out nothing for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The element of an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element with a class and a text. */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** Fit a canvas to its box on this screen and return its context, scaled to CSS pixels. */
export function fitted(canvas) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** The colours of the theme as canvases need them. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read("text"),
    soft: read("soft"),
    line: read("line"),
    panel: read("panel"),
    raised: read("raised"),
    buy: read("buy"),
    sell: read("sell"),
    buyWash: read("buy-wash"),
    sellWash: read("sell-wash"),
    accent: read("accent"),
    font: `11px ${read("sans")}`,
  };
}
