"""Mail for a site: a `Mailer` for handlers and commands, templates, and a preview in development."""

from bistro.plugins.mail.mailer import Mailer, MessageOptions
from bistro.plugins.mail.page import MailPage
from bistro.plugins.mail.plugin import Mail

__all__ = ["Mail", "MailPage", "Mailer", "MessageOptions"]
