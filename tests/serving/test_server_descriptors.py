"""A machine that is out of descriptors: in a process of its own, which limits itself."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

OUT_OF_DESCRIPTORS = """
    import asyncio, resource, socket, sys
    import uvloop
    from bistro import App
    from bistro.serving import Server

    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    app = App(defaults=False)
    app.get("/", blocking=False)(lambda: "hello")

    def ask(client):
        client.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
        return client.recv(1000)[:15]

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        server = Server(app, port=0)
        await server.start()
        address = ("127.0.0.1", server.port)
        in_thread = asyncio.to_thread
        clients = [await in_thread(socket.create_connection, address, 5)]
        try:
            while True:
                clients.append(socket.create_connection(address, 5))
                await asyncio.sleep(0)
        except OSError:
            pass
        assert await in_thread(ask, clients[0]) == b"HTTP/1.1 200 OK", "the old one is not served"
        for client in clients[1:]:
            client.close()
        for _ in range(300):
            await asyncio.sleep(0.01)
            try:
                with await in_thread(socket.create_connection, address, 1) as late:
                    if await in_thread(ask, late) == b"HTTP/1.1 200 OK":
                        break
            except OSError:
                pass
        else:
            raise AssertionError("a new one is not served")
        print("served")
        await server.stop(0)

    with asyncio.Runner(loop_factory={"asyncio": None, "uvloop": uvloop.new_event_loop}[sys.argv[1]]) as runner:
        runner.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_server_out_of_descriptors_serves_who_is_there_and_recovers(
    loop: str, root: Path, tmp_path: Path
) -> None:
    script = tmp_path / "server.py"
    script.write_text(textwrap.dedent(OUT_OF_DESCRIPTORS))
    done = subprocess.run(
        [sys.executable, script, loop],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        check=False,
    )
    assert (done.stdout, done.returncode) == ("served\n", 0), done.stderr
