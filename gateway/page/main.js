// The live page: what is shown, and which message goes where.

import { Book } from "./book.js";
import { Candles } from "./candles.js";
import { CandleChart } from "./chart.js";
import { DepthChart } from "./depth.js";
import { Feed } from "./feed.js";
import { Ladder } from "./ladder.js";
import { duration, grouped, millisecondsOf } from "./numbers.js";
import { byId, make, onNextFrame, setText } from "./paint.js";
import { Quote } from "./quote.js";
import { SettlementView } from "./settlement.js";
import { StatusView } from "./status.js";
import { Tape } from "./tape.js";
import { followTheme } from "./theme.js";

const YOUNG = 20; // with fewer minutes than this traded, seconds show more
const CHANNELS = ["book", "trades", "statistics", "auction"];
const LINK_TEXTS = { wait: "Connecting", live: "Live", down: "Connecting again" };

const canvas = byId("chart");
const views = { price: new CandleChart(canvas), depth: new DepthChart(canvas) };
const ladder = new Ladder();
const tape = new Tape();
const quote = new Quote();
const settlement = new SettlementView();
const status = new StatusView();

const state = {
  markets: new Map(),
  market: null,
  book: null,
  candles: null,
  view: "price",
  interval: null, // until the reader chooses one
  resyncs: 0,
};

const paintChart = () => views[state.view].paint();
const chartChanged = () => onNextFrame(paintChart);

const HANDLERS = {
  welcome: (message) => {
    views.price.offset = millisecondsOf(message.time) - Date.now();
  },
  book_snapshot: (message) => {
    if (state.book.replace(message)) bookChanged();
    else renewBook();
  },
  book_update: (message) => {
    if (state.book.apply(message)) bookChanged();
    else if (state.book.sequence > 0) renewBook();
  },
  trades_snapshot: (message) => {
    tape.replace(message.trades);
    traded(message.trades);
  },
  trades: (message) => {
    tape.add(message.trades);
    traded(message.trades);
  },
  statistics_snapshot: (message) => quote.showDay(message.statistics),
  statistics: (message) => quote.showDay(message.statistics),
  auction_snapshot: (message) => HANDLERS.auction(message),
  auction: (message) => {
    state.market.phase = message.phase;
    quote.showPhase(message.phase);
    quote.showCall(message.auction);
  },
  batches_snapshot: (message) => settlement.replace(message.batches),
  batches: (message) => settlement.add(message.batches),
  status_snapshot: (message) => {
    status.replaceRates(message.recent);
    HANDLERS.status(message);
  },
  status: (message) => {
    status.show(message.status);
    const trip = feed.tripMicroseconds;
    setText(byId("fact-trip"), trip === null ? "–" : duration(trip));
    showLink("live", message.status);
  },
};

const feed = new Feed({
  message: (message) => {
    const forOther = message.market && message.market !== state.market?.symbol;
    if (!forOther) HANDLERS[message.type]?.(message);
  },
  state: (name) => showLink(name),
});

/** Tell how the link is, and how late the news come. */
function showLink(name, current = null) {
  const away = current !== null && !current.links.engine.up;
  byId("link").dataset.state = away ? "wait" : name;
  setText(byId("link-text"), away ? "The engine is away" : LINK_TEXTS[name]);
  const lag = away ? null : (current?.feed_lag_us ?? null);
  setText(byId("link-more"), lag === null ? "" : `${duration(lag)} behind the venue`);
}

function bookChanged() {
  ladder.changed();
  if (state.view === "depth") chartChanged();
}

/** A gap or a checksum that does not fit: begin the book anew. */
function renewBook() {
  state.resyncs += 1;
  setText(byId("fact-resyncs"), grouped(state.resyncs));
  state.book.sequence = 0;
  feed.renew("book", state.market.symbol);
}

