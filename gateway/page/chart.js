// Candles on a canvas: prices on the right, time below, volume at the foot.

import { multiples, niceStep, tag, timeLabel, timeStep } from "./axes.js";
import { digitsOf, grouped, trimmed } from "./numbers.js";
import { byId, colours, fitted, make } from "./paint.js";

const SPACING = 8;
const BODY = 5;
const FOOT = 20;
const VOLUME_SHARE = 0.17;

export class CandleChart {
  constructor(canvas) {
    this.canvas = canvas;
    this.candles = null;
    this.pointer = null;
    this.offset = 0; // milliseconds that the venue's clock is ahead of this one
  }

  show(market, candles) {
    this.market = market;
    this.candles = candles;
    this.digits = digitsOf(market.tick_size);
  }

  now() {
    return Date.now() + this.offset;
  }

  /** The slots that are in sight. */
  view(width) {
    const count = Math.max(8, Math.floor(width / SPACING));
    const now = Math.floor(this.now() / this.candles.length);
    const last = Math.max(this.candles.lastSlot() ?? now, now) + 1;
    return { first: last - count + 1, last };
  }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    if (!this.candles || width < 80) return;
    const theme = colours();
    context.font = theme.font;
    context.textBaseline = "middle";
    const axis = this.axisWidth(context);
    const plot = { width: width - axis, height: height - FOOT, axis };
    const { first, last } = this.view(plot.width);
    const seen = this.candles.between(first, last);
    const before = this.candles.before(first - 1);
    byId("chart-empty").hidden = seen.length > 0 || before !== null || !this.candles.loaded;
    const range = priceRange(seen.length ? seen : before ? [before] : []);
    if (!range) return;
    const x = (slot) => plot.width - (last - slot + 0.5) * SPACING;
    const perPrice = this.priceHeight(plot) / (range.high - range.low);
    const y = (price) => 10 + (range.high - price) * perPrice;
    this.paintGrid(context, theme, plot, range, y);
    this.paintTimes(context, theme, plot, x, first, last);
    this.paintVolumes(context, theme, plot, seen, x);
    this.paintGaps(context, theme, seen, before, first, x, y);
    this.paintCandles(context, theme, seen, x, y);
    this.paintLast(context, theme, plot, y);
    this.paintPointer(context, theme, plot, { first, last, x, y, range });
  }

  axisWidth(context) {
    const last = this.candles.before(this.candles.lastSlot() ?? 0);
    const widest = grouped((last?.high ?? 100).toFixed(this.digits));
    return Math.ceil(context.measureText(widest).width) + 16;
  }

  priceHeight(plot) {
    return plot.height * (1 - VOLUME_SHARE) - 22;
  }

  paintGrid(context, theme, plot, range, y) {
    const step = Math.max(niceStep(range.high - range.low, plot.height / 52), 10 ** -this.digits);
    const last = this.candles.before(this.candles.lastSlot() ?? 0);
    const taken = last ? y(last.close) : -100; // the tag of the last price stands there
    context.textAlign = "left";
    for (const price of multiples(range.low, range.high, step)) {
      const at = Math.round(y(price)) + 0.5;
      line(context, theme.line, 0, at, plot.width, at);
      if (Math.abs(at - taken) < 15) continue;
      context.fillStyle = theme.soft;
      context.fillText(grouped(price.toFixed(this.digits)), plot.width + 8, at);
    }
  }

  paintTimes(context, theme, plot, x, first, last) {
    const seconds = this.candles.length / 1000;
    const step = timeStep(seconds / SPACING, 84);
    const slots = Math.max(1, Math.round(step / seconds));
    context.textAlign = "center";
    // Days and hours begin where the reader's clock says, not where UTC does.
    const zone = new Date().getTimezoneOffset() * 60000;
    for (let slot = first; slot <= last; slot += 1) {
      const local = Math.round((slot * this.candles.length - zone) / this.candles.length);
      if (local % slots !== 0) continue;
      const at = Math.round(x(slot)) + 0.5;
      if (at < 24 || at > plot.width - 20) continue;
      line(context, theme.line, at, 0, at, plot.height);
      context.fillStyle = theme.soft;
      const label = timeLabel(slot * this.candles.length, step);
      context.fillText(label, at, plot.height + FOOT / 2);
    }
  }

  paintVolumes(context, theme, plot, seen, x) {
    const highest = Math.max(...seen.map((candle) => candle.volume), 1e-12);
    for (const candle of seen) {
      const size = (candle.volume / highest) * plot.height * VOLUME_SHARE;
      context.fillStyle = candle.close >= candle.open ? theme.buyWash : theme.sellWash;
      context.fillRect(x(candle.slot) - BODY / 2 - 0.5, plot.height - size, BODY + 1, size);
    }
  }

  /** A silent interval has no candle: a dotted line says what the price was. */
  paintGaps(context, theme, seen, before, first, x, y) {
    context.setLineDash([1, 4]);
    let former = before ? { ...before, slot: first - 1 } : null;
    for (const candle of seen) {
      if (former && candle.slot > former.slot + 1) {
        const at = y(former.close);
        line(context, theme.soft, x(former.slot + 0.6), at, x(candle.slot - 0.6), at);
      }
      former = candle;
    }
    context.setLineDash([]);
  }

  paintCandles(context, theme, seen, x, y) {
    for (const candle of seen) {
      const colour = candle.close >= candle.open ? theme.buy : theme.sell;
      const middle = Math.round(x(candle.slot));
      line(context, colour, middle + 0.5, y(candle.high), middle + 0.5, y(candle.low));
      const top = Math.min(y(candle.open), y(candle.close));
      const size = Math.max(1, Math.round(Math.abs(y(candle.open) - y(candle.close))));
      context.fillStyle = colour;
      context.fillRect(middle - (BODY - 1) / 2, Math.round(top), BODY, size);
    }
  }

  paintLast(context, theme, plot, y) {
    const last = this.candles.before(this.candles.lastSlot() ?? 0);
    if (!last) return;
    const at = Math.round(y(last.close)) + 0.5;
    if (at < 0 || at > plot.height) return;
    const colour = last.close >= last.open ? theme.buy : theme.sell;
    context.setLineDash([3, 3]);
    line(context, colour, 0, at, plot.width, at);
    context.setLineDash([]);
    tag(context, grouped(last.text.close), plot.width + 2, at, plot.axis - 4, colour, theme.panel);
  }

  paintPointer(context, theme, plot, { first, last, x, y, range }) {
    const at = this.pointer;
    if (!at || at.x > plot.width || at.y > plot.height) {
      this.legend(this.candles.before(last));
      return;
    }
    const slot = Math.round(last - (plot.width - at.x) / SPACING + 0.5);
    const middle = Math.round(x(slot)) + 0.5;
    context.setLineDash([2, 3]);
    line(context, theme.soft, middle, 0, middle, plot.height);
    line(context, theme.soft, 0, at.y, plot.width, at.y);
    context.setLineDash([]);
    const part = (at.y - 10) / this.priceHeight(plot);
    const price = range.high - part * (range.high - range.low);
    const text = grouped(price.toFixed(this.digits));
    tag(context, text, plot.width + 2, at.y, plot.axis - 4, theme.text, theme.panel);
    this.legend(this.candles.bySlot.get(Math.max(first, slot)) ?? null, slot);
  }

  /** Tell the numbers of the candle under the pointer, or of the last one. */
  legend(candle, slot = candle?.slot) {
    const legend = byId("legend");
    const parts = [];
    if (slot !== undefined && slot !== null) {
      const { length } = this.candles;
      parts.push(make("span", "", timeLabel(slot * length, length / 1000)));
    }
    if (candle) {
      const { text } = candle;
      for (const name of ["Open", "High", "Low", "Close"]) {
        parts.push(pair(name, grouped(text[name.toLowerCase()])));
      }
      parts.push(pair("Volume", `${grouped(trimmed(text.volume))} ${this.market.base}`));
    } else if (parts.length) {
      parts.push(make("span", "", "no trade"));
    }
    legend.replaceChildren(...parts);
  }

  /** The same in words, for who cannot see the picture. */
  describe() {
    const last = this.candles?.before(this.candles.lastSlot() ?? 0);
    if (!last) return "No trade on this market yet.";
    const { first, last: end } = this.view(this.canvas.clientWidth);
    const seen = this.candles.between(first, end);
    const range = priceRange(seen.length ? seen : [last], 0);
    const shown = (price) => price.toFixed(this.digits);
    const head = `${this.market.name}: last ${last.text.close} ${this.market.quote}`;
    const span = `between ${shown(range.low)} and ${shown(range.high)}`;
    return `${head}, ${span} in the ${seen.length} intervals in sight.`;
  }
}

function pair(name, value) {
  const element = make("span", "", name);
  element.append(make("b", "", value));
  return element;
}

function line(context, colour, fromX, fromY, toX, toY) {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** The prices in sight with some air above and below. */
function priceRange(candles, air = 0.06) {
  if (!candles.length) return null;
  const high = Math.max(...candles.map((candle) => candle.high));
  const low = Math.min(...candles.map((candle) => candle.low));
  const margin = (high - low || high * 0.01 || 1) * air;
  return { high: high + margin, low: low - margin };
}
