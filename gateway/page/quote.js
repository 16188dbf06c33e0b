// The market's last price and what it did in 24 hours.

import { grouped, millisecondsOf } from "./numbers.js";
import { byId, setText } from "./paint.js";

const PHASES = {
  closed: "Closed",
  pre_open: "Before the open",
  auction: "Auction",
  open: "Open",
  post_only: "Post-only",
  halted: "Halted",
  wind_down: "Winding down",
};
const DAY = 8.64e7;
const EVERY = 60000;

export class Quote {
  constructor() {
    this.market = null;
    this.day = null;
    setInterval(() => this.load(), EVERY);
  }

  show(market) {
    this.market = market;
    this.day = null;
    this.last = market.last_price;
    this.showPhase(market.phase);
    this.paint();
    this.load();
  }

  /** Say what the market does, unless it trades as always. */
  showPhase(phase) {
    const badge = byId("phase");
    badge.hidden = !phase || phase === "open";
    badge.dataset.phase = phase ?? "";
    setText(badge, PHASES[phase] ?? "");
  }

  traded(price) {
    this.last = price;
    if (this.day) {
      if (Number(price) > Number(this.day.high)) this.day.high = price;
      if (Number(price) < Number(this.day.low)) this.day.low = price;
    }
    this.paint();
  }

  /** Read the last 24 hours as hourly candles; a young venue has fewer. */
  async load() {
    const { market } = this;
    if (!market) return;
    const from = new Date(Date.now() - DAY).toISOString();
    const address = `/v1/candles/${encodeURIComponent(market.symbol)}`;
    const answer = await fetch(`${address}?interval=1h&from_time=${from}`).catch(() => null);
    if (!answer?.ok || this.market !== market) return;
    const { candles } = await answer.json();
    if (!candles.length) return;
    const numbers = (name) => candles.map((candle) => candle[name]);
    const best = (texts, pick) =>
      texts.reduce((one, other) => (pick(one, other) === Number(one) ? one : other));
    this.day = {
      open: candles[0].open,
      high: best(numbers("high"), Math.max),
      low: best(numbers("low"), Math.min),
      volume: numbers("volume").reduce((total, each) => total + Number(each), 0),
      hours: Math.ceil((Date.now() - millisecondsOf(candles[0].open_time)) / 3.6e6),
    };
    this.paint();
  }

  paint() {
    const { day, last, market } = this;
    setText(byId("quote-last"), last ? grouped(last) : "–");
    const change = byId("quote-change");
    if (!day || !last) {
      setText(change, "–");
      change.className = "";
      for (const id of ["quote-high", "quote-low", "quote-volume"]) setText(byId(id), "–");
      return;
    }
    const moved = (Number(last) / Number(day.open) - 1) * 100;
    setText(change, `${moved >= 0 ? "+" : "−"}${Math.abs(moved).toFixed(2)} %`);
    change.className = moved >= 0 ? "buy" : "sell";
    setText(byId("quote-high"), grouped(day.high));
    setText(byId("quote-low"), grouped(day.low));
    setText(byId("quote-volume"), `${grouped(Math.round(day.volume))} ${market.base}`);
  }
}

