// Scales and grids that the charts share.

const MINUTES = [60, 120, 300, 600, 900, 1800];
const HOURS = [3600, 7200, 14400, 43200, 86400, 604800];
const TIME_STEPS = [1, 5, 10, 15, 30, ...MINUTES, ...HOURS]; // in seconds

/** A step of 1, 2, 2.5 or 5 times a power of ten that gives about so many parts. */
export function niceStep(range, parts) {
  const rough = range / Math.max(parts, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= rough);
  return factor * power;
}

/** Multiples of a step within a range. */
export function multiples(low, high, step) {
  const found = [];
  const first = Math.ceil(low / step);
  for (let index = first; index * step <= high; index += 1) found.push(index * step);
  return found;
}

/** The time step, in seconds, whose labels are far enough apart. */
export function timeStep(secondsPerPixel, pixels) {
  return TIME_STEPS.find((step) => step / secondsPerPixel >= pixels) ?? TIME_STEPS.at(-1);
}

/** A time as a label: days by date, seconds only where they differ. */
export function timeLabel(milliseconds, step) {
  const moment = new Date(milliseconds);
  const day = { day: "numeric", month: "short" };
  if (step >= 86400) return moment.toLocaleDateString(undefined, day);
  const options = { hour: "2-digit", minute: "2-digit", hour12: false };
  if (step < 60) options.second = "2-digit";
  return moment.toLocaleTimeString(undefined, options);
}

/** Draw a label in a box at the right edge. */
export function tag(context, text, x, y, width, background, colour) {
  context.fillStyle = background;
  context.beginPath();
  context.roundRect(x, y - 9, width, 18, 3);
  context.fill();
  context.fillStyle = colour;
  context.textAlign = "left";
  context.fillText(text, x + 6, y + 0.5);
}
