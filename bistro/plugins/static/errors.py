"""What can be wrong with static files."""

from __future__ import annotations

from bistro.ground import BistroError, SetupError


class StaticFolderError(SetupError):
    """A folder of static files that is not there.

    If you see this: the folder given to `Static` does not exist, as seen from the folder in which
    the site was started. `Static(Path(__file__).parent / "assets")` is found from anywhere.
    """

    code = "B312"


class ManifestError(SetupError):
    """What `bistro static collect` has written is no longer whole.

    If you see this: files were removed from the folder of collected files, or its manifest was
    changed by hand or is of another version of Bistro. Run `bistro static collect` again.
    """

    code = "B316"


class UnknownStaticFile(BistroError):
    """A static file that the site does not have.

    If you see this: the name given to `static(…)` is misspelt, begins with a slash, or the file was
    added after `bistro static collect`.
    """

    code = "B317"
