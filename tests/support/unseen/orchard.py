"""An orchard cooperative, raw: growers, plots, harvest lots, cold stores, buyers and shipments, names cut short, no keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE grower (grw_id int, grw_name text, village text, member_dt date, organic boolean);
CREATE TABLE plot (plot_id int, grw_id int, area_ha numeric(5,2), variety text, planted_yr int, slope text);
CREATE TABLE harvest_lot (lot_no int, plot_id int, harvest_dt date, crates int, weight_kg numeric(9,1), quality text);
CREATE TABLE cold_store (store_cd text, store_name text, capacity_t int, temp_c numeric(4,1));
CREATE TABLE storage (lot_no int, store_cd text, in_dt date, out_dt date);
CREATE TABLE buyer (buyer_id int, buyer_name text, country text, buyer_type text);
CREATE TABLE shipment (ship_no int, lot_no int, buyer_id int, ship_dt date, qty_kg numeric(9,1), price_eur numeric(9,2), pay_dt date);
CREATE TABLE spray_log (spray_id int, plot_id int, spray_dt date, product text, litres numeric(6,1), worker text);
CREATE TABLE worker (wrk_id int, wrk_name text, hire_dt date, hourly_wage numeric(5,2), team text);
INSERT INTO grower SELECT n, (array['Anders','Bertil','Cecil','Dagny','Erland','Folke','Gudrun','Hedvig','Ingmar','Jorun','Knut','Liv'])[n], CASE WHEN n IN (1,12) THEN 'Vik' ELSE (array['Vik','Lund','Eik'])[1+floor(sqrt(n*3))::int%3] END, date '1994-04-01'+n*720, n%3=0 FROM generate_series(1,12) n;
INSERT INTO plot SELECT n, 1+floor(sqrt(n*3))::int%10, 0.4+(n*7)%23/10.0, (array['Gala','Elstar','Jonagold','Conference'])[1+floor(sqrt(n*2))::int%4], 1989+n, (array['flat','steep','gentle'])[1+n%3] FROM generate_series(1,32) n;
INSERT INTO harvest_lot SELECT n, 1+floor(sqrt(n*5))::int%28, current_date-n*2, 20+(n*13)%90, 400+(n*171)%2700, (array['A','B','juice'])[1+floor(sqrt(n))::int%3] FROM generate_series(1,190) n;
INSERT INTO cold_store VALUES ('C1','Fjord Hall',400,1.0),('C2','North Cellar',250,0.5),('C3','Harbour Box',120,2.0),('C4','Annex',60,3.5);
INSERT INTO storage SELECT n, (array['C1','C2','C3'])[1+floor(sqrt(n*2))::int%3], current_date-n*2+1, CASE WHEN n>40 THEN current_date-n*2+20+n%15 END FROM generate_series(1,180) n;
INSERT INTO buyer VALUES (1,'Fresh Mart','Sweden','retail'),(2,'Obst Jansen','Germany','wholesale'),(3,'Cider House','Norway','industry'),(4,'Markthal','Netherlands','wholesale'),(5,'Green Basket','Sweden','retail'),(6,'Nordic Jam','Norway','industry');
INSERT INTO shipment SELECT n, 1+(n*3)%180, 1+floor(sqrt(n*3))::int%5, current_date-n, 150+(n*91)%1900, 120+(n*137)%1700, CASE WHEN n%6<>0 THEN current_date-n+10+n%20 END FROM generate_series(1,240) n;
INSERT INTO spray_log SELECT n, 1+(n*5)%27, current_date-n*3, (array['sulphur','copper','soap'])[1+floor(sqrt(n*2))::int%3], 5+(n*7)%60, (array['Pal','Rolf'])[1+floor(sqrt(n))::int%2] FROM generate_series(1,110) n;
INSERT INTO worker SELECT n, (array['Pal','Rolf','Siri','Tor','Unni','Vidar','Wenche'])[n], date '2008-05-01'+n*800, 14+n*1.3, (array['picking','packing','spraying'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,7) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many growers are organic?", "SELECT count(*) FROM grower WHERE organic"),
    ("List the growers from Vik", "SELECT grw_name FROM grower WHERE village='Vik'"),
    ("Number of plots per variety", "SELECT variety, count(*) FROM plot GROUP BY 1"),
    ("Total area by grower", "SELECT grw_name, sum(area_ha) FROM grower JOIN plot USING (grw_id) GROUP BY grw_id, 1;SELECT grw_id, sum(area_ha) FROM plot GROUP BY 1"),
    ("Which growers have no plot?", "SELECT grw_name FROM grower g WHERE NOT EXISTS (SELECT 1 FROM plot p WHERE p.grw_id=g.grw_id)"),
    ("What is the largest plot?", "SELECT plot_id FROM plot ORDER BY area_ha DESC LIMIT 1;SELECT max(area_ha) FROM plot"),
    ("Plots planted before 2000", "SELECT plot_id FROM plot WHERE planted_yr<2000"),
    ("Total weight harvested per quality", "SELECT quality, sum(weight_kg) FROM harvest_lot GROUP BY 1"),
    ("How many crates of Gala were harvested last month?", "SELECT sum(crates) FROM harvest_lot JOIN plot USING (plot_id) WHERE variety='Gala' AND harvest_dt>=date_trunc('month',current_date)-interval '1 month' AND harvest_dt<date_trunc('month',current_date)"),
    ("Average weight of a harvest lot", "SELECT avg(weight_kg) FROM harvest_lot"),
    ("Which cold store has the largest capacity?", "SELECT store_name FROM cold_store ORDER BY capacity_t DESC LIMIT 1"),
    ("Cold stores colder than 1.5 degrees", "SELECT store_name FROM cold_store WHERE temp_c<1.5;SELECT store_cd, store_name FROM cold_store WHERE temp_c<1.5"),
    ("How many lots are still in storage?", "SELECT count(*) FROM storage WHERE out_dt IS NULL"),
    ("Which cold stores are not used?", "SELECT store_name FROM cold_store c WHERE NOT EXISTS (SELECT 1 FROM storage s WHERE s.store_cd=c.store_cd)"),
    ("Average number of days in storage per store", "SELECT store_name, avg(out_dt-in_dt) FROM storage JOIN cold_store USING (store_cd) GROUP BY 1;SELECT store_cd, avg(out_dt-in_dt) FROM storage GROUP BY 1"),
    ("Buyers from Norway", "SELECT buyer_name FROM buyer WHERE country='Norway'"),
    ("Which buyer bought the most?", "SELECT buyer_name FROM buyer JOIN shipment USING (buyer_id) GROUP BY buyer_id, 1 ORDER BY sum(qty_kg) DESC LIMIT 1;SELECT buyer_name FROM buyer JOIN shipment USING (buyer_id) GROUP BY buyer_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Top 3 buyers by shipped quantity", "SELECT buyer_name, sum(qty_kg) FROM buyer JOIN shipment USING (buyer_id) GROUP BY buyer_id, 1 ORDER BY 2 DESC LIMIT 3;SELECT buyer_name FROM buyer JOIN shipment USING (buyer_id) GROUP BY buyer_id, 1 ORDER BY sum(qty_kg) DESC LIMIT 3"),
    ("Buyers without shipments", "SELECT buyer_name FROM buyer b WHERE NOT EXISTS (SELECT 1 FROM shipment s WHERE s.buyer_id=b.buyer_id)"),
    ("How many shipments are unpaid?", "SELECT count(*) FROM shipment WHERE pay_dt IS NULL"),
    ("Shipments per month this year", "SELECT date_trunc('month',ship_dt), count(*) FROM shipment WHERE ship_dt>=date_trunc('year',current_date) AND ship_dt<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Total price of the shipments to wholesale buyers", "SELECT sum(price_eur) FROM shipment JOIN buyer USING (buyer_id) WHERE buyer_type='wholesale'"),
    ("Shipments of more than 1500 kg", "SELECT ship_no FROM shipment WHERE qty_kg>1500;SELECT * FROM shipment WHERE qty_kg>1500"),
    ("Litres of copper sprayed this year", "SELECT sum(litres) FROM spray_log WHERE product='copper' AND spray_dt>=date_trunc('year',current_date) AND spray_dt<date_trunc('year',current_date)+interval '1 year'"),
    ("How often was each product sprayed?", "SELECT product, count(*) FROM spray_log GROUP BY 1"),
    ("Which plots were never sprayed?", "SELECT plot_id FROM plot p WHERE NOT EXISTS (SELECT 1 FROM spray_log s WHERE s.plot_id=p.plot_id)"),
    ("Workers in the packing team", "SELECT wrk_name FROM worker WHERE team='packing'"),
    ("Who earns the highest hourly wage?", "SELECT wrk_name FROM worker ORDER BY hourly_wage DESC LIMIT 1"),
    ("Average hourly wage by team", "SELECT team, avg(hourly_wage) FROM worker GROUP BY 1"),
    ("What share of the lots has quality A?", "SELECT 100.0*count(*) FILTER (WHERE quality='A')/count(*) FROM harvest_lot;SELECT 1.0*count(*) FILTER (WHERE quality='A')/count(*) FROM harvest_lot"),
    ("Harvest lots heavier than the average", "SELECT lot_no FROM harvest_lot WHERE weight_kg>(SELECT avg(weight_kg) FROM harvest_lot)"),
    ("Growers with more than 3 plots", "SELECT grw_name FROM grower JOIN plot USING (grw_id) GROUP BY grw_id, 1 HAVING count(*)>3"),
    ("Which village has the most growers?", "SELECT village FROM grower GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Workers hired since 2015", "SELECT wrk_name FROM worker WHERE hire_dt>='2015-01-01'"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How many bees were rented?",
    "What was the rainfall last month?",
    "Which tractors need repair?",
    "What is the phone number of each buyer?",
    "Which trees are sick?",
    "How much electricity do the cold stores use?",
    "Who drove the trucks?",
    "Which growers took out a loan?",
    "What is the sugar content of the apples?",
    "How many visitors came to the harvest festival?",
    "Which workers speak Polish?",
    "What subsidies did the growers receive?",
)
