// Exact decimal text for people: grouped, never rounded by way of a binary number.

/** Put a comma between groups of three digits of the whole part. */
export function grouped(text) {
  const [whole, part] = String(text).split(".");
  const withCommas = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return part === undefined ? withCommas : `${withCommas}.${part}`;
}

/** Drop zeros at the end of the part after the point: "3.000" becomes "3". */
export function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Digits after the point of a step such as "0.001". */
export function digitsOf(step) {
  return step.includes(".") ? step.length - step.indexOf(".") - 1 : 0;
}

/** How many whole steps a decimal text is, as a BigInt: exact for every size. */
export function stepsOf(text, step) {
  const digits = Math.max(digitsOf(step), digitsOf(text));
  return scaled(text, digits) / scaled(step, digits);
}

/** Add decimal texts of the same number of digits. */
export function sum(left, right) {
  const digits = Math.max(digitsOf(left), digitsOf(right));
  return unscaled(scaled(left, digits) + scaled(right, digits), digits);
}

/** A decimal text as a whole number of 10^-digits. */
export function scaled(text, digits) {
  const [whole, part = ""] = text.split(".");
  return BigInt(whole + part.padEnd(digits, "0"));
}

/** The decimal text of a whole number of 10^-digits. */
export function unscaled(value, digits) {
  const sign = value < 0n ? "-" : "";
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** A short form of a large quantity for narrow columns: 12,345,678 becomes 12.35M. */
export function compact(text) {
  const value = Number(text);
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)}B`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e5) return `${(value / 1e3).toFixed(1)}K`;
  return grouped(trimmed(text));
}

/** Microseconds as a length of time that a person can read. */
export function duration(microseconds) {
  if (microseconds < 1000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1e4) return `${(microseconds / 1000).toFixed(1)} ms`;
  if (microseconds < 1e6) return `${Math.round(microseconds / 1000)} ms`;
  return `${(microseconds / 1e6).toFixed(1)} s`;
}

/** How long ago a moment was, in the largest unit that fits. */
export function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** Milliseconds since 1970 of an RFC 3339 text, nanoseconds cut off. */
export function millisecondsOf(text) {
  return Date.parse(text.replace(/(\.\d{3})\d*Z$/, "$1Z"));
}
