"""Create the table bistro_account_event; create the table bistro_attempts."""

from bistro.migrations import Column, CreateTable, Index, Migration, PrimaryKey, Table

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
    ],
)
