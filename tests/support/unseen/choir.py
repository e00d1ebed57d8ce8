"""A choir: singers, voice parts, scores, rehearsals, attendance, concerts and their programmes, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE voice_parts (part_id serial PRIMARY KEY, name text NOT NULL, section text);
CREATE TABLE singers (singer_id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, email text, birth_date date, joined_on date, left_on date, part_id integer REFERENCES voice_parts, home_town text);
CREATE TABLE composers (composer_id serial PRIMARY KEY, name text NOT NULL, nationality text, born_year integer, died_year integer);
CREATE TABLE scores (score_id serial PRIMARY KEY, title text NOT NULL, composer_id integer REFERENCES composers, language text, duration_min integer, copies_owned integer, publisher text, price_per_copy numeric(6,2));
CREATE TABLE score_loans (loan_id serial PRIMARY KEY, score_id integer NOT NULL REFERENCES scores, singer_id integer NOT NULL REFERENCES singers, lent_on date NOT NULL, returned_on date);
CREATE TABLE rehearsals (rehearsal_id serial PRIMARY KEY, held_on date NOT NULL, room text, leader text, length_min integer);
CREATE TABLE attendances (rehearsal_id integer REFERENCES rehearsals, singer_id integer REFERENCES singers, status text NOT NULL, PRIMARY KEY (rehearsal_id, singer_id));
CREATE TABLE concerts (concert_id serial PRIMARY KEY, title text NOT NULL, venue text, city text, concert_date date, tickets_sold integer, ticket_price numeric(6,2));
CREATE TABLE programme_items (concert_id integer REFERENCES concerts, score_id integer REFERENCES scores, position integer, PRIMARY KEY (concert_id, score_id));
INSERT INTO voice_parts VALUES (1,'Soprano','high'),(2,'Alto','high'),(3,'Tenor','low'),(4,'Bass','low');
INSERT INTO singers SELECT n, (array['Agnes','Bruno','Carla','Dario','Edith','Felix','Greta'])[1+n%7], (array['Adler','Brandt','Conti','Dubois','Ekman'])[1+(n/2)%5], 's'||n||'@choir.example', date '1950-02-01'+n*233, date '2008-09-01'+n*77, CASE WHEN n%9=0 THEN date '2021-01-01'+n*11 END, CASE WHEN n<=20 THEN 1 WHEN n<=37 THEN 2 WHEN n<=48 THEN 3 WHEN n<=58 THEN 4 END, (array['Ashford','Brook','Crawley'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,60) n;
INSERT INTO composers VALUES (1,'Bach','German',1685,1750),(2,'Vivaldi','Italian',1678,1741),(3,'Britten','British',1913,1976),(4,'Part','Estonian',1935,NULL),(5,'Monteverdi','Italian',1567,1643),(6,'Rutter','British',1945,NULL),(7,'Poulenc','French',1899,1963);
INSERT INTO scores SELECT n, (array['Gloria','Magnificat','Requiem for Spring','Night Psalms','Harbour Songs','Missa Brevis','Evening Hymn','Winter Carols','Stabat Mater','Laudate','Vespers','Cantata for May','Te Deum','Lullaby'])[n], (array[1,2,3,4,1,5,6,6,2,4,5,1,3,6])[n], (array['Latin','English','German'])[1+floor(sqrt(n*3))::int%3], 4+(n*13)%55, 20+(n*17)%60, (array['Novello','Barenreiter','Peters'])[1+floor(sqrt(n*2))::int%3], 3+(n*7)%19 FROM generate_series(1,14) n;
INSERT INTO score_loans SELECT n, 1+(n*n)%12, 1+floor(sqrt(n*7))::int%44, current_date-n*3, CASE WHEN n%4<>0 THEN current_date-n*3+10+n%25 END FROM generate_series(5,150) n;
INSERT INTO rehearsals SELECT n, current_date-n*7, (array['Hall A','Chapel','Hall A','Gym'])[1+n%4], (array['Ruth Hale','Ian Moss'])[1+floor(sqrt(n))::int%2], 90+(n%3)*30 FROM generate_series(1,70) n;
INSERT INTO attendances SELECT r, s, CASE WHEN (r*s)%7=0 THEN 'absent' WHEN (r+s)%11=0 THEN 'excused' ELSE 'present' END FROM generate_series(1,70) r, generate_series(1,54) s WHERE (r+s*s)%5<>0;
INSERT INTO concerts SELECT n, (array['Spring Concert','Summer Serenade','Advent Evening','Passion','New Year Gala','Psalms by Candle','Harvest Songs','Baroque Night','Open Air','Jubilee'])[n], (array['Cathedral','Town Hall','Cathedral','Park Stage'])[1+n%4], (array['Ashford','Brook','Dover'])[1+floor(sqrt(n*2))::int%3], current_date-n*61, 120+(n*83)%410, 9+(n*5)%14 FROM generate_series(1,10) n;
INSERT INTO programme_items SELECT c, s, row_number() OVER (PARTITION BY c ORDER BY s) FROM generate_series(1,9) c, generate_series(1,13) s WHERE (c*s+s)%4=1 OR s=c OR s=2;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many singers are there in each voice part?", "SELECT p.name, count(s.singer_id) FROM voice_parts p LEFT JOIN singers s USING (part_id) GROUP BY p.part_id, 1;SELECT p.name, count(*) FROM voice_parts p JOIN singers USING (part_id) GROUP BY p.part_id, 1"),
    ("List the titles of all scores by Britten", "SELECT title FROM scores JOIN composers c USING (composer_id) WHERE c.name='Britten'"),
    ("Which composers are Italian?", "SELECT name FROM composers WHERE nationality='Italian'"),
    ("How many concerts took place in the Cathedral?", "SELECT count(*) FROM concerts WHERE venue='Cathedral'"),
    ("What is the average ticket price per city?", "SELECT city, avg(ticket_price) FROM concerts GROUP BY 1"),
    ("Which singers have never borrowed a score?", "SELECT first_name, last_name FROM singers s WHERE NOT EXISTS (SELECT 1 FROM score_loans l WHERE l.singer_id=s.singer_id)"),
    ("Scores in Latin longer than 20 minutes", "SELECT title FROM scores WHERE language='Latin' AND duration_min>20"),
    ("Which concert sold the most tickets?", "SELECT title FROM concerts ORDER BY tickets_sold DESC LIMIT 1"),
    ("How many loans have not been returned yet?", "SELECT count(*) FROM score_loans WHERE returned_on IS NULL"),
    ("Who has been absent more than 8 times?", "SELECT first_name, last_name FROM singers JOIN attendances USING (singer_id) WHERE status='absent' GROUP BY singer_id, 1, 2 HAVING count(*)>8"),
    ("Names and emails of the tenors", "SELECT first_name, last_name, email FROM singers JOIN voice_parts p USING (part_id) WHERE p.name='Tenor'"),
    ("Total number of copies owned per publisher", "SELECT publisher, sum(copies_owned) FROM scores GROUP BY 1"),
    ("Which score was performed in the most concerts?", "SELECT title FROM scores JOIN programme_items USING (score_id) GROUP BY score_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Composers born before 1700", "SELECT name FROM composers WHERE born_year<1700"),
    ("How many rehearsals were held this year?", "SELECT count(*) FROM rehearsals WHERE held_on>=date_trunc('year',current_date) AND held_on<date_trunc('year',current_date)+interval '1 year'"),
    ("Who are the three youngest singers?", "SELECT first_name, last_name FROM singers ORDER BY birth_date DESC LIMIT 3"),
    ("Ticket revenue of each concert", "SELECT title, tickets_sold*ticket_price FROM concerts"),
    ("Which works were on the programme of the Spring Concert?", "SELECT s.title FROM scores s JOIN programme_items USING (score_id) JOIN concerts c USING (concert_id) WHERE c.title='Spring Concert'"),
    ("Average length of rehearsals by room", "SELECT room, avg(length_min) FROM rehearsals GROUP BY 1"),
    ("How many singers joined after 2015?", "SELECT count(*) FROM singers WHERE joined_on>='2016-01-01'"),
    ("Singers who left the choir", "SELECT first_name, last_name FROM singers WHERE left_on IS NOT NULL"),
    ("Number of singers by home town, largest first", "SELECT home_town, count(*) FROM singers GROUP BY 1 ORDER BY 2 DESC"),
    ("What share of attendances are absences?", "SELECT 100.0*count(*) FILTER (WHERE status='absent')/count(*) FROM attendances;SELECT 1.0*count(*) FILTER (WHERE status='absent')/count(*) FROM attendances"),
    ("Show the most expensive score and its price", "SELECT title, price_per_copy FROM scores ORDER BY 2 DESC LIMIT 1"),
    ("Which composers have no scores in the library?", "SELECT name FROM composers c WHERE NOT EXISTS (SELECT 1 FROM scores s WHERE s.composer_id=c.composer_id)"),
    ("How many scores are in German or English?", "SELECT count(*) FROM scores WHERE language IN ('German','English')"),
    ("Loans per month in the last 6 months", "SELECT date_trunc('month',lent_on), count(*) FROM score_loans WHERE lent_on>=current_date-interval '6 months' GROUP BY 1;SELECT date_trunc('month',lent_on), count(*) FROM score_loans WHERE lent_on>=date_trunc('month',current_date)-interval '6 months' AND lent_on<date_trunc('month',current_date) GROUP BY 1;SELECT date_trunc('month',lent_on), count(*) FROM score_loans WHERE lent_on>=date_trunc('month',current_date)-interval '5 months' GROUP BY 1"),
    ("Concerts with fewer than 200 tickets sold", "SELECT title FROM concerts WHERE tickets_sold<200"),
    ("Which singers from Brook sing alto?", "SELECT first_name, last_name FROM singers JOIN voice_parts p USING (part_id) WHERE home_town='Brook' AND p.name='Alto'"),
    ("What is the total duration of the works in the Baroque Night?", "SELECT sum(duration_min) FROM scores JOIN programme_items USING (score_id) JOIN concerts c USING (concert_id) WHERE c.title='Baroque Night'"),
    ("Top 5 singers by number of loans", "SELECT first_name, last_name, count(*) FROM singers JOIN score_loans USING (singer_id) GROUP BY singer_id, 1, 2 ORDER BY 3 DESC LIMIT 5;SELECT first_name, last_name FROM singers JOIN score_loans USING (singer_id) GROUP BY singer_id, 1, 2 ORDER BY count(*) DESC LIMIT 5"),
    ("Rehearsals led by Ian Moss in the Chapel", "SELECT rehearsal_id FROM rehearsals WHERE leader='Ian Moss' AND room='Chapel';SELECT held_on FROM rehearsals WHERE leader='Ian Moss' AND room='Chapel'"),
    ("How long are scores kept on loan on average?", "SELECT avg(returned_on-lent_on) FROM score_loans"),
    ("Which cities had more than two concerts?", "SELECT city FROM concerts GROUP BY 1 HAVING count(*)>2"),
    ("Scores cheaper than the average price per copy", "SELECT title FROM scores WHERE price_per_copy<(SELECT avg(price_per_copy) FROM scores)"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which singers have paid their membership fee?",
    "How many members of the audience were students?",
    "What is the phone number of the conductor?",
    "Which soloists were hired for the Passion?",
    "How much did the hall rent cost last year?",
    "List the sponsors of the summer tour",
    "Which singers can read music at sight?",
    "How many recordings has the choir released?",
    "What salary does the accompanist receive?",
    "Which costumes need to be cleaned?",
)
