"""What the test client says about an application that does not answer as it should."""

from __future__ import annotations

from bistro.ground.errors import BistroError
from bistro.testing.response import ClientResponse


class AnswerIncomplete(BistroError):
    """The application returned, or was cancelled, without a complete answer.

    If you see this: something that speaks `Exchange` directly left out `send` or `finish`, or an
    answer in pieces broke off; with `raise_server_errors=True` the cause is raised instead where
    the application knows it.
    """

    code = "B710"


class TooManyRedirects(BistroError):
    """Ten redirects, and still no page.

    If you see this: two routes redirect to each other; `error.history` has the answers in order.
    """

    code = "B711"


class WebSocketRefused(BistroError):
    """The application answered a handshake instead of accepting it.

    If you see this: a test expected a WebSocket, and a hook, the handler or the origin check
    refused it; `error.response` is the answer.
    """

    code = "B713"

    def __init__(self, response: ClientResponse) -> None:
        super().__init__(f"the WebSocket {response.url} was refused with {response.status}")
        self.response = response


class ClientClosed(BistroError):
    """A test client was used after `close()` or after its `with` block.

    If you see this: make a new client; the application it served has been stopped.
    """

    code = "B712"


class NoMailPlugin(BistroError):
    """A test asked for the mails of a site that has no plugin `Mail`.

    If you see this: install it, `App(Mail())`, or take the fixture `mailbox` out of the test.
    """

    code = "B714"


class NoAccounts(BistroError):
    """A test wanted to be logged in at a site that has no plugin `Accounts`.

    If you see this: install it, `App(Database(), Accounts())`.
    """

    code = "B715"
