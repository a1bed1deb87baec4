"""Commands without the start of an interpreter, which is most of what a short one costs.

How it works. A process that has imported Bistro waits for requests; for each it forks, and the child is
given the arguments, folder, environment and streams of the command, runs `python -m bistro` and ends as
any process does. `Starter` is the side of the tests, this file as a program the other one.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
MESSAGE_BYTES_MAX = 100_000
STREAMS = 3


class Starter:
    """Runs commands, one at a time."""

    def __init__(self) -> None:
        self._start()
        atexit.register(self.close)

    def run(
        self, arguments: Sequence[str], folder: Path, env: dict[str, str], timeout_seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """`python -m bistro …` until it has ended by itself. Raises `TimeoutError`, once it was killed."""
        command = {"arguments": list(arguments), "folder": str(folder), "env": env}
        (out, out_of_command), (err, err_of_command) = os.pipe(), os.pipe()
        with Path(os.devnull).open() as nothing:
            streams = [nothing.fileno(), out_of_command, err_of_command]
            socket.send_fds(self._socket, [json.dumps(command).encode()], streams)
        os.close(out_of_command)
        os.close(err_of_command)
        with ThreadPoolExecutor(2) as pool:
            texts = [pool.submit(_read_all, stream) for stream in (out, err)]
            self._socket.settimeout(timeout_seconds)
            try:
                code = int(self._socket.recv(MESSAGE_BYTES_MAX))
            except TimeoutError:
                self._stop()
                self._start()
                raise
        return subprocess.CompletedProcess(["bistro", *arguments], code, *(text.result() for text in texts))

    def close(self) -> None:
        """End the process."""
        atexit.unregister(self.close)
        self._stop()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _stop(self) -> None:
        self._socket.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@functools.cache
def get_starter() -> Starter:
    """The one of this process."""
    return Starter()


def _read_all(stream: int) -> str:
    with open(stream, encoding="utf-8") as file:
        return file.read()


def serve(requests: socket.socket) -> None:
    """Run what is asked for until nobody can ask any more."""
    while True:
        request, streams, _, _ = socket.recv_fds(requests, MESSAGE_BYTES_MAX, STREAMS)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            requests.close()
            become(json.loads(request), streams)
        for each in streams:
            os.close(each)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        requests.send(str(code).encode())


def become(command: dict[str, Any], streams: list[int]) -> NoReturn:
    """Turn this process into that of the command."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(command["env"])
    os.chdir(command["folder"])
    # As the interpreter does for -m: the folder comes first, here in place of this file's.
    sys.path[0] = command["folder"]
    sys.argv = ["bistro", *command["arguments"]]
    runpy.run_module("bistro", run_name="__main__", alter_sys=True)
    sys.exit()


def preload() -> None:
    """Import what commands do, so that no child has to."""
    from bistro.cli.commands import BUILT_IN

    for module in ("bistro.cli.main", "bistro.site", *(module for module, _ in BUILT_IN.values())):
        importlib.import_module(module)


if __name__ == "__main__":
    preload()
    # Nothing of it is looked at again, which would copy its memory in each child.
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
