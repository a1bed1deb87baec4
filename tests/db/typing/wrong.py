"""Wrong uses: type checkers report every line that ends in `# wrong`, and no other."""

from __future__ import annotations

from tests.db.typing.right import Post, Tag, User


async def misuse() -> None:
    User(username=1)  # wrong
    Post(title="x")  # wrong
    Post.objects.filter(Post.views >= "10")  # wrong
    Post.objects.filter(Post.views.icontains("1"))  # wrong
    Post.objects.filter(Post.titel == "x")  # wrong
    Post.objects.filter(Post.author.nme == "x")  # wrong
    Post.objects.filter("title = 1")  # wrong
    await Post.objects.update(Post.views.set("x"))  # wrong
    post = await Post.objects.get(Post.id == 1)
    post.title = 3  # wrong
    post.cover = "name.png"  # wrong
    print(post.cover.name)  # wrong
    print(post.author.username.foo)  # wrong
    print(post.editor.username)  # wrong
    print((await Post.objects.find(Post.id == 1)).title)  # wrong
    number: str = (await Post.objects.select(Post.id))[0]  # wrong
    Post.objects.limit("3")  # wrong
    Post.title.between(1, 2)  # wrong
    Tag.name.in_([1])  # wrong
    Post.objects.order_by(3)  # wrong
    busy = Post.objects.select(Post.title).cte("busy")
    print(busy[Post.title] > 3)  # wrong
    Post.objects.join(busy, Post.title)  # wrong
    print(number)
