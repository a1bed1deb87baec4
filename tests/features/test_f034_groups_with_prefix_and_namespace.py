"""F34: groups of routes are mounted under a prefix and a name, and in each other."""

from __future__ import annotations

from bistro import App, Routes
from bistro.testing import Client


def make_items() -> Routes:
    """Three levels: items, with reviews under each, with votes under each of these."""
    items, reviews, votes = Routes(), Routes(), Routes()

    @items.get("/{item:int}")
    async def show(item: int) -> str:
        return f"item {item}"

    @reviews.get("/{review:int}")
    async def show_review(item: int, review: int) -> str:
        return f"review {review} of item {item}"

    @votes.post("/", name="add")
    async def add_vote(item: int, review: int) -> str:
        return f"vote for review {review} of item {item}"

    reviews.include(votes, at="/{review:int}/votes", name="votes")
    items.include(reviews, at="/{item:int}/reviews", name="reviews")
    return items


def test_prefixes_and_names_are_joined_to_any_depth() -> None:
    app = App()
    app.include(make_items(), at="/shop/items", name="shop")

    places = {
        app.url("shop.show", item=7): "GET",
        app.url("shop.reviews.show_review", item=7, review=2): "GET",
        app.url("shop.reviews.votes.add", item=7, review=2): "POST",
    }
    with Client(app) as client:
        told = {place: client.request(method, place).text for place, method in places.items()}

    assert told == {
        "/shop/items/7": "item 7",
        "/shop/items/7/reviews/2": "review 2 of item 7",
        "/shop/items/7/reviews/2/votes/": "vote for review 2 of item 7",
    }


def test_one_group_is_mounted_twice_under_names_of_its_own() -> None:
    app, items = App(), make_items()
    app.include(items, at="/new", name="new")
    app.include(items, at="/used", name="used")

    assert (app.url("new.show", item=1), app.url("used.show", item=1)) == ("/new/1", "/used/1")
    with Client(app) as client:
        assert client.get("/new/1").text == client.get("/used/1").text == "item 1"
        assert client.get("/1").status == 404


def test_routes_added_to_a_group_after_it_was_mounted_count_too() -> None:
    app, late = App(), Routes()
    app.include(late, at="/late", name="late")
    late.get("/", name="index")(lambda: "late")

    with Client(app) as client:
        assert client.get(app.url("late.index")).text == "late"
