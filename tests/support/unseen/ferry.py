"""Island ferries: routes, sailings, boats, crew, bookings, passengers, vehicles and refunds, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE islands (island_id int PRIMARY KEY, name text NOT NULL, population int, area_km2 numeric(6,1));
CREATE TABLE routes (route_id int PRIMARY KEY, from_island_id int REFERENCES islands, to_island_id int REFERENCES islands, distance_nm numeric(5,1), is_winter boolean);
CREATE TABLE boats (boat_id int PRIMARY KEY, name text NOT NULL, seats int, car_places int, built int, retired_on date);
CREATE TABLE captains (captain_id int PRIMARY KEY, name text NOT NULL, born date, home_island_id int REFERENCES islands, salary numeric(9,2));
CREATE TABLE sailings (sailing_id int PRIMARY KEY, route_id int REFERENCES routes, boat_id int REFERENCES boats, captain_id int REFERENCES captains, departs_at timestamp, arrives_at timestamp, status text, delay_minutes int);
CREATE TABLE passengers (passenger_id int PRIMARY KEY, full_name text NOT NULL, island_id int REFERENCES islands, birth_date date, is_resident boolean);
CREATE TABLE bookings (booking_id int PRIMARY KEY, sailing_id int REFERENCES sailings, passenger_id int REFERENCES passengers, booked_at timestamp, fare numeric(7,2), vehicle text, channel text, cancelled_at timestamp);
CREATE TABLE refunds (refund_id int PRIMARY KEY, booking_id int REFERENCES bookings, refunded_on date, amount numeric(7,2), reason text);
INSERT INTO islands VALUES (1,'Arran',4600,432),(2,'Bute',6500,122),(3,'Coll',195,76.9),(4,'Eigg',105,30.5),(5,'Islay',3200,619.6),(6,'Jura',196,366.9),(7,'Rum',22,104.6);
INSERT INTO routes VALUES (1,1,2,14.5,true),(2,2,1,14.5,true),(3,1,5,38,true),(4,5,6,2.5,true),(5,3,4,22,false),(6,4,3,22,false),(7,5,1,38,false),(8,2,5,41,false);
INSERT INTO boats VALUES (1,'Sea Otter',250,40,1988,NULL),(2,'Grey Seal',120,12,1999,NULL),(3,'Puffin',90,8,2004,NULL),(4,'Gannet',310,55,2012,NULL),(5,'Old Tern',70,0,1969,'2019-05-01'),(6,'Eider',180,30,2021,NULL);
INSERT INTO captains VALUES (1,'Angus Muir','1961-02-03',1,58000),(2,'Bea Lorne','1975-07-21',5,52500),(3,'Colin Reay','1983-11-30',1,47000),(4,'Dee Skye','1990-01-15',2,43500),(5,'Ewan Tait','1995-04-09',7,39000);
INSERT INTO sailings SELECT n, 1+floor(sqrt(n*2))::int%7, (array[1,2,3,4,6,1,4])[1+n%7], 1+floor(sqrt(n*3))::int%4, now()-n*interval '9 hours', CASE WHEN n%17<>0 THEN now()-n*interval '9 hours'+(40+n%9*15)*interval '1 minute' END, CASE WHEN n%17=0 THEN 'cancelled' ELSE 'sailed' END, CASE WHEN n%17=0 THEN NULL WHEN n%4=0 THEN 3+(n*7)%55 ELSE 0 END FROM generate_series(1,260) n;
INSERT INTO passengers SELECT n, (array['Isla','Jock','Kirsty','Lewis','Morag','Neil','Orla'])[1+n%7]||' '||(array['Gow','Hay','Innes','Kerr','Lamont'])[1+(n/3)%5]||' '||n, 1+floor(sqrt(n*3))::int%6, date '1948-01-01'+n*211, n%3=0 FROM generate_series(1,110) n;
INSERT INTO bookings SELECT n, 1+(n*7)%255, 1+floor(sqrt(n*13))::int%99, now()-n*interval '5 hours', 8+(n*17)%70, (array['none','car','none','van','bicycle'])[1+(n*n+n/7)%5], (array['web','office','web','agent'])[1+floor(sqrt(n))::int%4], CASE WHEN n%9=0 THEN now()-n*interval '5 hours'+interval '3 hours' END FROM generate_series(1,620) n;
INSERT INTO refunds SELECT n, n*9, current_date-n*2, 4+(n*13)%40, (array['weather','illness','other'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,60) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Which islands have fewer than 200 inhabitants?", "SELECT name FROM islands WHERE population<200"),
    ("What is the second largest boat by seats?", "SELECT name FROM boats ORDER BY seats DESC OFFSET 1 LIMIT 1;SELECT name, seats FROM boats ORDER BY seats DESC OFFSET 1 LIMIT 1"),
    ("For each captain, show the latest sailing", "SELECT c.name, max(departs_at) FROM captains c JOIN sailings s USING (captain_id) GROUP BY captain_id, 1;SELECT DISTINCT ON (captain_id) c.name, sailing_id FROM captains c JOIN sailings s USING (captain_id) ORDER BY captain_id, departs_at DESC"),
    ("Which captains earn more than the average salary?", "SELECT name FROM captains WHERE salary>(SELECT avg(salary) FROM captains)"),
    ("How many bookings were cancelled last month?", "SELECT count(*) FROM bookings WHERE cancelled_at>=date_trunc('month',current_date)-interval '1 month' AND cancelled_at<date_trunc('month',current_date)"),
    ("Number of sailings per boat, including boats without any", "SELECT b.name, count(sailing_id) FROM boats b LEFT JOIN sailings USING (boat_id) GROUP BY boat_id, 1"),
    ("Which boats are still in service?", "SELECT name FROM boats WHERE retired_on IS NULL"),
    ("What share of bookings came through the web?", "SELECT 100.0*count(*) FILTER (WHERE channel='web')/count(*) FROM bookings;SELECT 1.0*count(*) FILTER (WHERE channel='web')/count(*) FROM bookings"),
    ("Total fares by channel for bookings that were not cancelled", "SELECT channel, sum(fare) FROM bookings WHERE cancelled_at IS NULL GROUP BY 1"),
    ("Which passengers booked both a car and a van?", "SELECT full_name FROM passengers p WHERE EXISTS (SELECT 1 FROM bookings b WHERE b.passenger_id=p.passenger_id AND vehicle='car') AND EXISTS (SELECT 1 FROM bookings b WHERE b.passenger_id=p.passenger_id AND vehicle='van')"),
    ("Passengers who have never brought a vehicle", "SELECT full_name FROM passengers p WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.passenger_id=p.passenger_id AND vehicle<>'none')"),
    ("Average delay of the delayed sailings", "SELECT avg(delay_minutes) FROM sailings WHERE delay_minutes>0"),
    ("How many sailings left from Arran this month?", "SELECT count(*) FROM sailings JOIN routes USING (route_id) JOIN islands i ON i.island_id=from_island_id WHERE i.name='Arran' AND departs_at>=date_trunc('month',current_date) AND departs_at<date_trunc('month',current_date)+interval '1 month'"),
    ("Routes that end on Islay", "SELECT route_id FROM routes JOIN islands i ON i.island_id=to_island_id WHERE i.name='Islay';SELECT r.* FROM routes r JOIN islands i ON i.island_id=to_island_id WHERE i.name='Islay'"),
    ("Which captain lives on Rum?", "SELECT c.name FROM captains c JOIN islands i ON i.island_id=home_island_id WHERE i.name='Rum'"),
    ("Which captain commanded the most sailings on the Gannet?", "SELECT c.name FROM captains c JOIN sailings USING (captain_id) JOIN boats b USING (boat_id) WHERE b.name='Gannet' GROUP BY captain_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("What is the longest route?", "SELECT route_id FROM routes ORDER BY distance_nm DESC LIMIT 1;SELECT * FROM routes ORDER BY distance_nm DESC LIMIT 1;SELECT max(distance_nm) FROM routes"),
    ("How old is the oldest boat?", "SELECT extract(year FROM current_date)-min(built) FROM boats;SELECT min(built) FROM boats"),
    ("Refunds by reason, with their number and total amount", "SELECT reason, count(*), sum(amount) FROM refunds GROUP BY 1"),
    ("Which passengers got a refund of more than 30?", "SELECT DISTINCT full_name FROM passengers JOIN bookings USING (passenger_id) JOIN refunds r USING (booking_id) WHERE amount>30"),
    ("Boats with more car places than the Eider", "SELECT name FROM boats WHERE car_places>(SELECT car_places FROM boats WHERE name='Eider')"),
    ("How many residents are there per island?", "SELECT i.name, count(*) FROM passengers JOIN islands i USING (island_id) WHERE is_resident GROUP BY island_id, 1"),
    ("Population density of each island", "SELECT name, population/area_km2 FROM islands"),
    ("Which month had the most bookings?", "SELECT date_trunc('month',booked_at) FROM bookings GROUP BY 1 ORDER BY count(*) DESC LIMIT 1;SELECT extract(month FROM booked_at) FROM bookings GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Bookings made on weekends", "SELECT booking_id FROM bookings WHERE extract(dow FROM booked_at) IN (0,6);SELECT * FROM bookings WHERE extract(dow FROM booked_at) IN (0,6)"),
    ("List the boats that sailed to neither Bute nor Coll", "SELECT name FROM boats b WHERE NOT EXISTS (SELECT 1 FROM sailings s JOIN routes r USING (route_id) JOIN islands i ON i.island_id=to_island_id WHERE s.boat_id=b.boat_id AND i.name IN ('Bute','Coll'))"),
    ("How much did we refund because of weather this year?", "SELECT sum(amount) FROM refunds WHERE reason='weather' AND refunded_on>=date_trunc('year',current_date) AND refunded_on<date_trunc('year',current_date)+interval '1 year'"),
    ("Average fare per vehicle type, highest first", "SELECT vehicle, avg(fare) FROM bookings GROUP BY 1 ORDER BY 2 DESC"),
    ("Which two islands have the largest population?", "SELECT name FROM islands ORDER BY population DESC LIMIT 2"),
    ("Passengers born before 1960 who live on Bute", "SELECT full_name FROM passengers JOIN islands i USING (island_id) WHERE birth_date<'1960-01-01' AND i.name='Bute'"),
    ("What is the total number of seats of the boats built after 2000?", "SELECT sum(seats) FROM boats WHERE built>2000"),
    ("Which sailings were more than 45 minutes late?", "SELECT sailing_id FROM sailings WHERE delay_minutes>45;SELECT * FROM sailings WHERE delay_minutes>45"),
    ("Number of passengers who booked more than 10 times", "SELECT count(*) FROM (SELECT passenger_id FROM bookings GROUP BY 1 HAVING count(*)>10) t"),
    ("Which captain has the highest salary among those from Arran?", "SELECT c.name FROM captains c JOIN islands i ON i.island_id=home_island_id WHERE i.name='Arran' ORDER BY salary DESC LIMIT 1"),
    ("Compare the number of bookings of this month and last month", "SELECT count(*) FILTER (WHERE booked_at>=date_trunc('month',current_date)), count(*) FILTER (WHERE booked_at>=date_trunc('month',current_date)-interval '1 month' AND booked_at<date_trunc('month',current_date)) FROM bookings;SELECT date_trunc('month',booked_at), count(*) FROM bookings WHERE booked_at>=date_trunc('month',current_date)-interval '1 month' GROUP BY 1"),
    ("How many different passengers travelled on the Puffin?", "SELECT count(DISTINCT passenger_id) FROM bookings JOIN sailings USING (sailing_id) JOIN boats b USING (boat_id) WHERE b.name='Puffin'"),
    ("What is the average number of bookings per sailing?", "SELECT avg(n) FROM (SELECT count(*) n FROM bookings GROUP BY sailing_id) t;SELECT count(*)::numeric/count(DISTINCT sailing_id) FROM bookings;SELECT (SELECT count(*) FROM bookings)::numeric/(SELECT count(*) FROM sailings)"),
    ("Sailings without bookings", "SELECT sailing_id FROM sailings s WHERE NOT EXISTS (SELECT 1 FROM bookings b WHERE b.sailing_id=s.sailing_id)"),
    ("Show the names of passengers and the names of their islands", "SELECT full_name, i.name FROM passengers JOIN islands i USING (island_id)"),
    ("Which islands do not have a captain?", "SELECT name FROM islands i WHERE NOT EXISTS (SELECT 1 FROM captains c WHERE c.home_island_id=i.island_id)"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How many lifejackets are on the Puffin?",
    "What did the fuel for the Gannet cost?",
    "Which passengers were seasick?",
    "What is the wave height today?",
    "Which captains speak Gaelic?",
    "Which boats failed the inspection?",
    "How many dogs travelled last month?",
    "What is the phone number of each passenger?",
    "Who sold the tickets in the office?",
    "Which hotels are on Islay?",
    "How many complaints were received?",
    "Which bookings were paid by credit card?",
)
