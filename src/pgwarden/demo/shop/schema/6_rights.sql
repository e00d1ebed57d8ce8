-- shop_reader may read the business, not the secrets: no card numbers, no salaries, no national ids, no audit trail.

revoke all on all tables in schema public from public;
grant usage on schema public to shop_reader;
grant select on
    categories, suppliers, warehouses, products, price_history, addresses, users, promotions, orders, order_items,
    shipments, reviews, customer_notes, stock_movements, customer_overview, products_to_reorder, category_tree,
    monthly_sales
to shop_reader;
grant select (
    id, first_name, last_name, full_name, email, phone, city, state, tier, tags, marketing_opt_in, created_at
) on customers to shop_reader;
grant select (id, manager_id, first_name, last_name, email, title, department, hired_on) on employees to shop_reader;
grant select (id, order_id, method, status, amount, paid_at, card_last4) on payments to shop_reader;
grant execute on function customer_lifetime_value(integer) to shop_reader;
