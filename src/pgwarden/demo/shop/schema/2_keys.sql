-- What points where, and what happens to the pointing rows: every ON DELETE action occurs at least once.

alter table categories add foreign key (parent_id) references categories on delete no action;
alter table products add foreign key (category_id) references categories on delete set default;
alter table products add foreign key (supplier_id) references suppliers on delete no action;
alter table price_history add foreign key (product_id) references products on delete cascade;
alter table employees add foreign key (manager_id) references employees on delete set null;
alter table addresses add foreign key (customer_id) references customers on delete cascade;
alter table users add foreign key (customer_id) references customers on delete set null;
alter table orders add foreign key (customer_id) references customers on delete restrict;
alter table orders add foreign key (shipping_address_id) references addresses on delete set null;
alter table orders add foreign key (sales_rep_id) references employees on delete set null;
alter table orders add foreign key (promotion_id) references promotions on delete set null;
alter table order_items add foreign key (order_id) references orders on delete cascade;
alter table order_items add foreign key (product_id) references products on delete restrict;
alter table payments add foreign key (order_id) references orders on delete set null;
alter table shipments add foreign key (order_id) references orders on delete cascade;
alter table shipments add foreign key (warehouse_id) references warehouses on delete set null;
alter table reviews add foreign key (product_id) references products on delete cascade;
alter table reviews add foreign key (customer_id) references customers on delete set null;
alter table customer_notes add foreign key (customer_id) references customers on delete cascade;
alter table customer_notes add foreign key (author_id) references employees on delete set null;
alter table stock_movements add foreign key (product_id) references products
    on delete no action deferrable initially deferred;
alter table stock_movements add foreign key (warehouse_id) references warehouses on delete restrict;

create index on categories (parent_id);
create index on products (category_id);
create index on products (supplier_id);
create index on products using gin (tags);
create index on products using gin (attributes);
create index on price_history (product_id, changed_at);
create index on employees (manager_id);
create index on customers (state, city);
create index on customers (lower(last_name));
create index on addresses (customer_id);
create index on users (customer_id);
create index on users (registered_at);
create index on orders (customer_id);
create index on orders (ordered_at);
create index on orders (shipping_address_id);
create index on orders (ordered_at) where status in ('pending', 'paid');
create index on order_items (product_id);
create index on payments (order_id);
create index on shipments (order_id);
create index on reviews (product_id);
create index on reviews using gin (words);
create index on customer_notes (customer_id);
create index on stock_movements (product_id, moved_at);
