// A market's last price, what it did in the running day, and what a call would trade.

import { grouped, trimmed } from "./numbers.js";
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
const CALLS = new Set(["pre_open", "auction"]);
const SIDES = { buy: "to buy", sell: "to sell" };

export class Quote {
  constructor() {
    this.market = null;
    this.day = null;
    this.last = null;
  }

  show(market) {
    this.market = market;
    this.day = null;
    this.last = market.last_price;
    this.showPhase(market.phase);
    this.showCall(null);
    this.paint();
  }

  /** Say what the market does, unless it trades as always. */
  showPhase(phase) {
    const badge = byId("phase");
    badge.hidden = !phase || phase === "open";
    badge.dataset.phase = phase ?? "";
    setText(badge, PHASES[phase] ?? "");
    byId("call").hidden = !CALLS.has(phase);
  }

  /** Say what the call would trade now; nothing while its sides do not meet. */
  showCall(auction) {
    const shown = auction && !auction.is_final ? auction : null;
    setText(byId("call-price"), shown ? grouped(shown.price) : "no match");
    const { base } = this.market;
    setText(byId("call-volume"), shown ? `${grouped(trimmed(shown.volume))} ${base}` : "–");
    const side = shown?.surplus_side;
    const left = side ? `${grouped(trimmed(shown.surplus))} ${SIDES[side]}` : "nothing";
    setText(byId("call-surplus"), shown ? left : "–");
  }

  traded(price) {
    this.last = price;
    this.paint();
  }

  /** Take the statistics of the running day. */
  showDay(statistics) {
    this.day = statistics.open === null ? null : statistics;
    this.paint();
  }

  paint() {
    const { day, last, market } = this;
    setText(byId("quote-last"), last ? grouped(last) : "–");
    const change = byId("quote-change");
    if (!day || !last) {
      setText(change, "–");
      change.className = "";
      for (const name of ["high", "low", "average", "volume"]) setText(byId(`quote-${name}`), "–");
      return;
    }
    const moved = (Number(last) / Number(day.previous_close ?? day.open) - 1) * 100;
    setText(change, `${moved >= 0 ? "+" : "−"}${Math.abs(moved).toFixed(2)} %`);
    change.className = moved >= 0 ? "buy" : "sell";
    setText(byId("quote-high"), grouped(day.high));
    setText(byId("quote-low"), grouped(day.low));
    setText(byId("quote-average"), grouped(cutTo(day.vwap, market.tick_size)));
    setText(byId("quote-volume"), `${grouped(Math.round(Number(day.volume)))} ${market.base}`);
  }
}

/** An average to as many digits as a price has; it is a figure to look at. */
function cutTo(text, step) {
  return Number(text).toFixed(step.split(".")[1]?.length ?? 0);
}
