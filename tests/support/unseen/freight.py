"""A rail freight yard, raw with short names and no keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE loco (loco_id int, loco_nm text, mfr text, pwr_kw int, built_yr int, depot text, sts text);
CREATE TABLE wagon (wgn_no text, wgn_type text, max_load_t numeric(6,1), owner_cd text, last_insp_dt date);
CREATE TABLE owner_co (owner_cd text, co_nm text, country text);
CREATE TABLE drv (drv_id int, fst_nm text, lst_nm text, lic_cls text, hire_dt date, base_depot text);
CREATE TABLE train_run (run_id int, loco_id int, drv_id int, orig text, dest text, dep_ts timestamp, arr_ts timestamp, delay_min int, dist_km int);
CREATE TABLE run_wgn (run_id int, wgn_no text, cargo_typ text, load_t numeric(6,1));
CREATE TABLE maint_job (job_no int, loco_id int, job_typ text, start_dt date, end_dt date, cost_amt numeric(10,2), shop text);
CREATE TABLE cust_inv (inv_no int, run_id int, cust_nm text, inv_dt date, due_dt date, amt numeric(10,2), paid_flg boolean);
INSERT INTO loco SELECT n, (array['Atlas','Boreas','Castor','Delphi','Echo','Fenrir','Gaia','Hector','Ikarus'])[n], (array['Siegel','Alstad','Siegel','Bomba','Alstad','Siegel','Bomba','Siegel','Alstad'])[n], 2200+n*310, 1985+n*4, (array['North','South','North','West','South','North','West','South','North'])[n], (array['active','active','repair','active','retired','active','repair','active','active'])[n] FROM generate_series(1,9) n;
INSERT INTO owner_co VALUES ('RX','Railex','Austria'),('TW','TransWagon','Poland'),('GC','GreenCargo','Sweden'),('LN','Lignum','Austria');
INSERT INTO wagon SELECT 'W'||(100+n), (array['tank','flat','hopper','box'])[1+floor(sqrt(n*3))::int%4], 40+(n*7)%45, (array['RX','TW','GC'])[1+floor(sqrt(n*2))::int%3], current_date-n*11 FROM generate_series(1,50) n;
INSERT INTO drv SELECT n, (array['Mila','Nico','Olga','Paul','Rhea','Sven','Tilda'])[n], (array['Adam','Beck','Cole','Dahl','Egli','Frey','Gold'])[n], (array['A','B','A','C','A','B','C'])[n], date '2006-03-01'+n*700, (array['North','South','West'])[1+n%3] FROM generate_series(1,7) n;
INSERT INTO train_run SELECT n, (array[1,1,2,4,6,8,8,9,1,2])[1+n%10], 1+floor(sqrt(n*2))::int%6, (array['Linz','Graz','Brno'])[1+floor(sqrt(n*3))::int%3], (array['Hamburg','Trieste','Gdansk'])[1+floor(sqrt(n*2))::int%3], now()-n*interval '19 hours', CASE WHEN n>2 THEN now()-n*interval '19 hours'+(5+n%17)*interval '1 hour' END, CASE WHEN n%4=0 THEN 5+(n*7)%90 ELSE 0 END, 180+(n*41)%900 FROM generate_series(1,180) n;
INSERT INTO run_wgn SELECT 1+(n*3)%170, 'W'||(101+(n*n)%44), (array['oil','steel','timber','grain'])[1+floor(sqrt(n*3))::int%4], 12+(n*17)%50 FROM generate_series(1,420) n;
INSERT INTO maint_job SELECT n, 1+(n*5)%8, (array['wheels','brakes','engine'])[1+floor(sqrt(n*2))::int%3], current_date-n*15, CASE WHEN n>2 THEN current_date-n*15+2+n%8 END, 900+(n*433)%9000, (array['Main Shop','Yard 2'])[1+floor(sqrt(n))::int%2] FROM generate_series(1,40) n;
INSERT INTO cust_inv SELECT n, n, (array['Voest','Petrom','Agrar','Holz AG'])[1+floor(sqrt(n*3))::int%4], current_date-n, current_date-n+30, 1500+(n*271)%9000, n%5<>0 FROM generate_series(1,170) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many locomotives are active?", "SELECT count(*) FROM loco WHERE sts='active'"),
    ("Which locomotive is the most powerful?", "SELECT loco_nm FROM loco ORDER BY pwr_kw DESC LIMIT 1"),
    ("Number of locomotives per manufacturer", "SELECT mfr, count(*) FROM loco GROUP BY 1"),
    ("Locomotives built before 2000", "SELECT loco_nm FROM loco WHERE built_yr<2000"),
    ("How many wagons of each type are there?", "SELECT wgn_type, count(*) FROM wagon GROUP BY 1"),
    ("What is the average maximum load of hopper wagons?", "SELECT avg(max_load_t) FROM wagon WHERE wgn_type='hopper'"),
    ("Which wagons belong to TransWagon?", "SELECT wgn_no FROM wagon JOIN owner_co USING (owner_cd) WHERE co_nm='TransWagon'"),
    ("Which owner companies have no wagons?", "SELECT co_nm FROM owner_co o WHERE NOT EXISTS (SELECT 1 FROM wagon w WHERE w.owner_cd=o.owner_cd)"),
    ("How many train runs went to Trieste last month?", "SELECT count(*) FROM train_run WHERE dest='Trieste' AND dep_ts>=date_trunc('month',current_date)-interval '1 month' AND dep_ts<date_trunc('month',current_date)"),
    ("Average delay by origin", "SELECT orig, avg(delay_min) FROM train_run GROUP BY 1"),
    ("Which driver has made the most runs?", "SELECT fst_nm, lst_nm FROM drv JOIN train_run USING (drv_id) GROUP BY drv_id, 1, 2 ORDER BY count(*) DESC LIMIT 1"),
    ("Drivers who have never driven a train run", "SELECT fst_nm, lst_nm FROM drv d WHERE NOT EXISTS (SELECT 1 FROM train_run r WHERE r.drv_id=d.drv_id)"),
    ("Total distance per locomotive", "SELECT loco_nm, sum(dist_km) FROM train_run JOIN loco USING (loco_id) GROUP BY loco_id, 1;SELECT loco_id, sum(dist_km) FROM train_run GROUP BY 1"),
    ("How many tons of steel were transported?", "SELECT sum(load_t) FROM run_wgn WHERE cargo_typ='steel'"),
    ("Total maintenance cost by job type", "SELECT job_typ, sum(cost_amt) FROM maint_job GROUP BY 1"),
    ("What did we spend on brakes this year?", "SELECT sum(cost_amt) FROM maint_job WHERE job_typ='brakes' AND start_dt>=date_trunc('year',current_date) AND start_dt<date_trunc('year',current_date)+interval '1 year'"),
    ("Which maintenance jobs are still open?", "SELECT job_no FROM maint_job WHERE end_dt IS NULL;SELECT * FROM maint_job WHERE end_dt IS NULL"),
    ("How much do customers owe on unpaid invoices?", "SELECT sum(amt) FROM cust_inv WHERE NOT paid_flg"),
    ("Overdue invoices", "SELECT inv_no FROM cust_inv WHERE NOT paid_flg AND due_dt<current_date;SELECT * FROM cust_inv WHERE NOT paid_flg AND due_dt<current_date"),
    ("Top 3 customers by invoiced amount", "SELECT cust_nm, sum(amt) FROM cust_inv GROUP BY 1 ORDER BY 2 DESC LIMIT 3;SELECT cust_nm FROM cust_inv GROUP BY 1 ORDER BY sum(amt) DESC LIMIT 3"),
    ("Drivers with license class A", "SELECT fst_nm, lst_nm FROM drv WHERE lic_cls='A'"),
    ("Who was hired most recently?", "SELECT fst_nm, lst_nm FROM drv ORDER BY hire_dt DESC LIMIT 1"),
    ("Which runs were more than 60 minutes late?", "SELECT run_id FROM train_run WHERE delay_min>60;SELECT * FROM train_run WHERE delay_min>60"),
    ("Share of runs that were delayed", "SELECT 100.0*count(*) FILTER (WHERE delay_min>0)/count(*) FROM train_run;SELECT 1.0*count(*) FILTER (WHERE delay_min>0)/count(*) FROM train_run"),
    ("Number of runs per month this year", "SELECT date_trunc('month',dep_ts), count(*) FROM train_run WHERE dep_ts>=date_trunc('year',current_date) AND dep_ts<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Locomotives stationed in the North depot", "SELECT loco_nm FROM loco WHERE depot='North'"),
    ("What is the longest distance of a run from Graz?", "SELECT max(dist_km) FROM train_run WHERE orig='Graz'"),
    ("How many drivers are based at each depot?", "SELECT base_depot, count(*) FROM drv GROUP BY 1"),
    ("Which locomotive cost the most in maintenance?", "SELECT loco_nm FROM loco JOIN maint_job USING (loco_id) GROUP BY loco_id, 1 ORDER BY sum(cost_amt) DESC LIMIT 1"),
    ("Wagons that were not inspected in the last year", "SELECT wgn_no FROM wagon WHERE last_insp_dt<current_date-interval '1 year'"),
    ("How many wagons are owned by Austrian companies?", "SELECT count(*) FROM wagon JOIN owner_co USING (owner_cd) WHERE country='Austria'"),
    ("Average invoice amount per customer", "SELECT cust_nm, avg(amt) FROM cust_inv GROUP BY 1"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How many passengers travelled last week?",
    "What is the phone number of each driver?",
    "Which tracks are under construction?",
    "How much diesel did Atlas burn?",
    "Which signals failed?",
    "What is the salary of the drivers?",
    "How many accidents happened at the crossings?",
    "Which customers complained about damage?",
    "Who inspected the wagons?",
    "What is the colour of the wagons?",
    "Which bridges can carry heavy trains?",
    "How many containers were stolen?",
)
