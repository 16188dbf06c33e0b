// The order book as a ladder: asks above, bids below, bars for what has gathered.

import { digitsOf, grouped, unscaled } from "./numbers.js";
import { byId, make, onNextFrame, setText } from "./paint.js";

const ROW_PIXELS = 21;
const ROWS_STACKED = { least: 5, most: 10 };

export class Ladder {
  constructor() {
    this.asks = byId("asks");
    this.bids = byId("bids");
    this.rows = { asks: [], bids: [] };
    this.book = null;
    this.last = null;
    this.draw = () => this.paint();
    new ResizeObserver(() => onNextFrame(this.draw)).observe(this.asks);
  }

  show(market, book) {
    this.market = market;
    this.book = book;
    this.digits = digitsOf(market.lot_size);
    this.last = null;
    setText(byId("book-quote"), market.quote);
    setText(byId("book-base"), market.base);
    this.changed();
  }

  traded(price, side) {
    this.last = { price, side };
    this.changed();
  }

  changed() {
    onNextFrame(this.draw);
  }

  /** How many levels a side have room; a stacked book takes no more than it has. */
  count(levels) {
    if (!matchMedia("(max-width: 719px)").matches) {
      return Math.max(3, Math.floor(this.asks.clientHeight / ROW_PIXELS));
    }
    return Math.min(Math.max(levels, ROWS_STACKED.least), ROWS_STACKED.most);
  }

  /** Make as many rows as fit. */
  fit(name, count) {
    const rows = this.rows[name];
    const body = this[name];
    while (rows.length < count) {
      const element = make("tr");
      const bar = make("td", "bar");
      bar.setAttribute("aria-hidden", "true");
      const cells = [make("td"), make("td"), make("td")];
      element.append(...cells, bar);
      const row = { element, cells, bar };
      // The best ask is the lowest row of its half, the best bid the highest of its own.
      if (name === "asks") body.prepend(element);
      else body.append(element);
      rows.push(row);
    }
    while (rows.length > count) rows.pop().element.remove();
  }

  paint() {
    if (!this.book) return;
    const { bids, asks } = this.book.levels();
    const count = this.count(Math.max(bids.length, asks.length));
    this.fit("asks", count);
    this.fit("bids", count);
    const deepest = Math.max(total(asks, count), total(bids, count), 1e-12);
    this.fill("asks", asks, deepest);
    this.fill("bids", bids, deepest);
    this.paintSpread(bids, asks);
    const levels = bids.length + asks.length;
    setText(byId("book-note"), this.book.ready ? `${grouped(levels)} price levels` : "Loading");
  }

  fill(name, levels, deepest) {
    let sum = 0;
    this.rows[name].forEach((row, index) => {
      const level = levels[index];
      sum += level?.size ?? 0;
      setText(row.cells[0], level ? grouped(level.price) : "");
      setText(row.cells[1], level ? grouped(level.quantity) : "");
      setText(row.cells[2], level ? grouped(sum.toFixed(this.digits)) : "");
      row.bar.style.transform = `scaleX(${level ? (sum / deepest).toFixed(4) : 0})`;
      row.element.title = level ? `${level.orders} ${level.orders === 1 ? "order" : "orders"}` : "";
    });
  }

  paintSpread(bids, asks) {
    const price = byId("spread-price");
    const shown = this.last?.price ?? asks[0]?.price ?? bids[0]?.price;
    setText(price, shown ? grouped(shown) : "–");
    price.className = this.last ? this.last.side : "";
    const spread = this.book.spread();
    const none = bids.length || asks.length ? "One side is empty" : "No order yet";
    const note = spread === null ? none : this.spreadText(spread, bids[0].value);
    setText(byId("spread-note"), this.book.ready ? note : "");
  }

  spreadText(spread, best) {
    const text = unscaled(spread, this.book.priceDigits);
    const share = (Number(text) / best) * 100;
    return `Spread ${grouped(text)} (${share.toFixed(share < 0.1 ? 3 : 2)} %)`;
  }
}

function total(levels, count) {
  return levels.slice(0, count).reduce((sum, level) => sum + level.size, 0);
}
