"""Components: templates with declared props and slots, used like tags.

How it works: `{% props … %}` makes a macro named `component` of everything behind it, so a file is one
component. `{% component "card.html" note=note %}` becomes an import of that macro and its call. Each
slot is one more parameter, named so that no prop can have the name; what stands in the tag's body, and
in its `{% fill … %}`, is printed first and passed. So all of it is plain Jinja2 for what compiles,
checks and renders, and stock Jinja2 renders it, too.
"""

from __future__ import annotations

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token
from jinja2.parser import Parser

from bistro.ground.text import did_you_mean

MACRO = "component"
"""Its name where it is imported as a macro: `{% from "card.html" import component as card %}`."""
SLOT = "_slot_"
DEFAULT_SLOT = "body"
HIDDEN = "_component_"
SLOTS = "_bistro_slots"
"""What a parser notes the slots under that it has met."""


class ComponentTags(Extension):
    """The tags `props` and `slot`, for components, and `component` and `fill`, for what uses them."""

    tags = {"props", "slot", "component", "fill"}  # noqa: RUF012 - as Jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Read one of the tags, with everything that belongs to it."""
        token = next(parser.stream)
        if token.value == "props":
            return _parse_props(parser, token.lineno)
        if token.value == "slot":
            return _parse_slot(parser, token.lineno)
        if token.value == "component":
            return _parse_component(parser, token.lineno)
        return parser.fail("`fill` stands inside of `component`, before or behind its body", token.lineno)


def types_of_props(macro: nodes.Macro) -> dict[str, nodes.Expr] | None:
    """The declared types of a component's props by name; None for a macro that is no component."""
    found: dict[str, nodes.Expr] | None = vars(macro).get("prop_types")
    return found


def find_misuse(macro: nodes.Macro, given: list[str]) -> tuple[str, str, str] | None:
    """What is wrong with props and slots that are given: what, the word, and what was meant; or None."""
    parameters = [each.name for each in macro.args]
    for name in given:
        if name not in parameters:
            is_slot = name.startswith(SLOT)
            word = name.removeprefix(SLOT)
            kind = "slot" if is_slot else "prop"
            known = [each.removeprefix(SLOT) for each in parameters if each.startswith(SLOT) is is_slot]
            return f"the component has no {kind} {word!r}", word, did_you_mean(word, known) or ""
    required = parameters[: len(parameters) - len(macro.defaults)]
    missing = next((each for each in required if each not in given), None)
    return None if missing is None else (f"the component needs the prop {missing!r}", MACRO, "")


# --- the component itself -----------------------------------------------------------------------------


def _parse_props(parser: Parser, line: int) -> nodes.Node:
    """`{% props title: str, compact: bool = false %}`, and the rest of the file as the component's body."""
    required: list[nodes.Name] = []
    optional: list[tuple[nodes.Name, nodes.Expr]] = []
    types: dict[str, nodes.Expr] = {}
    while parser.stream.current.type != "block_end":
        if required or optional:
            parser.stream.expect("comma")
        name = parser.parse_assign_target(name_only=True)
        if name.name.startswith("_") or name.name in {each.name for each in required} | {
            n.name for n, _ in optional
        }:
            parser.fail(f"a prop can't be named {name.name!r}, or has the name of another", line)
        name.set_ctx("param")
        if parser.stream.skip_if("colon"):
            types[name.name] = parser.parse_expression()
        if parser.stream.skip_if("assign"):
            optional.append((name, parser.parse_expression()))
        elif optional:
            parser.fail(f"the prop {name.name!r} needs a default, since one before it has one", line)
        else:
            required.append(name)
    if SLOTS in vars(parser):
        parser.fail("a file has one `props`, at its top", line)
    slots: dict[str, None] = {}
    vars(parser)[SLOTS] = slots
    parser.stream.expect("block_end")
    body = parser.subparse(None)
    # Whoever has called this expects the end of the tag, which was in front of the body.
    parser.stream.push(Token(line, "block_end", ""))
    next(parser.stream)
    arguments = [*required, *(name for name, _ in optional)]
    defaults = [value for _, value in optional]
    for slot in slots:
        arguments.append(nodes.Name(SLOT + slot, "param", lineno=line))
        defaults.append(nodes.Const(None, lineno=line))
    macro = nodes.Macro(MACRO, arguments, defaults, body, lineno=line)
    vars(macro)["prop_types"] = types
    return macro


