"""A brewery: beers, batches, tanks, ingredients, customers, deliveries and tastings, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE beer_styles (style_id serial PRIMARY KEY, style_name text NOT NULL, origin_country text);
CREATE TABLE beers (beer_id serial PRIMARY KEY, beer_name text NOT NULL, style_id integer REFERENCES beer_styles, alcohol_pct numeric(4,1), bitterness integer, launched_on date, is_seasonal boolean, price_per_litre numeric(6,2));
CREATE TABLE tanks (tank_id serial PRIMARY KEY, tank_label text NOT NULL, volume_l integer, last_cleaned date, status text);
CREATE TABLE brewers (brewer_id serial PRIMARY KEY, full_name text NOT NULL, hired_on date, hourly_wage numeric(6,2), mentor_id integer REFERENCES brewers);
CREATE TABLE batches (batch_id serial PRIMARY KEY, beer_id integer NOT NULL REFERENCES beers, tank_id integer REFERENCES tanks, brewer_id integer REFERENCES brewers, brewed_on date NOT NULL, bottled_on date, litres integer, result text);
CREATE TABLE ingredients (ingredient_id serial PRIMARY KEY, name text NOT NULL, kind text, supplier text, stock_kg numeric(8,1), cost_per_kg numeric(6,2));
CREATE TABLE recipes (beer_id integer REFERENCES beers, ingredient_id integer REFERENCES ingredients, kg_per_hl numeric(6,2), PRIMARY KEY (beer_id, ingredient_id));
CREATE TABLE pubs (pub_id serial PRIMARY KEY, name text NOT NULL, town text, owner_name text, customer_since date);
CREATE TABLE deliveries (delivery_id serial PRIMARY KEY, pub_id integer NOT NULL REFERENCES pubs, batch_id integer NOT NULL REFERENCES batches, delivered_on date, kegs integer, amount numeric(10,2), paid boolean);
CREATE TABLE tastings (tasting_id serial PRIMARY KEY, beer_id integer REFERENCES beers, taster text, tasted_on date, score integer);
INSERT INTO beer_styles VALUES (1,'Pale Ale','England'),(2,'Stout','Ireland'),(3,'Pilsner','Czechia'),(4,'Witbier','Belgium'),(5,'Porter','England');
INSERT INTO beers SELECT n, (array['Golden Gate','Night Shift','Clear Sky','Orange Moon','Old Harbor','Green Hop','Black Pearl','First Snow','Summer Rain','Red Barn','Iron Horse'])[n], (array[1,2,3,4,2,1,2,4,3,1,3])[n], (array[5.2,6.8,4.6,4.9,7.5,5.8,8.1,6.1,4.2,5.5,5.0])[n], (array[38,45,30,12,52,60,48,15,22,33,35])[n], date '2014-03-01'+n*311, n IN (4,8,9), (array[3.1,3.9,2.8,3.0,4.2,3.6,4.9,3.4,2.6,3.3,2.9])[n] FROM generate_series(1,11) n;
INSERT INTO tanks SELECT n, 'T'||n, (array[500,1000,1000,2000,2500,800,3000])[n], current_date-n*5, (array['in use','empty','in use','in use','cleaning','empty','in use'])[n] FROM generate_series(1,7) n;
INSERT INTO brewers VALUES (1,'Olga Marsh','2010-04-01',29,NULL),(2,'Piet Storm','2013-08-15',26,1),(3,'Rosa Field','2016-02-10',24.5,1),(4,'Sam Kettle','2019-06-01',21,2),(5,'Tina Vogel','2022-01-20',18.5,3),(6,'Udo Lang','2024-05-05',17,2);
INSERT INTO batches SELECT n, (array[1,1,2,3,3,3,5,6,7,8,10,1,2])[1+n%13], 1+floor(sqrt(n*3))::int%6, 1+floor(sqrt(n))::int%5, current_date-n*6, CASE WHEN n>4 THEN current_date-n*6+14+n%9 END, 400+(n*137)%1900, CASE WHEN n%10=0 THEN 'dumped' WHEN n%7=3 THEN 'blended' ELSE 'good' END FROM generate_series(1,120) n;
INSERT INTO ingredients VALUES (1,'Pilsner malt','malt','Weyer',2400,0.9),(2,'Roasted barley','malt','Weyer',350,1.4),(3,'Cascade','hops','HopHouse',80,18),(4,'Saaz','hops','Bohemia Hops',65,16.5),(5,'Ale yeast','yeast','LabYeast',12,60),(6,'Lager yeast','yeast','LabYeast',9,66),(7,'Coriander','spice','SpiceWay',5,11),(8,'Orange peel','spice','SpiceWay',0,14);
INSERT INTO recipes SELECT b, i, 0.2+((b*i*7)%30)/4.0 FROM generate_series(1,10) b, generate_series(1,7) i WHERE (b*i)%3<>1 OR i=1;
INSERT INTO pubs SELECT n, (array['The Anchor','Blue Door','Cat and Fiddle','Dragon','Eagle','Fox Inn','Green Man','Half Moon','Ivy House','Jolly Farmer'])[n], (array['Wells','Exeter','Bath','Wells','Bath','Wells','Exeter','Truro','Bath','Wells'])[n], (array['M. Hart','L. Quill','M. Hart','B. Noor','C. Dean','E. Ross','F. Tate','G. Moss','M. Hart','H. Lowe'])[n], date '2012-01-01'+n*250 FROM generate_series(1,10) n;
INSERT INTO deliveries SELECT n, 1+floor(sqrt(n*5))::int%8, 1+(n*7)%110, current_date-n*2, 1+(n*5)%12, 60+(n*83)%900, n%6<>0 FROM generate_series(1,230) n;
INSERT INTO tastings SELECT n, 1+floor(sqrt(n*4))::int%9, (array['Ann','Ben','Cora'])[1+floor(sqrt(n))::int%3], current_date-n*4, 40+(n*29)%60 FROM generate_series(1,90) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many beers of each style do we brew?", "SELECT style_name, count(*) FROM beers JOIN beer_styles USING (style_id) GROUP BY style_id, 1;SELECT style_name, count(beer_id) FROM beer_styles LEFT JOIN beers USING (style_id) GROUP BY style_id, 1"),
    ("Find the names of the beers with more than 6 percent alcohol.", "SELECT beer_name FROM beers WHERE alcohol_pct>6"),
    ("Which beer is the most bitter?", "SELECT beer_name FROM beers ORDER BY bitterness DESC LIMIT 1"),
    ("List the seasonal beers", "SELECT beer_name FROM beers WHERE is_seasonal"),
    ("What is the total number of litres brewed per beer?", "SELECT beer_name, sum(litres) FROM batches JOIN beers USING (beer_id) GROUP BY beer_id, 1"),
    ("How many batches were dumped?", "SELECT count(*) FROM batches WHERE result='dumped'"),
    ("Which tanks are empty?", "SELECT tank_label FROM tanks WHERE status='empty'"),
    ("What is the volume of the largest tank?", "SELECT max(volume_l) FROM tanks"),
    ("Who brewed the most batches?", "SELECT full_name FROM brewers JOIN batches USING (brewer_id) GROUP BY brewer_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Show each brewer with his mentor", "SELECT b.full_name, m.full_name FROM brewers b LEFT JOIN brewers m ON m.brewer_id=b.mentor_id;SELECT b.full_name, m.full_name FROM brewers b JOIN brewers m ON m.brewer_id=b.mentor_id"),
    ("Which brewers have no mentor?", "SELECT full_name FROM brewers WHERE mentor_id IS NULL"),
    ("Average hourly wage of the brewers hired after 2015", "SELECT avg(hourly_wage) FROM brewers WHERE hired_on>='2016-01-01'"),
    ("What ingredients go into Night Shift?", "SELECT i.name FROM ingredients i JOIN recipes USING (ingredient_id) JOIN beers USING (beer_id) WHERE beer_name='Night Shift'"),
    ("Which ingredients are out of stock?", "SELECT name FROM ingredients WHERE stock_kg=0"),
    ("What is the most expensive kind of hops?", "SELECT name FROM ingredients WHERE kind='hops' ORDER BY cost_per_kg DESC LIMIT 1"),
    ("How many ingredients does each supplier provide?", "SELECT supplier, count(*) FROM ingredients GROUP BY 1"),
    ("How many kegs did The Anchor receive last month?", "SELECT sum(kegs) FROM deliveries JOIN pubs p USING (pub_id) WHERE p.name='The Anchor' AND delivered_on>=date_trunc('month',current_date)-interval '1 month' AND delivered_on<date_trunc('month',current_date)"),
    ("Total amount of unpaid deliveries", "SELECT sum(amount) FROM deliveries WHERE NOT paid"),
    ("Which pubs in Wells have never received a delivery?", "SELECT name FROM pubs p WHERE town='Wells' AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.pub_id=p.pub_id)"),
    ("Top 3 pubs by delivered amount", "SELECT p.name, sum(amount) FROM deliveries JOIN pubs p USING (pub_id) GROUP BY pub_id, 1 ORDER BY 2 DESC LIMIT 3;SELECT p.name FROM deliveries JOIN pubs p USING (pub_id) GROUP BY pub_id, 1 ORDER BY sum(amount) DESC LIMIT 3"),
    ("What is the average score of each beer?", "SELECT beer_name, avg(score) FROM tastings JOIN beers USING (beer_id) GROUP BY beer_id, 1"),
    ("Which beers were tasted by Cora?", "SELECT DISTINCT beer_name FROM beers JOIN tastings USING (beer_id) WHERE taster='Cora'"),
    ("How many pubs does M. Hart own?", "SELECT count(*) FROM pubs WHERE owner_name='M. Hart'"),
    ("Number of deliveries per month this year", "SELECT date_trunc('month',delivered_on), count(*) FROM deliveries WHERE delivered_on>=date_trunc('year',current_date) AND delivered_on<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("How many days are there on average between brewing and bottling?", "SELECT avg(bottled_on-brewed_on) FROM batches"),
    ("Which batches have not been bottled yet?", "SELECT batch_id FROM batches WHERE bottled_on IS NULL;SELECT * FROM batches WHERE bottled_on IS NULL"),
    ("Beers stronger than the average", "SELECT beer_name FROM beers WHERE alcohol_pct>(SELECT avg(alcohol_pct) FROM beers)"),
    ("Find the styles that come from England.", "SELECT style_name FROM beer_styles WHERE origin_country='England'"),
    ("Which styles have no beer?", "SELECT style_name FROM beer_styles s WHERE NOT EXISTS (SELECT 1 FROM beers b WHERE b.style_id=s.style_id)"),
    ("What percentage of the batches was good?", "SELECT 100.0*count(*) FILTER (WHERE result='good')/count(*) FROM batches;SELECT 1.0*count(*) FILTER (WHERE result='good')/count(*) FROM batches"),
    ("Show the name and price of the three cheapest beers.", "SELECT beer_name, price_per_litre FROM beers ORDER BY 2 LIMIT 3"),
    ("Pubs with more than 30 deliveries", "SELECT p.name FROM pubs p JOIN deliveries USING (pub_id) GROUP BY pub_id, 1 HAVING count(*)>30"),
    ("When was Green Hop launched?", "SELECT launched_on FROM beers WHERE beer_name='Green Hop'"),
    ("How many litres of stout were brewed this year?", "SELECT sum(litres) FROM batches JOIN beers USING (beer_id) JOIN beer_styles USING (style_id) WHERE style_name='Stout' AND brewed_on>=date_trunc('year',current_date) AND brewed_on<date_trunc('year',current_date)+interval '1 year'"),
    ("Which town has the most pubs?", "SELECT town FROM pubs GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("List all brewers ordered by wage from high to low", "SELECT full_name FROM brewers ORDER BY hourly_wage DESC;SELECT full_name, hourly_wage FROM brewers ORDER BY hourly_wage DESC"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which visitors took the brewery tour?",
    "What is the phone number of each pub?",
    "How many bottles broke during transport?",
    "Which driver made the deliveries?",
    "What is the temperature of each tank?",
    "Which beers won a medal?",
    "How much electricity did we use last month?",
    "What is the email address of the suppliers?",
    "Which brewers are on holiday?",
    "How many calories does each beer have?",
    "Who designed the labels?",
    "Which pubs are open on Sundays?",
)
