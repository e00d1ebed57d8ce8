"""A town council's raw extract: ``t_`` tables, columns cut short, no key declared; asked by its clerks."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE t_ward (ward_no int, ward_nm text, area_km2 numeric(6,2), population int);
CREATE TABLE t_resident (res_id int, first_nm text, last_nm text, birth_dt date, ward_no int, reg_dt date);
CREATE TABLE t_permit_app (app_id int, res_id int, permit_type text, submitted_dt date, decided_dt date, outcome text, fee_amt numeric(9,2));
CREATE TABLE t_inspector (insp_id int, insp_nm text, team text, start_dt date);
CREATE TABLE t_inspection (visit_id int, app_id int, insp_id int, visit_ts timestamp, score int, passed boolean, duration_min int);
CREATE TABLE t_park (park_id int, park_nm text, ward_no int, size_ha numeric(6,1), has_playground boolean);
CREATE TABLE t_svc_request (req_id int, res_id int, ward_no int, category text, priority text, opened_ts timestamp, closed_ts timestamp, channel text);
CREATE TABLE t_parking_fine (fine_no int, res_id int, ward_no int, issued_dt date, amt numeric(8,2), paid_amt numeric(8,2), due_dt date);
INSERT INTO t_ward VALUES (1,'Harbour',4.20,9100),(2,'Old Town',2.10,12400),(3,'Mill Hill',7.80,8300),(4,'Eastfield',11.40,15200),(5,'Station',3.30,6900),(6,'The Meadows',18.90,0);
INSERT INTO t_resident SELECT n, (array['Amy','Bill','Cora','Dave','Ellen','Frank','Gwen'])[1+n%7], (array['Archer','Bishop','Carter','Draper','Fisher'])[1+n%5], date '1941-03-03'+n*233, 1+(n*3)%5, date '2015-01-01'+n*29 FROM generate_series(1,110) n;
INSERT INTO t_permit_app SELECT n, 1+(n*7)%83, (array['building','event','trading','parking'])[1+(n*n)%7%4], current_date-n*6, CASE WHEN n%7<>0 THEN current_date-n*6+10+(n*11)%60 END, CASE WHEN n%7=0 THEN NULL WHEN n%4=0 THEN 'refused' WHEN n%9=0 THEN 'withdrawn' ELSE 'granted' END, 25+(n*53)%400 FROM generate_series(1,200) n;
INSERT INTO t_inspector SELECT n, (array['Paula','Quentin','Rhoda','Silas'])[1+n%4]||' '||(array['Moss','Nash','Oakley'])[1+n%3], (array['north','south'])[1+n%2], date '2012-01-09'+n*207 FROM generate_series(1,11) n;
INSERT INTO t_inspection SELECT n, 1+(n*3)%170, 1+(n*5+n/7)%9, now()-n*interval '83 hours', 30+(n*37)%70, (30+(n*37)%70)>=55, 20+(n*13)%100 FROM generate_series(1,160) n;
INSERT INTO t_park VALUES (1,'Quay Gardens',1,1.8,true),(2,'Castle Green',2,3.5,false),(3,'Mill Pond',3,6.2,true),(4,'East Common',4,22.0,true),(5,'Long Field',4,14.5,false),(6,'Wild Meadow',6,40.0,false);
INSERT INTO t_svc_request SELECT n, CASE WHEN n%10<>0 THEN 1+(n*13)%97 END, 1+(n*n)%11%5, (array['pothole','street light','waste','noise','graffiti'])[1+(n*7)%23%5], (array['low','medium','high'])[1+(n*5)%7%3], now()-n*interval '19 hours', CASE WHEN n%6<>0 THEN now()-n*interval '19 hours'+(1+(n*29)%300)*interval '1 hour' END, (array['phone','web','app'])[1+(n*n)%5%3] FROM generate_series(1,520) n;
INSERT INTO t_parking_fine SELECT n, 1+(n*11)%90, 1+(n*3)%5, current_date-n*4, amount, CASE n%5 WHEN 0 THEN 0 WHEN 1 THEN amount/2 ELSE amount END, current_date-n*4+28 FROM (SELECT n, 30+(n%4)*20 amount FROM generate_series(1,260) n) x;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Number of residents per ward", "SELECT ward_nm, count(*) FROM t_resident JOIN t_ward USING (ward_no) GROUP BY 1;SELECT ward_no, count(*) FROM t_resident GROUP BY 1"),
    ("Which ward has the largest population?", "SELECT ward_nm FROM t_ward ORDER BY population DESC LIMIT 1"),
    ("How many permit applications were refused?", "SELECT count(*) FROM t_permit_app WHERE outcome='refused'"),
    ("Permit applications that are still undecided", "SELECT app_id FROM t_permit_app WHERE decided_dt IS NULL"),
    ("Total fees for event permits this year", "SELECT sum(fee_amt) FROM t_permit_app WHERE permit_type='event' AND submitted_dt>=date_trunc('year',current_date) AND submitted_dt<date_trunc('year',current_date)+interval '1 year';SELECT sum(fee_amt) FROM t_permit_app WHERE permit_type='event' AND decided_dt>=date_trunc('year',current_date) AND decided_dt<date_trunc('year',current_date)+interval '1 year'"),
    ("On average, how many days pass between submission and decision of a permit application?", "SELECT avg(decided_dt-submitted_dt) FROM t_permit_app"),
    ("What is the average number of days to close a request, by category?", "SELECT category, avg(extract(epoch FROM closed_ts-opened_ts)/86400) FROM t_svc_request GROUP BY 1;SELECT category, avg(closed_ts::date-opened_ts::date) FROM t_svc_request GROUP BY 1;SELECT category, avg(closed_ts-opened_ts) FROM t_svc_request GROUP BY 1"),
    ("How many open service requests does each ward have?", "SELECT ward_nm, count(*) FROM t_svc_request JOIN t_ward USING (ward_no) WHERE closed_ts IS NULL GROUP BY 1;SELECT ward_nm, count(req_id) FROM t_ward LEFT JOIN t_svc_request r ON r.ward_no=t_ward.ward_no AND closed_ts IS NULL GROUP BY 1"),
    ("High priority pothole requests opened in the last 14 days", "SELECT req_id FROM t_svc_request WHERE priority='high' AND category='pothole' AND opened_ts>=current_date-14"),
    ("Service requests by channel and month", "SELECT channel, date_trunc('month',opened_ts), count(*) FROM t_svc_request GROUP BY 1,2"),
    ("Which category of request is the most common in Old Town?", "SELECT category FROM t_svc_request JOIN t_ward USING (ward_no) WHERE ward_nm='Old Town' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("What share of inspections was passed?", "SELECT avg(passed::int) FROM t_inspection;SELECT 100*avg(passed::int) FROM t_inspection"),
    ("Average inspection score per inspector", "SELECT insp_nm, avg(score) FROM t_inspection JOIN t_inspector USING (insp_id) GROUP BY insp_id, 1"),
    ("Which inspectors have not made any inspection?", "SELECT insp_nm FROM t_inspector WHERE insp_id NOT IN (SELECT insp_id FROM t_inspection)"),
    ("How many hours of inspections did each team do?", "SELECT team, sum(duration_min)/60.0 FROM t_inspection JOIN t_inspector USING (insp_id) GROUP BY 1"),
    ("Top 3 inspectors by number of failed inspections", "SELECT insp_nm, count(*) FROM t_inspection JOIN t_inspector USING (insp_id) WHERE NOT passed GROUP BY insp_id, 1 ORDER BY 2 DESC LIMIT 3;SELECT insp_nm FROM t_inspection JOIN t_inspector USING (insp_id) WHERE NOT passed GROUP BY insp_id, 1 ORDER BY count(*) DESC LIMIT 3"),
    ("parks with a playground", "SELECT park_nm FROM t_park WHERE has_playground"),
    ("Which wards have no park?", "SELECT ward_nm FROM t_ward WHERE ward_no NOT IN (SELECT ward_no FROM t_park)"),
    ("Show each park with the name of its ward", "SELECT park_nm, ward_nm FROM t_park JOIN t_ward USING (ward_no)"),
    ("total park area per ward", "SELECT ward_nm, sum(size_ha) FROM t_park JOIN t_ward USING (ward_no) GROUP BY 1"),
    ("How much money from parking fines is still outstanding?", "SELECT sum(amt-paid_amt) FROM t_parking_fine"),
    ("Fines that were only partly paid", "SELECT fine_no FROM t_parking_fine WHERE paid_amt>0 AND paid_amt<amt"),
    ("List the fines where the paid amount is less than the amount", "SELECT fine_no FROM t_parking_fine WHERE paid_amt<amt"),
    ("What was the total amount of fines issued last month?", "SELECT sum(amt) FROM t_parking_fine WHERE issued_dt>=date_trunc('month',current_date)-interval '1 month' AND issued_dt<date_trunc('month',current_date)"),
    ("fines per quarter", "SELECT date_trunc('quarter',issued_dt), count(*) FROM t_parking_fine GROUP BY 1"),
    ("Compare the number of fines this month with last month", "SELECT count(*) FILTER (WHERE issued_dt>=date_trunc('month',current_date)), count(*) FILTER (WHERE issued_dt>=date_trunc('month',current_date)-interval '1 month' AND issued_dt<date_trunc('month',current_date)) FROM t_parking_fine;SELECT date_trunc('month',issued_dt), count(*) FROM t_parking_fine WHERE issued_dt>=date_trunc('month',current_date)-interval '1 month' GROUP BY 1"),
    ("Residents with more than 3 parking fines", "SELECT first_nm, last_nm FROM t_resident JOIN t_parking_fine USING (res_id) GROUP BY res_id, 1, 2 HAVING count(*)>3;SELECT res_id FROM t_parking_fine GROUP BY 1 HAVING count(*)>3"),
    ("How many residents have fines but no permit applications?", "SELECT count(*) FROM t_resident r WHERE EXISTS (SELECT 1 FROM t_parking_fine f WHERE f.res_id=r.res_id) AND NOT EXISTS (SELECT 1 FROM t_permit_app a WHERE a.res_id=r.res_id)"),
    ("residents born before 1950", "SELECT first_nm, last_nm FROM t_resident WHERE birth_dt<'1950-01-01';SELECT res_id FROM t_resident WHERE birth_dt<'1950-01-01'"),
    ("Who is the youngest resident of Eastfield?", "SELECT first_nm, last_nm FROM t_resident JOIN t_ward USING (ward_no) WHERE ward_nm='Eastfield' ORDER BY birth_dt DESC LIMIT 1"),
    ("What is the population density of each ward?", "SELECT ward_nm, population/area_km2 FROM t_ward"),
    ("How many requests were made without a known resident?", "SELECT count(*) FROM t_svc_request WHERE res_id IS NULL"),
    ("requests closed within 24 hours", "SELECT req_id FROM t_svc_request WHERE closed_ts-opened_ts<=interval '24 hours'"),
    ("Approval rate by permit type", "SELECT permit_type, avg((outcome='granted')::int) FROM t_permit_app GROUP BY 1;SELECT permit_type, 1.0*count(*) FILTER (WHERE outcome='granted')/count(*) FROM t_permit_app GROUP BY 1;SELECT permit_type, 100.0*count(*) FILTER (WHERE outcome='granted')/count(*) FROM t_permit_app GROUP BY 1;SELECT permit_type, 1.0*count(*) FILTER (WHERE outcome='granted')/count(outcome) FROM t_permit_app GROUP BY 1;SELECT permit_type, 100.0*count(*) FILTER (WHERE outcome='granted')/count(outcome) FROM t_permit_app GROUP BY 1"),
    ("How many noise or graffiti requests came in over the web?", "SELECT count(*) FROM t_svc_request WHERE category IN ('noise','graffiti') AND channel='web'"),
    ("Inspections longer than an hour", "SELECT visit_id FROM t_inspection WHERE duration_min>60"),
    ("running total of fines by month", "SELECT date_trunc('month',issued_dt), sum(sum(amt)) OVER (ORDER BY date_trunc('month',issued_dt)) FROM t_parking_fine GROUP BY 1;SELECT date_trunc('month',issued_dt), sum(count(*)) OVER (ORDER BY date_trunc('month',issued_dt)) FROM t_parking_fine GROUP BY 1"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How much council tax does each resident owe?",
    "Who won the last election in Harbour?",
    "Which parks have public toilets?",
    "What is the email address of Amy Archer?",
    "How many trees were planted last year?",
    "Which inspector has the highest salary?",
    "Which cars were towed away?",
)