def _parse_slot(parser: Parser, line: int) -> nodes.Node:
    """`{% slot footer %}what stands there if nothing is given{% endslot %}`."""
    slots: dict[str, None] | None = vars(parser).get(SLOTS)
    if slots is None:
        parser.fail("`slot` stands in a component, behind its `props`", line)
    slot = DEFAULT_SLOT
    if parser.stream.current.type == "name":
        slot = next(parser.stream).value
    slots[slot] = None
    default = parser.parse_statements(("name:endslot",), drop_needle=True)

    def given() -> nodes.Name:
        return nodes.Name(SLOT + slot, "load", lineno=line)

    is_none = nodes.Test(given(), "none", [], [], None, None, lineno=line)
    shown = nodes.Output([given()], lineno=line)
    return nodes.If(is_none, default, [], [shown], lineno=line)


# --- where it is used ---------------------------------------------------------------------------------


def _parse_component(parser: Parser, line: int) -> nodes.Node:
    """`{% component "card.html" note=note %}body{% fill footer %}…{% endfill %}{% endcomponent %}`."""
    template = parser.parse_primary()
    if not isinstance(template, nodes.Const) or not isinstance(template.value, str):
        parser.fail("the name of a component is a text in quotes", line)
    props: list[nodes.Keyword] = []
    while parser.stream.current.type != "block_end":
        if props:
            parser.stream.skip_if("comma")
        name = parser.stream.expect("name").value
        if name in {each.key for each in props}:
            parser.fail(f"the prop {name!r} is given twice", line)
        parser.stream.expect("assign")
        props.append(nodes.Keyword(name, parser.parse_expression(), lineno=line))
    fills = _parse_fills(parser, line)
    number = vars(parser)["component_count"] = vars(parser).get("component_count", 0) + 1
    alias = f"{HIDDEN}{number}"
    statements: list[nodes.Node] = [nodes.FromImport(template, [(MACRO, alias)], False, lineno=line)]
    for slot, body in fills.items():
        held = f"{alias}_{slot}"
        statements.append(nodes.AssignBlock(nodes.Name(held, "store", lineno=line), None, body, lineno=line))
        props.append(nodes.Keyword(SLOT + slot, nodes.Name(held, "load", lineno=line), lineno=line))
    call = nodes.Call(nodes.Name(alias, "load", lineno=line), [], props, None, None, lineno=line)
    return nodes.Scope([*statements, nodes.Output([call], lineno=line)], lineno=line)


def _parse_fills(parser: Parser, line: int) -> dict[str, list[nodes.Node]]:
    """What stands in the body of the tag, by slot; a body of blanks alone is none."""
    fills: dict[str, list[nodes.Node]] = {}
    body: list[nodes.Node] = []
    while True:
        body += parser.parse_statements(("name:endcomponent", "name:fill"))
        token = next(parser.stream)
        if token.value == "endcomponent":
            break
        slot = parser.stream.expect("name").value
        if slot in fills:
            parser.fail(f"the slot {slot!r} is filled twice", token.lineno)
        fills[slot] = parser.parse_statements(("name:endfill",), drop_needle=True)
    if any(not _is_blank(node) for node in body):
        if DEFAULT_SLOT in fills:
            parser.fail(f"the slot {DEFAULT_SLOT!r} is filled twice", line)
        fills[DEFAULT_SLOT] = body
    return fills


def _is_blank(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(
        isinstance(each, nodes.TemplateData) and not each.data.strip() for each in node.nodes
    )
