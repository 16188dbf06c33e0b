"""Fan-out of a book over WebSockets: one gateway on one core, many sockets, nothing left out.

An engine, a trader that changes the book all the time, a gateway that is held to one core, and a
process with so many sockets on the others. One more socket there proves the checksum of each
frame; every other socket must have got those very bytes, each once and in order.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc

from bench.engine import MARKET, ROOT, Engine, running
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc

SUBSCRIBERS = (1, 100, 1_000)
FRAMES_PER_SECOND = 100
CHANGES_PER_SECOND = 150  # orders, each gone again later: three changes a frame
PRICE_TICKS, LEVELS = 10_000, 50
STOP_SECONDS = 10
MEMORY_GROWTH_MB_MAX = 64
_KB_PER_MB = 1_024


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and tell whether every goal is met."""
    parser = argparse.ArgumentParser(
        prog="dev bench feed", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--seconds", type=int, default=60, help="of the largest; others 5 (60)")
    parser.add_argument("--json", action="store_true", help="the last line is JSON")
    options = parser.parse_args(argv)
    rows = []
    with running("auto", 1) as engine, _gateway(engine) as (port, process), _trader(engine):
        for count in SUBSCRIBERS:
            seconds = options.seconds if count == max(SUBSCRIBERS) else 5
            rows.append(_measure(port, process, count, seconds))
    if options.json:
        print(json.dumps(rows))
    return 0 if all(row["met"] for row in rows) else 1


def _measure(
    port: int, process: subprocess.Popen[str], count: int, seconds: int
) -> dict[str, object]:
    before_kb = _memory_kb(process.pid)
    command = [sys.executable, "-m", "bench.feed_readers", str(port), str(count), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise RuntimeError(f"the readers failed: {done.stderr}")
    seen = json.loads(done.stdout)
    grown_mb = max(0, _memory_kb(process.pid) - before_kb) // _KB_PER_MB
    each = seen["frames"] // count // seconds
    is_met = (
        each >= FRAMES_PER_SECOND
        and seen["wrong"] == seen["lagged"] == 0
        and grown_mb <= MEMORY_GROWTH_MB_MAX
    )
    print(
        f"{count:>5} sockets: {each} frames a second each, {seen['frames'] // seconds:,} in all; "
        f"{seen['lagged']} left something out, {seen['wrong']} differ; the gateway grew by "
        f"{grown_mb} MB",
        flush=True,
    )
    return {
        "bench": f"feed: {count} subscribers",
        "unit": "frames/s each",
        "ours": each,
        "peers": {},
        "ratio": None,
        "goal": f"{FRAMES_PER_SECOND} to each, verified, on one core",
        "met": is_met,
    }


def _memory_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no memory to speak of")


@contextmanager
def _gateway(engine: Engine) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run a gateway on the first core, and everything else on the others."""
    cores = sorted(os.sched_getaffinity(0))
    folder = engine.folder
    command = [sys.executable, "-m", "gateway.server", "--listen", "127.0.0.1:0"]
    command += ["--engine", engine.address, "--data", str(folder / "gateway")]
    command += ["--keys", str(folder / "keys.json"), "--key-file", str(folder / "operator.key")]
    (folder / "gateway").mkdir()
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("ready gateway "):
                raise RuntimeError(f"no gateway: {(folder / 'gateway.log').read_text()}")
            if len(cores) > 1:
                os.sched_setaffinity(process.pid, cores[:1])
                os.sched_setaffinity(0, cores[1:])
            yield int(line.rpartition(":")[2]), process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
            os.sched_setaffinity(0, cores)


@contextmanager
def _trader(engine: Engine) -> Iterator[None]:
    """Change the book all the time: an order at one of many levels, gone again a little later."""
    is_over = threading.Event()
    thread = threading.Thread(target=_trade, args=(engine, is_over))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _trade(engine: Engine, is_over: threading.Event) -> None:
    with grpc.insecure_channel(engine.address) as channel:
        trading = trading_pb2_grpc.TradingServiceStub(channel)
        key = (("x-api-key", engine.keys[0]),)
        for _ in trading.Trade(_changes(is_over), metadata=key):
            pass


def _changes(is_over: threading.Event) -> Iterator[trading_pb2.TradeRequest]:
    run = time.time_ns()
    started, number = time.monotonic_ns(), 0
    while not is_over.is_set():
        ahead_ns = number * 1_000_000_000 // CHANGES_PER_SECOND - (time.monotonic_ns() - started)
        time.sleep(max(0, ahead_ns) / 1_000_000_000)
        if number >= LEVELS:
            old = common_pb2.ClientId(low=number - LEVELS + 1, high=run)
            yield trading_pb2.TradeRequest(cancel=trading_pb2.CancelOrder(order_client_id=old))
        is_buy = number % 2
        yield trading_pb2.TradeRequest(
            place=trading_pb2.PlaceOrder(
                client_id=common_pb2.ClientId(low=number + 1, high=run),
                sent_time_ns=time.time_ns(),
                market_id=MARKET,
                side=common_pb2.SIDE_BUY if is_buy else common_pb2.SIDE_SELL,
                order_type=common_pb2.ORDER_TYPE_LIMIT,
                time_in_force=common_pb2.TIME_IN_FORCE_GTC,
                price_ticks=PRICE_TICKS + (-1 if is_buy else 1) * (1 + number % LEVELS),
                quantity_lots=1 + number % 9,
            )
        )
        number += 1


if __name__ == "__main__":
    sys.exit(main())
