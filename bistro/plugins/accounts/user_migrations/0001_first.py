"""Create the table bistro_user."""

from bistro.migrations import Column, CreateTable, Migration, PrimaryKey, Table, Unique

migration = Migration(
    operations=[
        CreateTable(
            Table(
                "bistro_user",
                columns=(
                    Column("id", "integer", default="auto"),
                    Column("key", "text", max_length=32),
                    Column("name", "text", max_length=150),
                    Column("name_key", "text", nullable=True, max_length=1000),
                    Column("email", "text", max_length=254),
                    Column("email_key", "text", max_length=1000),
                    Column("password", "text", max_length=500),
                    Column("roles", "array", item="text"),
                    Column("is_superuser", "bool"),
                    Column("is_active", "bool"),
                    Column("verified_at", "datetime", nullable=True),
                    Column("logged_in_at", "datetime", nullable=True),
                    Column("created_at", "datetime", default="auto"),
                ),
                constraints=(
                    PrimaryKey("pk_bistro_user", ("id",)),
                    Unique("uq_bistro_user_email_key", ("email_key",)),
                    Unique("uq_bistro_user_key", ("key",)),
                    Unique("uq_bistro_user_name_key", ("name_key",)),
                ),
            ),
        ),
    ],
)
