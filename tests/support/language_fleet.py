"""A haulier's fleet without one declared key, and what its dispatchers and accountants ask."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE depots (depot_id int, depot_name text, city text, country text, opened_on date);
CREATE TABLE vehicles (vehicle_id int, registration text, make text, model text, model_year int, fuel_type text, status text, home_depot_id int, odometer_km int, purchase_price numeric(12,2), purchased_on date);
CREATE TABLE drivers (driver_id int, name text, phone text, hired_on date, licence_expires_on date, hourly_rate numeric(6,2), depot_id int, supervisor_id int);
CREATE TABLE clients (client_id int, company text, city text, sector text, credit_limit numeric(12,2), since date);
CREATE TABLE trips (trip_id int, vehicle_id int, driver_id int, client_id int, started_at timestamp, ended_at timestamp, distance_km numeric(8,1), cargo_tonnes numeric(6,2), price numeric(10,2), state text);
CREATE TABLE fuel_purchases (purchase_id int, vehicle_id int, bought_at timestamp, litres numeric(7,2), cost numeric(9,2), station text);
CREATE TABLE repairs (repair_id int, vehicle_id int, reported_on date, finished_on date, workshop text, kind text, cost numeric(9,2));
CREATE TABLE invoices (invoice_no int, client_id int, issued_on date, due_on date, paid_on date, total numeric(12,2));
INSERT INTO depots VALUES (1,'North Yard','Hull','UK','2001-04-01'),(2,'Canal Yard','Ghent','Belgium','2010-06-15'),(3,'Old Mill','Lille','France','2018-02-01'),(4,'Dock Nine','Antwerp','Belgium','2022-09-09');
INSERT INTO vehicles SELECT n, 'REG-'||(100+n), (array['Volvo','Scania','MAN'])[1+n%3], (array['FH16','R450','TGX','FM'])[1+n%4], 2012+n%11, (array['diesel','diesel','electric','gas'])[1+n%4], (array['active','active','active','in repair','retired'])[1+n%5], 1+n%3, 20000+n*7919%500000, 80000+n*1501, date '2013-01-01'+n*150 FROM generate_series(1,24) n;
INSERT INTO drivers SELECT n, (array['Marek','Janne','Odile','Piet','Rosa','Sven','Tess','Umar'])[1+n%8]||' '||(array['Kowal','Peeters','Roux','Maes','Diaz'])[1+n%5], '+32 4'||(10000+n*37), date '2010-01-01'+n*201, date '2026-01-01'+n*97, 15+(n*7%17), 1+n%4, CASE WHEN n>3 THEN 1+n%3 END FROM generate_series(1,18) n;
INSERT INTO clients VALUES (1,'Brewster Foods','Leeds','food',50000,'2015-01-01'),(2,'Delta Steel','Ghent','metal',120000,'2012-05-01'),(3,'Lumen Glass','Lille','glass',30000,'2020-03-01'),(4,'Papeterie Roy','Lille','paper',20000,'2021-07-01'),(5,'Norse Timber','Hull','wood',75000,'2019-11-01'),(6,'Quiet Motors','Antwerp','automotive',90000,'2023-01-01');
INSERT INTO trips SELECT n, 1+(n*5)%22, 1+(n*7)%17, 1+(n*n)%5, ts, CASE WHEN n%13=0 THEN NULL ELSE ts+interval '1 hour'*(2+n%9) END, 40+(n*71)%900, 1+(n*13)%24, 200+(n*97)%2300, CASE WHEN n%13=0 THEN 'under way' WHEN n%17=0 THEN 'cancelled' ELSE 'done' END FROM (SELECT n, date_trunc('day',now())-n*interval '31 hours' ts FROM generate_series(1,160) n) x;
INSERT INTO fuel_purchases SELECT n, 1+(n*3)%20, date_trunc('day',now())-n*interval '50 hours', 60+(n*31)%240, (60+(n*31)%240)*1.6, (array['Total','Shell','Esso','Q8'])[1+n%4] FROM generate_series(1,120) n;
INSERT INTO repairs SELECT n, 1+(n*7)%19, current_date-n*17, CASE WHEN n%6=0 THEN NULL ELSE current_date-n*17+(n%9) END, (array['Garage Noord','TruckFix','Atelier Sud'])[1+n%3], (array['brakes','engine','tyres','electrics'])[1+n%4], 150+(n*211)%3800 FROM generate_series(1,45) n;
INSERT INTO invoices SELECT n, 1+(n*7)%6, current_date-n*9, current_date-n*9+30, CASE WHEN n%3=0 THEN NULL ELSE current_date-n*9+20 END, 900+(n*433)%9000 FROM generate_series(1,60) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many vehicles do we own?", "SELECT count(*) FROM vehicles"),
    ("vehicles per fuel type", "SELECT fuel_type, count(*) FROM vehicles GROUP BY 1"),
    ("Which vehicles are in repair?", "SELECT vehicle_id FROM vehicles WHERE status='in repair'"),
    ("registrations of electric vehicles", "SELECT registration FROM vehicles WHERE fuel_type='electric'"),
    (
        "How many trips did each driver make?",
        "SELECT d.name, count(*) FROM drivers d JOIN trips t USING (driver_id) GROUP BY d.driver_id, d.name",
    ),
    (
        "drivers without trips",
        "SELECT name FROM drivers d WHERE NOT EXISTS (SELECT 1 FROM trips t WHERE t.driver_id=d.driver_id)",
    ),
    (
        "total distance driven last month",
        "SELECT sum(distance_km) FROM trips WHERE started_at>=date_trunc('month',current_date)-interval '1 month' AND started_at<date_trunc('month',current_date)",
    ),
    (
        "total distance per vehicle in the last 90 days",
        "SELECT v.vehicle_id, sum(distance_km) FROM trips t JOIN vehicles v USING (vehicle_id) WHERE started_at>=current_date-interval '90 days' GROUP BY 1",
    ),
    ("average cargo per trip", "SELECT avg(cargo_tonnes) FROM trips"),
    (
        "revenue per client",
        "SELECT c.company, sum(t.price) FROM trips t JOIN clients c USING (client_id) GROUP BY c.client_id, c.company",
    ),
    (
        "How many litres of fuel did we buy last month?",
        "SELECT sum(litres) FROM fuel_purchases WHERE bought_at>=date_trunc('month',current_date)-interval '1 month' AND bought_at<date_trunc('month',current_date)",
    ),
    (
        "fuel cost per vehicle",
        "SELECT v.vehicle_id, sum(cost) FROM fuel_purchases f JOIN vehicles v USING (vehicle_id) GROUP BY 1",
    ),
    ("fuel cost by month", "SELECT date_trunc('month',bought_at), sum(cost) FROM fuel_purchases GROUP BY 1"),
    ("What is the most expensive repair?", "SELECT repair_id FROM repairs ORDER BY cost DESC LIMIT 1"),
    ("repairs that are not finished", "SELECT repair_id FROM repairs WHERE finished_on IS NULL"),
    ("average repair cost by kind", "SELECT kind, avg(cost) FROM repairs GROUP BY kind"),
    ("Which workshop did the most repairs?", "SELECT workshop FROM repairs GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("total spent on brakes repairs", "SELECT sum(cost) FROM repairs WHERE kind='brakes'"),
    ("unpaid invoices", "SELECT invoice_no FROM invoices WHERE paid_on IS NULL"),
    ("How many invoices are overdue?", "SELECT count(*) FROM invoices WHERE paid_on IS NULL AND due_on<current_date"),
    (
        "total of unpaid invoices per client",
        "SELECT c.company, sum(i.total) FROM invoices i JOIN clients c USING (client_id) WHERE paid_on IS NULL GROUP BY c.client_id, c.company",
    ),
    (
        "invoices issued in the last 60 days",
        "SELECT invoice_no FROM invoices WHERE issued_on>=current_date-interval '60 days'",
    ),
    ("clients in Lille", "SELECT company FROM clients WHERE city='Lille'"),
    ("clients with a credit limit above 60000", "SELECT company FROM clients WHERE credit_limit>60000"),
    (
        "Which clients never booked a trip?",
        "SELECT company FROM clients c WHERE NOT EXISTS (SELECT 1 FROM trips t WHERE t.client_id=c.client_id)",
    ),
    (
        "trips for Delta Steel this year",
        "SELECT trip_id FROM trips t JOIN clients c USING (client_id) WHERE c.company='Delta Steel' AND started_at>=date_trunc('year',current_date) AND started_at<date_trunc('year',current_date)+interval '1 year'",
    ),
    (
        "number of vehicles at each depot",
        "SELECT d.depot_name, count(v.vehicle_id) FROM depots d JOIN vehicles v ON v.home_depot_id=d.depot_id GROUP BY d.depot_id, d.depot_name",
    ),
    (
        "How many vehicles does each depot have?",
        "SELECT d.depot_name, count(v.vehicle_id) FROM depots d LEFT JOIN vehicles v ON v.home_depot_id=d.depot_id GROUP BY d.depot_id, d.depot_name",
    ),
    ("Who is our highest paid driver?", "SELECT name FROM drivers ORDER BY hourly_rate DESC LIMIT 1"),
    (
        "drivers whose licence expires in the next 2 months",
        "SELECT name FROM drivers WHERE licence_expires_on>=date_trunc('month',current_date)+interval '1 month' AND licence_expires_on<date_trunc('month',current_date)+interval '3 months'",
    ),
    (
        "drivers and their supervisors",
        "SELECT d.name, s.name FROM drivers d LEFT JOIN drivers s ON s.driver_id=d.supervisor_id",
    ),
    (
        "how many people does each supervisor supervise?",
        "SELECT s.name, count(*) FROM drivers d JOIN drivers s ON s.driver_id=d.supervisor_id GROUP BY s.driver_id, s.name",
    ),
    ("vehicles bought before 2016", "SELECT vehicle_id FROM vehicles WHERE purchased_on<'2016-01-01'"),
    ("average purchase price of Volvo vehicles", "SELECT avg(purchase_price) FROM vehicles WHERE make='Volvo'"),
    ("5 vehicles with the highest odometer", "SELECT vehicle_id FROM vehicles ORDER BY odometer_km DESC LIMIT 5"),
    ("trips longer than 500 km", "SELECT trip_id FROM trips WHERE distance_km>500"),
    (
        "cancelled trips per client",
        "SELECT c.company, count(*) FROM trips t JOIN clients c USING (client_id) WHERE t.state='cancelled' GROUP BY c.client_id, c.company",
    ),
    ("What share of trips was cancelled?", "SELECT avg((state='cancelled')::int) FROM trips"),
    (
        "trips per week over the last 8 weeks",
        "SELECT date_trunc('week',started_at), count(*) FROM trips WHERE started_at>=current_date-interval '8 weeks' GROUP BY 1",
    ),
    ("which depots opened after 2015?", "SELECT depot_name FROM depots WHERE opened_on>='2016-01-01'"),
    (
        "Volvo or Scania vehicles from 2020 or later",
        "SELECT vehicle_id FROM vehicles WHERE make IN ('Volvo','Scania') AND model_year>=2020",
    ),
    ("average trip duration in hours", "SELECT avg(extract(epoch FROM ended_at-started_at)/3600) FROM trips"),
)

UNANSWERABLE: tuple[str, ...] = (
    "How many accidents did our drivers have?",
    "What is the CO2 emission of each vehicle?",
    "Which clients complained?",
    "What will fuel cost next year?",
    "Who insured the trucks?",
)
