// The WebSocket: connects, subscribes, measures the way there and back, and connects again.

const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;
const PING_EVERY = 2000;
const SILENCE = 9000;

export class Feed {
  /**
   * @param handlers.message called with every message
   * @param handlers.state called with "wait", "live" or "down"
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.wanted = new Map();
    this.wait = FIRST_WAIT;
    this.tripMicroseconds = null;
    this.socket = null;
    this.timer = null;
    setInterval(() => this.pulse(), PING_EVERY);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.socket === null) this.connect();
    });
    this.connect();
  }

  /** Get a channel from now on, also after the connection was lost. */
  subscribe(channel, market = null) {
    const request = { op: "subscribe", channel };
    if (market) request.market = market;
    this.wanted.set(`${channel} ${market ?? ""}`, request);
    this.send(request);
  }

  unsubscribe(channel, market = null) {
    this.wanted.delete(`${channel} ${market ?? ""}`);
    const request = { op: "unsubscribe", channel };
    if (market) request.market = market;
    this.send(request);
  }

  /** Begin a channel anew: its next message is a snapshot. */
  renew(channel, market = null) {
    this.unsubscribe(channel, market);
    this.subscribe(channel, market);
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  connect() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/ws`);
    this.socket = socket;
    this.heard = performance.now();
    socket.addEventListener("open", () => {
      this.wait = FIRST_WAIT;
      this.handlers.state("live");
      for (const request of this.wanted.values()) this.send(request);
      this.ping();
    });
    socket.addEventListener("message", (event) => {
      this.heard = performance.now();
      const message = JSON.parse(event.data);
      if (message.type === "pong") this.pong(message);
      else this.handlers.message(message);
    });
    socket.addEventListener("close", () => this.lost(socket));
  }

  lost(socket) {
    if (this.socket !== socket) return;
    this.socket = null;
    this.tripMicroseconds = null;
    this.handlers.state("down");
    const wait = this.wait * (0.5 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  pulse() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (performance.now() - this.heard > SILENCE) {
      const silent = this.socket;
      silent.close();
      this.lost(silent); // a link that died quietly never says that it closed
      return;
    }
    this.ping();
  }

  ping() {
    this.pingSent = performance.now();
    this.pingId = (this.pingId ?? 0) + 1;
    this.send({ op: "ping", id: this.pingId });
  }

  pong(message) {
    if (message.id !== this.pingId) return;
    this.tripMicroseconds = (performance.now() - this.pingSent) * 1000;
  }
}
