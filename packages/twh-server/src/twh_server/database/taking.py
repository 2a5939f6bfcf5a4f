"""Taking tables for a migration, without making everyone wait behind it.

Whoever waits for a table to be free keeps all others from it: one long report, and the whole shop stands still. So a
migration asks for all that it changes at once, waits a moment only, lets go of everything and asks again. Writers begin
with the head of their tenant, so it is taken first: they then wait there, and hold nothing that we wait for.
"""

WAIT_MILLISECONDS = 250
"""How long others may be kept waiting by one try."""
PAUSE_SECONDS = 0.5
TRIES_MAX = 600


def take(*tables: str) -> str:
    """The statement that takes tables until the transaction ends; fails when they are not free for five minutes."""
    return f"""
do $$
declare
    patience text := current_setting('lock_timeout');
begin
    perform set_config('lock_timeout', '{WAIT_MILLISECONDS}ms', true);
    for try in 1 .. {TRIES_MAX} loop
        begin
            lock table ledger_heads in exclusive mode;
            lock table {", ".join(tables)} in access exclusive mode;
            perform set_config('lock_timeout', patience, true);
            return;
        exception when lock_not_available or deadlock_detected then
            perform pg_sleep({PAUSE_SECONDS});
        end;
    end loop;
    raise exception 'the tables are in use all the time: end what reads them for long, and migrate again'
        using errcode = 'lock_not_available';
end
$$;
"""
