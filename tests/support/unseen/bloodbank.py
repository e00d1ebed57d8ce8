"""A blood bank, raw: no keys declared, names cut short."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE dnr_mst (dnr_id int, fst_nm text, lst_nm text, bld_grp text, gndr text, brth_dt date, city text, reg_dt date);
CREATE TABLE coll_site (site_cd text, site_nm text, city text, mobile_flg boolean);
CREATE TABLE dntn (dntn_id int, dnr_id int, site_cd text, dntn_dt date, vol_ml int, hgb numeric(4,1), dntn_sts text);
CREATE TABLE bld_unit (unit_no int, dntn_id int, cmpnt_typ text, exp_dt date, unit_sts text);
CREATE TABLE hosp (hosp_id int, hosp_nm text, city text, bed_cnt int);
CREATE TABLE hosp_ord (ord_no int, hosp_id int, ord_dt date, need_dt date, cmpnt_typ text, qty int, ord_sts text);
CREATE TABLE unit_issue (issue_no int, unit_no int, hosp_id int, issue_dt date, chg_amt numeric(8,2));
CREATE TABLE emp (emp_no int, emp_nm text, job_ttl text, site_cd text, hire_dt date);
INSERT INTO dnr_mst SELECT n, (array['Nina','Omar','Pia','Ravi','Sara','Tom','Uma'])[1+n%7], (array['Abbas','Bloom','Cole','Diaz','Erhart'])[1+n%5], (array['O+','A+','B+','AB+','O-'])[1+floor(sqrt(n))::int%5], CASE WHEN n%3=0 THEN 'M' ELSE 'F' END, date '1960-05-01'+n*151, (array['Leiden','Delft','Breda'])[1+floor(sqrt(n*2))::int%3], current_date-900+n*8 FROM generate_series(1,110) n;
INSERT INTO coll_site VALUES ('S1','Central Hall','Leiden',false),('S2','Campus North','Delft',false),('S3','Red Bus','Breda',true),('S4','Blue Bus','Delft',true),('S5','Old Mill','Breda',false);
INSERT INTO dntn SELECT n, 1+floor(sqrt(n*13))::int%97, (array['S1','S2','S3','S4'])[1+floor(sqrt(n*5))::int%4], current_date-n, 350+(n*37)%150, 12+(n*7)%50/10.0, CASE WHEN n%11=0 THEN 'rejected' WHEN n%7=0 THEN 'incomplete' ELSE 'completed' END FROM generate_series(1,420) n;
INSERT INTO bld_unit SELECT n, 1+(n*5)%400, (array['red cells','plasma','platelets'])[1+floor(sqrt(n*2))::int%3], current_date-120+n%200, (array['available','issued','discarded'])[1+floor(sqrt(n*3))::int%3] FROM generate_series(1,500) n;
INSERT INTO hosp VALUES (1,'Saint Anna','Leiden',320),(2,'Riverside','Delft',510),(3,'Mercy','Breda',145),(4,'Childrens','Leiden',90),(5,'Harbor View','Rotterdam',700);
INSERT INTO hosp_ord SELECT n, 1+floor(sqrt(n*2))::int%4, current_date-n*2, current_date-n*2+3+n%5, (array['red cells','plasma','platelets'])[1+CASE WHEN floor(sqrt(n*2))::int%4=3 THEN n%2 ELSE n%3 END], 2+(n*13)%17, (array['filled','partial','cancelled'])[1+floor(sqrt(n))::int%3] FROM generate_series(1,140) n;
INSERT INTO unit_issue SELECT row_number() over (order by unit_no), unit_no, 1+floor(sqrt(unit_no))::int%4, current_date-unit_no%90, 90+(unit_no*17)%140 FROM bld_unit WHERE unit_sts='issued';
INSERT INTO emp SELECT n, (array['Arno','Bela','Ciska','Dirk','Elin','Fons','Gijs','Hilda','Ivo','Jet','Kees','Lotte'])[n], (array['nurse','phlebotomist','driver'])[1+floor(sqrt(n*2))::int%3], (array['S1','S2','S3','S5'])[1+floor(sqrt(n*3))::int%4], date '2009-01-15'+n*290 FROM generate_series(1,12) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many donors are there in each blood group?", "SELECT bld_grp, count(*) FROM dnr_mst GROUP BY 1"),
    ("How many donations did we collect in the last 30 days?", "SELECT count(*) FROM dntn WHERE dntn_dt>=current_date-30;SELECT count(*) FROM dntn WHERE dntn_dt>=current_date-29"),
    ("Which donors live in Delft?", "SELECT fst_nm, lst_nm FROM dnr_mst WHERE city='Delft'"),
    ("What is the average volume of a donation per site?", "SELECT site_cd, avg(vol_ml) FROM dntn GROUP BY 1;SELECT site_nm, avg(vol_ml) FROM dntn JOIN coll_site USING (site_cd) GROUP BY 1"),
    ("Total volume donated by female donors", "SELECT sum(vol_ml) FROM dntn JOIN dnr_mst USING (dnr_id) WHERE gndr='F'"),
    ("Which hospital ordered the most units of plasma?", "SELECT hosp_nm FROM hosp_ord JOIN hosp USING (hosp_id) WHERE cmpnt_typ='plasma' GROUP BY hosp_id, 1 ORDER BY sum(qty) DESC LIMIT 1"),
    ("How many units expired?", "SELECT count(*) FROM bld_unit WHERE exp_dt<current_date"),
    ("List the mobile collection sites", "SELECT site_nm FROM coll_site WHERE mobile_flg;SELECT site_cd, site_nm FROM coll_site WHERE mobile_flg"),
    ("What percentage of donations were rejected?", "SELECT 100.0*count(*) FILTER (WHERE dntn_sts='rejected')/count(*) FROM dntn;SELECT 1.0*count(*) FILTER (WHERE dntn_sts='rejected')/count(*) FROM dntn"),
    ("Which donors have never donated?", "SELECT fst_nm, lst_nm FROM dnr_mst d WHERE NOT EXISTS (SELECT 1 FROM dntn x WHERE x.dnr_id=d.dnr_id)"),
    ("Who donated more than 5 times?", "SELECT fst_nm, lst_nm FROM dnr_mst JOIN dntn USING (dnr_id) GROUP BY dnr_id, 1, 2 HAVING count(*)>5"),
    ("Revenue from issued units by hospital", "SELECT hosp_nm, sum(chg_amt) FROM unit_issue JOIN hosp USING (hosp_id) GROUP BY hosp_id, 1;SELECT hosp_id, sum(chg_amt) FROM unit_issue GROUP BY 1"),
    ("How many available units do we have of each component type?", "SELECT cmpnt_typ, count(*) FROM bld_unit WHERE unit_sts='available' GROUP BY 1"),
    ("Donations per month over the past 6 months", "SELECT date_trunc('month',dntn_dt), count(*) FROM dntn WHERE dntn_dt>=current_date-interval '6 months' GROUP BY 1;SELECT date_trunc('month',dntn_dt), count(*) FROM dntn WHERE dntn_dt>=date_trunc('month',current_date)-interval '6 months' AND dntn_dt<date_trunc('month',current_date) GROUP BY 1;SELECT date_trunc('month',dntn_dt), count(*) FROM dntn WHERE dntn_dt>=date_trunc('month',current_date)-interval '5 months' GROUP BY 1"),
    ("Which hospitals have more than 300 beds?", "SELECT hosp_nm FROM hosp WHERE bed_cnt>300"),
    ("Names of the nurses hired before 2015", "SELECT emp_nm FROM emp WHERE job_ttl='nurse' AND hire_dt<'2015-01-01'"),
    ("How many employees work at Central Hall?", "SELECT count(*) FROM emp JOIN coll_site USING (site_cd) WHERE site_nm='Central Hall'"),
    ("Which sites have no employees?", "SELECT site_nm FROM coll_site s WHERE NOT EXISTS (SELECT 1 FROM emp e WHERE e.site_cd=s.site_cd);SELECT site_cd, site_nm FROM coll_site s WHERE NOT EXISTS (SELECT 1 FROM emp e WHERE e.site_cd=s.site_cd)"),
    ("What is the highest hemoglobin among donors from Breda?", "SELECT max(hgb) FROM dntn JOIN dnr_mst USING (dnr_id) WHERE city='Breda'"),
    ("Average days between the order date and the needed date", "SELECT avg(need_dt-ord_dt) FROM hosp_ord"),
    ("Total quantity ordered by component type and order status", "SELECT cmpnt_typ, ord_sts, sum(qty) FROM hosp_ord GROUP BY 1,2"),
    ("How many orders were cancelled?", "SELECT count(*) FROM hosp_ord WHERE ord_sts='cancelled'"),
    ("Who are the five youngest donors?", "SELECT fst_nm, lst_nm FROM dnr_mst ORDER BY brth_dt DESC LIMIT 5"),
    ("Hospitals that never ordered platelets", "SELECT hosp_nm FROM hosp h WHERE NOT EXISTS (SELECT 1 FROM hosp_ord o WHERE o.hosp_id=h.hosp_id AND cmpnt_typ='platelets')"),
    ("How many donors older than 50 have blood group O-?", "SELECT count(*) FROM dnr_mst WHERE bld_grp='O-' AND brth_dt<current_date-interval '50 years'"),
    ("Which site collected the largest volume last year?", "SELECT site_nm FROM dntn JOIN coll_site USING (site_cd) WHERE dntn_dt>=date_trunc('year',current_date)-interval '1 year' AND dntn_dt<date_trunc('year',current_date) GROUP BY 1 ORDER BY sum(vol_ml) DESC LIMIT 1;SELECT site_cd FROM dntn WHERE dntn_dt>=date_trunc('year',current_date)-interval '1 year' AND dntn_dt<date_trunc('year',current_date) GROUP BY 1 ORDER BY sum(vol_ml) DESC LIMIT 1"),
    ("Donations with more volume than average", "SELECT dntn_id FROM dntn WHERE vol_ml>(SELECT avg(vol_ml) FROM dntn)"),
    ("Number of donations at mobile sites", "SELECT count(*) FROM dntn JOIN coll_site USING (site_cd) WHERE mobile_flg"),
    ("Compare donations this month with last month", "SELECT count(*) FILTER (WHERE dntn_dt>=date_trunc('month',current_date)), count(*) FILTER (WHERE dntn_dt>=date_trunc('month',current_date)-interval '1 month' AND dntn_dt<date_trunc('month',current_date)) FROM dntn WHERE dntn_dt<date_trunc('month',current_date)+interval '1 month';SELECT date_trunc('month',dntn_dt), count(*) FROM dntn WHERE dntn_dt>=date_trunc('month',current_date)-interval '1 month' AND dntn_dt<date_trunc('month',current_date)+interval '1 month' GROUP BY 1"),
    ("What share of the units is discarded, by component type?", "SELECT cmpnt_typ, 100.0*count(*) FILTER (WHERE unit_sts='discarded')/count(*) FROM bld_unit GROUP BY 1;SELECT cmpnt_typ, 1.0*count(*) FILTER (WHERE unit_sts='discarded')/count(*) FROM bld_unit GROUP BY 1"),
    ("Which donor gave blood most recently?", "SELECT fst_nm, lst_nm FROM dnr_mst JOIN dntn USING (dnr_id) ORDER BY dntn_dt DESC LIMIT 1"),
    ("Rank hospitals by charges", "SELECT hosp_nm, sum(chg_amt) FROM unit_issue JOIN hosp USING (hosp_id) GROUP BY hosp_id, 1 ORDER BY 2 DESC;SELECT hosp_nm, sum(chg_amt), rank() OVER (ORDER BY sum(chg_amt) DESC) FROM unit_issue JOIN hosp USING (hosp_id) GROUP BY hosp_id, 1"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which patients received the plasma?",
    "How many donors fainted during a donation?",
    "What is the email address of each donor?",
    "Which units were stored at the wrong temperature?",
    "What do we pay the drivers per hour?",
    "How many volunteers helped at the Red Bus?",
    "Which donors tested positive for hepatitis?",
    "How many kilometres did the buses drive?",
)
