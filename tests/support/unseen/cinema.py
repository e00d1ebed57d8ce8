"""A chain of cinemas: films, screens, showings, tickets, members, snacks and staff, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE cinemas (cinema_id int PRIMARY KEY, name text NOT NULL, city text, opened_on date, manager_name text);
CREATE TABLE screens (screen_id int PRIMARY KEY, cinema_id int REFERENCES cinemas, label text, seats int, has_3d boolean);
CREATE TABLE films (film_id int PRIMARY KEY, title text NOT NULL, genre text, director text, country text, release_year int, runtime_min int, age_rating int);
CREATE TABLE showings (showing_id int PRIMARY KEY, film_id int REFERENCES films, screen_id int REFERENCES screens, starts_at timestamp, ticket_price numeric(6,2));
CREATE TABLE members (member_id int PRIMARY KEY, full_name text NOT NULL, email text, city text, joined_on date, level text, points int);
CREATE TABLE tickets (ticket_id int PRIMARY KEY, showing_id int REFERENCES showings, member_id int REFERENCES members, bought_at timestamp, seat text, paid numeric(6,2), refunded boolean);
CREATE TABLE snack_sales (sale_id int PRIMARY KEY, cinema_id int REFERENCES cinemas, snack text, sold_on date, quantity int, amount numeric(8,2));
CREATE TABLE staff (staff_id int PRIMARY KEY, full_name text NOT NULL, cinema_id int REFERENCES cinemas, role text, hired_on date, hourly_pay numeric(6,2));
INSERT INTO cinemas VALUES (1,'Astoria','Graz','1998-03-01','L. Penn'),(2,'Bijou','Linz','2006-07-15','R. Vost'),(3,'Capitol','Graz','1975-11-20','L. Penn'),(4,'Lumen','Wels','2015-01-10','K. Orr'),(5,'Nova','Linz','2023-09-01','S. Hirt');
INSERT INTO screens SELECT n, (array[1,1,1,2,2,3,3,3,4,1])[n], 'Hall '||n, 60+n*35, n%3=0 FROM generate_series(1,10) n;
INSERT INTO films SELECT n, (array['Blue Tide','Night Train','The Cellar','Paper Moon Again','Solar','Old Debts','Runaway','Marble','Sixth Door','Winter Fox','Loud Silence','Glass River','Ember','North by Noon','The Tailor'])[n], (array['drama','thriller','comedy','horror'])[1+floor(sqrt(n*2))::int%4], (array['A. Keller','B. Nord','C. Silva','B. Nord','D. Moreau'])[1+n%5], (array['France','Italy','USA'])[1+floor(sqrt(n*3))::int%3], 1994+n*2, 81+(n*17)%80, (array[0,6,12,16])[1+n%4] FROM generate_series(1,15) n;
INSERT INTO showings SELECT n, 1+floor(sqrt(n*2))::int%13, 1+floor(sqrt(n*3))::int%9, now()-n*interval '11 hours', CASE WHEN n=77 THEN 15 ELSE 7+(n*3)%8 END FROM generate_series(1,300) n;
INSERT INTO members SELECT n, (array['Anna','Beno','Cilly','Doris','Emil','Franz','Gerda'])[1+n%7]||' '||(array['Auer','Bach','Cech','Doppler','Egger'])[1+(n/2)%5]||' '||n, CASE WHEN n%5<>0 THEN 'm'||n||'@mail.example' END, (array['Graz','Linz','Wels'])[1+floor(sqrt(n*2))::int%3], date '2016-02-01'+n*31, (array['gold','silver','basic'])[1+floor(sqrt(n))::int%3], (n*37)%900 FROM generate_series(1,90) n;
INSERT INTO tickets SELECT n, 1+floor(sqrt(n*90))::int%290, CASE WHEN n%50=7 THEN 5 WHEN n%4<>0 THEN 1+floor(sqrt(n*7))::int%81 END, now()-n*interval '4 hours', 'R'||(1+n%12), 6+(n*7)%9, n%16=0 FROM generate_series(1,800) n;
INSERT INTO snack_sales SELECT n, 1+floor(sqrt(n*3))::int%4, (array['popcorn','nachos','cola','ice cream'])[1+floor(sqrt(n*2))::int%4], current_date-n%240, 5+(n*13)%60, 12+(n*41)%300 FROM generate_series(1,360) n;
INSERT INTO staff SELECT n, (array['Ria','Sepp','Tina','Ulf','Vroni','Willi','Xaver','Yvonne','Zeno'])[n]||' '||(array['Huber','Maier','Gruber'])[1+n%3], (array[1,1,2,3,3,3,4,2,1])[n], (array['usher','cashier','projectionist'])[1+floor(sqrt(n*2))::int%3], date '2010-01-01'+n*510, 11+n*0.9 FROM generate_series(1,9) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many films are there in each genre?", "SELECT genre, count(*) FROM films GROUP BY 1"),
    ("List the titles of the horror films released after 1998.", "SELECT title FROM films WHERE genre='horror' AND release_year>1998"),
    ("Which film is the longest?", "SELECT title FROM films ORDER BY runtime_min DESC LIMIT 1"),
    ("How many screens does the Astoria have?", "SELECT count(*) FROM screens JOIN cinemas c USING (cinema_id) WHERE c.name='Astoria'"),
    ("What is the total number of seats of each cinema?", "SELECT c.name, sum(seats) FROM cinemas c JOIN screens USING (cinema_id) GROUP BY cinema_id, 1"),
    ("Which cinemas have no screens?", "SELECT name FROM cinemas c WHERE NOT EXISTS (SELECT 1 FROM screens s WHERE s.cinema_id=c.cinema_id)"),
    ("Which films were never shown?", "SELECT title FROM films f WHERE NOT EXISTS (SELECT 1 FROM showings s WHERE s.film_id=f.film_id)"),
    ("How many tickets were bought last month?", "SELECT count(*) FROM tickets WHERE bought_at>=date_trunc('month',current_date)-interval '1 month' AND bought_at<date_trunc('month',current_date)"),
    ("Average runtime of the films directed by B. Nord", "SELECT avg(runtime_min) FROM films WHERE director='B. Nord'"),
    ("What is the most expensive showing?", "SELECT showing_id FROM showings ORDER BY ticket_price DESC LIMIT 1;SELECT max(ticket_price) FROM showings"),
    ("Which members live in Linz and have gold level?", "SELECT full_name FROM members WHERE city='Linz' AND level='gold'"),
    ("Number of members per level", "SELECT level, count(*) FROM members GROUP BY 1"),
    ("Members without an email address", "SELECT full_name FROM members WHERE email IS NULL"),
    ("Top 5 members by points", "SELECT full_name, points FROM members ORDER BY 2 DESC LIMIT 5;SELECT full_name FROM members ORDER BY points DESC LIMIT 5"),
    ("Who bought the most tickets?", "SELECT full_name FROM members JOIN tickets USING (member_id) GROUP BY member_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("How many tickets were refunded?", "SELECT count(*) FROM tickets WHERE refunded"),
    ("Share of tickets that were refunded", "SELECT 100.0*count(*) FILTER (WHERE refunded)/count(*) FROM tickets;SELECT 1.0*count(*) FILTER (WHERE refunded)/count(*) FROM tickets"),
    ("Total snack amount by snack", "SELECT snack, sum(amount) FROM snack_sales GROUP BY 1"),
    ("How much popcorn did the Bijou sell this year?", "SELECT sum(quantity) FROM snack_sales JOIN cinemas c USING (cinema_id) WHERE snack='popcorn' AND c.name='Bijou' AND sold_on>=date_trunc('year',current_date) AND sold_on<date_trunc('year',current_date)+interval '1 year'"),
    ("Which cinema has the highest snack sales?", "SELECT c.name FROM cinemas c JOIN snack_sales USING (cinema_id) GROUP BY cinema_id, 1 ORDER BY sum(amount) DESC LIMIT 1"),
    ("Monthly snack sales in the last 6 months", "SELECT date_trunc('month',sold_on), sum(amount) FROM snack_sales WHERE sold_on>=current_date-interval '6 months' GROUP BY 1;SELECT date_trunc('month',sold_on), sum(amount) FROM snack_sales WHERE sold_on>=date_trunc('month',current_date)-interval '6 months' AND sold_on<date_trunc('month',current_date) GROUP BY 1"),
    ("Ushers hired before 2025", "SELECT full_name FROM staff WHERE role='usher' AND hired_on<'2025-01-01'"),
    ("Average hourly pay per role", "SELECT role, avg(hourly_pay) FROM staff GROUP BY 1"),
    ("How many employees work at each cinema?", "SELECT c.name, count(*) FROM cinemas c JOIN staff USING (cinema_id) GROUP BY cinema_id, 1;SELECT c.name, count(staff_id) FROM cinemas c LEFT JOIN staff USING (cinema_id) GROUP BY cinema_id, 1"),
    ("Cinemas managed by L. Penn", "SELECT name FROM cinemas WHERE manager_name='L. Penn'"),
    ("Films suitable for children under 12", "SELECT title FROM films WHERE age_rating<12"),
    ("Which genres have more than 3 films?", "SELECT genre FROM films GROUP BY 1 HAVING count(*)>3"),
    ("How many showings of Ember were there in Graz?", "SELECT count(*) FROM showings JOIN films USING (film_id) JOIN screens USING (screen_id) JOIN cinemas c USING (cinema_id) WHERE title='Ember' AND c.city='Graz'"),
    ("Screens with more than 200 seats and 3D", "SELECT screen_id FROM screens WHERE seats>200 AND has_3d;SELECT label FROM screens WHERE seats>200 AND has_3d;SELECT screen_id, label FROM screens WHERE seats>200 AND has_3d"),
    ("Film titles and their number of showings, most shown first", "SELECT title, count(*) FROM films JOIN showings USING (film_id) GROUP BY film_id, 1 ORDER BY 2 DESC;SELECT title, count(showing_id) FROM films LEFT JOIN showings USING (film_id) GROUP BY film_id, 1 ORDER BY 2 DESC"),
    ("Films from France or Italy", "SELECT title FROM films WHERE country IN ('France','Italy')"),
    ("Films longer than the average", "SELECT title FROM films WHERE runtime_min>(SELECT avg(runtime_min) FROM films)"),
    ("Which city has the most members?", "SELECT city FROM members GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("When did the Capitol open?", "SELECT opened_on FROM cinemas WHERE name='Capitol'"),
    ("How many different films did Franz Cech 5 see?", "SELECT count(DISTINCT film_id) FROM tickets JOIN members USING (member_id) JOIN showings USING (showing_id) WHERE full_name='Franz Cech 5'"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which actors star in the films?",
    "How many Oscars did each film win?",
    "What is the phone number of the members?",
    "Which projectors are broken?",
    "What did the film rights cost?",
    "Which critics liked Marble?",
    "How many parking spaces does each cinema have?",
    "Which films have subtitles?",
    "Who cleaned Hall 3?",
    "How many staff members were ill last week?",
    "What is the rent of the Lumen?",
    "Which members came by bike?",
)
