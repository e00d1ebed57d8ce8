"""A concert hall's box office with bare names and few keys, and what its director asks."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE hall (id int PRIMARY KEY, name text, capacity int, floor int);
CREATE TABLE performer (id int PRIMARY KEY, stage_name text, genre text, home_country text, fee numeric(10,2));
CREATE TABLE event (id int PRIMARY KEY, title text, hall_id int, performer_id int, event_date date, door_time time, base_price numeric(8,2), status text, sponsor text);
CREATE TABLE patron (id int PRIMARY KEY, forename text, surname text, postcode text, city text, birthdate date, joined date, newsletter boolean);
CREATE TABLE booking (id int PRIMARY KEY, patron_id int, event_id int, booked_at timestamp, tickets int, total_paid numeric(10,2), channel text, refunded boolean);
CREATE TABLE rating (id int PRIMARY KEY, booking_id int, stars int, remark text, given_at timestamp);
CREATE TABLE employee (id int PRIMARY KEY, forename text, surname text, role text, weekly_hours int, wage numeric(8,2), started date, boss_id int);
CREATE TABLE shift (id int PRIMARY KEY, employee_id int, event_id int, starts timestamp, ends timestamp);
INSERT INTO hall VALUES (1,'Grand Hall',900,0),(2,'Studio',120,1),(3,'Courtyard',350,0);
INSERT INTO performer SELECT n, (array['The Lanterns','Mira Sol','Blue Foundry','Kaya Trio','North Choir','DJ Vale','Elena Brandt','Old Harbour Band'])[n], (array['jazz','classical','rock','folk'])[1+n%4], (array['Spain','Norway','Ireland'])[1+n%3], 500+n*733 FROM generate_series(1,8) n;
INSERT INTO event SELECT n, (array['Spring Gala','Night Songs','Echoes','Harvest','Winter Light','Open Strings'])[1+n%6]||' '||n, 1+n%3, 1+(n*5)%7, current_date-200+n*9, time '19:00'+(n%3)*interval '30 min', 15+(n*11)%60, CASE WHEN n%9=0 THEN 'cancelled' WHEN n*9>200 THEN 'planned' ELSE 'held' END, CASE WHEN n%4=0 THEN 'City Bank' END FROM generate_series(1,36) n;
INSERT INTO patron SELECT n, (array['Alma','Bert','Cora','Dirk','Enid','Fred','Gina'])[1+n%7], (array['Abel','Bruns','Castle','Dorn','Eder'])[1+n%5]||n, 'P'||(100+n%30), (array['Linz','Graz','Wels'])[1+n%3], date '1950-01-01'+n*260, date '2017-01-01'+n*44, n%3<>0 FROM generate_series(1,70) n;
INSERT INTO booking SELECT n, 1+(n*7)%66, 1+(n*n)%33, now()-n*interval '17 hours', 1+n%5, (1+n%5)*(15+(n*7)%50), (array['web','phone','counter'])[1+n%3], n%14=0 FROM generate_series(1,260) n;
INSERT INTO rating SELECT n, n*2, 1+(n*7)%5, repeat('fine ',1+(n*13)%40), now()-n*interval '30 hours' FROM generate_series(1,100) n;
INSERT INTO employee VALUES (1,'Ruth','Kern','manager',40,28.5,'2010-05-01',NULL),(2,'Paul','Asch','technician',38,31,'2014-02-01',1),(3,'Lena','Orth','usher',20,14,'2019-09-01',1),(4,'Max','Ebert','usher',25,14.5,'2021-09-15',3),(5,'Ida','Wolf','barkeeper',30,16,'2022-04-01',1),(6,'Otto','Graf','technician',15,22,'2024-10-01',2);
INSERT INTO shift SELECT n, 1+(n*3)%5, 1+(n*5)%35, date_trunc('day',now())-n*interval '22 hours', date_trunc('day',now())-n*interval '22 hours'+interval '1 hour'*(3+n%6) FROM generate_series(1,90) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "How many events were held this year?",
        "SELECT count(*) FROM event WHERE status='held' AND event_date>=date_trunc('year',current_date) AND event_date<date_trunc('year',current_date)+interval '1 year'",
    ),
    ("events in the Grand Hall", "SELECT title FROM event e JOIN hall h ON h.id=e.hall_id WHERE h.name='Grand Hall'"),
    ("upcoming events", "SELECT title FROM event WHERE event_date>=current_date"),
    ("cancelled events", "SELECT title FROM event WHERE status='cancelled'"),
    ("events without a sponsor", "SELECT title FROM event WHERE sponsor IS NULL"),
    ("Which performers play jazz?", "SELECT stage_name FROM performer WHERE genre='jazz'"),
    (
        "performers with no events",
        "SELECT stage_name FROM performer p WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.performer_id=p.id)",
    ),
    (
        "number of events per performer",
        "SELECT p.stage_name, count(*) FROM event e JOIN performer p ON p.id=e.performer_id GROUP BY p.id",
    ),
    ("highest paid performer", "SELECT stage_name FROM performer ORDER BY fee DESC LIMIT 1"),
    ("average fee by genre", "SELECT genre, avg(fee) FROM performer GROUP BY 1"),
    (
        "How many tickets were sold last month?",
        "SELECT sum(tickets) FROM booking WHERE booked_at>=date_trunc('month',current_date)-interval '1 month' AND booked_at<date_trunc('month',current_date)",
    ),
    (
        "tickets sold per event",
        "SELECT e.title, sum(tickets) FROM booking b JOIN event e ON e.id=b.event_id GROUP BY e.id",
    ),
    (
        "best selling events",
        "SELECT e.title, sum(tickets) FROM booking b JOIN event e ON e.id=b.event_id GROUP BY e.id ORDER BY 2 DESC LIMIT 10",
    ),
    ("revenue by channel", "SELECT channel, sum(total_paid) FROM booking GROUP BY 1"),
    ("bookings by channel", "SELECT channel, count(*) FROM booking GROUP BY 1"),
    (
        "total revenue per hall",
        "SELECT h.name, sum(total_paid) FROM booking b JOIN event e ON e.id=b.event_id JOIN hall h ON h.id=e.hall_id GROUP BY h.id",
    ),
    (
        "How much did patrons from Graz spend?",
        "SELECT sum(total_paid) FROM booking b JOIN patron p ON p.id=b.patron_id WHERE p.city='Graz'",
    ),
    ("refunded bookings", "SELECT id FROM booking WHERE refunded"),
    ("share of bookings that were refunded", "SELECT avg(refunded::int) FROM booking"),
    (
        "patrons who never booked",
        "SELECT forename,surname FROM patron p WHERE NOT EXISTS (SELECT 1 FROM booking b WHERE b.patron_id=p.id)",
    ),
    (
        "patrons with more than 5 bookings",
        "SELECT forename,surname FROM patron WHERE id IN (SELECT patron_id FROM booking GROUP BY 1 HAVING count(*)>5)",
    ),
    (
        "top 10 patrons by spending",
        "SELECT p.forename,p.surname,sum(total_paid) FROM patron p JOIN booking b ON b.patron_id=p.id GROUP BY p.id ORDER BY 3 DESC LIMIT 10",
    ),
    ("youngest patron", "SELECT forename,surname FROM patron ORDER BY birthdate DESC LIMIT 1"),
    (
        "patrons who joined in 2020",
        "SELECT forename,surname FROM patron WHERE joined>='2020-01-01' AND joined<'2021-01-01'",
    ),
    ("how many patrons get the newsletter?", "SELECT count(*) FROM patron WHERE newsletter"),
    ("patrons per city", "SELECT city, count(*) FROM patron GROUP BY 1"),
    (
        "average rating per event",
        "SELECT e.title, avg(stars) FROM rating r JOIN booking b ON b.id=r.booking_id JOIN event e ON e.id=b.event_id GROUP BY e.id",
    ),
    ("ratings with less than 2 stars", "SELECT id FROM rating WHERE stars<2"),
    ("longest remarks", "SELECT remark FROM rating ORDER BY length(remark) DESC LIMIT 10"),
    ("Which hall is the largest?", "SELECT name FROM hall ORDER BY capacity DESC LIMIT 1"),
    ("halls with room for more than 300 people", "SELECT name FROM hall WHERE capacity>300"),
    (
        "employees who earn more than their boss",
        "SELECT e.forename,e.surname FROM employee e JOIN employee b ON b.id=e.boss_id WHERE e.wage>b.wage",
    ),
    (
        "each employee and their boss",
        "SELECT e.forename,b.forename FROM employee e LEFT JOIN employee b ON b.id=e.boss_id",
    ),
    (
        "who is Otto Graf's boss?",
        "SELECT b.forename,b.surname FROM employee e JOIN employee b ON b.id=e.boss_id WHERE e.surname='Graf'",
    ),
    (
        "How many shifts does each employee have?",
        "SELECT e.forename,e.surname,count(s.id) FROM employee e LEFT JOIN shift s ON s.employee_id=e.id GROUP BY e.id",
    ),
    (
        "ushers who started after 2020",
        "SELECT forename,surname FROM employee WHERE role='usher' AND started>='2021-01-01'",
    ),
    ("total weekly hours by role", "SELECT role, sum(weekly_hours) FROM employee GROUP BY 1"),
    (
        "employees who worked at Night Songs 1",
        "SELECT forename,surname FROM employee m WHERE EXISTS (SELECT 1 FROM shift s JOIN event e ON e.id=s.event_id WHERE s.employee_id=m.id AND e.title='Night Songs 1')",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which patrons came by train?",
    "How many drinks were sold?",
    "Which events were reviewed in the newspaper?",
    "What is the weather forecast for the open air events?",
    "Which seats are broken?",
)
