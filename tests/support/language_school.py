"""A school, and what its office asks."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE houses (id int PRIMARY KEY, name text NOT NULL, colour text);
CREATE TABLE teachers (id int PRIMARY KEY, full_name text NOT NULL, email text, subject text, salary numeric(10,2), hired_on date, mentor_id int REFERENCES teachers);
CREATE TABLE pupils (id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, gender text, birth_date date, year_group int, house_id int REFERENCES houses, enrolled_on date, left_on date);
CREATE TABLE courses (id int PRIMARY KEY, title text NOT NULL, subject text, credits int, teacher_id int REFERENCES teachers, max_seats int);
CREATE TABLE enrolments (id int PRIMARY KEY, pupil_id int NOT NULL REFERENCES pupils, course_id int NOT NULL REFERENCES courses, enrolled_at timestamp NOT NULL, final_mark numeric(5,1), status text NOT NULL);
CREATE TABLE absences (id int PRIMARY KEY, pupil_id int NOT NULL REFERENCES pupils, absent_on date NOT NULL, reason text, excused boolean NOT NULL);
CREATE TABLE fee_payments (id int PRIMARY KEY, pupil_id int NOT NULL REFERENCES pupils, amount numeric(10,2) NOT NULL, paid_at timestamp NOT NULL, method text NOT NULL);
CREATE TABLE rooms (id int PRIMARY KEY, code text NOT NULL, building text, seats int);
CREATE TABLE lessons (id int PRIMARY KEY, course_id int NOT NULL REFERENCES courses, room_id int REFERENCES rooms, weekday text, starts_at time, minutes int);
INSERT INTO houses VALUES (1,'Falcon','red'),(2,'Otter','blue'),(3,'Badger','green'),(4,'Heron','white');
INSERT INTO teachers VALUES (1,'Helen Marsh','helen@school.test','Mathematics',5200,'2008-09-01',NULL),(2,'Pradeep Rao','pradeep@school.test','Physics',4800,'2014-01-15',1),(3,'Sofia Lund','sofia@school.test','History',4100,'2019-08-20',1),(4,'Tom Ashby','tom@school.test','Mathematics',5400,'2021-09-01',2),(5,'Yuki Mori',NULL,'Art',3900,'2023-02-01',2);
INSERT INTO pupils SELECT n, (array['Ada','Ben','Cleo','Dev','Ella','Finn','Gus','Hana'])[1+n%8], (array['Archer','Bloom','Carter','Doyle','Ellis','Frost','Grant'])[1+n%7]||n, CASE WHEN n%3=0 THEN 'M' ELSE 'F' END, date '2009-01-01'+n*31, 7+n%5, CASE WHEN n%11=0 THEN NULL ELSE 1+n%3 END, date '2021-09-01'+(n%3)*365, CASE WHEN n%10=0 THEN date '2025-06-30' END FROM generate_series(1,40) n;
INSERT INTO courses VALUES (1,'Algebra I','Mathematics',4,1,20),(2,'Calculus','Mathematics',6,4,12),(3,'Mechanics','Physics',5,2,16),(4,'Modern History','History',3,3,25),(5,'Watercolour','Art',2,5,10),(6,'Optics','Physics',5,2,14),(7,'Ancient Rome','History',3,NULL,25);
INSERT INTO enrolments SELECT n, 1+(n*7)%38, CASE WHEN n%9=0 THEN 5 ELSE 1+(n*5+n/7)%6 END, timestamp '2024-09-02 08:00'+n*interval '30 hours', CASE WHEN n%4=0 THEN NULL ELSE 40+(n*37)%61 END, CASE WHEN n%4=0 THEN 'active' WHEN n%7=0 THEN 'withdrawn' ELSE 'completed' END FROM generate_series(1,90) n;
INSERT INTO absences SELECT n, 1+(n*5)%33, current_date-n*3, (array['sick','family','unknown','trip'])[1+n%4], n%4<>2 FROM generate_series(1,70) n;
INSERT INTO fee_payments SELECT n, 1+(n*3)%36, 100+(n*53)%400, date_trunc('month',now())-n*interval '6 days'+interval '9 hours', (array['card','cash','transfer'])[1+n%3] FROM generate_series(0,79) n;
INSERT INTO rooms VALUES (1,'A101','Main',30),(2,'A102','Main',24),(3,'B201','Science',18),(4,'C001','Annex',12);
INSERT INTO lessons VALUES (1,1,1,'Monday','09:00',60),(2,1,1,'Wednesday','09:00',60),(3,2,2,'Tuesday','10:00',90),(4,3,3,'Monday','11:00',90),(5,4,2,'Thursday','13:00',45),(6,5,NULL,'Friday','14:00',120),(7,6,3,'Friday','09:00',90);
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many pupils are there?", "SELECT count(*) FROM pupils"),
    (
        "How many pupils are in each house?",
        "SELECT h.name, count(p.id) FROM houses h LEFT JOIN pupils p ON p.house_id=h.id GROUP BY h.id HAVING count(p.id)>0",
    ),
    (
        "How many pupils does each house have?",
        "SELECT h.name, count(p.id) FROM houses h LEFT JOIN pupils p ON p.house_id=h.id GROUP BY h.id",
    ),
    (
        "Who teaches Calculus?",
        "SELECT t.full_name FROM teachers t JOIN courses c ON c.teacher_id=t.id WHERE c.title='Calculus'",
    ),
    ("List courses without a teacher", "SELECT title FROM courses WHERE teacher_id IS NULL"),
    (
        "Which pupils have never been absent?",
        "SELECT first_name,last_name FROM pupils p WHERE NOT EXISTS (SELECT 1 FROM absences a WHERE a.pupil_id=p.id)",
    ),
    (
        "average final mark per course",
        "SELECT c.title, avg(e.final_mark) FROM enrolments e JOIN courses c ON c.id=e.course_id GROUP BY c.id",
    ),
    (
        "What is the average final mark in Mechanics?",
        "SELECT avg(final_mark) FROM enrolments e JOIN courses c ON c.id=e.course_id WHERE c.title='Mechanics'",
    ),
    (
        "top 5 pupils by average mark",
        "SELECT p.first_name,p.last_name FROM pupils p JOIN enrolments e ON e.pupil_id=p.id GROUP BY p.id ORDER BY avg(final_mark) DESC NULLS LAST LIMIT 5",
    ),
    (
        "How many absences were there last month?",
        "SELECT count(*) FROM absences WHERE absent_on>=date_trunc('month',current_date)-interval '1 month' AND absent_on<date_trunc('month',current_date)",
    ),
    (
        "unexcused absences this year",
        "SELECT id FROM absences WHERE NOT excused AND absent_on>=date_trunc('year',current_date) AND absent_on<date_trunc('year',current_date)+interval '1 year'",
    ),
    ("absences by reason", "SELECT reason, count(*) FROM absences GROUP BY reason"),
    ("total fee payments by method", "SELECT method, sum(amount) FROM fee_payments GROUP BY method"),
    (
        "How much did pupils pay last month?",
        "SELECT sum(amount) FROM fee_payments WHERE paid_at>=date_trunc('month',current_date)-interval '1 month' AND paid_at<date_trunc('month',current_date)",
    ),
    ("fees paid per month", "SELECT date_trunc('month',paid_at), sum(amount) FROM fee_payments GROUP BY 1"),
    ("Which teacher earns the most?", "SELECT full_name FROM teachers ORDER BY salary DESC LIMIT 1"),
    ("Who earns the least?", "SELECT full_name FROM teachers ORDER BY salary LIMIT 1"),
    ("3 best paid teachers", "SELECT full_name FROM teachers ORDER BY salary DESC LIMIT 3"),
    (
        "teachers who earn more than their mentor",
        "SELECT t.full_name FROM teachers t JOIN teachers m ON m.id=t.mentor_id WHERE t.salary>m.salary",
    ),
    (
        "list teachers with the name of their mentor",
        "SELECT t.full_name, m.full_name FROM teachers t LEFT JOIN teachers m ON m.id=t.mentor_id",
    ),
    ("teachers hired after 2015", "SELECT full_name FROM teachers WHERE hired_on>='2016-01-01'"),
    ("Which teachers have no email?", "SELECT full_name FROM teachers WHERE email IS NULL"),
    ("How many girls are in year group 9?", "SELECT count(*) FROM pupils WHERE gender='F' AND year_group=9"),
    ("number of pupils per year group", "SELECT year_group, count(*) FROM pupils GROUP BY 1"),
    (
        "oldest pupil in Otter",
        "SELECT first_name,last_name FROM pupils p JOIN houses h ON h.id=p.house_id WHERE h.name='Otter' ORDER BY birth_date LIMIT 1",
    ),
    (
        "pupils taking Optics",
        "SELECT first_name,last_name FROM pupils p WHERE EXISTS (SELECT 1 FROM enrolments e JOIN courses c ON c.id=e.course_id WHERE e.pupil_id=p.id AND c.title='Optics')",
    ),
    (
        "courses with more than 12 enrolments",
        "SELECT title FROM courses WHERE id IN (SELECT course_id FROM enrolments GROUP BY 1 HAVING count(*)>12)",
    ),
    (
        "Which course has the fewest enrolments?",
        "SELECT c.title FROM courses c LEFT JOIN enrolments e ON e.course_id=c.id GROUP BY c.id ORDER BY count(e.id) LIMIT 1",
    ),
    (
        "pupils who withdrew from a course",
        "SELECT first_name,last_name FROM pupils p WHERE EXISTS (SELECT 1 FROM enrolments e WHERE e.pupil_id=p.id AND e.status='withdrawn')",
    ),
    ("What percentage of absences are excused?", "SELECT 100.0*count(*) FILTER (WHERE excused)/count(*) FROM absences"),
    ("share of enrolments that were withdrawn", "SELECT avg((status='withdrawn')::int) FROM enrolments"),
    ("Which rooms have more than 20 seats?", "SELECT code FROM rooms WHERE seats>20"),
    ("lessons on Monday", "SELECT id FROM lessons WHERE weekday='Monday'"),
    (
        "total minutes of lessons per course",
        "SELECT c.title, sum(minutes) FROM lessons l JOIN courses c ON c.id=l.course_id GROUP BY c.id",
    ),
    ("longest lessons", "SELECT id FROM lessons ORDER BY minutes DESC LIMIT 10"),
    ("pupils who left", "SELECT first_name,last_name FROM pupils WHERE left_on IS NOT NULL"),
    (
        "enrolments per month, most first",
        "SELECT date_trunc('month',enrolled_at), count(*) FROM enrolments GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "the pupil with the most absences",
        "SELECT first_name,last_name FROM pupils p JOIN absences a ON a.pupil_id=p.id GROUP BY p.id ORDER BY count(*) DESC LIMIT 1",
    ),
    ("Which subjects have more than one teacher?", "SELECT subject FROM teachers GROUP BY subject HAVING count(*)>1"),
    ("average salary of mathematics teachers", "SELECT avg(salary) FROM teachers WHERE subject='Mathematics'"),
    ("how many seats are in the Main building?", "SELECT sum(seats) FROM rooms WHERE building='Main'"),
    ("courses worth at least 5 credits", "SELECT title FROM courses WHERE credits>=5"),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which pupils take the school bus?",
    "What is the average height of pupils?",
    "How many parents attended the meeting?",
    "Why do pupils leave the school?",
    "Which teachers speak French?",
)
