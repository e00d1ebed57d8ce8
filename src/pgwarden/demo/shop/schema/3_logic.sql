-- What the shop does by itself: price history, audit, row-level security.

create function remember_price() returns trigger language plpgsql as $$
begin
    insert into price_history (product_id, old_price, new_price) values (new.id, old.price, new.price);
    return null;
end
$$;

create trigger remember_price after update of price on products
    for each row when (old.price is distinct from new.price) execute function remember_price();

-- Runs with its owner's rights, so that whoever changes a row cannot avoid or edit the trail.
create function audit.record_change() returns trigger
    language plpgsql security definer set search_path = pg_catalog, audit as $$
begin
    insert into audit.changes (table_name, row_id, action, before, after)
    values (
        tg_table_name,
        case when tg_op = 'DELETE' then old.id else new.id end,
        tg_op,
        case when tg_op <> 'INSERT' then to_jsonb(old) end,
        case when tg_op <> 'DELETE' then to_jsonb(new) end
    );
    return null;
end
$$;

create trigger record_change after insert or update or delete on customers
    for each row execute function audit.record_change();
create trigger record_change after insert or update or delete on employees
    for each row execute function audit.record_change();
create trigger record_change after insert or update or delete on promotions
    for each row execute function audit.record_change();

create function customer_lifetime_value(customer integer) returns numeric
    language sql stable parallel safe as $$
    select coalesce(sum(total), 0) from orders where customer_id = customer and status not in ('cancelled', 'returned')
$$;

alter table customer_notes enable row level security;
create policy open_notes on customer_notes for select using (not confidential);
