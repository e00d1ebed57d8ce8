"""A harbour: ships, owners, berths, calls, pilots, cargo and dues, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE ship_owners (owner_id serial PRIMARY KEY, company text NOT NULL, country text, founded integer);
CREATE TABLE vessels (vessel_id serial PRIMARY KEY, name text NOT NULL, vessel_type text, flag text, built_year integer, gross_tonnage integer, length_m numeric(6,1), owner_id integer REFERENCES ship_owners);
CREATE TABLE berths (berth_id serial PRIMARY KEY, code text NOT NULL, quay text, max_draught_m numeric(4,1), has_crane boolean);
CREATE TABLE pilots (pilot_id serial PRIMARY KEY, first_name text, last_name text, licensed_on date, phone text);
CREATE TABLE port_calls (call_id serial PRIMARY KEY, vessel_id integer NOT NULL REFERENCES vessels, berth_id integer NOT NULL REFERENCES berths, pilot_id integer REFERENCES pilots, arrived_at timestamp NOT NULL, departed_at timestamp, purpose text);
CREATE TABLE cargo_items (item_id serial PRIMARY KEY, call_id integer NOT NULL REFERENCES port_calls, commodity text, direction text, tonnes numeric(10,1));
CREATE TABLE dues (due_id serial PRIMARY KEY, call_id integer NOT NULL REFERENCES port_calls, due_type text, amount numeric(10,2), billed_on date, paid_on date);
INSERT INTO ship_owners SELECT n, (array['Nordlys Shipping','Kestrel Lines','Baltra','Oceanic Bulk','Meridian Tankers','Castor Ferries','Lumen Marine'])[n], (array['Norway','Panama','Greece','Norway','Liberia','Greece','Japan'])[n], 1900+n*13 FROM generate_series(1,7) n;
INSERT INTO vessels SELECT n, (array['Aurora','Bergen Star','Calypso','Dorado','Elektra','Fjord Queen','Galatea','Halcyon','Iris','Juno','Kraken','Lodestar','Mistral','Nereid','Orion','Pegasus','Quasar','Rhea'])[n], (array['container','bulk carrier','tanker','ferry'])[1+floor(sqrt(n*2))::int%4], (array['Norway','Panama','Greece','Liberia'])[1+(n*3)%4], 1975+n*2+n%3, 4000+n*1850+(n%4)*310, 80+n*9.5, CASE WHEN n<=8 THEN 1 WHEN n<=13 THEN 2 WHEN n<=16 THEN 3 ELSE 4+n%3 END FROM generate_series(1,18) n;
INSERT INTO berths SELECT n, 'B'||n, (array['North Quay','South Quay','Oil Jetty'])[1+(n*2)%3], 7+n*0.9, n%3<>0 FROM generate_series(1,9) n;
INSERT INTO pilots SELECT n, (array['Ada','Bo','Cleo','Dag','Eva','Finn'])[n], (array['Lund','Marsh','Novak','Olsen','Price','Quist'])[n], date '2004-03-01'+n*500, '+47 555 0'||n FROM generate_series(1,6) n;
INSERT INTO port_calls SELECT n, 1+floor(sqrt(n*4))::int%16, 1+(n*n+n)%8, CASE WHEN n%5<>0 THEN 1+floor(sqrt(n))::int%5 END, now()-n*interval '41 hours', CASE WHEN n>6 THEN now()-n*interval '41 hours'+(6+n%9*4)*interval '1 hour' END, (array['cargo','bunkering','repair'])[1+floor(sqrt(n*3))::int%3] FROM generate_series(1,170) n;
INSERT INTO cargo_items SELECT n, 1+(n*7)%160, (array['grain','crude oil','containers','timber','coal'])[1+((n*7)%160/9+n%2*2)%5], CASE WHEN n%3=0 THEN 'load' ELSE 'discharge' END, 40+(n*53)%890 FROM generate_series(1,320) n;
INSERT INTO dues SELECT n, 1+(n*3)%150, (array['quay dues','pilotage','waste','towage'])[1+floor(sqrt(n*3))::int%4], 150+(n*97)%2600, current_date-n*2, CASE WHEN n%4<>0 THEN current_date-n*2+3+n%31 END FROM generate_series(1,240) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many vessels fly the flag of Panama?", "SELECT count(*) FROM vessels WHERE flag='Panama'"),
    ("Average gross tonnage by vessel type", "SELECT vessel_type, avg(gross_tonnage) FROM vessels GROUP BY 1"),
    ("Which berths have a crane?", "SELECT code FROM berths WHERE has_crane;SELECT berth_id FROM berths WHERE has_crane;SELECT berth_id, code FROM berths WHERE has_crane"),
    ("Names of the vessels owned by Nordlys Shipping", "SELECT v.name FROM vessels v JOIN ship_owners o USING (owner_id) WHERE o.company='Nordlys Shipping'"),
    ("How many port calls were there last month?", "SELECT count(*) FROM port_calls WHERE arrived_at>=date_trunc('month',current_date)-interval '1 month' AND arrived_at<date_trunc('month',current_date)"),
    ("Which vessel has called most often?", "SELECT v.name FROM vessels v JOIN port_calls USING (vessel_id) GROUP BY vessel_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("How many tonnes of coal were discharged?", "SELECT sum(tonnes) FROM cargo_items WHERE commodity='coal' AND direction='discharge'"),
    ("List the vessels that have never called at the port.", "SELECT name FROM vessels v WHERE NOT EXISTS (SELECT 1 FROM port_calls c WHERE c.vessel_id=v.vessel_id)"),
    ("What is the total of unpaid dues?", "SELECT sum(amount) FROM dues WHERE paid_on IS NULL"),
    ("Which vessels were built before 1990?", "SELECT name FROM vessels WHERE built_year<1990"),
    ("Top 3 owners by number of vessels", "SELECT o.company, count(*) FROM ship_owners o JOIN vessels USING (owner_id) GROUP BY o.owner_id, 1 ORDER BY 2 DESC LIMIT 3;SELECT o.company FROM ship_owners o JOIN vessels USING (owner_id) GROUP BY o.owner_id, 1 ORDER BY count(*) DESC LIMIT 3"),
    ("What percentage of port calls were made without a pilot?", "SELECT 100.0*count(*) FILTER (WHERE pilot_id IS NULL)/count(*) FROM port_calls;SELECT 1.0*count(*) FILTER (WHERE pilot_id IS NULL)/count(*) FROM port_calls"),
    ("Total tonnes loaded per commodity", "SELECT commodity, sum(tonnes) FROM cargo_items WHERE direction='load' GROUP BY 1"),
    ("Which ships are still in port?", "SELECT DISTINCT v.name FROM vessels v JOIN port_calls c USING (vessel_id) WHERE departed_at IS NULL"),
    ("How long do vessels stay at each quay on average?", "SELECT quay, avg(departed_at-arrived_at) FROM port_calls JOIN berths USING (berth_id) GROUP BY 1;SELECT quay, avg(extract(epoch from departed_at-arrived_at))/3600 FROM port_calls JOIN berths USING (berth_id) GROUP BY 1;SELECT quay, avg(extract(epoch from departed_at-arrived_at))/86400 FROM port_calls JOIN berths USING (berth_id) GROUP BY 1;SELECT quay, avg(extract(epoch from departed_at-arrived_at)) FROM port_calls JOIN berths USING (berth_id) GROUP BY 1"),
    ("Show the name and length of the longest tanker.", "SELECT name, length_m FROM vessels WHERE vessel_type='tanker' ORDER BY 2 DESC LIMIT 1"),
    ("Which pilots have guided more than 20 calls?", "SELECT first_name, last_name FROM pilots JOIN port_calls USING (pilot_id) GROUP BY pilot_id, 1, 2 HAVING count(*)>20"),
    ("How many vessels does each country's owners have?", "SELECT country, count(*) FROM ship_owners JOIN vessels USING (owner_id) GROUP BY 1;SELECT country, count(vessel_id) FROM ship_owners LEFT JOIN vessels USING (owner_id) GROUP BY 1"),
    ("What was the average amount of pilotage dues?", "SELECT avg(amount) FROM dues WHERE due_type='pilotage'"),
    ("Which dues were paid more than 30 days after billing?", "SELECT due_id FROM dues WHERE paid_on-billed_on>30"),
    ("Vessels larger than the average gross tonnage", "SELECT name FROM vessels WHERE gross_tonnage>(SELECT avg(gross_tonnage) FROM vessels)"),
    ("How many different commodities did Aurora carry?", "SELECT count(DISTINCT commodity) FROM cargo_items JOIN port_calls USING (call_id) JOIN vessels v USING (vessel_id) WHERE v.name='Aurora'"),
    ("Monthly dues billed this year", "SELECT date_trunc('month',billed_on), sum(amount) FROM dues WHERE billed_on>=date_trunc('year',current_date) GROUP BY 1;SELECT to_char(billed_on,'YYYY-MM'), sum(amount) FROM dues WHERE billed_on>=date_trunc('year',current_date) GROUP BY 1"),
    ("Which owner from Greece has the newest vessel?", "SELECT o.company FROM ship_owners o JOIN vessels USING (owner_id) WHERE country='Greece' ORDER BY built_year DESC LIMIT 1"),
    ("Berths at the Oil Jetty with a draught of at least 10 metres", "SELECT code FROM berths WHERE quay='Oil Jetty' AND max_draught_m>=10;SELECT berth_id FROM berths WHERE quay='Oil Jetty' AND max_draught_m>=10;SELECT berth_id, code FROM berths WHERE quay='Oil Jetty' AND max_draught_m>=10"),
    ("Who is the pilot with the oldest licence?", "SELECT first_name, last_name FROM pilots ORDER BY licensed_on LIMIT 1"),
    ("How many calls were for repair and how many for bunkering?", "SELECT purpose, count(*) FROM port_calls WHERE purpose IN ('repair','bunkering') GROUP BY 1;SELECT count(*) FILTER (WHERE purpose='repair'), count(*) FILTER (WHERE purpose='bunkering') FROM port_calls"),
    ("Rank the owners by total dues", "SELECT o.company, sum(amount) FROM dues JOIN port_calls USING (call_id) JOIN vessels USING (vessel_id) JOIN ship_owners o USING (owner_id) GROUP BY o.owner_id, 1 ORDER BY 2 DESC;SELECT o.company, sum(amount), rank() OVER (ORDER BY sum(amount) DESC) FROM dues JOIN port_calls USING (call_id) JOIN vessels USING (vessel_id) JOIN ship_owners o USING (owner_id) GROUP BY o.owner_id, 1"),
    ("Which vessels carried timber but no grain?", "SELECT v.name FROM vessels v WHERE EXISTS (SELECT 1 FROM port_calls c JOIN cargo_items USING (call_id) WHERE c.vessel_id=v.vessel_id AND commodity='timber') AND NOT EXISTS (SELECT 1 FROM port_calls c JOIN cargo_items USING (call_id) WHERE c.vessel_id=v.vessel_id AND commodity='grain')"),
    ("The phone numbers of the pilots licensed after 2008", "SELECT phone FROM pilots WHERE licensed_on>='2009-01-01'"),
    ("What is the ratio of tonnes loaded to tonnes discharged?", "SELECT sum(tonnes) FILTER (WHERE direction='load')/sum(tonnes) FILTER (WHERE direction='discharge') FROM cargo_items"),
    ("Compare the dues billed this month with last month", "SELECT sum(amount) FILTER (WHERE billed_on>=date_trunc('month',current_date)), sum(amount) FILTER (WHERE billed_on>=date_trunc('month',current_date)-interval '1 month' AND billed_on<date_trunc('month',current_date)) FROM dues WHERE billed_on<date_trunc('month',current_date)+interval '1 month';SELECT date_trunc('month',billed_on), sum(amount) FROM dues WHERE billed_on>=date_trunc('month',current_date)-interval '1 month' AND billed_on<date_trunc('month',current_date)+interval '1 month' GROUP BY 1"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which captains have the most experience?",
    "How much fuel did the ferries burn last year?",
    "What is the nationality of the pilots?",
    "Which vessels failed a safety inspection?",
    "How many passengers arrived by ferry?",
    "What is the insured value of the timber?",
    "Which berths are reserved for next week?",
    "Average salary of the dock workers",
)
