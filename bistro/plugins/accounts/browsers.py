"""What a browser says of itself, in the words of a person: "Firefox on Windows"."""

from __future__ import annotations

from typing import Final

LENGTH_MAX: Final = 80
# In this order: most of them say that they are the ones behind them as well.
BROWSERS: Final = {
    "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser/": "Samsung Internet", "Firefox/": "Firefox",
    "FxiOS/": "Firefox", "CriOS/": "Chrome", "Chrome/": "Chrome", "Safari/": "Safari",
}  # fmt: skip
SYSTEMS: Final = {
    "Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "CrOS": "ChromeOS",
    "Mac OS X": "macOS", "Linux": "Linux",
}  # fmt: skip


def describe_browser(about: str) -> str:
    """Browser and system that a `User-Agent` names; what names none stays as it is, but shorter."""
    browser = next((name for sign, name in BROWSERS.items() if sign in about), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in about), "")
    if not (browser and system and about.startswith("Mozilla/")):
        return about[:LENGTH_MAX] or "An unknown browser"
    return f"{browser} on {system}"
