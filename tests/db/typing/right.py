"""Right uses: type checkers find nothing here, and infer what `assert_type` says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_type

from bistro import Upload
from bistro.db import (
    Column,
    Expr,
    Field,
    ForeignKey,
    ManyToMany,
    Model,
    OneToOne,
    PageOf,
    Predicate,
    Query,
    Related,
    StoredFile,
    auto,
    case,
    count,
    exists,
    field,
    max_,
    outer,
    related,
    row_number,
)


class User(Model):
    id: Field[int] = auto()
    username: Field[str] = field(max_length=50, unique=True)
    active: Field[bool] = field(default=True)
    posts: Related[Post] = related()
    profile: OneToOne[Profile | None] = related()


class Profile(Model):
    user: OneToOne[User] = field(primary_key=True)


class Tag(Model):
    id: Field[int] = auto()
    name: Field[str]


class Post(Model):
    id: Field[int] = auto()
    author: ForeignKey[User]
    editor: ForeignKey[User | None] = field(default=None)
    title: Field[str] = field(max_length=200)
    subtitle: Field[str | None] = field(default=None)
    views: Field[int] = field(default=0)
    created_at: Field[datetime] = auto()
    tags: ManyToMany[Tag] = related()
    cover: Field[StoredFile | None] = field(default=None)


async def use(user: User) -> None:
    post = Post(author=user, title="Hello")
    assert_type(post.title, str)
    assert_type(post.subtitle, str | None)
    assert_type(post.author.username, str)
    assert_type(post.editor, User | None)
    assert_type(post.tags, list[Tag])
    assert_type(Post.title, Column[str])
    assert_type(Post.author.username, Column[str])
    assert_type(Post.editor.username, Column[str])
    assert_type(Post.tags.name, Column[str])
    assert_type(Post.views > 3, Predicate)
    assert_type(Post.created_at - timedelta(days=1), Expr[datetime])
    assert_type(Post.author == user, Predicate)
    query = Post.objects.filter(
        Post.views >= 10,
        Post.author.username.icontains("an"),
        (Post.title == "x") | ~Post.title.startswith("y"),
        Post.author == user,
        Post.subtitle.contains("z"),
        exists(Tag.objects.filter(Tag.id == outer(Post.id))),
    )
    assert_type(query, Query[Post])
    assert_type(await query, list[Post])
    assert_type(await query.get(Post.id == 1), Post)
    assert_type(await query.find(title="x"), Post | None)
    assert_type(await query.count(), int)
    assert_type(await query.page(2), PageOf[Post])
    assert_type(await query.select(Post.id), list[int])
    assert_type(await query.select(Post.id, Post.author.username), list[tuple[int, str]])
    assert_type(await query.select(Post, count()).group_by(Post.id), list[tuple[Post, int]])
    assert_type(await query.select(Post.author.username, max_(Post.views)), list[tuple[str, int | None]])
    assert_type(await query.select(row_number().over(order_by=Post.id)), list[int])
    await query.update(
        Post.views.set(Post.views + 1), Post.title.set(case((Post.views > 3, "a"), default="b"))
    )
    async for each in query.order_by(Post.created_at.desc(), Post.id).limit(20).load(Post.author, Post.tags):
        assert_type(each, Post)
    assert_type(await Post.objects.create(title="x", author=user), Post)
    assert_type(await Post.objects.upsert(on=Post.id, title="x"), Post)
    assert_type(await Post.objects.get_or_create(title="x"), tuple[Post, bool])
    await post.add(Post.tags, Tag(name="new"))
    assert_type(await post.load(Post.author), Post)
    number = count()
    busy = Post.objects.select(Post.author.id, number).group_by(Post.author.id).cte("busy")
    assert_type(busy[number], Expr[int])
    joined = User.objects.join(busy, busy[Post.author.id] == User.id)
    assert_type(await joined.select(User.username, busy[number]), list[tuple[str, int]])


async def use_files(post: Post, upload: Upload) -> None:
    assert_type(post.cover, StoredFile | None)
    assert_type(Post.cover, Column[StoredFile | None])
    post.cover = StoredFile.of(upload)
    post.cover = None
    await Post.objects.filter(Post.cover.is_null()).update(cover=upload)
    assert_type(await Post.objects.select(Post.cover), list[StoredFile | None])
