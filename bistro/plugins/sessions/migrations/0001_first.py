"""Create the table bistro_session."""

from bistro.migrations import Column, CreateTable, Index, Migration, PrimaryKey, Table

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_session",
                columns=(
                    Column("created_at", "float"),
                    Column("seen_at", "float"),
                    Column("id", "text", max_length=64),
                    Column("expires_at", "float"),
                    Column("owner", "text", max_length=200),
                    Column("about", "text", max_length=300),
                    Column("data", "text"),
                    Column("version", "integer"),
                ),
                constraints=(PrimaryKey("pk_bistro_session", ("id",)),),
                indexes=(
                    Index("ix_bistro_session_expires_at", ("expires_at",)),
                    Index("ix_bistro_session_owner", ("owner",)),
                ),
            ),
        ),
    ],
)
