// What gathers on each side of the book, as two slopes.

import { multiples, niceStep } from "./axes.js";
import { compact, digitsOf, grouped } from "./numbers.js";
import { byId, colours, fitted, make } from "./paint.js";

const FOOT = 20;
const LEVELS = 60;

export class DepthChart {
  constructor(canvas) {
    this.canvas = canvas;
    this.pointer = null;
  }

  show(market, book) {
    this.market = market;
    this.book = book;
    this.digits = digitsOf(market.tick_size);
  }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    if (!this.book || width < 80) return;
    byId("chart-empty").hidden = true;
    const { bids, asks } = this.book.levels();
    if (!bids.length || !asks.length) {
      byId("legend").replaceChildren(make("span", "", "One side of the book is empty"));
      return;
    }
    const theme = colours();
    context.font = theme.font;
    context.textBaseline = "middle";
    const middle = (bids[0].value + asks[0].value) / 2;
    const far = (levels) => Math.abs(levels[Math.min(LEVELS, levels.length) - 1].value - middle);
    const reach = Math.max(far(bids), far(asks)) * 1.02;
    const sides = { bids: slope(bids), asks: slope(asks) };
    const most = Math.max(within(sides.bids, middle, reach), within(sides.asks, middle, reach));
    const plot = { width, height: height - FOOT };
    const x = (price) => ((price - middle + reach) / (2 * reach)) * plot.width;
    const y = (size) => plot.height - (size / most) * (plot.height - 14);
    this.paintGrid(context, theme, plot, { middle, reach, most, x, y });
    this.paintSlope(context, plot, sides.bids, x, y, 0, theme.buy, theme.buyWash);
    this.paintSlope(context, plot, sides.asks, x, y, plot.width, theme.sell, theme.sellWash);
    this.paintPointer(context, theme, plot, sides, { middle, reach, x, y });
  }

  paintGrid(context, theme, plot, { middle, reach, most, x, y }) {
    context.strokeStyle = theme.line;
    context.fillStyle = theme.soft;
    context.lineWidth = 1;
    context.textAlign = "right";
    for (const size of multiples(most * 0.05, most, niceStep(most, plot.height / 60))) {
      const at = Math.round(y(size)) + 0.5;
      context.beginPath();
      context.moveTo(0, at);
      context.lineTo(plot.width, at);
      context.stroke();
      context.fillText(compact(String(size)), plot.width - 8, at - 8);
    }
    context.textAlign = "center";
    const step = niceStep(2 * reach, plot.width / 110);
    for (const price of multiples(middle - reach, middle + reach, step)) {
      const at = x(price);
      if (at < 26 || at > plot.width - 26) continue;
      context.fillText(grouped(price.toFixed(this.digits)), at, plot.height + FOOT / 2);
    }
  }

  paintSlope(context, plot, points, x, y, edge, colour, wash) {
    const path = new Path2D();
    let former = 0;
    points.forEach((point, index) => {
      if (index === 0) path.moveTo(x(point.price), plot.height);
      path.lineTo(x(point.price), y(former));
      path.lineTo(x(point.price), y(point.sum));
      former = point.sum;
    });
    path.lineTo(edge, y(former));
    const area = new Path2D(path);
    area.lineTo(edge, plot.height);
    area.closePath();
    context.fillStyle = wash;
    context.fill(area);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.stroke(path);
  }

  paintPointer(context, theme, plot, sides, { middle, reach, x, y }) {
    const at = this.pointer;
    const legend = byId("legend");
    if (!at || at.y > plot.height) {
      const note = `${this.market.base} that can be sold (left) or bought (right) up to a price`;
      legend.replaceChildren(make("span", "", note));
      return;
    }
    const price = middle - reach + (at.x / plot.width) * 2 * reach;
    const buys = price >= middle;
    const points = buys ? sides.asks : sides.bids;
    const reached = points.filter((point) => (buys ? point.price <= price : point.price >= price));
    const sum = reached.at(-1)?.sum ?? 0;
    context.fillStyle = buys ? theme.sell : theme.buy;
    context.beginPath();
    context.arc(x(price), y(sum), 3.5, 0, 2 * Math.PI);
    context.fill();
    const words = buys ? "can be bought up to" : "can be sold down to";
    const amount = `${compact(sum.toFixed(3))} ${this.market.base}`;
    const limit = grouped(price.toFixed(this.digits));
    legend.replaceChildren(make("span", "", `${amount} ${words} ${limit}`));
  }
}

/** Prices with what has gathered up to them. */
function slope(levels) {
  let sum = 0;
  return levels.map((level) => {
    sum += level.size;
    return { price: level.value, sum };
  });
}

/** The most that has gathered within reach of the middle. */
function within(points, middle, reach) {
  const inside = points.filter((point) => Math.abs(point.price - middle) <= reach);
  return inside.at(-1)?.sum ?? 0;
}
