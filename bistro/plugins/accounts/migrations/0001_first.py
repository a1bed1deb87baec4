"""Create the tables of events, attempts and groups."""

from bistro.migrations import (
    Column,
    CreateTable,
    ForeignKey,
    Index,
    Migration,
    PrimaryKey,
    Table,
    Unique,
)

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_account_event",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("at", "datetime", default="auto"),
                    Column("kind", "text", max_length=40),
                    Column("user_key", "text", max_length=32),
                    Column("by_key", "text", max_length=32),
                    Column("address", "text", max_length=64),
                    Column("about", "text", max_length=200),
                    Column("detail", "text", max_length=200),
                ),
                constraints=(PrimaryKey("pk_bistro_account_event", ("id",)),),
                indexes=(Index("ix_bistro_account_event_user_key", ("user_key",)),),
            ),
        ),
        CreateTable(
            Table(
                "bistro_attempts",
                columns=(
                    Column("key", "text", max_length=64),
                    Column("full_at", "float"),
                ),
                constraints=(PrimaryKey("pk_bistro_attempts", ("key",)),),
                indexes=(Index("ix_bistro_attempts_full_at", ("full_at",)),),
            ),
        ),
        CreateTable(
            Table(
                "bistro_group",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("name", "text", max_length=100),
                    Column("roles", "array", item="text"),
                ),
                constraints=(
                    PrimaryKey("pk_bistro_group", ("id",)),
                    Unique("uq_bistro_group_name", ("name",)),
                ),
            ),
        ),
        CreateTable(
            Table(
                "bistro_membership",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("group_id", "integer"),
                    Column("user_key", "text", max_length=32),
                ),
                constraints=(
                    PrimaryKey("pk_bistro_membership", ("id",)),
                    Unique(
                        "uq_bistro_membership_group_id_user_key",
                        ("group_id", "user_key"),
                    ),
                    ForeignKey(
                        "fk_bistro_membership_group_id",
                        ("group_id",),
                        "bistro_group",
                        ("id",),
                        on_delete="cascade",
                    ),
                ),
                indexes=(
                    Index("ix_bistro_membership_group_id", ("group_id",)),
                    Index("ix_bistro_membership_user_key", ("user_key",)),
                ),
            ),
        ),
    ],
)
