"""The role as which the bridge uses its embedded database: it owns the tables, and is no superuser."""

import psycopg

ROLE = "bridge"
LOCK = 0x6272_726F
"""Key of the advisory lock under which one process at a time hands objects over ("brro")."""

MAKE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bridge') THEN
        CREATE ROLE bridge LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
END $$;
GRANT USAGE, CREATE ON SCHEMA public TO bridge;
"""

HAND_OVER = """
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT 'TABLE' AS kind, format('%I.%I', relnamespace::regnamespace, relname) AS name
            FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relowner <> 'bridge'::regrole
                AND (relkind IN ('r', 'p', 'v', 'm')
                    OR relkind = 'S' AND NOT EXISTS (
                        SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i')))
        UNION ALL
        SELECT 'TYPE', format('%I.%I', typnamespace::regnamespace, typname)
            FROM pg_type LEFT JOIN pg_class ON pg_class.oid = typrelid
            WHERE typnamespace = 'public'::regnamespace AND typowner <> 'bridge'::regrole
                AND (typtype IN ('d', 'e') OR relkind = 'c')
        UNION ALL
        SELECT 'ROUTINE', oid::regprocedure::text
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proowner <> 'bridge'::regrole
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO bridge', one.kind, one.name);
    END LOOP;
END $$;
"""
"""Gives the role what a version has made that worked as the superuser. Indexes and sequences go with their table."""


def prepare_role(owner_url: str) -> None:
    """Make the role, and give it what is in the database. Safe to repeat; costs two questions once it is done."""
    with psycopg.connect(owner_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute(MAKE_ROLE)
        connection.execute(HAND_OVER)
