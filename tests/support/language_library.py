"""A public library: copies of titles, borrowers, loans, fines, reservations."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE branch (branch_id int PRIMARY KEY, branch_name text NOT NULL, town text, opened date);
CREATE TABLE author (author_id int PRIMARY KEY, author_name text NOT NULL, nationality text, born_year int);
CREATE TABLE title (isbn text PRIMARY KEY, title text NOT NULL, genre text, language text, published_year int, pages int);
CREATE TABLE title_author (isbn text REFERENCES title, author_id int REFERENCES author, PRIMARY KEY (isbn, author_id));
CREATE TABLE copy (copy_id int PRIMARY KEY, isbn text NOT NULL REFERENCES title, branch_id int NOT NULL REFERENCES branch, acquired_on date, condition text, price numeric(8,2));
CREATE TABLE borrower (borrower_id int PRIMARY KEY, full_name text NOT NULL, email text, town text, member_since date, referred_by int REFERENCES borrower, blocked boolean NOT NULL DEFAULT false);
CREATE TABLE loan (loan_id int PRIMARY KEY, copy_id int NOT NULL REFERENCES copy, borrower_id int NOT NULL REFERENCES borrower, borrowed_at timestamp NOT NULL, due_on date NOT NULL, returned_at timestamp);
CREATE TABLE fine (fine_id int PRIMARY KEY, loan_id int NOT NULL REFERENCES loan, amount numeric(8,2) NOT NULL, issued_on date, settled boolean NOT NULL);
CREATE TABLE reservation (reservation_id int PRIMARY KEY, isbn text NOT NULL REFERENCES title, borrower_id int NOT NULL REFERENCES borrower, reserved_at timestamp NOT NULL, state text NOT NULL);
CREATE TABLE staff (staff_id int PRIMARY KEY, full_name text NOT NULL, job_title text, branch_id int REFERENCES branch, monthly_pay numeric(8,2), manager_id int REFERENCES staff, started_on date);
INSERT INTO branch VALUES (1,'Central','Aldham','1990-05-01'),(2,'Riverside','Aldham','2004-03-01'),(3,'Hilltop','Brixworth','2015-09-01'),(4,'Mobile van','Cranley','2023-04-01');
INSERT INTO author VALUES (1,'Maya Lindgren','Swedish',1961),(2,'Oscar Dale','British',1948),(3,'Ines Duarte','Portuguese',1975),(4,'Koji Tanaka','Japanese',1983),(5,'Ruth Adler','British',1990);
INSERT INTO title SELECT 'ISBN'||n, (array['The Long Winter','Salt Roads','A Quiet Engine','Night Ferry','Glass Orchards','Paper Moons','The Ninth Door','Tidelands','Small Fires','Kites','Iron Bells','The Cartographer'])[n], (array['novel','crime','science','poetry'])[1+n%4], (array['English','English','French'])[1+n%3], 1985+n*3, 120+(n*67)%500 FROM generate_series(1,12) n;
INSERT INTO title_author SELECT 'ISBN'||n, 1+n%4 FROM generate_series(1,12) n; INSERT INTO title_author VALUES ('ISBN1',1),('ISBN2',1),('ISBN6',4);
INSERT INTO copy SELECT n, 'ISBN'||(1+n%11), 1+n%3, date '2012-01-01'+n*70, (array['good','good','worn','damaged'])[1+n%4], 8+(n*7)%23 FROM generate_series(1,45) n;
INSERT INTO borrower SELECT n, (array['Ann','Bea','Carl','Dina','Ed','Fay'])[1+n%6]||' '||(array['Hale','Ibsen','Jones','Kerr','Lowe'])[1+n%5], CASE WHEN n%7=0 THEN NULL ELSE 'b'||n||'@mail.test' END, (array['Aldham','Brixworth','Cranley'])[1+n%3], date '2016-01-01'+n*101, CASE WHEN n>4 THEN 1+n%4 END, n%9=0 FROM generate_series(1,30) n;
INSERT INTO loan SELECT n, 1+(n*11)%43, 1+(n*7)%27, ts, (ts+interval '21 days')::date, CASE WHEN n%8=0 THEN NULL ELSE ts+interval '1 day'*(3+n%29) END FROM (SELECT n, date_trunc('day',now())-n*interval '67 hours'+interval '10 hours' ts FROM generate_series(1,150) n) x;
INSERT INTO fine SELECT n, n*4, 1+(n*3)%14, current_date-n*9, n%3<>0 FROM generate_series(1,30) n;
INSERT INTO reservation SELECT n, 'ISBN'||(1+(n*5)%12), 1+(n*3)%25, now()-n*interval '40 hours', (array['waiting','ready','collected','expired'])[1+n%4] FROM generate_series(1,50) n;
INSERT INTO staff VALUES (1,'Greta Holm','director',1,4800,NULL,'2005-01-01'),(2,'Hugo Baines','librarian',1,3100,1,'2012-03-01'),(3,'Iris Webb','librarian',2,3300,1,'2015-06-01'),(4,'Jon Farrow','assistant',2,3400,3,'2020-02-01'),(5,'Kay Sutton','assistant',3,2400,3,'2022-10-01'),(6,'Lou Grant','driver',4,2600,1,'2023-04-01');
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    (
        "How many copies do we have of The Long Winter?",
        "SELECT count(*) FROM copy c JOIN title t USING (isbn) WHERE t.title='The Long Winter'",
    ),
    (
        "titles written by Maya Lindgren",
        "SELECT t.title FROM title t WHERE EXISTS (SELECT 1 FROM title_author ta JOIN author a USING (author_id) WHERE ta.isbn=t.isbn AND a.author_name='Maya Lindgren')",
    ),
    ("Which British authors do we have?", "SELECT author_name FROM author WHERE nationality='British'"),
    (
        "authors without any titles",
        "SELECT author_name FROM author a WHERE NOT EXISTS (SELECT 1 FROM title_author ta WHERE ta.author_id=a.author_id)",
    ),
    (
        "How many titles did each author write?",
        "SELECT a.author_name, count(*) FROM author a JOIN title_author ta USING (author_id) GROUP BY a.author_id",
    ),
    ("number of titles per genre", "SELECT genre, count(*) FROM title GROUP BY 1"),
    ("longest titles by pages, top 3", "SELECT title FROM title ORDER BY pages DESC LIMIT 3"),
    ("titles published before 2000", "SELECT title FROM title WHERE published_year<2000"),
    ("French titles with more than 300 pages", "SELECT title FROM title WHERE language='French' AND pages>300"),
    (
        "How many copies does each branch have?",
        "SELECT b.branch_name, count(c.copy_id) FROM branch b LEFT JOIN copy c USING (branch_id) GROUP BY b.branch_id",
    ),
    (
        "copies per branch",
        "SELECT b.branch_name, count(*) FROM branch b JOIN copy c USING (branch_id) GROUP BY b.branch_id",
    ),
    (
        "How many damaged copies are in Hilltop?",
        "SELECT count(*) FROM copy c JOIN branch b USING (branch_id) WHERE c.condition='damaged' AND b.branch_name='Hilltop'",
    ),
    ("what are our copies worth in total?", "SELECT sum(price) FROM copy"),
    (
        "loans last month",
        "SELECT loan_id FROM loan WHERE borrowed_at>=date_trunc('month',current_date)-interval '1 month' AND borrowed_at<date_trunc('month',current_date)",
    ),
    (
        "How many books were borrowed this year?",
        "SELECT count(*) FROM loan WHERE borrowed_at>=date_trunc('year',current_date) AND borrowed_at<date_trunc('year',current_date)+interval '1 year'",
    ),
    (
        "How many titles were borrowed per genre in the last 6 months?",
        "SELECT t.genre, count(DISTINCT t.isbn) FROM loan l JOIN copy c USING (copy_id) JOIN title t USING (isbn) WHERE l.borrowed_at>=current_date-interval '6 months' GROUP BY 1",
    ),
    ("loans that have not been returned", "SELECT loan_id FROM loan WHERE returned_at IS NULL"),
    ("loans per month", "SELECT date_trunc('month',borrowed_at), count(*) FROM loan GROUP BY 1"),
    (
        "Who borrowed Night Ferry?",
        "SELECT full_name FROM borrower b WHERE EXISTS (SELECT 1 FROM loan l JOIN copy c USING (copy_id) JOIN title t USING (isbn) WHERE l.borrower_id=b.borrower_id AND t.title='Night Ferry')",
    ),
    (
        "borrowers with more than 5 loans",
        "SELECT full_name FROM borrower WHERE borrower_id IN (SELECT borrower_id FROM loan GROUP BY 1 HAVING count(*)>5)",
    ),
    (
        "top 5 borrowers by number of loans",
        "SELECT b.full_name, count(*) FROM borrower b JOIN loan l USING (borrower_id) GROUP BY b.borrower_id ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "most borrowed titles",
        "SELECT t.title, count(*) FROM loan l JOIN copy c USING (copy_id) JOIN title t USING (isbn) GROUP BY t.isbn ORDER BY 2 DESC LIMIT 10",
    ),
    (
        "borrowers who never reserved anything",
        "SELECT full_name FROM borrower b WHERE NOT EXISTS (SELECT 1 FROM reservation r WHERE r.borrower_id=b.borrower_id)",
    ),
    ("blocked borrowers in Aldham", "SELECT full_name FROM borrower WHERE blocked AND town='Aldham'"),
    ("borrowers without an email address", "SELECT full_name FROM borrower WHERE email IS NULL"),
    (
        "members who joined in 2019",
        "SELECT full_name FROM borrower WHERE member_since>='2019-01-01' AND member_since<'2020-01-01'",
    ),
    (
        "total fines by borrower",
        "SELECT b.full_name, sum(f.amount) FROM fine f JOIN loan l USING (loan_id) JOIN borrower b USING (borrower_id) GROUP BY b.borrower_id",
    ),
    ("total of unsettled fines", "SELECT sum(amount) FROM fine WHERE NOT settled"),
    ("average fine", "SELECT avg(amount) FROM fine"),
    (
        "who has the highest fine?",
        "SELECT b.full_name FROM fine f JOIN loan l USING (loan_id) JOIN borrower b USING (borrower_id) ORDER BY f.amount DESC LIMIT 1",
    ),
    ("reservations by state", "SELECT state, count(*) FROM reservation GROUP BY 1"),
    (
        "ready reservations for Kites",
        "SELECT reservation_id FROM reservation r JOIN title t USING (isbn) WHERE r.state='ready' AND t.title='Kites'",
    ),
    (
        "Which genre is the most reserved?",
        "SELECT t.genre FROM reservation r JOIN title t USING (isbn) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "staff who earn more than their manager",
        "SELECT s.full_name FROM staff s JOIN staff m ON m.staff_id=s.manager_id WHERE s.monthly_pay>m.monthly_pay",
    ),
    (
        "each staff member with their manager",
        "SELECT s.full_name, m.full_name FROM staff s LEFT JOIN staff m ON m.staff_id=s.manager_id",
    ),
    (
        "who manages Iris Webb?",
        "SELECT m.full_name FROM staff s JOIN staff m ON m.staff_id=s.manager_id WHERE s.full_name='Iris Webb'",
    ),
    (
        "How many staff does each branch have?",
        "SELECT b.branch_name, count(s.staff_id) FROM branch b LEFT JOIN staff s USING (branch_id) GROUP BY b.branch_id",
    ),
    ("average pay by job title", "SELECT job_title, avg(monthly_pay) FROM staff GROUP BY 1"),
    ("newest staff member", "SELECT full_name FROM staff ORDER BY started_on DESC LIMIT 1"),
    (
        "staff at Central or Riverside",
        "SELECT full_name FROM staff s JOIN branch b USING (branch_id) WHERE b.branch_name IN ('Central','Riverside')",
    ),
    ("branches opened since 2010", "SELECT branch_name FROM branch WHERE opened>='2010-01-01'"),
    ("percentage of fines that are settled", "SELECT 100.0*count(*) FILTER (WHERE settled)/count(*) FROM fine"),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which borrowers have a driving licence?",
    "How many computers are in each branch?",
    "What is the average rating of each title?",
    "Which publisher has the most titles?",
    "How many visitors came yesterday?",
)
