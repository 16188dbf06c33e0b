"""Processes are started, watched, started again and stopped; a small one stands for each."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realstack.up import leftovers
from realstack.up.folders import Folder, open_folder
from realstack.up.process import Plan, Process, ProcessFailed, tail
from realstack.up.supervisor import RESTARTS_MAX, Restarts, Supervisor
from tests.support.waiting import wait_until

# A server in the least: it says that it is ready, and ends on a signal.
SERVER = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("loading")
print("ready NAME 127.0.0.1:1", flush=True)
for line in LINES:
    print(line, flush=True)
signal.pause()
"""


def server(name: str, lines: tuple[str, ...] = (), *arguments: str) -> Plan:
    """Make the plan of a process that serves nothing."""
    code = SERVER.replace("NAME", name).replace("LINES", repr(lines))
    return Plan(name, ("-c", code, *arguments))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A data folder."""
    opened = open_folder(tmp_path)
    yield opened
    opened.close()


@pytest.mark.slow
async def test_a_process_is_ready_when_it_says_so(folder: Folder) -> None:
    """Its address comes from the ready line; what it prints otherwise is in its log."""
    process = Process(server("engine"), folder.logs)
    await process.start()
    assert process.address == "127.0.0.1:1"
    assert await process.stop() == 0
    assert (folder.logs / "engine.log").read_text() == "loading\n"


@pytest.mark.slow
async def test_lines_after_the_ready_line_go_to_whoever_asked(folder: Folder) -> None:
    """Reports are passed on, not logged."""
    told: list[str] = []
    plan = server("sim", ("one", "two"))
    process = Process(Plan(plan.name, plan.arguments, {}, told.append), folder.logs)
    await process.start()

    async def heard() -> bool:
        return told == ["one", "two"]

    await wait_until(heard)
    await process.stop()


@pytest.mark.slow
async def test_a_process_that_ends_before_it_is_ready_is_reported_with_its_log(
    folder: Folder,
) -> None:
    """The last lines say why."""
    code = "import sys; print('the port is taken', file=sys.stderr); sys.exit(3)"
    process = Process(Plan("gateway", ("-c", code)), folder.logs)
    with pytest.raises(ProcessFailed) as failed:
        await process.start()
    assert "gateway ended with status 3 before it was ready" in str(failed.value)
    assert "    the port is taken" in str(failed.value)


@pytest.mark.slow
async def test_the_engine_is_started_again_on_the_same_address(folder: Folder) -> None:
    """Its end is told, with its status, and so is the new start."""
    notes: list[str] = []
    supervisor = Supervisor(folder, notes.append)
    await supervisor.start(server("engine"))
    former = recorded_pid(folder, "engine")
    os.kill(former, signal.SIGKILL)

    async def again() -> bool:
        return recorded_pid(folder, "engine") != former

    await wait_until(again)
    assert notes[0].startswith("engine ended with status -9")
    assert notes[1].startswith("engine started again (1)")
    assert command_of(recorded_pid(folder, "engine")).endswith(b"\0--listen\x00127.0.0.1:1\0")
    assert supervisor.restarts() == {"engine": 1}
    assert not supervisor.failed.done()
    await supervisor.stop_all()
    assert not (folder.path / "run.json").exists()


@pytest.mark.slow
async def test_any_other_process_that_ends_ends_the_venue(folder: Folder) -> None:
    """The failure carries the last lines of the log."""
    supervisor = Supervisor(folder, lambda _: None)
    await supervisor.start(server("gateway"))
    os.kill(recorded_pid(folder, "gateway"), signal.SIGKILL)
    with pytest.raises(ProcessFailed, match="gateway ended with status -9"):
        await supervisor.failed
    await supervisor.stop_all()


def test_too_many_restarts_in_a_short_time_are_too_many() -> None:
    """After the window there may be more."""
    restarts = Restarts()
    assert all(restarts.allowed(second) for second in range(RESTARTS_MAX))
    assert not restarts.allowed(RESTARTS_MAX)
    assert restarts.allowed(70)
    assert restarts.total == RESTARTS_MAX + 1


@pytest.mark.slow
async def test_processes_stop_in_the_reverse_order(folder: Folder, tmp_path: Path) -> None:
    """What was started last may need what was started first."""
    order = tmp_path / "order"
    code = SERVER.replace("sys.exit(0)", f"(open({str(order)!r}, 'a').write('NAME '), sys.exit(0))")
    supervisor = Supervisor(folder, lambda _: None)
    for name in ("postgres", "engine", "gateway"):
        text = code.replace("NAME", name).replace("LINES", "()")
        await supervisor.start(Plan(name, ("-c", text)))
    await supervisor.stop_all()
    assert order.read_text().split() == ["gateway", "engine", "postgres"]


@pytest.mark.slow
async def test_processes_end_when_their_starter_is_killed(folder: Folder) -> None:
    """Nothing is left behind, however the starter ends."""
    child = server("engine")
    starter = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from realstack.up.process import Plan, Process\n"
        f"process = Process(Plan('engine', {child.arguments!r}), Path({str(folder.logs)!r}))\n"
        "async def run():\n"
        "    await process.start()\n"
        "    print(process.pid, flush=True)\n"
        "    await process.wait()\n"
        "asyncio.run(run())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", starter, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return command_of(pid) == b""

    await wait_until(gone)


@pytest.mark.slow
async def test_leftovers_of_a_killed_run_are_ended(folder: Folder) -> None:
    """A process that still runs on this folder is ended; another with a recorded id is left."""
    mine = Process(server("engine", (), "--data", str(folder.path / "engine")), folder.logs)
    other = Process(server("market"), folder.logs)
    await mine.start()
    await other.start()
    record = {
        "processes": {
            "engine": {"pid": mine.pid, "address": ""},
            "market": {"pid": other.pid, "address": ""},
            "gateway": {"pid": 4_194_303, "address": ""},
        }
    }
    (folder.path / "run.json").write_text(json.dumps(record))
    ended = await asyncio.to_thread(leftovers.end, folder.path)
    assert ended == ["engine"]
    assert await mine.wait() == 0
    assert leftovers.end(folder.path) == []
    assert await other.stop() == 0


def test_the_end_of_a_log_is_bounded(tmp_path: Path) -> None:
    """A log that is not there is empty; a long one gives its last lines, cut."""
    assert tail(tmp_path / "none.log") == []
    log = tmp_path / "long.log"
    log.write_text("".join(f"{number} {'x' * 1_000}\n" for number in range(100)))
    lines = tail(log)
    assert (len(lines), lines[-1].split()[0]) == (12, "99")
    assert max(map(len, lines)) == 240


def command_of(pid: int) -> bytes:
    """Return the command line of a process; nothing when there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def recorded_pid(folder: Folder, name: str) -> int:
    """Return the process id in the record of what runs."""
    run = json.loads((folder.path / "run.json").read_text())
    return int(run["processes"][name]["pid"])
