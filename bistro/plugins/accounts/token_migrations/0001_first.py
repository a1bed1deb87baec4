"""Create the table bistro_api_token."""

from bistro.migrations import Column, CreateTable, Index, Migration, PrimaryKey, Table, Unique

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_api_token",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("user_key", "text", max_length=32),
                    Column("name", "text", max_length=100),
                    Column("hash", "text", max_length=64),
                    Column("scopes", "array", item="text"),
                    Column("created_at", "datetime", default="auto"),
                    Column("expires_at", "datetime", nullable=True),
                    Column("used_at", "datetime", nullable=True),
                ),
                constraints=(
                    PrimaryKey("pk_bistro_api_token", ("id",)),
                    Unique("uq_bistro_api_token_hash", ("hash",)),
                ),
                indexes=(Index("ix_bistro_api_token_user_key", ("user_key",)),),
            ),
        ),
    ],
)
