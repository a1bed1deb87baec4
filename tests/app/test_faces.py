from __future__ import annotations

import subprocess
import sys
import threading

from bistro.app import BaseApp
from bistro.app.faces import Faces

PROGRAM = """
import sys
from bistro import App

app = App()
print(sorted(name for name in sys.modules if name in ("bistro.serving.asgi", "bistro.serving.rsgi",
    "bistro.serving.wsgi", "bistro.serving.run")))
"""


def test_an_app_loads_no_adapter_before_a_server_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_each_face_is_the_same_each_time() -> None:
    faces = Faces(BaseApp())

    assert faces.asgi is faces.asgi
    assert faces.rsgi is faces.rsgi
    assert faces.wsgi is faces.wsgi


def test_threads_that_ask_at_once_get_one_wsgi_adapter_and_so_one_start_of_the_app() -> None:
    faces = Faces(BaseApp())
    barrier = threading.Barrier(8)
    found = []

    def ask() -> None:
        barrier.wait()
        found.append(faces.wsgi)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(map(id, found))) == 1
