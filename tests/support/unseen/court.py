"""A court, raw and unkeyed: cases, parties, judges, hearings, rulings, fees, clerks."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE judge (judge_no int, jname text, chamber text, appointed date, birth_year int);
CREATE TABLE court_case (case_no text, case_type text, filed date, closed date, judge_no int, claim_amt numeric(12,2), status text, priority int);
CREATE TABLE party (party_id int, case_no text, party_name text, role text, city text);
CREATE TABLE lawyer (bar_no int, lname text, firm text, admitted date);
CREATE TABLE representation (party_id int, bar_no int, since date);
CREATE TABLE hearing (hearing_id int, case_no text, hearing_date date, room text, duration_min int, outcome text);
CREATE TABLE ruling (ruling_id int, case_no text, ruling_date date, verdict text, award_amt numeric(12,2), appealed boolean);
CREATE TABLE court_fee (fee_id int, case_no text, fee_kind text, amt numeric(8,2), due date, paid date);
INSERT INTO judge VALUES (1,'Abel Horn','Civil','2005-03-01',1958),(2,'Berta Quist','Criminal','2011-09-15',1966),(3,'Carl Dove','Family','2014-02-01',1971),(4,'Dora Finch','Civil','2018-06-20',1975),(5,'Egon Ray','Labour','2021-01-10',1980),(6,'Frida Sand','Civil','2024-04-04',1985);
INSERT INTO court_case SELECT 'C-'||(1000+n), (array['civil','criminal','family','labour'])[1+floor(sqrt(n*2))::int%4], current_date-n*5, CASE WHEN n%3<>0 THEN current_date-n*5+30+n%200 END, 1+floor(sqrt(n*3))::int%5, CASE WHEN n%2=0 THEN 1000+(n*977)%90000 END, CASE WHEN n%3<>0 THEN 'closed' WHEN n%2=0 THEN 'suspended' ELSE 'pending' END, 1+n%3 FROM generate_series(1,150) n;
INSERT INTO party SELECT n, 'C-'||(1001+(n-1)/2), (array['Ames','Bolt','Cray','Dunn','Esch','Ford','Gail','Hume'])[1+(n*5)%8]||' '||n, CASE WHEN n%2=1 THEN 'plaintiff' ELSE 'defendant' END, (array['Bonn','Trier','Mainz'])[1+floor(sqrt(n))::int%3] FROM generate_series(1,300) n;
INSERT INTO lawyer SELECT n, (array['Lara Pohl','Milo Kern','Nina Ost','Otto Peel','Pia Rank','Quentin Sall','Rita Tamm','Stan Ulm','Tara Voss'])[n], (array['Pohl & Kern','Ost Legal','Peel Group'])[1+floor(sqrt(n*2))::int%3], date '1998-05-01'+n*900 FROM generate_series(1,9) n;
INSERT INTO representation SELECT n, 1+floor(sqrt(n*2))::int%8, current_date-n*4 FROM generate_series(1,260) n WHERE n%5<>0;
INSERT INTO hearing SELECT n, 'C-'||(1001+1+floor(sqrt(n*60))::int%125), current_date-n*3+20, (array['Room 1','Room 2','Great Hall'])[1+floor(sqrt(n*3))::int%3], 20+(n*11)%160, (array['adjourned','decided','settled'])[1+floor(sqrt(n))::int%3] FROM generate_series(1,240) n;
INSERT INTO ruling SELECT n, 'C-'||(1000+n), current_date-n*5+25, (array['granted','dismissed','partly granted'])[1+floor(sqrt(n*2))::int%3], CASE WHEN n%2=0 THEN 500+(n*577)%50000 END, n%7=0 FROM generate_series(1,100) n;
INSERT INTO court_fee SELECT n, 'C-'||(1001+(n*3)%140), (array['filing','expert','copy'])[1+floor(sqrt(n*2))::int%3], 30+(n*37)%700, current_date-n*2, CASE WHEN n%4<>0 THEN current_date-n*2+n%40-5 END FROM generate_series(1,210) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many cases are pending?", "SELECT count(*) FROM court_case WHERE status='pending'"),
    ("Number of cases per type", "SELECT case_type, count(*) FROM court_case GROUP BY 1"),
    ("Which judges belong to the Civil chamber?", "SELECT jname FROM judge WHERE chamber='Civil'"),
    ("Who is the longest serving judge?", "SELECT jname FROM judge ORDER BY appointed LIMIT 1"),
    ("How many cases does each judge have?", "SELECT jname, count(*) FROM judge JOIN court_case USING (judge_no) GROUP BY judge_no, 1;SELECT judge_no, count(*) FROM court_case GROUP BY 1;SELECT jname, count(case_no) FROM judge LEFT JOIN court_case USING (judge_no) GROUP BY judge_no, 1"),
    ("Judges without any case", "SELECT jname FROM judge j WHERE NOT EXISTS (SELECT 1 FROM court_case c WHERE c.judge_no=j.judge_no)"),
    ("What is the average claim amount of civil cases?", "SELECT avg(claim_amt) FROM court_case WHERE case_type='civil'"),
    ("Cases filed in the last 90 days", "SELECT case_no FROM court_case WHERE filed>=current_date-90;SELECT case_no FROM court_case WHERE filed>=current_date-interval '90 days';SELECT * FROM court_case WHERE filed>=current_date-90"),
    ("Which lawyers work for Ost Legal?", "SELECT lname FROM lawyer WHERE firm='Ost Legal'"),
    ("Which lawyer represents the most parties?", "SELECT lname FROM lawyer JOIN representation USING (bar_no) GROUP BY bar_no, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("How many hearings took place in the Great Hall?", "SELECT count(*) FROM hearing WHERE room='Great Hall'"),
    ("Average duration of hearings by outcome", "SELECT outcome, avg(duration_min) FROM hearing GROUP BY 1"),
    ("What is the total of unpaid fees?", "SELECT sum(amt) FROM court_fee WHERE paid IS NULL"),
    ("Which fees were paid late?", "SELECT fee_id FROM court_fee WHERE paid>due;SELECT * FROM court_fee WHERE paid>due"),
    ("How many rulings were appealed?", "SELECT count(*) FROM ruling WHERE appealed"),
    ("What percentage of rulings were dismissed?", "SELECT 100.0*count(*) FILTER (WHERE verdict='dismissed')/count(*) FROM ruling;SELECT 1.0*count(*) FILTER (WHERE verdict='dismissed')/count(*) FROM ruling"),
    ("The five highest awards", "SELECT ruling_id, award_amt FROM ruling WHERE award_amt IS NOT NULL ORDER BY 2 DESC LIMIT 5;SELECT award_amt FROM ruling WHERE award_amt IS NOT NULL ORDER BY 1 DESC LIMIT 5"),
    ("Plaintiffs from Trier", "SELECT party_name FROM party WHERE role='plaintiff' AND city='Trier'"),
    ("How many defendants are there in each city?", "SELECT city, count(*) FROM party WHERE role='defendant' GROUP BY 1"),
    ("Cases with more than two hearings", "SELECT case_no FROM hearing GROUP BY 1 HAVING count(*)>2"),
    ("Which cases had no hearing?", "SELECT case_no FROM court_case c WHERE NOT EXISTS (SELECT 1 FROM hearing h WHERE h.case_no=c.case_no)"),
    ("Total fees by kind", "SELECT fee_kind, sum(amt) FROM court_fee GROUP BY 1"),
    ("How long do family cases take on average?", "SELECT avg(closed-filed) FROM court_case WHERE case_type='family'"),
    ("Lawyers admitted before 2005", "SELECT lname FROM lawyer WHERE admitted<'2005-01-01'"),
    ("What was the largest claim amount in a labour case?", "SELECT max(claim_amt) FROM court_case WHERE case_type='labour'"),
    ("How many cases were closed this year?", "SELECT count(*) FROM court_case WHERE closed>=date_trunc('year',current_date) AND closed<date_trunc('year',current_date)+interval '1 year'"),
    ("Cases per month filed this year", "SELECT date_trunc('month',filed), count(*) FROM court_case WHERE filed>=date_trunc('year',current_date) AND filed<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Which judge handled the case C-1042?", "SELECT jname FROM judge JOIN court_case USING (judge_no) WHERE case_no='C-1042'"),
    ("Total award amount per judge", "SELECT jname, sum(award_amt) FROM judge JOIN court_case USING (judge_no) JOIN ruling USING (case_no) GROUP BY judge_no, 1;SELECT judge_no, sum(award_amt) FROM court_case JOIN ruling USING (case_no) GROUP BY 1"),
    ("Judges born before 1970", "SELECT jname FROM judge WHERE birth_year<1970"),
    ("Claims above the average claim amount", "SELECT case_no FROM court_case WHERE claim_amt>(SELECT avg(claim_amt) FROM court_case)"),
    ("How many parties have no lawyer?", "SELECT count(*) FROM party p WHERE NOT EXISTS (SELECT 1 FROM representation r WHERE r.party_id=p.party_id)"),
    ("List the high priority cases that are suspended", "SELECT case_no FROM court_case WHERE priority=1 AND status='suspended'"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which witnesses were heard?",
    "How many prisoners escaped?",
    "What is the salary of each judge?",
    "Which clerk wrote the minutes?",
    "What is the email address of the lawyers?",
    "How many jurors were dismissed?",
    "Which newspapers reported about the case?",
    "What was the budget of the court last year?",
    "How many years of prison did the defendants get?",
    "Which police officers testified?",
    "What language do the plaintiffs speak?",
    "Which rooms have a projector?",
)
