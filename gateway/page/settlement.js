// Settlement batches, newest first, each with its way to the chain.

import { ago, grouped, millisecondsOf, trimmed } from "./numbers.js";
import { byId, make, onNextFrame, setText } from "./paint.js";

const SHOWN = 60;
const TRANSACTION_BYTES_MAX = 1232; // what Solana takes
const WAY = ["netted", "signed", "in_flight", "confirmed", "final"];
const STATES = {
  queued: "Queued",
  netted: "Netted",
  signed: "Signed",
  in_flight: "Sent",
  confirmed: "Confirmed",
  final: "Final",
  expired: "Expired, signs anew",
  failed: "Failed on chain",
  parked: "Waits for a person",
  unknown: "Not known",
};
const REACHED = { expired: 3, failed: 3, parked: 1 };

export class SettlementView {
  constructor() {
    this.list = byId("batches");
    this.batches = new Map();
    this.rows = new Map();
    this.draw = () => this.paint();
    setInterval(() => this.showTimes(), 1000);
  }

  replace(batches) {
    this.batches.clear();
    this.add(batches);
  }

  add(batches) {
    for (const batch of batches) this.batches.set(batch.batch_id, batch);
    for (const id of [...this.batches.keys()].sort((a, b) => b - a).slice(SHOWN)) {
      this.batches.delete(id);
    }
    onNextFrame(this.draw);
  }

  paint() {
    const ids = [...this.batches.keys()].sort((left, right) => left - right);
    for (const id of ids) {
      const known = this.rows.get(id);
      const row = known ?? new BatchRow(id);
      if (!known) {
        this.rows.set(id, row);
        this.list.prepend(row.item);
      }
      row.show(this.batches.get(id));
    }
    for (const [id, row] of this.rows) {
      if (this.batches.has(id)) continue;
      row.item.remove();
      this.rows.delete(id);
    }
    byId("batches-empty").hidden = ids.length > 0;
    const moving = [...this.batches.values()].filter((batch) => batch.state !== "final").length;
    const last = ids.at(-1);
    const note = `${grouped(last ?? 0)} batches so far, ${moving} on their way`;
    setText(byId("settlement-note"), last ? note : "");
  }

  showTimes() {
    for (const [id, row] of this.rows) row.showTime(this.batches.get(id));
  }
}

class BatchRow {
  constructor(id) {
    this.item = make("li");
    this.details = make("details", "batch");
    const summary = make("summary");
    this.way = make("span", "way");
    const steps = make("span", "steps");
    steps.setAttribute("aria-hidden", "true");
    this.steps = WAY.map(() => make("i"));
    steps.append(...this.steps);
    this.state = make("span", "state-name");
    this.way.append(steps, this.state);
    this.trades = make("span", "number trades-count");
    this.transfers = make("span", "number transfers-count");
    this.size = make("span", "size");
    this.bytes = make("span");
    const gauge = make("span", "gauge");
    gauge.setAttribute("aria-hidden", "true");
    this.gauge = make("b");
    gauge.append(this.gauge);
    this.size.append(gauge, this.bytes);
    this.signature = make("span", "signature");
    this.changed = make("span", "changed");
    summary.append(
      make("span", "id", grouped(id)),
      this.way,
      this.trades,
      this.transfers,
      this.size,
      this.signature,
      this.changed,
    );
    this.inside = make("div", "inside");
    this.details.append(summary, this.inside);
    this.details.addEventListener("toggle", () => this.showInside());
    this.item.append(this.details);
  }

  show(batch) {
    if (this.batch === batch) return;
    this.batch = batch;
    const reached = REACHED[batch.state] ?? WAY.indexOf(batch.state) + 1;
    this.way.dataset.state = batch.state;
    this.steps.forEach((step, index) => step.classList.toggle("done", index < reached));
    setText(this.state, STATES[batch.state]);
    setText(this.trades, grouped(batch.trade_count));
    setText(this.transfers, grouped(batch.transfers.length));
    setText(this.bytes, batch.transaction_bytes ? `${grouped(batch.transaction_bytes)} B` : "–");
    const share = Math.min(batch.transaction_bytes / TRANSACTION_BYTES_MAX, 1);
    this.gauge.style.transform = `scaleX(${share.toFixed(3)})`;
    const most = `${TRANSACTION_BYTES_MAX} bytes of a transaction`;
    this.size.title = `${batch.transaction_bytes} of ${most}`;
    setText(this.signature, batch.signature ? short(batch.signature) : "Not signed yet");
    this.showTime(batch);
    this.showInside();
  }

  showTime(batch) {
    if (!batch?.updated_time) return;
    setText(this.changed, ago(Date.now() - millisecondsOf(batch.updated_time)));
  }

  /** Fill the inside only while it can be seen. */
  showInside() {
    if (!this.details.open || !this.batch) return;
    const parts = [];
    const { batch } = this;
    if (batch.reason) parts.push(make("p", "reason", batch.reason));
    if (batch.signature) parts.push(make("p", "full", batch.signature));
    const list = make("ul", "transfers");
    list.append(...batch.transfers.map(transferItem));
    parts.push(list);
    this.inside.replaceChildren(...parts);
  }
}

function transferItem(transfer) {
  const item = make("li");
  const parties = make("span", "parties", transfer.from_name);
  const arrow = make("span", "arrow", " → ");
  arrow.setAttribute("aria-label", "to");
  parties.append(arrow, transfer.to_name);
  item.append(
    parties,
    make("span", "", grouped(trimmed(transfer.amount))),
    make("span", "asset", transfer.asset),
  );
  return item;
}

function short(signature) {
  return `${signature.slice(0, 6)}…${signature.slice(-6)}`;
}
