"""The queue's own connections: what they say is committed at once, and told again when they were lost over it."""

import asyncio

from sqlalchemy import text

from bridge.queue import FORWARD, queue_app

LOST_ONCE = """
CREATE SEQUENCE losses;
CREATE FUNCTION lose_the_connection() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('losses') = 1 THEN  -- a sequence remembers what was undone, too
        PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lose_the_connection BEFORE UPDATE ON procrastinate_jobs
    FOR EACH ROW WHEN (NEW.status = 'todo') EXECUTE FUNCTION lose_the_connection();
"""
A_JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) VALUES ('default', :task, '{}', 'doing')
"""


def run(database, what):
    """Let a worker's queue do something about the one job that there is; answers the job's status afterwards."""
    with database.session() as session:
        session.execute(text(A_JOB), {"task": FORWARD})

    async def do():
        app = queue_app(database, worker=True)
        async with app.open_async():
            await what(app, (await app.job_manager.list_jobs_async())[0])

    asyncio.run(do())
    with database.session() as session:
        return session.scalar(text("SELECT status FROM procrastinate_jobs"))


def test_who_is_frozen_right_after_a_statement_holds_nothing_that_others_wait_for(database):
    async def freeze(app, job):
        async with app.connector.pool.connection() as connection:
            await connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
            with database.session() as other:
                assert (
                    other.scalar(text("SELECT status FROM procrastinate_jobs FOR UPDATE NOWAIT")) == "failed"
                )

    assert run(database, freeze) == "failed"


def test_a_connection_lost_over_the_end_of_a_job_does_not_leave_it_running_for_ever(database):
    with database.session() as session:
        session.execute(text(LOST_ONCE))

    async def retry(app, job):
        await app.job_manager.retry_job(job)

    assert run(database, retry) == "todo"
