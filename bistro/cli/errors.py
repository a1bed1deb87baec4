"""What stops a command before it can do its work."""

from __future__ import annotations

from bistro.ground.errors import BistroError, SetupError


class AppNotFound(SetupError):
    """There is no app where the command looked for one.

    If you see this: say where it is (`bistro run shop/app.py`, `bistro run shop:app`), set
    `BISTRO_APP`, or write `[tool.bistro] app = "shop:app"` into pyproject.toml.
    """

    code = "B701"


class AppImportFailed(SetupError):
    """The file with the app can't be imported; `__cause__` is the file's own error.

    If you see this: the traceback above it is your code's; Bistro only asked Python to import it.
    """

    code = "B702"


class AppFailed(AppImportFailed):
    """A function that the app calls at its start or stop raised an error; `__cause__` is that error.

    If you see this: the traceback above it is your code's; look at your on_start, on_stop and
    lifespan functions.
    """

    code = "B707"


class CommandSignatureError(SetupError):
    """A command's function has a parameter that can't be made from a command line.

    If you see this: give the parameter one of the types that the message lists.
    """

    code = "B703"


class AddressUnavailable(BistroError):
    """The server can't listen where it should.

    If you see this: another program has the port already, or the address is not of this machine.
    """

    code = "B704"


class CommandError(BistroError):
    """A command can't do what it was asked to.

    If you see this: the message says what is in the way.
    """

    code = "B705"


class ProjectSettingsError(SetupError):
    """The section `[tool.bistro]` of pyproject.toml does not say what it should.

    If you see this: correct the value that the message names.
    """

    code = "B706"
    exit_code = 78
