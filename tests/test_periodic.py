"""The periodic tasks' own connections: what they say is committed at once."""

import asyncio

import psycopg
from sqlalchemy import text

from bridge.periodic import periodic_app

A_JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) VALUES ('default', 'x', '{}', 'doing')"
FROZEN = "UPDATE procrastinate_jobs SET status = 'failed'"
HELD = "SELECT status FROM procrastinate_jobs FOR UPDATE NOWAIT"


def test_who_is_frozen_right_after_a_statement_holds_nothing_that_others_wait_for(database):
    with database.session() as session:
        session.execute(text(A_JOB))

    async def freeze():
        app = periodic_app(database)
        async with app.open_async(), app.connector.pool.connection() as connection:
            await connection.execute(FROZEN)
            with psycopg.connect(database.url) as other:
                return other.execute(HELD).fetchone()

    assert asyncio.run(freeze()) == ("failed",)