function traded(trades) {
  const last = trades.at(-1);
  if (!last) return;
  quote.traded(last.price);
  ladder.traded(last.price, last.aggressor_side);
  state.candles?.add(trades);
  document.title = `${grouped(last.price)} ${state.market.name}, RealStack`;
  if (state.view === "price") chartChanged();
}

/** Show a market: its book, its trades, its candles. */
function choose(symbol) {
  const market = state.markets.get(symbol);
  if (!market || market === state.market) return;
  if (state.market) {
    for (const channel of CHANNELS) feed.unsubscribe(channel, state.market.symbol);
  }
  state.market = market;
  state.book = new Book(market);
  setText(byId("picker-name"), market.name);
  setText(byId("picker-symbol"), market.symbol);
  byId("picker").value = symbol;
  history.replaceState(null, "", `#${symbol}`);
  ladder.show(market, state.book);
  views.depth.show(market, state.book);
  quote.show(market);
  tape.clear();
  for (const channel of CHANNELS) feed.subscribe(channel, symbol);
  showCandles(state.interval);
}

/** Load candles; without a chosen interval, of the length that shows most. */
async function showCandles(interval) {
  const { market } = state;
  const candles = new Candles(market, interval ?? "1m");
  state.candles = candles;
  views.price.show(market, candles);
  try {
    await candles.load();
  } catch {
    setTimeout(() => state.candles === candles && showCandles(interval), 2000);
    return;
  }
  if (state.candles !== candles) return;
  if (interval === null && candles.bySlot.size < YOUNG) {
    await showCandles("1s");
    return;
  }
  for (const button of byId("intervals").children) {
    button.setAttribute("aria-pressed", String(button.dataset.interval === candles.interval));
  }
  chartChanged();
}

function chooseView(name) {
  state.view = name;
  for (const button of document.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === name));
  }
  byId("intervals").hidden = name !== "price";
  canvas.setAttribute("aria-label", name === "price" ? "Price chart" : "Depth chart");
  setText(byId("chart-title"), name === "price" ? "Price" : "Depth");
  chartChanged();
}

function followPointer() {
  const move = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = { x: event.clientX - box.left, y: event.clientY - box.top };
    const at = event.type === "pointerleave" ? null : inside;
    for (const view of Object.values(views)) view.pointer = at;
    chartChanged();
  };
  for (const name of ["pointermove", "pointerdown", "pointerleave"]) {
    canvas.addEventListener(name, move);
  }
}

function followControls() {
  byId("picker").addEventListener("change", (event) => choose(event.target.value));
  window.addEventListener("hashchange", () => choose(decodeURIComponent(location.hash.slice(1))));
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => chooseView(button.dataset.view));
  }
  for (const button of byId("intervals").children) {
    button.addEventListener("click", () => {
      state.interval = button.dataset.interval;
      showCandles(state.interval);
    });
  }
}

/** Read the markets; an engine that is away is asked again. */
async function loadMarkets() {
  const answer = await fetch("/v1/instruments").catch(() => null);
  const markets = answer?.ok ? (await answer.json()).markets : [];
  if (!markets.length) {
    setText(byId("picker-name"), "No market yet");
    setTimeout(loadMarkets, 1500);
    return;
  }
  for (const market of markets) {
    state.markets.set(market.symbol, market);
    const option = make("option", "", `${market.name} (${market.symbol})`);
    option.value = market.symbol;
    byId("picker").append(option);
  }
  const asked = decodeURIComponent(location.hash.slice(1));
  choose(state.markets.has(asked) ? asked : markets[0].symbol);
}

followTheme(() => {
  chartChanged();
  status.repaint();
});
followPointer();
followControls();
new ResizeObserver(chartChanged).observe(canvas);
setInterval(() => {
  if (state.view === "price") chartChanged();
}, 1000);
setInterval(() => setText(byId("chart-text"), views.price.describe()), 5000);
feed.subscribe("status");
feed.subscribe("batches");
loadMarkets();
