// Trades, newest first.

import { grouped } from "./numbers.js";
import { byId, make, onNextFrame, setText } from "./paint.js";

const ROWS = 60;

export class Tape {
  constructor() {
    this.body = byId("trades");
    this.trades = [];
    this.painted = 0;
    this.draw = () => this.paint();
  }

  clear() {
    this.trades = [];
    this.painted = 0;
    this.body.replaceChildren();
    setText(byId("tape-note"), "");
  }

  /** Show what was traded before the page came. */
  replace(trades) {
    this.clear();
    this.painted = trades.at(-1)?.trade_id ?? 0;
    this.add(trades);
  }

  add(trades) {
    this.trades.push(...trades);
    this.trades = this.trades.slice(-ROWS);
    onNextFrame(this.draw);
  }

  paint() {
    const shown = new Set([...this.body.children].map((row) => Number(row.dataset.id)));
    for (const trade of this.trades) {
      if (shown.has(trade.trade_id)) continue;
      this.body.prepend(rowOf(trade, trade.trade_id > this.painted));
    }
    this.painted = Math.max(this.painted, this.trades.at(-1)?.trade_id ?? 0);
    while (this.body.children.length > ROWS) this.body.lastElementChild.remove();
    const last = this.trades.at(-1);
    setText(byId("tape-note"), last ? `Trade ${grouped(last.trade_id)}` : "None yet");
  }
}

function rowOf(trade, isNew) {
  const row = make("tr", isNew ? "new" : "");
  row.dataset.id = trade.trade_id;
  const buys = trade.aggressor_side === "buy";
  const price = make("td", buys ? "buy" : "sell");
  const arrow = make("span", "arrow", buys ? "▲" : "▼");
  arrow.setAttribute("role", "img");
  arrow.setAttribute("aria-label", buys ? "bought" : "sold");
  price.append(arrow, grouped(trade.price));
  const time = make("td", "", clock(trade.time));
  row.append(price, make("td", "", grouped(trade.quantity)), time);
  return row;
}

function clock(text) {
  const moment = new Date(text.replace(/(\.\d{3})\d*Z$/, "$1Z"));
  return moment.toLocaleTimeString(undefined, { hour12: false });
}
