"""A dental practice, raw: patients, dentists, visits, treatments, bills, stock, no keys, names cut short."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE pat (pat_no int, fst_nm text, lst_nm text, brth_dt date, gndr text, ins_cd text, town text, reg_dt date);
CREATE TABLE insurer (ins_cd text, ins_nm text, ins_typ text);
CREATE TABLE dentist (den_id int, den_nm text, spec text, start_dt date, room_no int);
CREATE TABLE appt (appt_id int, pat_no int, den_id int, appt_ts timestamp, dur_min int, appt_sts text);
CREATE TABLE trtmt_cd (trt_cd text, trt_desc text, std_price numeric(8,2), grp text);
CREATE TABLE trtmt (trtmt_id int, appt_id int, trt_cd text, tooth_no int, chg_amt numeric(8,2));
CREATE TABLE inv (inv_no int, pat_no int, inv_dt date, due_dt date, tot_amt numeric(9,2), pd_dt date);
CREATE TABLE stock_item (item_no int, item_desc text, qty int, min_qty int, unit_cost numeric(7,2), supp_nm text);
INSERT INTO insurer VALUES ('AK','Alpha Kasse','public'),('BN','Benova','private'),('CU','Cura','public'),('DX','Dentix','private');
INSERT INTO dentist VALUES (1,'Dr Vogel','orthodontics','2006-04-01',1),(2,'Dr Amsel','surgery','2013-10-01',2),(3,'Dr Kranich','general','2018-01-15',3),(4,'Dr Falke','general','2021-07-01',4),(5,'Dr Specht','children','2024-02-01',5);
INSERT INTO pat SELECT n, (array['Ina','Jon','Kai','Lou','Mia','Ned','Oda'])[1+n%7], (array['Berg','Cohn','Dorn','Ebel'])[1+n%4], date '1941-01-01'+n*263, CASE WHEN n%2=0 THEN 'F' ELSE 'M' END, (array['AK','BN','CU'])[1+floor(sqrt(n*2))::int%3], (array['Ulm','Neustadt','Senden'])[1+floor(sqrt(n*3))::int%3], date '2012-01-01'+n*37 FROM generate_series(1,100) n;
INSERT INTO appt SELECT n, 1+floor(sqrt(n*20))::int%92, 1+floor(sqrt(n*3))::int%4, now()-n*interval '13 hours'+interval '4 days', 15+(n%4)*15, (array['done','no-show','cancelled','done'])[1+floor(sqrt(n*2))::int%4] FROM generate_series(1,360) n;
INSERT INTO trtmt_cd VALUES ('EX','extraction',95,'surgical'),('FI','filling',70,'basic'),('CL','cleaning',55,'basic'),('IM','implant',1450,'surgical'),('BR','braces',2100,'ortho'),('XR','x-ray',35,'basic'),('WH','whitening',220,'cosmetic');
INSERT INTO trtmt SELECT n, 1+(n*3)%350, (array['FI','CL','XR','EX','IM','BR'])[1+floor(sqrt(n*3))::int%6], 11+n%28, 30+(n*37)%900 FROM generate_series(1,430) n;
INSERT INTO inv SELECT n, 1+floor(sqrt(n*15))::int%90, current_date-n, current_date-n+30, 40+(n*53)%1200, CASE WHEN n%5<>0 THEN current_date-n+9+n%30 END FROM generate_series(1,330) n;
INSERT INTO stock_item SELECT n, (array['gloves','masks','floss','composite','needles','gauze','cement','mirrors'])[n], (n*37)%90, 20+n*3, 1.5+n*2.2, (array['MediHaus','Dentalo'])[1+n%2] FROM generate_series(1,8) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many patients come from each town?", "SELECT town, count(*) FROM pat GROUP BY 1"),
    ("List the patients insured with Benova", "SELECT fst_nm, lst_nm FROM pat JOIN insurer USING (ins_cd) WHERE ins_nm='Benova'"),
    ("How many female patients do we have?", "SELECT count(*) FROM pat WHERE gndr='F'"),
    ("Who are the five oldest patients?", "SELECT fst_nm, lst_nm FROM pat ORDER BY brth_dt LIMIT 5"),
    ("Which insurers have no patients?", "SELECT ins_nm FROM insurer i WHERE NOT EXISTS (SELECT 1 FROM pat p WHERE p.ins_cd=i.ins_cd)"),
    ("Which dentists are specialised in surgery?", "SELECT den_nm FROM dentist WHERE spec='surgery'"),
    ("Dentists who started before 2015", "SELECT den_nm FROM dentist WHERE start_dt<'2015-01-01'"),
    ("How many appointments were there last month?", "SELECT count(*) FROM appt WHERE appt_ts>=date_trunc('month',current_date)-interval '1 month' AND appt_ts<date_trunc('month',current_date)"),
    ("Number of appointments by status", "SELECT appt_sts, count(*) FROM appt GROUP BY 1"),
    ("What percentage of appointments were cancelled?", "SELECT 100.0*count(*) FILTER (WHERE appt_sts='cancelled')/count(*) FROM appt;SELECT 1.0*count(*) FILTER (WHERE appt_sts='cancelled')/count(*) FROM appt"),
    ("Average duration of appointments per dentist", "SELECT den_nm, avg(dur_min) FROM appt JOIN dentist USING (den_id) GROUP BY den_id, 1;SELECT den_id, avg(dur_min) FROM appt GROUP BY 1"),
    ("Which dentist has the most appointments?", "SELECT den_nm FROM dentist JOIN appt USING (den_id) GROUP BY den_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Dentists without appointments", "SELECT den_nm FROM dentist d WHERE NOT EXISTS (SELECT 1 FROM appt a WHERE a.den_id=d.den_id)"),
    ("What is the standard price of an implant?", "SELECT std_price FROM trtmt_cd WHERE trt_desc='implant'"),
    ("Which treatment is the most expensive?", "SELECT trt_desc FROM trtmt_cd ORDER BY std_price DESC LIMIT 1;SELECT trt_cd, trt_desc FROM trtmt_cd ORDER BY std_price DESC LIMIT 1"),
    ("Total charges by treatment group", "SELECT grp, sum(chg_amt) FROM trtmt JOIN trtmt_cd USING (trt_cd) GROUP BY 1"),
    ("How many fillings were done?", "SELECT count(*) FROM trtmt JOIN trtmt_cd USING (trt_cd) WHERE trt_desc='filling'"),
    ("What is the total of unpaid invoices?", "SELECT sum(tot_amt) FROM inv WHERE pd_dt IS NULL"),
    ("Invoices over 1000", "SELECT inv_no FROM inv WHERE tot_amt>1000;SELECT * FROM inv WHERE tot_amt>1000"),
    ("Invoiced amount per month this year", "SELECT date_trunc('month',inv_dt), sum(tot_amt) FROM inv WHERE inv_dt>=date_trunc('year',current_date) AND inv_dt<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Which patients have more than 5 invoices?", "SELECT fst_nm, lst_nm FROM pat JOIN inv USING (pat_no) GROUP BY pat_no, 1, 2 HAVING count(*)>5"),
    ("Patients who never had an appointment", "SELECT fst_nm, lst_nm FROM pat p WHERE NOT EXISTS (SELECT 1 FROM appt a WHERE a.pat_no=p.pat_no)"),
    ("Which items are below their minimum quantity?", "SELECT item_desc FROM stock_item WHERE qty<min_qty;SELECT item_no, item_desc FROM stock_item WHERE qty<min_qty"),
    ("How many items does Dentalo supply?", "SELECT count(*) FROM stock_item WHERE supp_nm='Dentalo'"),
    ("Patients registered since 2018", "SELECT fst_nm, lst_nm FROM pat WHERE reg_dt>='2018-01-01'"),
    ("Average invoice amount", "SELECT avg(tot_amt) FROM inv"),
    ("Patients older than 60 from Ulm", "SELECT fst_nm, lst_nm FROM pat WHERE town='Ulm' AND brth_dt<current_date-interval '60 years'"),
    ("Which treatments have never been done?", "SELECT trt_desc FROM trtmt_cd c WHERE NOT EXISTS (SELECT 1 FROM trtmt t WHERE t.trt_cd=c.trt_cd);SELECT trt_cd, trt_desc FROM trtmt_cd c WHERE NOT EXISTS (SELECT 1 FROM trtmt t WHERE t.trt_cd=c.trt_cd)"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which patients are allergic to penicillin?",
    "What is the salary of each dentist?",
    "How many toothbrushes were given away?",
    "Which assistant worked with Dr Amsel?",
    "What is the phone number of the patients?",
    "Which patients smoke?",
    "How long do patients wait in the waiting room?",
    "Which dentists speak Turkish?",
    "How many complaints did we get?",
    "What rent do we pay?",
)
