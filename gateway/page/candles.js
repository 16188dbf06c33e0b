// Candles of one market and interval: from the history, then kept up by live trades.

import { millisecondsOf, sum } from "./numbers.js";

export const INTERVALS = { "1s": 1e3, "1m": 6e4, "5m": 3e5, "1h": 3.6e6, "1d": 8.64e7 };
const LOADED = 600;

export class Candles {
  constructor(market, interval) {
    this.market = market;
    this.interval = interval;
    this.length = INTERVALS[interval];
    this.bySlot = new Map();
    this.lastTradeId = 0;
    this.loaded = false;
  }

  /** Read the latest candles; trades that came meanwhile are added on top. */
  async load() {
    const address = `/v1/candles/${encodeURIComponent(this.market.symbol)}`;
    const answer = await fetch(`${address}?interval=${this.interval}&page_size=${LOADED}`);
    if (!answer.ok) throw new Error(`candles: ${answer.status}`);
    const { candles } = await answer.json();
    const late = this.late ?? [];
    for (const row of candles) this.put(row);
    this.loaded = true;
    this.late = [];
    this.add(late);
  }

  put(row) {
    const slot = Math.floor(millisecondsOf(row.open_time) / this.length);
    this.bySlot.set(slot, {
      slot,
      open: Number(row.open),
      high: Number(row.high),
      low: Number(row.low),
      close: Number(row.close),
      volume: Number(row.volume),
      text: row,
    });
    this.lastTradeId = Math.max(this.lastTradeId, row.last_trade_id);
  }

  /** Add live trades; those that the history had already are left out. */
  add(trades) {
    if (!this.loaded) {
      this.late = [...(this.late ?? []), ...trades];
      return;
    }
    for (const trade of trades) {
      if (trade.trade_id <= this.lastTradeId) continue;
      this.lastTradeId = trade.trade_id;
      this.trade(trade);
    }
  }

  trade(trade) {
    const slot = Math.floor(millisecondsOf(trade.time) / this.length);
    const known = this.bySlot.get(slot);
    const { price, quantity } = trade;
    const text = known
      ? {
          open: known.text.open,
          high: Number(price) > known.high ? price : known.text.high,
          low: Number(price) < known.low ? price : known.text.low,
          close: price,
          volume: sum(known.text.volume, quantity),
        }
      : { open: price, high: price, low: price, close: price, volume: quantity };
    this.bySlot.set(slot, {
      slot,
      open: Number(text.open),
      high: Number(text.high),
      low: Number(text.low),
      close: Number(text.close),
      volume: Number(text.volume),
      text,
    });
  }

  /** The candles of some slots in order, gaps left out. */
  between(first, last) {
    const found = [];
    for (let slot = first; slot <= last; slot += 1) {
      const candle = this.bySlot.get(slot);
      if (candle) found.push(candle);
    }
    return found;
  }

  /** The newest candle at or before a slot. */
  before(slot, reach = 5000) {
    for (let at = slot; at > slot - reach; at -= 1) {
      const candle = this.bySlot.get(at);
      if (candle) return candle;
    }
    return null;
  }

  lastSlot() {
    return this.bySlot.size ? Math.max(...this.bySlot.keys()) : null;
  }
}
