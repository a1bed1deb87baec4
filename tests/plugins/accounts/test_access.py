"""Who may do what: roles, groups, policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest

from bistro import App, Page
from bistro.db import Field, ForeignKey, Model, Predicate, Query, auto, create_tables
from bistro.ground import SetupError
from bistro.plugins import Accounts, Database, Rendering
from bistro.plugins.accounts import Access, AccountSite, Allowed, Policies, PolicyError, User, permitted
from tests.plugins.accounts.support import EMAIL, HTML, Site, site_with, who_routes

BOB = "bob@example.com"
policy = Policies()


class Paper(Model):
    id: Field[int] = auto()
    title: Field[str]
    is_public: Field[bool]
    author: ForeignKey[User]


@policy(Paper, "see")
def may_see(user: User | None) -> Predicate | bool:
    return Paper.is_public == True if user is None else (Paper.is_public == True) | (Paper.author == user)  # noqa: E712


@policy(Paper, "edit")
def may_edit(user: User | None) -> Predicate | bool:
    return user is not None and Paper.author == user


@policy(Paper, "edit")
def may_edit_this(user: User | None, paper: Paper) -> bool:
    return user is not None and bool(getattr(paper, "author_id") == user.id)  # noqa: B009 - made from `author`


@policy(Paper, "sign")
def may_sign(user: User | None, paper: Paper) -> bool:
    return user is not None and paper.title == "open"


class PaperPage(Page, template="paper.html"):
    paper: Paper


TEMPLATE = """{{ paper.title }}:
{%- if may("edit", paper) %} edit{% endif %}{% if may("paper.publish") %} publish{% endif %}
{%- if user %} {{ user.email }}{% endif %}"""


def add(app: App) -> None:
    who_routes(app)

    @app.on_start
    async def make() -> None:
        await create_tables(Paper)

    @app.post("/test/papers/{author:int}/{title}/{kind}", public=True)
    async def add_paper(author: int, title: str, kind: str) -> int:
        made = await Paper.objects.create(title=title, is_public=kind == "public", author_id=author)
        return made.id

    @app.get("/papers")
    async def list_papers(papers: Annotated[Query[Paper], Allowed("see")]) -> list[str]:
        return [each.title for each in await papers.order_by(Paper.id)]

    @app.get("/papers/{id:int}")
    async def show(paper: Annotated[Paper, Allowed("see")]) -> PaperPage:
        return PaperPage(paper)

    @app.put("/papers/{paper_id:int}/{title}")
    async def rename(paper: Annotated[Paper, Allowed("edit")], title: str) -> str:
        paper.title = title
        await paper.save("title")
        return title

    @app.post("/papers/{id:int}/sign")
    async def sign(paper: Annotated[Paper, Allowed("sign")]) -> str:
        return "signed"

    @app.post("/publish", before=[permitted("paper.publish")])
    async def publish() -> str:
        return "published"

    @app.post("/test/groups/{name}/{email}", public=True)
    async def join(name: str, email: str, site: AccountSite) -> None:
        await site.make_group(name, ["editor"])
        user = await User.objects.get(User.email == email)
        await site.add_to_group(user, name)

    @app.post("/test/leave/{name}/{email}", public=True)
    async def leave(name: str, email: str, site: AccountSite) -> None:
        await site.remove_from_group(await User.objects.get(User.email == email), name)

    @app.get("/may")
    async def may(access: Access) -> list[str]:
        return sorted(access.permissions)


@pytest.fixture
def site() -> Iterator[Site]:
    rendering = Rendering(sources={"paper.html": TEMPLATE})
    roles = {"editor": ["paper.publish"], "chief": ["paper.*", "staff.hire"]}
    with site_with(rendering, add=add, roles=roles, policies=policy) as made:
        made.add_user()
        made.add_user(BOB)
        yield made


def add_paper(site: Site, author: int, title: str, *, is_public: bool = False) -> int:
    kind = "public" if is_public else "private"
    number: int = site.client.post(f"/test/papers/{author}/{title}/{kind}").json()
    return number


def test_list_holds_what_the_policy_allows(site: Site) -> None:
    add_paper(site, 1, "of ann")
    add_paper(site, 2, "of bob")
    add_paper(site, 2, "public", is_public=True)
    assert site.client.get("/papers").json() == ["public"]
    site.log_in()
    assert site.client.get("/papers").json() == ["of ann", "public"]


def test_own_object_is_found_and_that_of_somebody_else_is_a_404(site: Site) -> None:
    own, other = add_paper(site, 1, "own"), add_paper(site, 2, "other")
    site.log_in()
    assert site.client.put(f"/papers/{own}/new").text == "new"
    assert site.client.put(f"/papers/{other}/new").status == 404
    assert site.client.put("/papers/999/new").status == 404
    assert site.client.get(f"/papers/{other}").status == 404


def test_visitor_is_asked_to_log_in_where_nobody_else_may(site: Site) -> None:
    own = add_paper(site, 1, "own")
    assert site.client.put(f"/papers/{own}/new").status == 401
    assert site.client.get(f"/papers/{own}").status == 404  # some are for visitors; this one is hidden
    assert site.client.post(f"/papers/{own}/sign").status == 401


def test_rule_about_the_object_itself_is_asked_with_it(site: Site) -> None:
    site.log_in()
    shut, opened = add_paper(site, 2, "shut"), add_paper(site, 2, "open")
    assert site.client.post(f"/papers/{shut}/sign").status == 404
    assert site.client.post(f"/papers/{opened}/sign").text == "signed"


def test_templates_ask_the_same_rules(site: Site) -> None:
    paper = add_paper(site, 1, "mine", is_public=True)
    assert site.client.get(f"/papers/{paper}", headers=HTML).text == "mine:"
    site.log_in()
    assert site.client.get(f"/papers/{paper}", headers=HTML).text == f"mine: edit {EMAIL}"
    site.change_user(roles=["editor"])
    assert site.client.get(f"/papers/{paper}", headers=HTML).text == f"mine: edit publish {EMAIL}"


def test_role_gives_its_permissions_at_once_and_takes_them_at_once(site: Site) -> None:
    assert site.client.post("/publish").status == 401
    site.log_in()
    assert site.client.post("/publish").status == 403
    site.change_user(roles=["editor"])
    assert site.client.post("/publish").text == "published"
    site.change_user(roles=["no such role"])
    assert site.client.post("/publish").status == 403


def test_permission_with_a_star_covers_its_group(site: Site) -> None:
    site.log_in()
    site.change_user(roles=["chief"])
    assert site.client.post("/publish").text == "published"


def test_group_gives_roles_to_its_members(site: Site) -> None:
    site.log_in()
    site.client.post(f"/test/groups/press/{EMAIL}")
    assert site.client.post("/publish").text == "published"
    assert site.client.get("/may").json() == ["paper.publish"]
    site.client.post(f"/test/leave/press/{EMAIL}")
    assert site.client.post("/publish").status == 403


def test_superuser_may_do_everything(site: Site) -> None:
    other = add_paper(site, 2, "other")
    site.log_in()
    site.change_user(is_superuser=True)
    assert site.client.post("/publish").text == "published"
    assert site.client.put(f"/papers/{other}/new").text == "new"


def test_superuser_who_is_one_no_more_loses_access_at_once(site: Site) -> None:
    site.change_user(is_superuser=True)
    site.log_in()
    site.change_user(is_superuser=False)
    assert site.client.post("/publish").status == 403


# --- what stops the start -----------------------------------------------------------------------------


@pytest.fixture
def testing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "testing")


def freeze_with(handler_type: object, path: str = "/{id:int}") -> None:
    app = App(Database("sqlite://"), Accounts(policies=policy))

    async def handler(thing: object) -> str:
        return "x"

    handler.__annotations__["thing"] = handler_type
    app.get(path)(handler)
    app.freeze()


@pytest.mark.usefixtures("testing")
def test_action_without_a_rule_stops_the_start_and_names_the_nearest() -> None:
    with pytest.raises(PolicyError, match="Did you mean edit"):
        freeze_with(Annotated[Paper, Allowed("edti")])


@pytest.mark.usefixtures("testing")
def test_list_of_what_only_an_object_can_tell_stops_the_start() -> None:
    with pytest.raises(PolicyError, match="needs an object"):
        freeze_with(Annotated[Query[Paper], Allowed("sign")], "/")


@pytest.mark.usefixtures("testing")
def test_path_without_the_key_stops_the_start() -> None:
    with pytest.raises(SetupError, match="does not say which Paper"):
        freeze_with(Annotated[Paper, Allowed("edit")], "/")


def test_second_rule_of_one_form_is_refused() -> None:
    own = Policies()
    own(Paper, "edit")(may_edit)
    with pytest.raises(PolicyError, match="two rules of one form"):
        own(Paper, "edit")(may_edit)
    with pytest.raises(PolicyError, match="with 0 parameters"):
        own(Paper, "read")(lambda: True)


def test_rule_on_rows_alone_cannot_be_asked_in_a_template() -> None:
    own = Policies()
    own(Paper, "see")(may_see)
    with pytest.raises(PolicyError, match="condition on rows"):
        own.may(
            None,
            "see",
            Paper(title="x", is_public=True, author=User(email="a@example.com", email_key="a@example.com")),
        )
