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
