// From order to chain: rates, the verdict, links and facts.

import { ago, duration, grouped, millisecondsOf } from "./numbers.js";
import { byId, make, setText } from "./paint.js";
import { Sparkline } from "./sparkline.js";

const VERDICTS = {
  equal: "Ledger equals chain",
  different: "Ledger and chain differ",
  not_done: "Not compared yet",
};

export class StatusView {
  constructor() {
    this.sparks = {
      orders: new Sparkline(byId("spark-orders"), "accent"),
      trades: new Sparkline(byId("spark-trades"), "accent"),
      batches: new Sparkline(byId("spark-batches"), "buy"),
    };
    this.status = null;
  }

  /** Show a status message. */
  show(status) {
    this.status = status;
    const { rates } = status;
    setText(byId("flow-orders"), grouped(rates.commands_per_second));
    setText(byId("flow-trades"), grouped(rates.trades_per_second));
    setText(byId("flow-batches"), grouped(rates.batches_per_minute));
    this.addRates([rates]);
    this.showVerdict(status.reconciliation);
    this.showParts(status.links);
    setText(byId("fact-sequence"), grouped(status.as_of_seq));
    setText(byId("fact-trades"), grouped(status.last_trade_id));
    const lag = status.feed_lag_us === null ? "Nothing new" : duration(status.feed_lag_us);
    setText(byId("fact-lag"), lag);
    setText(byId("fact-sockets"), grouped(status.sockets));
  }

  /** Draw what the venue did before the page came. */
  replaceRates(recent) {
    for (const spark of Object.values(this.sparks)) spark.values = [];
    this.addRates(recent);
  }

  addRates(rates) {
    this.sparks.orders.add(...rates.map((each) => each.commands_per_second));
    this.sparks.trades.add(...rates.map((each) => each.trades_per_second));
    this.sparks.batches.add(...rates.map((each) => each.batches_per_minute));
  }

  repaint() {
    for (const spark of Object.values(this.sparks)) spark.paint();
  }

  showVerdict(verdict) {
    byId("verdict").dataset.verdict = verdict.verdict === "not_done" ? "wait" : verdict.verdict;
    setText(byId("verdict-text"), VERDICTS[verdict.verdict]);
    const done = verdict.verdict !== "not_done";
    const count = verdict.differences.length;
    const first = "The first comparison follows the first settlement";
    setText(byId("verdict-note"), done ? verdictNote(verdict, count) : first);
    setText(byId("fact-compared"), done ? grouped(verdict.as_of_seq) : "–");
    setText(byId("fact-pending"), done ? grouped(verdict.fills_pending) : "–");
    setText(byId("fact-withdrawals"), verdict.withdrawals_halted ? "Halted" : "Open");
    this.showDifferences(verdict.differences);
  }

  showDifferences(differences) {
    byId("differences").hidden = differences.length === 0;
    byId("difference-rows").replaceChildren(
      ...differences.map((row) => {
        const element = make("tr");
        element.append(
          make("td", "", row.account_name),
          make("td", "number", `${grouped(row.expected)} ${row.asset}`),
          make("td", "number", `${grouped(row.chain)} ${row.asset}`),
        );
        return element;
      }),
    );
  }

  showParts(links) {
    for (const part of byId("parts").children) {
      const link = links[part.dataset.part];
      part.dataset.up = link.up ? "yes" : "no";
      setText(part.querySelector(".state"), link.up ? "Running" : "Away");
    }
  }
}

/** How much was compared, and when. */
function verdictNote(verdict, count) {
  const differences = `${count} ${count === 1 ? "difference" : "differences"}`;
  const over = `${grouped(verdict.accounts)} accounts and ${grouped(verdict.assets)} assets`;
  return `${differences} over ${over}, ${ago(Date.now() - millisecondsOf(verdict.time))}`;
}
