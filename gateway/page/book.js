// A book kept up from snapshots and updates, which proves itself by its checksum.

import { crc32c } from "./crc32c.js";
import { digitsOf, scaled, stepsOf } from "./numbers.js";

const CHECKSUM_LEVELS = 10;

export class Book {
  /** @param market {tick_size, lot_size} of the instrument */
  constructor(market) {
    this.market = market;
    this.priceDigits = digitsOf(market.tick_size);
    this.sequence = 0;
    this.ready = false;
    this.clear();
  }

  clear() {
    this.bids = new Map();
    this.asks = new Map();
    this.sorted = null;
  }

  /** Become the snapshot; false when its checksum does not fit. */
  replace(message) {
    this.clear();
    this.change(this.bids, message.bids);
    this.change(this.asks, message.asks);
    this.sequence = message.book_sequence;
    this.ready = this.checksum() === message.checksum;
    return this.ready;
  }

  /** Apply an update; false when it does not follow, or the checksum does not fit afterwards. */
  apply(message) {
    if (!this.ready) return false;
    if (message.first_book_sequence !== this.sequence + 1) return this.broken();
    this.change(this.bids, message.bids);
    this.change(this.asks, message.asks);
    this.sequence = message.book_sequence;
    this.sorted = null;
    return this.checksum() === message.checksum || this.broken();
  }

  broken() {
    this.ready = false;
    return false;
  }

  change(side, levels) {
    for (const [price, quantity, orders] of levels) {
      const size = Number(quantity);
      if (size === 0) side.delete(price);
      else side.set(price, { price, quantity, orders, value: Number(price), size });
    }
  }

  /** Bids from the highest and asks from the lowest. */
  levels() {
    if (this.sorted === null) {
      const byPrice = (left, right) => left.value - right.value;
      this.sorted = {
        bids: [...this.bids.values()].sort((left, right) => byPrice(right, left)),
        asks: [...this.asks.values()].sort(byPrice),
      };
    }
    return this.sorted;
  }

  /** CRC32C over the ten best levels a side, bids first: ticks and lots, 64 bits little-endian. */
  checksum() {
    const { bids, asks } = this.levels();
    const best = [...bids.slice(0, CHECKSUM_LEVELS), ...asks.slice(0, CHECKSUM_LEVELS)];
    const view = new DataView(new ArrayBuffer(best.length * 16));
    best.forEach((level, index) => {
      view.setBigInt64(index * 16, stepsOf(level.price, this.market.tick_size), true);
      view.setBigInt64(index * 16 + 8, stepsOf(level.quantity, this.market.lot_size), true);
    });
    return crc32c(new Uint8Array(view.buffer));
  }

  /** The distance of the two best prices as a whole number of 10^-digits, or nothing. */
  spread() {
    const { bids, asks } = this.levels();
    if (!bids.length || !asks.length) return null;
    return scaled(asks[0].price, this.priceDigits) - scaled(bids[0].price, this.priceDigits);
  }
}
