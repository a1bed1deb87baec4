"""The mails that a site under test would have sent."""

from __future__ import annotations

from bistro.app import BaseApp
from bistro.mail import MemoryTransport, Message
from bistro.plugins.mail import Mail
from bistro.testing.async_client import AsyncClient
from bistro.testing.client import Client
from bistro.testing.errors import NoMailPlugin

WAIT_SECONDS = 10.0


class Mailbox:
    """What the site of `client` has sent so far: in testing its plugin `Mail` keeps mails instead.

        >>> mailbox = Mailbox(client)
        >>> client.post("/sign-up", data={"mail": "ada@example.com"})
        >>> mailbox.messages[0].subject
        'Welcome, Ada'

    Raises `NoMailPlugin` (B714) for a site without the plugin.
    """

    def __init__(self, client: Client | AsyncClient) -> None:
        self._client = client
        self._app = client.app
        if not isinstance(self._app, BaseApp) or not any(
            isinstance(each, Mail) for each in self._app.plugins
        ):
            raise NoMailPlugin("this site sends no mail", fix="Install the plugin: App(Mail()).")

    @property
    def messages(self) -> list[Message]:
        """All messages, the oldest first, once what was left for after the answers is done.

        In a test that is `async`, write `await mailbox.wait()`.
        """
        if not isinstance(self._client, Client):
            raise TypeError("in an async test, write: await mailbox.wait()")
        return self._client.run(self.wait())

    async def wait(self) -> list[Message]:
        """The same, awaited."""
        assert isinstance(self._app, BaseApp)
        await self._app.freeze().keeper.settle(WAIT_SECONDS)
        found: list[Message] = []
        for transport in await self._settled():
            found += transport.messages
        return found

    def clear(self) -> None:
        """Forget the messages so far."""
        if self.messages:
            for transport in self._transports():
                transport.messages.clear()

    async def _settled(self) -> list[MemoryTransport]:
        assert isinstance(self._app, BaseApp)
        for plugin in self._app.plugins:
            if isinstance(plugin, Mail):
                for outboxes in plugin.outboxes:
                    for outbox in outboxes.values():
                        await outbox.wait()
        return self._transports()

    def _transports(self) -> list[MemoryTransport]:
        assert isinstance(self._app, BaseApp)
        made = [each for plugin in self._app.plugins if isinstance(plugin, Mail) for each in plugin.outboxes]
        transports = [outbox.transport for outboxes in made for outbox in outboxes.values()]
        return [each for each in transports if isinstance(each, MemoryTransport)]
