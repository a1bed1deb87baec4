"""TechEmpower's cases by Flask with SQLAlchemy's ORM, a session for each request."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from benchmarks.peers.apps.numbers import CONNECTIONS, one, some, url_for
from benchmarks.peers.apps.sqlalchemy_world import World

engine = create_engine(
    url_for({"postgresql": "postgresql+psycopg", "sqlite": "sqlite"}), pool_size=CONNECTIONS
)
app = Flask(__name__)


@app.get("/plaintext")
def plaintext():
    return Response("Hello, World!", mimetype="text/plain")


@app.get("/db")
def db():
    with Session(engine) as session:
        return session.get(World, one()).answer()


@app.get("/queries")
def queries():
    with Session(engine) as session:
        return jsonify([session.get(World, number).answer() for number in some(request.args.get("queries"))])


@app.get("/updates")
def updates():
    with Session(engine, expire_on_commit=False) as session:
        worlds = [session.get(World, number) for number in some(request.args.get("queries"))]
        for world in worlds:
            world.randomnumber = one()
        session.commit()
        return jsonify([world.answer() for world in worlds])
