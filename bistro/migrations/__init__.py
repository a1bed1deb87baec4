"""Migrations: how a database follows its models. What files of migrations import, and what runs them."""

from bistro.migrations.errors import (
    BranchError,
    HistoryError,
    MigrationError,
    MigrationFailed,
    MigrationFileError,
    UnsafeMigration,
    ValueNeeded,
)
from bistro.migrations.graph import Graph, Placed
from bistro.migrations.making import Draft, draft, find_difference, make_migration
from bistro.migrations.migration import SITE, Loaded, Migration
from bistro.migrations.operations.base import Operation
from bistro.migrations.operations.columns import AddColumn, ChangeColumn, DropColumn, RenameColumn
from bistro.migrations.operations.custom import Fill, Nothing, RunPython, RunSQL
from bistro.migrations.operations.links import LinkColumns, UnlinkColumns
from bistro.migrations.operations.rules import AddRule, DropRule, RenameRule
from bistro.migrations.operations.tables import (
    CreateExtension,
    CreateTable,
    DropTable,
    ForgetExtension,
    RenameTable,
)
from bistro.migrations.package import Package
from bistro.migrations.reading import read_models
from bistro.migrations.running.migrator import Migrator, Standing, migrate
from bistro.migrations.running.plan import Phase, Plan, make_plan
from bistro.migrations.running.postgresql import Patience
from bistro.migrations.schema import (
    Check,
    Column,
    Exclude,
    ForeignKey,
    Index,
    PrimaryKey,
    State,
    Table,
    Unique,
)
from bistro.migrations.sql.steps import Step
from bistro.migrations.sql_text import SQL

__all__ = [
    "Migration",
    "CreateTable",
    "DropTable",
    "RenameTable",
    "AddColumn",
    "ChangeColumn",
    "DropColumn",
    "RenameColumn",
    "LinkColumns",
    "UnlinkColumns",
    "AddRule",
    "DropRule",
    "RenameRule",
    "CreateExtension",
    "ForgetExtension",
    "RunSQL",
    "RunPython",
    "Fill",
    "Nothing",
    "Operation",
    "SQL",
    "Table",
    "Column",
    "PrimaryKey",
    "Unique",
    "Check",
    "ForeignKey",
    "Exclude",
    "Index",
    "State",
    "Package",
    "Graph",
    "Placed",
    "Loaded",
    "SITE",
    "Draft",
    "draft",
    "make_migration",
    "find_difference",
    "read_models",
    "Migrator",
    "migrate",
    "Standing",
    "Patience",
    "Plan",
    "Phase",
    "Step",
    "make_plan",
    "MigrationError",
    "MigrationFileError",
    "MigrationFailed",
    "HistoryError",
    "BranchError",
    "ValueNeeded",
    "UnsafeMigration",
]
