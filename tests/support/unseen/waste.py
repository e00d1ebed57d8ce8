"""Waste collection of a town, raw: trucks, crews, routes, pick-ups, weighings, complaints, invoices; no keys, short names."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE truck_mst (truck_no int, plate text, truck_typ text, cap_kg int, purch_dt date, depot_cd text, stat text);
CREATE TABLE depot (depot_cd text, depot_nm text, addr text, mgr_nm text);
CREATE TABLE emp_mst (emp_no int, emp_nm text, posn text, depot_cd text, hire_dt date, sal_amt numeric(9,2));
CREATE TABLE rt_plan (rt_no int, rt_nm text, dist_km numeric(6,1), wkday text, waste_typ text, hh_cnt int);
CREATE TABLE pickup_log (pickup_id int, rt_no int, truck_no int, drv_emp_no int, pickup_dt date, start_tm timestamp, end_tm timestamp, net_kg int);
CREATE TABLE cust_acct (acct_no int, cust_nm text, cust_typ text, street text, zone_cd text, open_dt date, close_dt date);
CREATE TABLE bill (bill_no int, acct_no int, bill_dt date, due_dt date, bill_amt numeric(9,2), paid_dt date);
CREATE TABLE cmplnt (cmplnt_id int, acct_no int, rcvd_dt date, cmplnt_typ text, rslvd_dt date, sev int);
CREATE TABLE fuel_txn (txn_id int, truck_no int, txn_dt date, litres numeric(7,1), cost_amt numeric(8,2));
INSERT INTO depot VALUES ('D1','Eastgate','1 Mill Rd','Paula Reed'),('D2','Harbour','22 Quay St','Omar Finn'),('D3','Hilltop','9 Crest Ave','Paula Reed'),('D4','Brickyard','4 Kiln Ln','Tess Moran');
INSERT INTO truck_mst SELECT n, 'TR-'||(300+n), (array['compactor','tipper','hook loader'])[1+floor(sqrt(n*2))::int%3], 4000+n*700, date '2008-03-01'+n*300, (array['D1','D1','D2','D1','D3','D2','D1','D3','D2','D1','D3','D1'])[n], (array['active','active','workshop','active','sold'])[1+n%5] FROM generate_series(1,12) n;
INSERT INTO emp_mst SELECT n, (array['Abe','Bo','Cal','Deb','Eve','Flo','Gil','Hal'])[1+n%8]||' '||(array['Stone','Marsh','Wood'])[1+n%3]||' '||n, (array['driver','loader','clerk'])[1+floor(sqrt(n*2))::int%3], (array['D1','D2','D3'])[1+floor(sqrt(n))::int%3], date '2001-01-01'+n*260, 2100+n*61 FROM generate_series(1,30) n;
INSERT INTO rt_plan SELECT n, (array['North Loop','Old Town','Docks','Parkside','Station','Mill Quarter','Heights','Meadow','Airport'])[n], 11+n*3.7, (array['Monday','Tuesday','Monday','Thursday','Friday','Monday','Tuesday','Friday','Thursday'])[n], (array['household','paper','glass'])[1+floor(sqrt(n*2))::int%3], 300+n*140 FROM generate_series(1,9) n;
INSERT INTO pickup_log SELECT n, 1+floor(sqrt(n*2))::int%8, 1+floor(sqrt(n*3))::int%10, (array[1,5,6,7,17,18])[1+floor(sqrt(n*2))::int%6], current_date-n, (current_date-n)+interval '6 hours', (current_date-n)+interval '6 hours'+(120+(n*17)%240)*interval '1 minute', 1500+(n*373)%6100 FROM generate_series(1,230) n;
INSERT INTO cust_acct SELECT n, (array['Ash','Birch','Cedar','Dove','Elm','Fern'])[1+n%6]||' '||(array['Ltd','Cafe','House','School'])[1+n%4]||' '||n, (array['business','private','public'])[1+floor(sqrt(n*2))::int%3], (array['Mill Rd','Quay St','Crest Ave'])[1+n%3], (array['A','B','C'])[1+floor(sqrt(n))::int%3], date '2010-01-01'+n*31, CASE WHEN n%12=0 THEN date '2022-01-01'+n*5 END FROM generate_series(1,100) n;
INSERT INTO bill SELECT n, 1+floor(sqrt(n*20))::int%92, current_date-n, current_date-n+21, 35+(n*29)%400, CASE WHEN n%5<>0 THEN current_date-n+10+n%20 END FROM generate_series(1,400) n;
INSERT INTO cmplnt SELECT n, 1+floor(sqrt(n*30))::int%90, current_date-n*3, (array['missed','noise','spill'])[1+floor(sqrt(n*2))::int%3], CASE WHEN n%4<>0 THEN current_date-n*3+1+n%9 END, 1+n%3 FROM generate_series(1,110) n;
INSERT INTO fuel_txn SELECT n, 1+floor(sqrt(n*4))::int%11, current_date-n, 60+(n*11)%120, 95+(n*17)%190 FROM generate_series(1,260) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many trucks are there per type?", "SELECT truck_typ, count(*) FROM truck_mst GROUP BY 1"),
    ("Which trucks are in the workshop?", "SELECT truck_no FROM truck_mst WHERE stat='workshop';SELECT plate FROM truck_mst WHERE stat='workshop';SELECT truck_no, plate FROM truck_mst WHERE stat='workshop'"),
    ("What is the average capacity of the compactors?", "SELECT avg(cap_kg) FROM truck_mst WHERE truck_typ='compactor'"),
    ("Which depot has the most trucks?", "SELECT depot_nm FROM depot JOIN truck_mst USING (depot_cd) GROUP BY depot_cd, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Depots without trucks", "SELECT depot_nm FROM depot d WHERE NOT EXISTS (SELECT 1 FROM truck_mst t WHERE t.depot_cd=d.depot_cd)"),
    ("Who manages the Harbour depot?", "SELECT mgr_nm FROM depot WHERE depot_nm='Harbour'"),
    ("List the employees at Eastgate", "SELECT emp_nm FROM emp_mst JOIN depot USING (depot_cd) WHERE depot_nm='Eastgate'"),
    ("Average salary by position", "SELECT posn, avg(sal_amt) FROM emp_mst GROUP BY 1"),
    ("Employees hired after 2015", "SELECT emp_nm FROM emp_mst WHERE hire_dt>='2016-01-01'"),
    ("Who earns the most?", "SELECT emp_nm FROM emp_mst ORDER BY sal_amt DESC LIMIT 1"),
    ("Which routes are served on Monday?", "SELECT rt_nm FROM rt_plan WHERE wkday='Monday'"),
    ("What is the longest route?", "SELECT rt_nm FROM rt_plan ORDER BY dist_km DESC LIMIT 1"),
    ("Total households by waste type", "SELECT waste_typ, sum(hh_cnt) FROM rt_plan GROUP BY 1"),
    ("Total net weight collected per route", "SELECT rt_nm, sum(net_kg) FROM pickup_log JOIN rt_plan USING (rt_no) GROUP BY rt_no, 1;SELECT rt_no, sum(net_kg) FROM pickup_log GROUP BY 1"),
    ("How many pickups were there last month?", "SELECT count(*) FROM pickup_log WHERE pickup_dt>=date_trunc('month',current_date)-interval '1 month' AND pickup_dt<date_trunc('month',current_date)"),
    ("Which truck made the most pickups?", "SELECT truck_no FROM pickup_log GROUP BY 1 ORDER BY count(*) DESC LIMIT 1;SELECT plate FROM truck_mst JOIN pickup_log USING (truck_no) GROUP BY truck_no, 1 ORDER BY count(*) DESC LIMIT 1;SELECT truck_no, plate FROM truck_mst JOIN pickup_log USING (truck_no) GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1"),
    ("Routes that were never collected", "SELECT rt_nm FROM rt_plan r WHERE NOT EXISTS (SELECT 1 FROM pickup_log p WHERE p.rt_no=r.rt_no)"),
    ("How many business customers are there?", "SELECT count(*) FROM cust_acct WHERE cust_typ='business'"),
    ("Customers in zone B", "SELECT cust_nm FROM cust_acct WHERE zone_cd='B'"),
    ("Number of accounts closed in 2022", "SELECT count(*) FROM cust_acct WHERE close_dt>='2022-01-01' AND close_dt<'2023-01-01'"),
    ("What is the total of unpaid bills?", "SELECT sum(bill_amt) FROM bill WHERE paid_dt IS NULL"),
    ("Which bills are overdue?", "SELECT bill_no FROM bill WHERE paid_dt IS NULL AND due_dt<current_date;SELECT * FROM bill WHERE paid_dt IS NULL AND due_dt<current_date"),
    ("Billed amount per month this year", "SELECT date_trunc('month',bill_dt), sum(bill_amt) FROM bill WHERE bill_dt>=date_trunc('year',current_date) AND bill_dt<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Top 5 customers by billed amount", "SELECT cust_nm, sum(bill_amt) FROM cust_acct JOIN bill USING (acct_no) GROUP BY acct_no, 1 ORDER BY 2 DESC LIMIT 5;SELECT cust_nm FROM cust_acct JOIN bill USING (acct_no) GROUP BY acct_no, 1 ORDER BY sum(bill_amt) DESC LIMIT 5"),
    ("How many complaints are unresolved?", "SELECT count(*) FROM cmplnt WHERE rslvd_dt IS NULL"),
    ("Complaints by type", "SELECT cmplnt_typ, count(*) FROM cmplnt GROUP BY 1"),
    ("Average days to resolve a complaint", "SELECT avg(rslvd_dt-rcvd_dt) FROM cmplnt"),
    ("Which customers complained more than 3 times?", "SELECT cust_nm FROM cust_acct JOIN cmplnt USING (acct_no) GROUP BY acct_no, 1 HAVING count(*)>3"),
    ("Fuel cost per truck", "SELECT truck_no, sum(cost_amt) FROM fuel_txn GROUP BY 1;SELECT plate, sum(cost_amt) FROM truck_mst JOIN fuel_txn USING (truck_no) GROUP BY truck_no, 1"),
    ("How many litres of fuel did we buy this year?", "SELECT sum(litres) FROM fuel_txn WHERE txn_dt>=date_trunc('year',current_date) AND txn_dt<date_trunc('year',current_date)+interval '1 year'"),
    ("Share of complaints about noise", "SELECT 100.0*count(*) FILTER (WHERE cmplnt_typ='noise')/count(*) FROM cmplnt;SELECT 1.0*count(*) FILTER (WHERE cmplnt_typ='noise')/count(*) FROM cmplnt"),
    ("Pickups heavier than the average", "SELECT pickup_id FROM pickup_log WHERE net_kg>(SELECT avg(net_kg) FROM pickup_log)"),
    ("Trucks bought before 2012 that are still active", "SELECT truck_no FROM truck_mst WHERE purch_dt<'2012-01-01' AND stat='active';SELECT plate FROM truck_mst WHERE purch_dt<'2012-01-01' AND stat='active';SELECT truck_no, plate FROM truck_mst WHERE purch_dt<'2012-01-01' AND stat='active'"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which landfill is full?",
    "How many accidents did the drivers have?",
    "What is the phone number of each customer?",
    "Which bins are damaged?",
    "What do we earn from recycled paper?",
    "Which trucks need new tyres?",
    "How many volunteers joined the clean-up day?",
    "Which employees have a truck licence?",
    "What is the noise level on Quay St?",
    "Who painted the trucks?",
    "How many tons of plastic were exported?",
    "Which schools visited the depot?",
)
