"""A small hotel group: rooms, guests, stays, extras, invoices, housekeeping."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE hotels (id int PRIMARY KEY, name text NOT NULL, city text, stars int, opened_on date);
CREATE TABLE room_types (id int PRIMARY KEY, name text NOT NULL, beds int, base_rate numeric(8,2));
CREATE TABLE rooms (id int PRIMARY KEY, hotel_id int NOT NULL REFERENCES hotels, room_type_id int NOT NULL REFERENCES room_types, number text NOT NULL, floor int, sea_view boolean NOT NULL, out_of_order boolean NOT NULL);
CREATE TABLE guests (id int PRIMARY KEY, full_name text NOT NULL, email text, nationality text, birth_date date, loyalty_level text);
CREATE TABLE stays (id int PRIMARY KEY, guest_id int NOT NULL REFERENCES guests, room_id int NOT NULL REFERENCES rooms, reserved_at timestamp NOT NULL, check_in date NOT NULL, check_out date NOT NULL, status text NOT NULL, nightly_rate numeric(8,2) NOT NULL, adults int);
CREATE TABLE extras (id int PRIMARY KEY, stay_id int NOT NULL REFERENCES stays, kind text NOT NULL, quantity int NOT NULL, unit_price numeric(8,2) NOT NULL, ordered_at timestamp NOT NULL);
CREATE TABLE payments (id int PRIMARY KEY, stay_id int NOT NULL REFERENCES stays, amount numeric(10,2) NOT NULL, method text NOT NULL, paid_at timestamp NOT NULL);
CREATE TABLE feedback (id int PRIMARY KEY, stay_id int NOT NULL REFERENCES stays, score int NOT NULL, comment text, left_at timestamp);
CREATE TABLE cleaners (id int PRIMARY KEY, name text NOT NULL, hotel_id int REFERENCES hotels, hourly_wage numeric(6,2), hired_on date, supervisor_id int REFERENCES cleaners);
CREATE TABLE cleanings (id int PRIMARY KEY, room_id int NOT NULL REFERENCES rooms, cleaner_id int REFERENCES cleaners, cleaned_at timestamp NOT NULL, minutes int, inspected boolean NOT NULL);
INSERT INTO hotels VALUES (1,'Seaview','Split',4,'1998-05-01'),(2,'Old Town Inn','Zadar',3,'2007-03-15'),(3,'Park Palace','Zagreb',5,'2019-10-01'),(4,'Lakeside','Bled',4,'2025-06-01');
INSERT INTO room_types VALUES (1,'single',1,60),(2,'double',2,95),(3,'suite',3,210),(4,'dormitory',6,25);
INSERT INTO rooms SELECT n, 1+n%3, 1+(n*7)%3, (100+n)::text, 1+n%5, n%4=0, n%13=0 FROM generate_series(1,48) n;
INSERT INTO guests SELECT n, (array['Iva','Luka','Mia','Noa','Petra','Toma'])[1+n%6]||' '||(array['Babic','Horvat','Kral','Novak'])[1+n%4]||' '||n, CASE WHEN n%8<>0 THEN 'g'||n||'@g.test' END, (array['Croatia','Austria','Italy','Poland'])[1+(n*3)%4], date '1955-01-01'+n*173, (array['none','silver','gold'])[1+n%3] FROM generate_series(1,110) n;
INSERT INTO stays SELECT n, 1+(n*11)%104, 1+(n*7)%46, (d-20)::timestamp+interval '10 hours', d, d+1+n%6, CASE WHEN d>current_date THEN 'reserved' WHEN n%11=0 THEN 'cancelled' WHEN n%17=0 THEN 'no show' ELSE 'completed' END, 55+(n*23)%160, 1+n%3 FROM (SELECT n, current_date+25-n*2 d FROM generate_series(1,240) n) x;
INSERT INTO extras SELECT n, 1+(n*3)%230, (array['breakfast','spa','parking','minibar'])[1+n%4], 1+n%3, 8+(n*5)%40, now()-n*interval '29 hours' FROM generate_series(1,200) n;
INSERT INTO payments SELECT n, 20+(n*3)%210, 70+(n*67)%900, (array['card','cash','transfer'])[1+n%3], date_trunc('day',now())-n*interval '37 hours' FROM generate_series(1,180) n;
INSERT INTO feedback SELECT n, 30+n, 1+(n*7)%10, repeat('nice ',1+(n*11)%35), now()-n*interval '50 hours' FROM generate_series(1,90) n;
INSERT INTO cleaners VALUES (1,'Jasna Kos',1,11,'2012-01-01',NULL),(2,'Dino Perl',1,12.5,'2018-04-01',1),(3,'Vera Lukic',2,10,'2020-06-01',1),(4,'Ante Rok',3,10.5,'2022-02-01',3),(5,'Nina Bas',3,9.5,'2025-01-01',3);
INSERT INTO cleanings SELECT n, 1+(n*5)%47, CASE WHEN n%15=0 THEN NULL ELSE 1+n%4 END, now()-n*interval '9 hours', 20+(n*13)%50, n%3=0 FROM generate_series(1,300) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "How many rooms does each hotel have?",
        "SELECT h.name, count(r.id) FROM hotels h LEFT JOIN rooms r ON r.hotel_id=h.id GROUP BY h.id",
    ),
    ("rooms with a sea view", "SELECT number FROM rooms WHERE sea_view"),
    ("How many rooms are out of order?", "SELECT count(*) FROM rooms WHERE out_of_order"),
    (
        "number of rooms per room type",
        "SELECT t.name, count(*) FROM rooms r JOIN room_types t ON t.id=r.room_type_id GROUP BY t.id",
    ),
    ("Which room type is the most expensive?", "SELECT name FROM room_types ORDER BY base_rate DESC LIMIT 1"),
    ("hotels in Zagreb", "SELECT name FROM hotels WHERE city='Zagreb'"),
    ("hotels opened after 2010", "SELECT name FROM hotels WHERE opened_on>='2011-01-01'"),
    ("5 star hotels", "SELECT name FROM hotels WHERE stars=5"),
    ("Austrian guests", "SELECT full_name FROM guests WHERE nationality='Austria'"),
    ("gold guests without an email", "SELECT full_name FROM guests WHERE loyalty_level='gold' AND email IS NULL"),
    (
        "guests who never stayed",
        "SELECT full_name FROM guests g WHERE NOT EXISTS (SELECT 1 FROM stays s WHERE s.guest_id=g.id)",
    ),
    (
        "How many stays were cancelled last month?",
        "SELECT count(*) FROM stays WHERE status='cancelled' AND reserved_at>=date_trunc('month',current_date)-interval '1 month' AND reserved_at<date_trunc('month',current_date)",
    ),
    (
        "stays checking in next week",
        "SELECT id FROM stays WHERE check_in>=date_trunc('week',current_date)+interval '1 week' AND check_in<date_trunc('week',current_date)+interval '2 weeks'",
    ),
    (
        "cancelled stays per hotel",
        "SELECT h.name, count(*) FROM stays s JOIN rooms r ON r.id=s.room_id JOIN hotels h ON h.id=r.hotel_id WHERE s.status='cancelled' GROUP BY h.id",
    ),
    (
        "average nightly rate by hotel",
        "SELECT h.name, avg(nightly_rate) FROM stays s JOIN rooms r ON r.id=s.room_id JOIN hotels h ON h.id=r.hotel_id GROUP BY h.id",
    ),
    (
        "What percentage of stays were no shows?",
        "SELECT 100.0*count(*) FILTER (WHERE status='no show')/count(*) FROM stays",
    ),
    ("total payments per month", "SELECT date_trunc('month',paid_at), sum(amount) FROM payments GROUP BY 1"),
    (
        "payments by method this year",
        "SELECT method, count(*) FROM payments WHERE paid_at>=date_trunc('year',current_date) AND paid_at<date_trunc('year',current_date)+interval '1 year' GROUP BY 1",
    ),
    (
        "How much did Italian guests pay?",
        "SELECT sum(amount) FROM payments p JOIN stays s ON s.id=p.stay_id JOIN guests g ON g.id=s.guest_id WHERE g.nationality='Italy'",
    ),
    (
        "top 5 guests by total payments",
        "SELECT g.full_name, sum(amount) FROM payments p JOIN stays s ON s.id=p.stay_id JOIN guests g ON g.id=s.guest_id GROUP BY g.id ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "guests with more than 2 stays",
        "SELECT full_name FROM guests WHERE id IN (SELECT guest_id FROM stays GROUP BY 1 HAVING count(*)>2)",
    ),
    (
        "average feedback score per hotel",
        "SELECT h.name, avg(score) FROM feedback f JOIN stays s ON s.id=f.stay_id JOIN rooms r ON r.id=s.room_id JOIN hotels h ON h.id=r.hotel_id GROUP BY h.id",
    ),
    ("feedback with a score below 3", "SELECT id FROM feedback WHERE score<3"),
    ("longest comments", "SELECT comment FROM feedback ORDER BY length(comment) DESC LIMIT 10"),
    ("total quantity of extras by kind", "SELECT kind, sum(quantity) FROM extras GROUP BY 1"),
    (
        "How many breakfasts were ordered last month?",
        "SELECT sum(quantity) FROM extras WHERE kind='breakfast' AND ordered_at>=date_trunc('month',current_date)-interval '1 month' AND ordered_at<date_trunc('month',current_date)",
    ),
    (
        "Which hotel has the most rooms?",
        "SELECT h.name FROM rooms r JOIN hotels h ON h.id=r.hotel_id GROUP BY h.id ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "cleaners who earn more than their supervisor",
        "SELECT c.name FROM cleaners c JOIN cleaners s ON s.id=c.supervisor_id WHERE c.hourly_wage>s.hourly_wage",
    ),
    (
        "who supervises Ante Rok?",
        "SELECT s.name FROM cleaners c JOIN cleaners s ON s.id=c.supervisor_id WHERE c.name='Ante Rok'",
    ),
    ("best paid cleaner", "SELECT name FROM cleaners ORDER BY hourly_wage DESC LIMIT 1"),
    (
        "rooms never cleaned",
        "SELECT number FROM rooms r WHERE NOT EXISTS (SELECT 1 FROM cleanings c WHERE c.room_id=r.id)",
    ),
    (
        "uninspected cleanings this week",
        "SELECT id FROM cleanings WHERE NOT inspected AND cleaned_at>=date_trunc('week',current_date) AND cleaned_at<date_trunc('week',current_date)+interval '1 week'",
    ),
    (
        "cleanings per cleaner",
        "SELECT c.name, count(*) FROM cleanings k JOIN cleaners c ON c.id=k.cleaner_id GROUP BY c.id",
    ),
    ("average cleaning time in minutes", "SELECT avg(minutes) FROM cleanings"),
    ("youngest guest", "SELECT full_name FROM guests ORDER BY birth_date DESC LIMIT 1"),
    ("guests per nationality, most first", "SELECT nationality, count(*) FROM guests GROUP BY 1 ORDER BY 2 DESC"),
    (
        "rooms on floor 3 of Seaview",
        "SELECT number FROM rooms r JOIN hotels h ON h.id=r.hotel_id WHERE floor=3 AND h.name='Seaview'",
    ),
    (
        "who stayed in room 112 ?",
        "SELECT g.full_name FROM guests g WHERE EXISTS (SELECT 1 FROM stays s JOIN rooms r ON r.id=s.room_id WHERE s.guest_id=g.id AND r.number='112')",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which guests brought a dog?",
    "How many swimming pools does each hotel have?",
    "What is the occupancy forecast for next summer?",
    "Which competitor hotels are cheaper?",
    "How many towels were washed?",
)
