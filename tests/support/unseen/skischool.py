"""A ski school: instructors, guests, courses, lessons, equipment and rentals, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE resorts (resort_id int PRIMARY KEY, resort_name text NOT NULL, country text, top_altitude_m int, lifts int);
CREATE TABLE instructors (instructor_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, resort_id int REFERENCES resorts, certified_on date, day_rate numeric(7,2), languages text);
CREATE TABLE guests (guest_id int PRIMARY KEY, guest_name text NOT NULL, age int, home_country text, skill_level text, newsletter boolean);
CREATE TABLE courses (course_id int PRIMARY KEY, course_title text NOT NULL, level text, max_guests int, price numeric(7,2), resort_id int REFERENCES resorts);
CREATE TABLE lessons (lesson_id int PRIMARY KEY, course_id int REFERENCES courses, instructor_id int REFERENCES instructors, lesson_date date, start_hour int, hours int, weather text);
CREATE TABLE enrolments (enrolment_id int PRIMARY KEY, guest_id int REFERENCES guests, course_id int REFERENCES courses, enrolled_on date, paid_amount numeric(7,2), cancelled boolean);
CREATE TABLE equipment (item_id int PRIMARY KEY, item_type text, brand text, length_cm int, bought_on date, condition text);
CREATE TABLE rentals (rental_id int PRIMARY KEY, item_id int REFERENCES equipment, guest_id int REFERENCES guests, rented_on date, returned_on date, fee numeric(7,2));
INSERT INTO resorts VALUES (1,'Hochkar','Austria',1808,9),(2,'Val Bleu','France',3010,31),(3,'Monte Sella','Italy',2440,17),(4,'Nordfjell','Norway',1210,6),(5,'Alpina','Austria',2680,22);
INSERT INTO instructors SELECT n, (array['Jan','Kim','Lea','Max','Nia','Ole','Pia'])[1+n%7], (array['Auer','Blanc','Conti','Dahl'])[1+n%4], (array[1,2,3,1,5,2,1,3,2,1,5,2])[n], date '2004-12-01'+n*390, 180+n*11, (array['German','German, English','French','Italian, English'])[1+n%4] FROM generate_series(1,12) n;
INSERT INTO guests SELECT n, (array['Ava','Ben','Cem','Dee','Eli','Fay','Gus'])[1+n%7]||' '||(array['Hart','Iqbal','Jones','Klein','Lopez'])[1+(n/3)%5]||' '||n, 5+(n*7)%63, (array['UK','Germany','Spain','Denmark'])[1+floor(sqrt(n*3))::int%4], (array['beginner','intermediate','expert'])[1+floor(sqrt(n))::int%3], n%3=0 FROM generate_series(1,95) n;
INSERT INTO courses SELECT n, (array['First Turns','Snow Kids','Carving Pro','Freeride','Snowboard Start','Race Camp','Family Day','Touring'])[n], (array['beginner','beginner','expert','expert','beginner','expert','intermediate','intermediate'])[n], 6+(n*3)%9, 90+n*35, (array[1,1,2,3,2,5,1,3])[n] FROM generate_series(1,8) n;
INSERT INTO lessons SELECT n, 1+floor(sqrt(n*2))::int%7, 1+floor(sqrt(n*3))::int%11, current_date-n, 9+n%6, 1+n%3, (array['sunny','snow','fog'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,170) n;
INSERT INTO enrolments SELECT n, 1+floor(sqrt(n*12))::int%88, 1+floor(sqrt(n*3))::int%7, current_date-n*2, 60+(n*31)%300, n%11=0 FROM generate_series(1,310) n;
INSERT INTO equipment SELECT n, (array['skis','boots','snowboard','helmet'])[1+floor(sqrt(n*3))::int%4], (array['Atomix','Fisk','Rosso'])[1+floor(sqrt(n*2))::int%3], CASE WHEN n%2=0 THEN 120+(n*7)%75 END, date '2017-10-01'+n*33, (array['new','used','worn out'])[1+floor(sqrt(n))::int%3] FROM generate_series(1,70) n;
INSERT INTO rentals SELECT n, 1+floor(sqrt(n*9))::int%63, 1+(n*7)%90, current_date-n, CASE WHEN n>6 THEN current_date-n+1+n%6 END, 12+(n*13)%70 FROM generate_series(1,240) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Could you show me the names of all resorts in Austria?", "SELECT resort_name FROM resorts WHERE country='Austria'"),
    ("Which resort has the highest altitude?", "SELECT resort_name FROM resorts ORDER BY top_altitude_m DESC LIMIT 1"),
    ("How many instructors work in each resort?", "SELECT resort_name, count(*) FROM resorts JOIN instructors USING (resort_id) GROUP BY resort_id, 1;SELECT resort_name, count(instructor_id) FROM resorts LEFT JOIN instructors USING (resort_id) GROUP BY resort_id, 1"),
    ("Find the first and last name of the instructor with the highest day rate.", "SELECT first_name, last_name FROM instructors ORDER BY day_rate DESC LIMIT 1"),
    ("What is the average day rate of the instructors in Val Bleu?", "SELECT avg(day_rate) FROM instructors JOIN resorts USING (resort_id) WHERE resort_name='Val Bleu'"),
    ("Instructors who speak English", "SELECT first_name, last_name FROM instructors WHERE languages LIKE '%English%'"),
    ("How many guests are beginners?", "SELECT count(*) FROM guests WHERE skill_level='beginner'"),
    ("What is the average age of guests from Spain?", "SELECT avg(age) FROM guests WHERE home_country='Spain'"),
    ("Show the number of guests for every home country, sorted from most to least.", "SELECT home_country, count(*) FROM guests GROUP BY 1 ORDER BY 2 DESC"),
    ("Which guests younger than 10 are enrolled in Snow Kids?", "SELECT guest_name FROM guests g WHERE age<10 AND EXISTS (SELECT 1 FROM enrolments e JOIN courses c USING (course_id) WHERE e.guest_id=g.guest_id AND course_title='Snow Kids')"),
    ("How many enrolments were cancelled?", "SELECT count(*) FROM enrolments WHERE cancelled"),
    ("Total paid amount per course", "SELECT course_title, sum(paid_amount) FROM courses JOIN enrolments USING (course_id) GROUP BY course_id, 1"),
    ("Which course is the cheapest?", "SELECT course_title FROM courses ORDER BY price LIMIT 1"),
    ("Courses with room for more than 10 guests", "SELECT course_title FROM courses WHERE max_guests>10"),
    ("Which courses have no enrolments?", "SELECT course_title FROM courses c WHERE NOT EXISTS (SELECT 1 FROM enrolments e WHERE e.course_id=c.course_id)"),
    ("How many lessons were given in fog?", "SELECT count(*) FROM lessons WHERE weather='fog'"),
    ("Total hours taught by each instructor", "SELECT first_name, last_name, sum(hours) FROM instructors JOIN lessons USING (instructor_id) GROUP BY instructor_id, 1, 2"),
    ("Who taught the most lessons last month?", "SELECT first_name, last_name FROM instructors JOIN lessons USING (instructor_id) WHERE lesson_date>=date_trunc('month',current_date)-interval '1 month' AND lesson_date<date_trunc('month',current_date) GROUP BY instructor_id, 1, 2 ORDER BY count(*) DESC LIMIT 1"),
    ("What are the brands of the snowboards?", "SELECT DISTINCT brand FROM equipment WHERE item_type='snowboard'"),
    ("How many skis are longer than 180 cm?", "SELECT count(*) FROM equipment WHERE item_type='skis' AND length_cm>180"),
    ("Which items are currently rented out?", "SELECT DISTINCT item_id FROM rentals WHERE returned_on IS NULL;SELECT e.* FROM equipment e WHERE EXISTS (SELECT 1 FROM rentals r WHERE r.item_id=e.item_id AND returned_on IS NULL);SELECT item_type FROM equipment e WHERE EXISTS (SELECT 1 FROM rentals r WHERE r.item_id=e.item_id AND returned_on IS NULL)"),
    ("Rental fees per month this year", "SELECT date_trunc('month',rented_on), sum(fee) FROM rentals WHERE rented_on>=date_trunc('year',current_date) AND rented_on<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("How long are items rented on average?", "SELECT avg(returned_on-rented_on) FROM rentals"),
    ("Which guest paid the most rental fees?", "SELECT guest_name FROM guests JOIN rentals USING (guest_id) GROUP BY guest_id, 1 ORDER BY sum(fee) DESC LIMIT 1"),
    ("What percentage of guests get the newsletter?", "SELECT 100.0*count(*) FILTER (WHERE newsletter)/count(*) FROM guests;SELECT 1.0*count(*) FILTER (WHERE newsletter)/count(*) FROM guests"),
    ("Guests who have rented equipment but never enrolled in a course", "SELECT guest_name FROM guests g WHERE EXISTS (SELECT 1 FROM rentals r WHERE r.guest_id=g.guest_id) AND NOT EXISTS (SELECT 1 FROM enrolments e WHERE e.guest_id=g.guest_id)"),
    ("Resorts with more than 10 lifts that offer expert courses", "SELECT resort_name FROM resorts r WHERE lifts>10 AND EXISTS (SELECT 1 FROM courses c WHERE c.resort_id=r.resort_id AND level='expert')"),
    ("The average price of courses by level, most expensive first", "SELECT level, avg(price) FROM courses GROUP BY 1 ORDER BY 2 DESC"),
    ("Instructors certified between 2010 and 2014", "SELECT first_name, last_name FROM instructors WHERE certified_on>='2010-01-01' AND certified_on<'2015-01-01'"),
    ("How many guests are older than the average?", "SELECT count(*) FROM guests WHERE age>(SELECT avg(age) FROM guests)"),
    ("What is the total number of lifts in Austria?", "SELECT sum(lifts) FROM resorts WHERE country='Austria'"),
    ("Which countries have more than one resort?", "SELECT country FROM resorts GROUP BY 1 HAVING count(*)>1"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How many guests broke a leg?",
    "What is the phone number of each instructor?",
    "Which hotels do the guests stay in?",
    "How deep was the snow in Val Bleu?",
    "Which lifts were closed yesterday?",
    "What does a lift pass cost?",
    "Which instructors are married?",
    "How many avalanches were reported?",
    "Who repaired the helmets?",
    "Which guests complained about the weather?",
    "What is the weight of each guest?",
    "How many buses run to Alpina?",
)
