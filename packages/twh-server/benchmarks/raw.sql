-- What one movement needs when it is written by hand: the yardstick, in tables of its own on the same database.
create schema raw;
create table raw.items (id int primary key);
insert into raw.items select generate_series(1, 10000);
create table raw.levels (item int primary key, on_hand numeric(24, 9) not null, version bigint not null);
create table raw.movements (
    id bigserial primary key, item int not null references raw.items, quantity numeric(24, 9) not null,
    on_hand_after numeric(24, 9) not null, recorded_at timestamptz not null
);
create index on raw.movements (item, id);
create table raw.events (id bigserial primary key, kind text not null, body text not null);
create table raw.keys (key uuid primary key, digest bytea not null, event bigint not null);
analyze raw.items;

-- The same in one call: no other way to write row by row needs fewer round trips.
create function raw.move(moved int) returns numeric
language plpgsql as $$
declare
    stock numeric;
    event bigint;
begin
    insert into raw.levels values (moved, 0, 0) on conflict do nothing;
    select on_hand + 1 into stock from raw.levels where item = moved for update;
    insert into raw.movements (item, quantity, on_hand_after, recorded_at) values (moved, 1, stock, now());
    update raw.levels set on_hand = stock, version = version + 1 where item = moved;
    insert into raw.events (kind, body) values ('entry.recorded', repeat('x', 900)) returning id into event;
    insert into raw.keys values (gen_random_uuid(), repeat('x', 32)::bytea, event);
    return stock;
end
$$;
