-- Ready-made answers.

create view customer_overview as
select
    c.id,
    c.full_name,
    c.state,
    c.tier,
    count(o.id) as orders,
    coalesce(sum(o.total) filter (where o.status not in ('cancelled', 'returned')), 0) as revenue,
    max(o.ordered_at) as last_order_at
from customers c
left join orders o on o.customer_id = c.id
group by c.id;

create view products_to_reorder as
select p.id, p.sku, p.name, p.stock_quantity, p.reorder_level, s.name as supplier, s.lead_time_days
from products p
join suppliers s on s.id = p.supplier_id
where p.is_active and p.stock_quantity < p.reorder_level;

create view category_tree as
with recursive tree as (
    select id, name, array[name] as path from categories where parent_id is null
    union all
    select c.id, c.name, t.path || c.name from categories c join tree t on c.parent_id = t.id
)
select id, name, array_to_string(path, ' > ') as path, cardinality(path) as depth from tree;

create materialized view monthly_sales as
select
    date_trunc('month', o.ordered_at at time zone 'UTC')::date as month,
    c.name as category,
    count(distinct o.id) as orders,
    sum(i.quantity) as units,
    sum(i.line_total) as revenue
from orders o
join order_items i on i.order_id = o.id
join products p on p.id = i.product_id
join categories c on c.id = p.category_id
where o.status not in ('cancelled', 'returned')
group by 1, 2
with no data;

create unique index on monthly_sales (month, category);
