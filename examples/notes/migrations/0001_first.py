"""Create the table note."""

from bistro.migrations import Column, CreateTable, Migration, PrimaryKey, Table

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "note",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("title", "text", max_length=120),
                    Column("body", "text", max_length=10000),
                    Column("created_at", "datetime", default="auto"),
                ),
                constraints=(PrimaryKey("pk_note", ("id",)),),
            ),
        ),
    ],
)
