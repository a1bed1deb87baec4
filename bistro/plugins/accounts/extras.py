"""Packages that come with extras: looked for when the app starts, loaded when they are used."""

from __future__ import annotations

from importlib.util import find_spec

from bistro.ground import SetupError


class MissingAccountsExtra(SetupError):
    """If you see this: a way to log in needs packages that are not installed; the message names the extra."""

    code = "B980"


def require_extra(who: str, extra: str, *packages: str) -> None:
    """Raises `MissingAccountsExtra` (B980) where one of `packages` is not there."""
    missing = [each for each in packages if not _is_there(each)]
    if missing:
        raise MissingAccountsExtra(
            f"{who} needs {' and '.join(missing)}", fix=f"Install them: pip install 'bistro[{extra}]'."
        )


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # it was taken out of `sys.modules` by putting None there
        return False
