"""What is wrong with a model or a query as it is written.

ModelError      B830   a model can't be a table as it is declared
QueryError      B831   a query that means nothing: an unknown field, a value where a rule is wanted
NotLoaded       B832   a relation was touched that the query did not load
ManyFound       B833   several rows where `get` or `find` wants one
    NotAllowed      B834   400: a client asks for a field that the program does not list
"""

from __future__ import annotations

from bistro.ground.errors import AnswerableError, BistroError, SetupError


class ModelError(SetupError):
    """A model that can't be a table as it is declared.

    If you see this: the class in the message has a field, relation or constraint that no column or
    table can have; the last line says how to write it.
    """

    code = "B830"


class QueryError(BistroError):
    """A query that means nothing.

    If you see this: a field, lookup or argument in the message is not one that this model has, or
    can't stand where it was written.
    """

    code = "B831"


class NotAllowed(AnswerableError):
    """A client asked for what it may not: a field to filter or order by, or a place in a list.

    If you see this: the name in the message is not among those that the program lists, or a
    client changed the text that an earlier answer gave as the next place.
    """

    code, status = "B834", 400
    detail = "This can't be asked for."


class NotLoaded(BistroError, AttributeError):
    """A relation was touched that the query did not load.

    If you see this: name the relation in the query, `.load(Note.author)`, or load it for an
    instance that you have, `await note.load(Note.author)`. Nothing is loaded behind your back.
    """

    code = "B832"


class ManyFound(BistroError):
    """Several rows fit where one was wanted.

    If you see this: `get` and `find` are for a rule that one row at most fulfils; use `first`, or a
    narrower rule.
    """

    code = "B833"
