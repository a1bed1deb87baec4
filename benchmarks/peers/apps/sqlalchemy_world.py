"""The model of TechEmpower's cases for SQLAlchemy's ORM."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class World(Base):
    __tablename__ = "world"
    id: Mapped[int] = mapped_column(primary_key=True)
    randomnumber: Mapped[int]

    def answer(self) -> dict[str, int]:
        """What is sent of it."""
        return {"id": self.id, "randomnumber": self.randomnumber}
